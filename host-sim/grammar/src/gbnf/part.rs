//! Parts of rules.

/// Part of a rule.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(String),
    /// Ranges of characters, or all others.
    Class(Vec<(char, char)>, bool),
    /// The rule of this index.
    Rule(usize),
    Sequence(Vec<Part>),
    Alternatives(Vec<Part>),
    Repeated(Box<Part>, usize, Option<usize>),
}
