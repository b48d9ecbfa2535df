//! Character classes, as the models' regular expressions name them.

use super::steps;
use super::unicode_tables::RUNS;

/// The class of a character, as pre-tokenisers tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// None of the others: symbols, marks, controls, unassigned.
    Other,
    /// `\p{L}`
    Letter,
    /// `\p{N}`
    Number,
    /// `\s`
    Space,
    /// `\p{P}`
    Punctuation,
}

impl Class {
    /// The class of `c`.
    pub(super) fn of(c: char) -> Class {
        steps::count(1);
        match c {
            'a'..='z' | 'A'..='Z' => return Class::Letter,
            '0'..='9' => return Class::Number,
            ' ' | '\n' => return Class::Space,
            _ => {}
        }
        let code = c as u32;
        let after = RUNS.partition_point(|&run| run >> 3 <= code);
        match after.checked_sub(1).and_then(|i| RUNS.get(i)).map(|run| run & 7) {
            Some(1) => Class::Letter,
            Some(2) => Class::Number,
            Some(3) => Class::Space,
            Some(4) => Class::Punctuation,
            _ => Class::Other,
        }
    }

    /// Neither white space nor letter nor number: `[^\s\p{L}\p{N}]`.
    pub(super) fn is_other(self) -> bool {
        matches!(self, Class::Other | Class::Punctuation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_characters_have_their_classes() {
        for (class, text) in [
            (Class::Letter, "azAZéßЖאب中あ가ǅʰªᵃ\u{10400}\u{2ebf0}"),
            (Class::Number, "09²½٣५Ⅷ㊿\u{1d7d8}"),
            (Class::Space, " \t\n\u{b}\u{c}\r\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{3000}"),
            (Class::Punctuation, "!\"#%&'()*,-./:;?@[\\]_{}¡«»。、\u{2014}"),
            (Class::Other, "$+<=>^`|~\u{0}\u{1c}\u{1f}\u{301}\u{200b}\u{feff}€™🙂\u{e000}\u{10ffff}"),
        ] {
            for c in text.chars() {
                assert_eq!(Class::of(c), class, "{c:?}");
            }
        }
    }

    #[test]
    fn letters_and_white_space_agree_with_the_standard_library() {
        // Neither is the same property: White_Space is, Alphabetic holds \p{L} and more.
        for c in '\0'..=char::MAX {
            assert_eq!(Class::of(c) == Class::Space, c.is_whitespace(), "{c:?}");
            assert!(Class::of(c) != Class::Letter || c.is_alphabetic(), "{c:?}");
            assert!(Class::of(c) != Class::Number || c.is_numeric(), "{c:?}");
        }
    }
}
