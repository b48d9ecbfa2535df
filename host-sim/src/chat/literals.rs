//! The texts that a template spells out.

use std::collections::BTreeSet;

/// Most texts, and most bytes of one.
const MAX_TEXTS: usize = 128;
const MAX_BYTES: usize = 64;

/// Texts in quotation marks in the template `source`, such as those that it looks for in contents. An apostrophe may make up
/// others, which do no harm.
pub(super) fn literals(source: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (start, quote) in source.match_indices(['\'', '"']) {
        let behind = &source[start + 1..];
        let text = behind.split_once(quote).map_or("", |(text, _)| text);
        if !text.is_empty() && text.len() <= MAX_BYTES && !text.contains(['\n', '{', '%']) && out.len() < MAX_TEXTS {
            out.insert(text.replace("\\n", "\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_behind_apostrophes_too() {
        let texts = literals("it's {% if '/no_think' in text %}\n{{ \"a\\n\" }} '");
        assert!(["/no_think", "a\n"].iter().all(|text| texts.contains(*text)), "{texts:?}");
    }
}
