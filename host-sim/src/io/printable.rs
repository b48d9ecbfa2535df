//! Names from files and arguments, made fit for a message.

/// `text` on one line, with characters that act on a terminal, reorder the text around them or cannot be seen written as
/// escapes, such as `\n` and `\u{202e}`.
///
/// Combining marks and the two joiners stay: they are part of how words and emoji are spelled.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// True for control characters, Unicode's bidirectional controls, line separators and characters without a shape.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_escaped() {
        assert_eq!(printable("a\n\t\x1b[31m\u{7f}\u{9b}é"), "a\\n\\t\\u{1b}[31m\\u{7f}\\u{9b}é");
        // Unicode 16, UAX 9, table 4: the explicit formatting characters, all of them.
        let bidi = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}";
        assert_eq!(printable(bidi).matches("\\u{").count(), bidi.chars().count());
        assert!(printable(bidi).is_ascii());
        for plain in ["C:\\models\\a 'b'.gguf", "größer", "e\u{301}", "می\u{200c}خواهم", "👩\u{200d}🔬", "模型.gguf"]
        {
            assert_eq!(printable(plain), plain);
        }
    }
}
