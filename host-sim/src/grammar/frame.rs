//! Text around the values of schemas, and the notation of values.

/// The notation of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Notation {
    #[default]
    Json,
    /// FunctionGemma's: JSON without spaces and without quotes around names, which are sorted; strings stand between two of
    /// [`ESCAPE`](Self::ESCAPE) as they are, and do not have it.
    Escaped,
}

impl Notation {
    /// The mark in front of a string and behind it.
    pub(crate) const ESCAPE: &'static str = "<escape>";
    /// Characters that no name has.
    pub(super) const MARKS: [char; 8] = ['{', '}', '[', ']', ':', ',', '<', '>'];
}

/// Text around each value, of which there may be several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    /// Text between one value's frame and the next; `None` allows one value.
    pub(crate) between: Option<&'static str>,
    /// Text that may come at the very end.
    pub(crate) end: Option<&'static str>,
    pub(crate) notation: Notation,
}

/// A kind of value in a frame.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Text in front of the value.
    pub(crate) head: String,
    /// A reference to the schema that it is valid by, as `$ref` has it.
    pub(crate) schema: String,
}
