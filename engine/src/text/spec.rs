//! A file's description of its vocabulary.

use crate::flash::{Flash, Source};
#[cfg(feature = "bpe")]
use crate::gguf::NameAt;
use crate::gguf::{Array, Gguf, Name, Str, Value, ValueType};

use super::error::{Key, TextError};
#[cfg(feature = "bpe")]
use super::pretokenize::PreTokenizer;
use super::tables::Tables;
use super::word::Alphabet;

/// Most tokens, and most merges, of a vocabulary: leaves eight bits of a hash slot for the hash.
const MAX_STRINGS: u64 = 1 << 24;

/// The algorithm by which a vocabulary turns text into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TokenizerKind {
    /// BPE: words of bytes (`gpt2`), or of characters (`gemma4`), merged in the order of a list of merges.
    #[cfg(feature = "bpe")]
    Bpe(PreTokenizer),
    /// SentencePiece BPE (`llama`): characters, merged by the score of the token that they make.
    Spm,
}

impl TokenizerKind {
    /// The vocabulary's spelling of bytes.
    pub(super) fn alphabet(self) -> Alphabet {
        match self {
            #[cfg(feature = "bpe")]
            TokenizerKind::Bpe(pre) => pre.alphabet(),
            TokenizerKind::Spm => Alphabet::Marks,
        }
    }
}

/// A token's type, as `tokenizer.ggml.token_type` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Byte,
    /// Never the text of anything.
    Unused,
}

impl TokenType {
    pub(super) fn from_value(value: Value) -> Self {
        match value.as_uint() {
            Some(1) => TokenType::Normal,
            Some(2) => TokenType::Unknown,
            Some(3) => TokenType::Control,
            Some(4) => TokenType::UserDefined,
            Some(6) => TokenType::Byte,
            _ => TokenType::Unused,
        }
    }

    /// True if tokens of this type are looked for in raw text.
    pub(super) fn is_special(self) -> bool {
        matches!(self, TokenType::Unknown | TokenType::Control | TokenType::UserDefined)
    }
}

/// A vocabulary, checked: where its arrays lie, and what its flags say. Nothing of it is in
/// memory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenizerSpec {
    pub(super) kind: TokenizerKind,
    pub(super) tokens: Array,
    pub(super) scores: Option<Array>,
    pub(super) types: Option<Array>,
    /// Empty for SentencePiece.
    pub(super) merges: Array,
    /// The index that the file brings.
    pub(super) tables: Option<Tables>,
    pub(super) n_special: u32,
    pub(super) n_user_defined: u32,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
    pub(super) eot: Option<u32>,
    pub(super) eom: Option<u32>,
    pub(super) unk: Option<u32>,
    pub(super) add_bos: bool,
    pub(super) add_eos: bool,
    pub(super) add_space_prefix: bool,
    /// Special tokens swallow the white space after them (Phi-3).
    pub(super) strip_after_special: bool,
}

#[cfg(feature = "grammar")]
impl TokenizerSpec {
    /// The part of the file that has the tokens and their types: its first byte, and the one after it.
    pub(crate) fn vocabulary(&self) -> core::ops::Range<u64> {
        let (tokens, types) = (self.tokens, self.types.unwrap_or(self.tokens));
        tokens.offset.min(types.offset)..tokens.end.max(types.end)
    }
}

/// The keys that a tokenizer is told by, after `tokenizer.ggml.`: strings and arrays, ids, flags.
const NAMES: &[&str] = &[
    "model",
    "pre",
    "tokens",
    "scores",
    "token_type",
    "merges",
    "bos_token_id",
    "eos_token_id",
    "unknown_token_id",
    "eot_token_id",
    "eom_token_id",
    "add_bos_token",
    "add_eos_token",
    "add_space_prefix",
];

#[cfg_attr(feature = "blocking", macros::blocking)]
impl TokenizerSpec {
    /// Reads and checks the vocabulary's keys. Missing flags get llama.cpp's defaults; ids outside
    /// the vocabulary count as missing, and so do absent scores and token types.
    ///
    /// # Errors
    /// [`TextError`]: tokens missing, empty or no strings; scores or token types of another
    /// length; an unknown model or pre-tokeniser; `gpt2` without merges; flash failures.
    pub async fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Self, TextError> {
        let mut values = [None; NAMES.len()];
        gguf.find_all(source, ["tokenizer.ggml.", ""], NAMES, &mut values, &mut |_| true).await?;
        #[cfg_attr(not(feature = "bpe"), expect(unused_variables, reason = "BPE alone has merges"))]
        let [model, pre, tokens, scores, types, merges, ids @ .., bos_first, eos_last, space_first] = values;
        let kind = kind(source, [model, pre]).await?;
        let spm = kind == TokenizerKind::Spm;
        let strip_after_special = spm && is_phi3(gguf, source).await?;

        let strings = |array: Array, key| match array.elem {
            _ if array.len > MAX_STRINGS => Err(TextError::VocabularyTooLarge),
            ValueType::Str => Ok(array),
            _ => Err(TextError::WrongType(key)),
        };
        let tokens = array(tokens, Key::Tokens)?.ok_or(TextError::Missing(Key::Tokens))?;
        if tokens.len == 0 {
            return Err(TextError::NoTokens);
        }
        let tokens = strings(tokens, Key::Tokens)?;
        let n = tokens.len;
        let scores = per_token(scores, Key::Scores, n, &[ValueType::F32, ValueType::I32])?;
        let types = per_token(types, Key::TokenTypes, n, &[ValueType::I32, ValueType::U32])?;

        let merges = match kind {
            TokenizerKind::Spm => Array { len: 0, end: tokens.offset, ..tokens },
            #[cfg(feature = "bpe")]
            TokenizerKind::Bpe(_) => {
                let merges = array(merges, Key::Merges)?.ok_or(TextError::Missing(Key::Merges))?;
                strings(merges, Key::Merges)?
            }
        };

        let id = |value: Option<Value>, default: Option<u64>| {
            let inside = |id: &u64| *id < n;
            let id = value.and_then(|v| v.as_uint()).filter(inside).or(default.filter(inside));
            id.and_then(|id| u32::try_from(id).ok())
        };
        let flag = |value: Option<Value>| value.and_then(|v| v.as_bool());
        let [bos, eos, unk, eot, eom] = ids;
        let mut spec = TokenizerSpec {
            kind,
            tokens,
            scores,
            types,
            merges,
            tables: None,
            n_special: 0,
            n_user_defined: 0,
            bos: id(bos, spm.then_some(1)),
            eos: id(eos, spm.then_some(2)),
            eot: id(eot, None),
            eom: id(eom, None),
            unk: id(unk, spm.then_some(0)),
            add_bos: flag(bos_first).unwrap_or(match kind {
                #[cfg(feature = "bpe")]
                TokenizerKind::Bpe(pre) => pre.adds_bos(),
                TokenizerKind::Spm => true,
            }),
            add_eos: flag(eos_last).unwrap_or(false),
            add_space_prefix: spm && flag(space_first).unwrap_or(true),
            strip_after_special,
        };
        #[cfg(feature = "flash-index")]
        {
            spec.tables = Tables::find(gguf, source, tokens, merges).await?;
        }
        spec.count_special(source).await?;
        Ok(spec)
    }

    /// Counts the tokens that are looked for in raw text.
    async fn count_special<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<(), TextError> {
        let Some(types) = self.types else { return Ok(()) };
        let mut walk = types.scalars();
        while let Some(value) = walk.next(source).await? {
            let token_type = TokenType::from_value(value);
            self.n_special += u32::from(token_type.is_special());
            self.n_user_defined += u32::from(token_type == TokenType::UserDefined);
        }
        Ok(())
    }

    /// The algorithm by which text is turned into tokens.
    #[must_use]
    pub fn kind(&self) -> TokenizerKind {
        self.kind
    }

    /// The end in the file of the vocabulary's index, if the file brings one that fits: bytes from the start. With a
    /// mapping that reaches so far, the index takes no memory.
    #[must_use]
    pub fn index_end(&self) -> Option<u64> {
        self.tables.map(|tables| tables.end())
    }

    /// Tokens in the vocabulary.
    #[must_use]
    pub fn n_vocab(&self) -> u32 {
        self.tokens.len as u32
    }

    /// The token that texts begin with, if the vocabulary has one.
    #[must_use]
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text, if the vocabulary has one.
    #[must_use]
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// The type of token `id`.
    pub(super) async fn token_type<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        id: u32,
    ) -> Result<TokenType, TextError> {
        match self.types {
            Some(types) => Ok(TokenType::from_value(types.scalar(source, id.into()).await?)),
            None => Ok(TokenType::Normal),
        }
    }

    /// The score of token `id`; 0 where the file has none.
    pub(super) async fn score<F: Flash>(&self, source: &mut Source<'_, F>, id: u32) -> Result<f32, TextError> {
        Ok(match self.scores {
            Some(scores) => match scores.scalar(source, id.into()).await? {
                Value::F32(score) => score,
                Value::I32(score) => score as f32,
                _ => 0.0,
            },
            None => 0.0,
        })
    }
}

fn array(value: Option<Value>, key: Key) -> Result<Option<Array>, TextError> {
    match value {
        Some(Value::Array(array)) => Ok(Some(array)),
        Some(_) => Err(TextError::WrongType(key)),
        None => Ok(None),
    }
}

/// An array with an element of one of the types `elems` for each of `n` tokens.
fn per_token(value: Option<Value>, key: Key, n: u64, elems: &[ValueType]) -> Result<Option<Array>, TextError> {
    match array(value, key)? {
        Some(array) if !elems.contains(&array.elem) => Err(TextError::WrongType(key)),
        Some(array) if array.len != n => Err(TextError::Length { key, need: n, have: array.len }),
        found => Ok(found),
    }
}

fn string(value: Option<Value>, key: Key) -> Result<Option<Str>, TextError> {
    match value {
        Some(Value::Str(string)) => Ok(Some(string)),
        Some(_) => Err(TextError::WrongType(key)),
        None => Ok(None),
    }
}

/// The bytes of a string, cut to what a [`Name`] holds; no bytes of none.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn name<F: Flash>(source: &mut Source<'_, F>, string: Option<Str>) -> Result<Name, TextError> {
    let mut name = Name::EMPTY;
    if let Some(string) = string {
        source.read(string.offset, name.room(string.len)).await?;
    }
    Ok(name)
}

/// The algorithm that a file names by its model and, if that is BPE, by its pre-tokenizer.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn kind<F: Flash>(
    source: &mut Source<'_, F>,
    [model, pre]: [Option<Value>; 2],
) -> Result<TokenizerKind, TextError> {
    let model = string(model, Key::Model)?.ok_or(TextError::Missing(Key::Model))?;
    #[cfg(not(feature = "bpe"))]
    let _ = pre;
    match name(source, Some(model)).await?.as_bytes() {
        b"llama" => Ok(TokenizerKind::Spm),
        #[cfg(feature = "bpe")]
        b"gemma4" => Ok(TokenizerKind::Bpe(PreTokenizer::GEMMA4)),
        #[cfg(feature = "bpe")]
        b"gpt2" => {
            let pre = string(pre, Key::Pre)?;
            let unknown = TextError::UnknownPreTokenizer(pre.map_or(NameAt::NONE, Str::name_at));
            let bytes = name(source, pre).await?;
            let pre = PreTokenizer::of_file(pre.map(|_| bytes.as_bytes())).ok_or(unknown)?;
            Ok(TokenizerKind::Bpe(pre))
        }
        _ => Err(TextError::UnknownModel(model.name_at())),
    }
}

/// True for Phi-3, whose tokenizer is recognised by the model's name alone, as in llama.cpp.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn is_phi3<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<bool, TextError> {
    let mut value = [None];
    gguf.find_all(source, ["general.", ""], &["name"], &mut value, &mut |_| true).await?;
    let [Some(Value::Str(string))] = value else { return Ok(false) };
    let name = name(source, Some(string)).await?;
    let has = |needle: &[u8]| name.as_bytes().windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle));
    Ok(has(b"phi-3") || has(b"phi3"))
}
