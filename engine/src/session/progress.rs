//! Progress while a session is made.

/// A stage of making a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Stage {
    /// The vocabulary is indexed; counted in strings.
    Index,
    /// Weights are copied into the arena; counted in bytes.
    Pin,
    /// Mapped weights are compared with their checksums; counted in bytes.
    Check,
}

impl Stage {
    /// The stage's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Index => "vocabulary",
            Stage::Pin => "weights",
            Stage::Check => "checksums",
        }
    }
}

/// The progress of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Units of work done.
    pub done: u64,
    /// Units of work in all.
    pub total: u64,
}
