//! Keys and values: read as they lie in a file, kept or left out, and written.

use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, Str, Value};
use flashlet::text::{CarriedGrammar, Threshold, TokenizerKind};

use super::error::PackError;
use crate::sim::wait;

/// Keys that `pack` writes begin so; those of an earlier run are not kept, but for demands on answers.
const OWN: &str = "flashlet.";
const ALIGNMENT: &str = "general.alignment";

/// Value types as files number them.
const U8: u32 = 0;
const U32: u32 = 4;
const F32: u32 = 6;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// A key and its value, byte for byte.
pub(super) struct Entry {
    pub(super) key: String,
    bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// True for a key of a demand on answers.
fn is_demand(key: &str) -> bool {
    let names = [Threshold::MIN_PROB_NAME, Threshold::RULES_NAME, Threshold::PROBS_NAME, Threshold::UNSURE_NAME];
    key.starts_with(CarriedGrammar::PREFIX)
        || key.strip_prefix(Threshold::PREFIX).is_some_and(|name| names.contains(&name))
}

/// All keys and values but the alignment and what an earlier run of `pack` added.
pub(super) fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Vec<Entry>, PackError> {
    let mut entries = Vec::new();
    let mut kvs = gguf.kvs();
    while let Some((key, value)) = wait(kvs.next(source)).map_err(PackError::Gguf)? {
        let end = match value {
            Value::Str(Str { offset, len }) => offset + len,
            Value::Array(array) => array.end,
            scalar => key.offset + key.len + 4 + scalar.value_type().scalar_bytes().unwrap_or(0),
        };
        let mut bytes = vec![0; usize::try_from(end - (key.offset - 8)).map_err(|_| PackError::TooLarge)?];
        wait(source.read(key.offset - 8, &mut bytes)).map_err(PackError::Flash)?;
        let key = String::from_utf8_lossy(&bytes[8..8 + key.len as usize]).into_owned();
        if key != ALIGNMENT && (!key.starts_with(OWN) || is_demand(&key)) {
            entries.push(Entry { key, bytes });
        }
    }
    Ok(entries)
}

/// Keys of `general.*` that the engine or llama.cpp reads.
const GENERAL: [&str; 4] =
    ["general.architecture", "general.name", "general.file_type", "general.quantization_version"];
/// Arrays of a vocabulary that the engine reads, whatever its kind.
const VOCABULARY: [&str; 2] = ["tokenizer.ggml.tokens", "tokenizer.ggml.token_type"];

/// True if a board reads the key: hyperparameters, the vocabulary of this kind, the chat template.
pub(super) fn is_read(entry: &Entry, architecture: &str, kind: TokenizerKind) -> bool {
    let key = entry.key.as_str();
    let array = entry.bytes.get(8 + key.len()..).is_some_and(|value| value.starts_with(&ARRAY.to_le_bytes()));
    // Files of one kind may have what the other goes by.
    let by_score = matches!(kind, TokenizerKind::Spm);
    let order = if by_score { "tokenizer.ggml.scores" } else { "tokenizer.ggml.merges" };
    GENERAL.contains(&key)
        || key.strip_prefix(architecture).is_some_and(|rest| rest.starts_with('.'))
        || VOCABULARY.contains(&key)
        || key == order
        || key == "tokenizer.chat_template"
        || is_demand(key)
        || key.starts_with("tokenizer.ggml.") && !array
}

/// Keys and values as a file has them.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) bytes: Vec<u8>,
    pub(super) n: u64,
}

impl Keys {
    pub(super) fn entry(&mut self, entry: &Entry) {
        self.bytes.extend(&entry.bytes);
        self.n += 1;
    }

    pub(super) fn alignment(&mut self, alignment: u32) {
        self.u32(ALIGNMENT, alignment);
    }

    pub(super) fn u32(&mut self, key: &str, value: u32) {
        self.key(key, U32);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.key(key, STRING);
        string(&mut self.bytes, text.as_bytes());
    }

    pub(super) fn f32(&mut self, key: &str, value: f32) {
        self.key(key, F32);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn texts<'t>(&mut self, key: &str, elements: impl ExactSizeIterator<Item = &'t str>) {
        self.array(key, STRING, elements.len());
        elements.for_each(|text| string(&mut self.bytes, text.as_bytes()));
    }

    pub(super) fn f32s(&mut self, key: &str, elements: impl ExactSizeIterator<Item = f32>) {
        self.array(key, F32, elements.len());
        self.bytes.extend(elements.flat_map(f32::to_le_bytes));
    }

    pub(super) fn u8s(&mut self, key: &str, elements: &[u8]) {
        self.array(key, U8, elements.len());
        self.bytes.extend(elements);
    }

    /// Returns where the elements begin in `bytes`.
    pub(super) fn u32s(&mut self, key: &str, elements: &[u32]) -> usize {
        self.array(key, U32, elements.len());
        let at = self.bytes.len();
        self.bytes.extend(elements.iter().flat_map(|n| n.to_le_bytes()));
        at
    }

    /// The head of an array of `len` elements, which are to follow.
    fn array(&mut self, key: &str, elem: u32, len: usize) {
        self.key(key, ARRAY);
        self.bytes.extend(elem.to_le_bytes());
        self.bytes.extend((len as u64).to_le_bytes());
    }

    fn key(&mut self, key: &str, kind: u32) {
        string(&mut self.bytes, key.as_bytes());
        self.bytes.extend(kind.to_le_bytes());
        self.n += 1;
    }
}

/// A string as a file has it.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text);
}

/// The text of a string value.
pub(super) fn text_of(entries: &[Entry], key: &str) -> String {
    let value = entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.bytes.get(8 + key.len()..));
    let text = value.filter(|value| value.starts_with(&STRING.to_le_bytes())).and_then(|value| value.get(12..));
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}
