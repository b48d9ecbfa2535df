//! Progress while a session is made.

/// What is being done while a session is made.
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

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// What is done.
    pub done: u64,
    /// What there is to do.
    pub total: u64,
}
