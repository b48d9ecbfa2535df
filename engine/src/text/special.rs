//! Tokens that are recognised in raw text, before anything is merged.

use crate::arena::{Arena, Region};
use crate::flash::{Flash, Source};

use super::error::TextError;
use super::index::{Hash, Slots, StrIndex};
use super::spec::{TokenType, TokenizerSpec};
use super::steps;
use super::word::{ByteSet, Spelled};

/// Bytes of the longest special token that is looked for in text.
pub(super) const MAX_BYTES: usize = 255;

/// Most tokens of [`WELL_KNOWN`] that one vocabulary has.
const MAX_KNOWN: usize = u32::BITS as usize;

/// Texts of tokens that are control tokens whatever their type says, and whether they end an
/// answer. Files state at most one such token; the others are known by their texts, as in llama.cpp.
const WELL_KNOWN: &[(&str, bool)] = &[
    ("<|eot_id|>", true),
    ("<|eom_id|>", true),
    ("<|im_end|>", true),
    ("<|end|>", true),
    ("<|endoftext|>", true),
    ("<|end_of_text|>", true),
    ("<end_of_turn>", true),
    ("<turn|>", true),
    ("<end_of_utterance>", true),
    ("<｜end▁of▁sentence｜>", true),
    ("</s>", true),
    ("<eos>", true),
    ("<EOT>", true),
    ("_<EOT>", true),
    ("[EOT]", true),
    ("[EOS]", true),
    ("<|fim_pad|>", true),
    ("<fim-pad>", true),
    ("<fim_pad>", true),
    ("<|fim_repo|>", true),
    ("<|repo_name|>", true),
    ("<fim-repo>", true),
    ("<reponame>", true),
    ("<|file_sep|>", true),
    ("<|fim_prefix|>", false),
    ("<fim-prefix>", false),
    ("<fim_prefix>", false),
    ("<|fim_suffix|>", false),
    ("<fim-suffix>", false),
    ("<fim_suffix>", false),
    ("<|fim_middle|>", false),
    ("<fim-middle>", false),
    ("<fim_middle>", false),
];

/// Texts of special tokens that do not swallow white space where the others do (Phi-3).
const NOT_STRIPPED: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// True for the text of a token that is a control token whatever its type says.
#[cfg(feature = "chat-pieces")]
pub(super) fn is_well_known(text: &str) -> bool {
    WELL_KNOWN.iter().any(|&(name, _)| name == text)
}

/// The special tokens of a vocabulary.
pub(super) struct Specials<'a> {
    slots: Slots<'a>,
    /// Lengths that special tokens have, as a set.
    lens: ByteSet,
    first_bytes: ByteSet,
    /// Tokens of [`WELL_KNOWN`], and those of them that end an answer as bits.
    known: heapless::Vec<u32, MAX_KNOWN>,
    ends: u32,
    not_stripped: heapless::Vec<u32, { NOT_STRIPPED.len() }>,
    /// Frames of [`Parts`]: where an outer stretch ends, and the length being looked for in it.
    frames: &'a mut [[u32; 2]],
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a> Specials<'a> {
    pub(super) fn take(spec: &TokenizerSpec, arena: &mut Arena<'a>) -> Self {
        Specials {
            slots: Slots::take(spec.n_vocab(), spec.n_special.saturating_add(MAX_KNOWN as u32), arena),
            lens: ByteSet::default(),
            first_bytes: ByteSet::default(),
            known: heapless::Vec::new(),
            ends: 0,
            not_stripped: heapless::Vec::new(),
            frames: arena.take(Region::TokenizerIndex, MAX_BYTES),
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.lens = ByteSet::default();
        self.first_bytes = ByteSet::default();
        self.known.clear();
        self.ends = 0;
        self.not_stripped.clear();
    }

    /// Adds token `id`, whose text begins with `text` and has `len` bytes, if it is special.
    /// Returns whether it is.
    pub(super) fn add(&mut self, id: u32, text: &[u8], len: u64, hash: u32, marked: bool) -> bool {
        let is = |name: &str| name.len() as u64 == len && name.as_bytes() == text;
        let known = WELL_KNOWN.iter().find(|(name, _)| is(name));
        let mut special = marked;
        if let Some(&(_, ends)) = known {
            // A vocabulary that repeats itself may have more of them: the first ones count.
            self.ends |= u32::from(ends).checked_shl(self.known.len() as u32).unwrap_or(0);
            special |= self.known.push(id).is_ok();
        }
        if NOT_STRIPPED.iter().any(|name| is(name)) {
            let _ = self.not_stripped.push(id);
        }
        if let (true, Some(&first), Ok(len)) = (special, text.first(), u8::try_from(len)) {
            self.slots.insert(hash, id);
            self.lens.insert(len);
            self.first_bytes.insert(first);
        }
        special
    }

    /// True if a special token may begin `text`, by its first byte.
    #[cfg(feature = "chat-pieces")]
    pub(super) fn may_begin(&self, text: &str) -> bool {
        text.bytes().next().is_some_and(|byte| self.first_bytes.contains(byte))
    }

    /// True if a special token may have `len` bytes.
    #[cfg(feature = "chat-pieces")]
    pub(super) fn may_have(&self, len: usize) -> bool {
        u8::try_from(len).is_ok_and(|len| self.lens.contains(len))
    }

    /// The special token that `text` is, if it is one.
    #[cfg(feature = "chat-pieces")]
    pub(super) async fn find<F: Flash>(
        &self,
        tokens: &StrIndex<'_>,
        source: &mut Source<'_, F>,
        text: &str,
    ) -> Result<Option<u32>, TextError> {
        let key = Spelled::plain(text.as_bytes());
        tokens.find_in(&self.slots, source, Hash::of(key.clone()), text.len() as u64, &key).await
    }

    /// True if token `id` ends an answer by its text.
    pub(super) fn ends(&self, id: u32) -> bool {
        self.known.iter().enumerate().any(|(i, &known)| known == id && self.ends >> (i % MAX_KNOWN) & 1 != 0)
    }

    /// The type of token `id`, whatever the file says of well-known ones.
    pub(super) async fn token_type<F: Flash>(
        &self,
        spec: &TokenizerSpec,
        source: &mut Source<'_, F>,
        id: u32,
    ) -> Result<TokenType, TextError> {
        if self.is_known(id) {
            return Ok(TokenType::Control);
        }
        spec.token_type(source, id).await
    }

    /// True if token `id` is a control token by its text.
    pub(super) fn is_known(&self, id: u32) -> bool {
        self.known.contains(&id)
    }
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A special token.
    Special(u32),
    /// Text to be merged, from one byte to another.
    Text(usize, usize),
}

/// A walk over the parts of a text. The longest special tokens are found first, anywhere in the
/// text; shorter ones only between them. Of equally long ones that overlap the left one counts.
pub(super) struct Parts<'t> {
    text: &'t str,
    /// Control tokens count too, not user-defined ones alone.
    control: bool,
    /// Offsets that no special token spans.
    barred: &'t [usize],
    at: usize,
    /// The stretch being looked at ends here.
    end: usize,
    /// Special tokens longer than this do not occur in the stretch.
    len: usize,
    depth: usize,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'t> Parts<'t> {
    pub(super) fn new(text: &'t str, spec: &TokenizerSpec, control: bool, barred: &'t [usize]) -> Self {
        // Nothing to look for: the text is one part.
        let len = if control || spec.n_user_defined > 0 { MAX_BYTES } else { 0 };
        Parts { text, control, barred, at: 0, end: text.len(), len, depth: 0 }
    }

    /// The next part; `None` at the end of the text.
    pub(super) async fn next<F: Flash>(
        &mut self,
        specials: &mut Specials<'_>,
        tokens: &StrIndex<'_>,
        spec: &TokenizerSpec,
        source: &mut Source<'_, F>,
    ) -> Result<Option<Part>, TextError> {
        loop {
            if self.at >= self.end {
                // What follows the stretch is the special token that bounded it.
                let Some(depth) = self.depth.checked_sub(1) else { return Ok(None) };
                self.depth = depth;
                let &[end, len] = specials.frames.get(depth).unwrap_or(&[0, 0]);
                (self.end, self.len) = (end as usize, len as usize);
                let Some(id) = self.special_at(self.at, specials, tokens, spec, source).await? else { continue };
                self.at += self.len;
                if spec.strip_after_special && !specials.not_stripped.contains(&id) {
                    let rest = self.text.as_bytes().get(self.at..self.end).unwrap_or_default();
                    self.at += rest.iter().take_while(|b| matches!(b, b'\t'..=b'\r' | b' ')).count();
                }
                return Ok(Some(Part::Special(id)));
            }
            if self.len == 0 {
                let start = core::mem::replace(&mut self.at, self.end);
                return Ok(Some(Part::Text(start, self.end)));
            }
            if specials.lens.contains(self.len as u8)
                && let Some(found) = self.first(specials, tokens, spec, source).await?
                && let Some(frame) = specials.frames.get_mut(self.depth)
            {
                *frame = [self.end as u32, self.len as u32];
                self.depth += 1;
                self.end = found;
            }
            self.len -= 1;
        }
    }

    /// Finds the first special token of length `len` in the stretch.
    async fn first<F: Flash>(
        &self,
        specials: &Specials<'_>,
        tokens: &StrIndex<'_>,
        spec: &TokenizerSpec,
        source: &mut Source<'_, F>,
    ) -> Result<Option<usize>, TextError> {
        let stretch = self.text.as_bytes().get(self.at..self.end).unwrap_or_default();
        for (i, &byte) in stretch.iter().enumerate() {
            if i + self.len > stretch.len() {
                break;
            }
            steps::count(1);
            if specials.first_bytes.contains(byte)
                && self.special_at(self.at + i, specials, tokens, spec, source).await?.is_some()
            {
                return Ok(Some(self.at + i));
            }
        }
        Ok(None)
    }

    async fn special_at<F: Flash>(
        &self,
        at: usize,
        specials: &Specials<'_>,
        tokens: &StrIndex<'_>,
        spec: &TokenizerSpec,
        source: &mut Source<'_, F>,
    ) -> Result<Option<u32>, TextError> {
        // Not inside of a character, which a token that is no UTF-8 might match.
        let Some(text) = self.text.get(at..at + self.len) else { return Ok(None) };
        let next = self.barred.get(self.barred.partition_point(|&offset| offset <= at));
        if next.is_some_and(|&offset| offset < at + self.len) {
            return Ok(None);
        }
        let key = Spelled::plain(text.as_bytes());
        let hash = Hash::of(key.clone());
        let found = tokens.find_in(&specials.slots, source, hash, text.len() as u64, &key).await?;
        Ok(match found {
            Some(id) if self.control => Some(id),
            Some(id) if specials.token_type(spec, source, id).await? == TokenType::UserDefined => Some(id),
            _ => None,
        })
    }
}
