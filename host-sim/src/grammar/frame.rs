//! Text around the values of a schema.

/// Text around each value, of which there may be several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    /// Text between one value's frame and the next; `None` allows one value.
    pub(crate) between: Option<&'static str>,
}
