//! Text around the values of schemas, and the notation of values.

/// The notation of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notation {
    /// JSON.
    #[default]
    Json,
    /// FunctionGemma's: JSON without spaces and without quotes around names, which are sorted; strings stand between two of
    /// [`ESCAPE`](Self::ESCAPE) as they are, and do not have it.
    Escaped,
}

impl Notation {
    /// The mark in front of a string and behind it.
    pub const ESCAPE: &'static str = "<escape>";
    /// Characters that no name has.
    pub(super) const MARKS: [char; 8] = ['{', '}', '[', ']', ':', ',', '<', '>'];
}

/// Text around each value, of which there may be several.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Text in front of each value.
    pub before: &'static str,
    /// Text behind each value.
    pub after: &'static str,
    /// Text between one value's frame and the next; `None` allows one value.
    pub between: Option<&'static str>,
    /// Text that may come at the very end.
    pub end: Option<&'static str>,
    /// The notation of the values.
    pub notation: Notation,
}

/// A kind of value in a frame.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Text in front of the value.
    pub head: String,
    /// A reference to the schema that it is valid by, as `$ref` has it.
    pub schema: String,
}
