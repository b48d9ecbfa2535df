//! The markers of a vocabulary: texts that stand for one special token each.

use std::collections::HashSet;

use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, GgufError};
use flashlet::text::MarkerKind;

use crate::sim::wait;

/// Bytes of the longest special token that the engine looks for in text.
const MAX_BYTES: usize = 255;

/// The markers of a vocabulary.
#[derive(Debug, Default)]
pub(super) struct Markers {
    texts: HashSet<String>,
    /// Lengths in bytes that markers have, longest first.
    lens: Vec<usize>,
}

impl Markers {
    /// The markers of the vocabulary of `gguf`, whose chat template is `template`.
    pub(super) fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        template: &str,
    ) -> Result<Markers, GgufError> {
        let mut types = Vec::new();
        if let Some(array) = wait(gguf.find(source, &["tokenizer.ggml.token_type"]))?.and_then(|value| value.as_array())
        {
            let mut walk = array.scalars();
            while let Some(value) = wait(walk.next(source))? {
                types.push(value.as_uint().unwrap_or(0));
            }
        }
        let mut texts = HashSet::new();
        if let Some(array) = wait(gguf.find(source, &["tokenizer.ggml.tokens"]))?.and_then(|value| value.as_array()) {
            let mut walk = array.strings();
            let mut buf = [0; MAX_BYTES];
            let mut types = types.into_iter();
            while let Some((string, bytes)) = wait(walk.next_prefix(source, &mut buf))? {
                let token_type = types.next().unwrap_or(0);
                if string.len == bytes.len() as u64
                    && let Ok(text) = str::from_utf8(bytes)
                    && is_marker(text, token_type, template)
                {
                    texts.insert(text.to_owned());
                }
            }
        }
        Ok(Markers::new(texts))
    }

    pub(super) fn new(texts: HashSet<String>) -> Markers {
        let lens: HashSet<usize> = texts.iter().map(String::len).collect();
        let mut lens: Vec<usize> = lens.into_iter().collect();
        lens.sort_unstable_by(|a, b| b.cmp(a));
        Markers { texts, lens }
    }

    /// The markers in `text`, each with its offset, those that overlap included.
    pub(super) fn find<'t>(&self, text: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
        text.char_indices().flat_map(move |(at, _)| {
            let here = self.lens.iter().filter_map(move |len| text.get(at..at + len));
            here.filter(|marker| self.texts.contains(*marker)).map(move |marker| (at, marker))
        })
    }
}

/// True if `text`, a token of a type as files number them, is a marker in conversations that `template` renders.
fn is_marker(text: &str, token_type: u64, template: &str) -> bool {
    match MarkerKind::of(text, token_type) {
        MarkerKind::Text => false,
        MarkerKind::Marker => true,
        MarkerKind::IfInTemplate => template.contains(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_where_they_overlap() {
        let markers = Markers::new(["<s>", "<s><s>", "[INST]"].map(String::from).into());
        let found: Vec<_> = markers.find("é<s><s>[INST").collect();
        assert_eq!(found, [(2, "<s><s>"), (2, "<s>"), (5, "<s>")]);
        assert_eq!(markers.find("").count() + Markers::default().find("<s>").count(), 0);
    }

    #[test]
    fn a_tag_is_a_marker_where_the_template_writes_it() {
        for (text, template, is) in [("<think>", "<think>", true), ("<think>", "", false), ("<|x|>", "", true)] {
            assert_eq!(is_marker(text, 4, template), is, "{text}");
        }
    }
}
