//! The choice of what is compared with a file's checksums.

/// True if the engine can check at all.
pub(crate) const CHECKSUMS: bool = cfg!(feature = "checksums");

/// The message of an error that only checks raise; empty in builds without them, where it takes no flash.
pub(crate) const fn message(text: &'static str) -> &'static str {
    if CHECKSUMS { text } else { "" }
}

/// The choice of what is compared with a file's checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verify {
    /// Nothing.
    Never,
    /// All that is read anyway, if the file has checksums: weights when they are copied into the arena and each time
    /// they stream, and all metadata of flash that is not mapped.
    #[default]
    Reads,
    /// Mapped weights and metadata too, once, when the session is made. A file without checksums is refused.
    All,
}
