//! Markup that is well-formed by construction: names are the program's own, and everything else is escaped.

use core::fmt::{self, Display, Write};

/// Attributes: their names, and values that are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// HTML that reads as XML too.
pub(super) struct Markup {
    out: String,
}

impl Markup {
    pub(super) fn new() -> Markup {
        Markup { out: String::from("<!DOCTYPE html>\n") }
    }

    /// An element with what `inside` puts there.
    pub(super) fn element(&mut self, name: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Markup)) {
        self.tag(name, attributes, ">");
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        // Where white space means nothing, lines keep the file readable.
        if matches!(name, "tr" | "table" | "section" | "p" | "svg" | "h1" | "h2" | "g" | "figure" | "style") {
            self.out.push('\n');
        }
    }

    /// An element with text.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.element(name, attributes, |m| m.text(text));
    }

    /// An element that has no content.
    pub(super) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.tag(name, attributes, "/>");
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(Escaped(&mut self.out), "{text}");
    }

    /// The program's own style sheet, which holds nothing to escape.
    pub(super) fn style(&mut self, css: &'static str) {
        self.element("style", &[], |m| m.out.push_str(css));
    }

    fn tag(&mut self, name: &'static str, attributes: Attributes<'_>, end: &'static str) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push_str(end);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Escapes what is written, for content and for attributes alike.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(' '),
                // No XML has these, and some turn the text around them.
                '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

/// A length or a place in a drawing, to a tenth of a pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Px(pub(super) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = if self.0.is_finite() { (self.0 * 10.0).round() / 10.0 } else { 0.0 };
        // Adding 0 makes -0 0.
        write!(f, "{}", tenths + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped() {
        let hostile = "<script>alert(\"1\" & '2')</script>]]>\u{0}\u{1b}\u{202e}\n";
        let mut markup = Markup::new();
        markup.element("p", &[("title", &hostile)], |m| {
            m.text(hostile);
            m.void("br", &[]);
        });
        let html = markup.finish();
        let escaped =
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;]]&gt;\u{fffd}\u{fffd}\u{fffd} ";
        assert_eq!(html, format!("<!DOCTYPE html>\n<p title=\"{escaped}\">{escaped}<br/></p>\n"));
        let document = roxmltree::Document::parse_with_options(
            &html,
            roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
        );
        let document = document.expect("it is well-formed");
        let text = document.root_element().attribute("title").expect("it has one");
        assert_eq!(text, hostile.replace(['\u{0}', '\u{1b}', '\u{202e}'], "\u{fffd}").replace('\n', " "));
    }

    #[test]
    fn places_are_finite_and_short() {
        let shown: Vec<String> = [0.0, -0.04, 1.25, 100.0, f64::NAN, f64::INFINITY].map(|x| Px(x).to_string()).into();
        assert_eq!(shown, ["0", "0", "1.3", "100", "0", "0"]);
    }
}
