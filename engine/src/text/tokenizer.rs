//! Text to tokens.

use crate::arena::{Arena, ArenaError};
use crate::flash::{Flash, Source};
#[cfg(feature = "bpe")]
use crate::gguf::Array;
use crate::gguf::Str;

use super::error::TextError;
use super::index::{Hash, StrIndex};
use super::merge::{MAX_SYMBOL, NEVER, Symbols, score_key};
use super::spec::{TokenType, TokenizerKind, TokenizerSpec};
use super::special::{MAX_BYTES, Part, Parts, Specials};
use super::word::{Alphabet, CutState, Cuts, Spelled, Word};

/// Bytes of a word that are planned for, for each token of the context.
const WORD_BYTES_PER_TOKEN: usize = 8;
/// Least bytes of a word that are planned for.
const LEAST_WORD_BYTES: usize = 1024;

/// The settings by which a text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Encode<'t> {
    /// Put the BOS token first, where the model wants it.
    pub bos: bool,
    /// Put the EOS token last, where the model wants it. Not for text that an answer is to follow.
    pub eos: bool,
    /// Take control tokens spelled out in the text for tokens. Not for text that comes from outside. (User-defined tokens are
    /// always recognised: they are ordinary text.)
    pub special: bool,
    /// The text goes on from an earlier one: no space is put in front where the model wants one at the start of a text.
    pub continues: bool,
    /// Offsets in the text, ascending, that no special token spans, of whatever type: they lie inside of markers that a user wrote.
    pub barred: &'t [usize],
}

/// A vocabulary's index, and the memory to encode one word.
///
/// The index takes about 6.8 bytes for each token and each merge, the word memory about 8 bytes for each byte of the longest word,
/// which is 8 bytes for each token of the context. Text of any length is encoded, word by word: for BPE a word is a match of the
/// pre-tokeniser, for SentencePiece the text between two spaces.
pub struct Tokenizer<'a> {
    pub(super) spec: TokenizerSpec,
    /// True if the index lies in mapped flash.
    #[cfg(feature = "flash-index")]
    in_flash: bool,
    pub(super) tokens: StrIndex<'a>,
    merges: StrIndex<'a>,
    pub(super) specials: Specials<'a>,
    symbols: Symbols<'a>,
    cuts: Cuts,
}

/// The caller's room for ids: those past its end are counted only.
struct Ids<'o> {
    out: &'o mut [u32],
    len: usize,
}

impl Ids<'_> {
    fn push(&mut self, id: u32) {
        if let Some(slot) = self.out.get_mut(self.len) {
            *slot = id;
        }
        self.len += 1;
    }
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a> Tokenizer<'a> {
    /// Carves the memory; [`build`](Self::build) fills it.
    ///
    /// # Errors
    /// [`ArenaError`] when the arena is too small.
    pub fn carve(spec: &TokenizerSpec, ctx: u32, arena: &mut Arena<'a>) -> Result<Self, ArenaError> {
        Tokenizer::carve_mapped(spec, ctx, None, arena)
    }

    /// Carves as [`carve`](Self::carve) does, without memory for an index that the file brings ([`TokenizerSpec::index_end`]) in `mapped`.
    ///
    /// # Errors
    /// [`ArenaError`] when the arena is too small.
    pub fn carve_mapped(
        spec: &TokenizerSpec,
        ctx: u32,
        mapped: Option<&'a [u8]>,
        arena: &mut Arena<'a>,
    ) -> Result<Self, ArenaError> {
        let tokenizer = Tokenizer::take(spec, ctx, mapped, arena);
        arena.check().map(|()| tokenizer)
    }

    /// Carves as [`carve_mapped`](Self::carve_mapped) does; the arena records if it is too small.
    pub(crate) fn take(spec: &TokenizerSpec, ctx: u32, mapped: Option<&'a [u8]>, arena: &mut Arena<'a>) -> Self {
        let word = (ctx as usize).saturating_mul(WORD_BYTES_PER_TOKEN).max(LEAST_WORD_BYTES);
        let (tokens, merges) = match (mapped, spec.tables) {
            #[cfg(feature = "flash-index")]
            (Some(mapped), Some(tables)) => (
                StrIndex::mapped(spec.tokens, tables.tokens, mapped),
                StrIndex::mapped(spec.merges, tables.merges, mapped),
            ),
            _ => (StrIndex::take(spec.tokens, arena), StrIndex::take(spec.merges, arena)),
        };
        Tokenizer {
            spec: *spec,
            #[cfg(feature = "flash-index")]
            in_flash: mapped.is_some() && spec.tables.is_some(),
            tokens,
            merges,
            specials: Specials::take(spec, arena),
            // One more for the space in front.
            symbols: Symbols::take(word.saturating_add(1), arena),
            cuts: Cuts::default(),
        }
    }

    /// The file's description of the vocabulary.
    #[must_use]
    pub fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    /// Fills the index in one pass over the vocabulary; of one in flash, only special tokens are read. `progress` is told
    /// how many strings are done, and of how many.
    ///
    /// # Errors
    /// [`TextError`]: flash failures, strings over more than 4 GiB.
    pub async fn build<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), TextError> {
        let total = self.spec.tokens.len.saturating_add(self.spec.merges.len);
        self.specials.clear();
        #[cfg(feature = "flash-index")]
        if self.in_flash {
            return self.adopt(source, progress).await;
        }
        self.tokens.clear();
        self.merges.clear();
        self.cuts = Cuts::default();
        if let Some(types) = self.spec.types {
            let mut walk = types.scalars();
            let mut id = 0;
            while let Some(value) = walk.next(source).await? {
                if TokenType::from_value(value).is_special() {
                    self.tokens.mark(id);
                }
                id += 1;
            }
        }
        let mut id = 0;
        let mut buf = [0; MAX_BYTES];
        let mut walk = self.spec.tokens.strings();
        while let Some((string, text)) = walk.next_prefix(source, &mut buf).await? {
            let mut state = CutState::default();
            let hash = hash_all(source, string, text, |bytes| self.cuts.learn(&mut state, bytes)).await?;
            if self.specials.add(id, text, string.len, hash, self.tokens.is_marked(id)) {
                self.tokens.mark(id);
            }
            self.tokens.add(source, id, string, hash).await?;
            id += 1;
            step(progress, id.into(), total);
        }
        // Only BPE lists its merges.
        #[cfg(feature = "bpe")]
        if let TokenizerKind::Bpe(_) = self.spec.kind {
            index(&mut self.merges, self.spec.merges, source, &mut |done| {
                step(progress, self.spec.tokens.len.saturating_add(done), total);
            })
            .await?;
        }
        Ok(())
    }

    /// Makes an index in flash usable.
    #[cfg(feature = "flash-index")]
    async fn adopt<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), TextError> {
        self.cuts = Cuts::of_words(self.tokens.notes());
        let mut buf = [0; MAX_BYTES];
        let n = self.spec.n_vocab();
        for id in (0..n).filter(|&id| self.tokens.is_marked(id)) {
            let string = self.tokens.locate(source, id).await?;
            let text = buf.get_mut(..string.len.min(MAX_BYTES as u64) as usize).unwrap_or_default();
            source.read(string.offset, text).await?;
            let hash = hash_all(source, string, text, |_| ()).await?;
            self.specials.add(id, text, string.len, hash, true);
        }
        progress(n.into(), n.into());
        Ok(())
    }

    /// Keys of the index in a packed file: arrays of `u32`, the words that [`export`](Self::export) gives.
    pub const INDEX_KEYS: [&'static str; 2] = super::tables::KEYS;

    /// Gives `out` the index that [`build`](Self::build) made, word by word: what `flashlet pack` stores, of the tokens and
    /// of the merges.
    pub fn export(&self, tokens: &mut dyn FnMut(u32), merges: &mut dyn FnMut(u32)) {
        self.tokens.export(self.cuts.words(), tokens);
        self.merges.export([0; super::tables::CUTS], merges);
    }

    /// True if token `id` ends an answer: the model's end of text, turn or message, or one known
    /// by its text to end an answer.
    #[must_use]
    pub fn is_end(&self, id: u32) -> bool {
        let named = [self.spec.eos, self.spec.eot, self.spec.eom];
        named.contains(&Some(id)) || self.specials.ends(id)
    }

    /// Encodes `text` into `out`; returns how many ids there are.
    ///
    /// # Errors
    /// [`TextError::TooLong`] when `out` is too short (it then holds the first ids),
    /// [`TextError::WordTooLong`], [`TextError::NoTokenFor`], flash failures.
    pub async fn encode<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        text: &str,
        options: Encode<'_>,
        out: &mut [u32],
    ) -> Result<usize, TextError> {
        // Positions in the text are kept in 32 bits.
        let most = u32::MAX as usize;
        if text.len() > most {
            return Err(TextError::WordTooLong { need: text.len(), have: most });
        }
        let mut ids = Ids { out, len: 0 };
        if let Some(bos) = self.spec.bos.filter(|_| options.bos && self.spec.add_bos) {
            ids.push(bos);
        }
        // A special token is followed by a new text, as far as the space in front goes.
        let mut fresh = !options.continues;
        let mut parts = Parts::new(text, &self.spec, options.special, options.barred);
        while let Some(part) = parts.next(&mut self.specials, &self.tokens, &self.spec, source).await? {
            match part {
                Part::Special(id) => {
                    ids.push(id);
                    fresh = true;
                }
                Part::Text(start, end) => {
                    self.encode_text(source, text.get(start..end).unwrap_or(""), fresh, &mut ids).await?;
                    fresh = false;
                }
            }
        }
        if let Some(eos) = self.spec.eos.filter(|_| options.eos && self.spec.add_eos) {
            ids.push(eos);
        }
        if ids.len > ids.out.len() {
            return Err(TextError::TooLong { need: ids.len, have: ids.out.len() });
        }
        Ok(ids.len)
    }

    /// Encodes text without special tokens, word by word.
    async fn encode_text<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        text: &str,
        fresh: bool,
        ids: &mut Ids<'_>,
    ) -> Result<(), TextError> {
        match self.spec.kind {
            #[cfg(feature = "bpe")]
            TokenizerKind::Bpe(pre) => {
                for text in pre.words(text) {
                    let word = Word { alphabet: pre.alphabet(), prefix: false, text };
                    if pre.whole_words()
                        && let Some(id) = self.tokens.find(source, &word.spelled(0, word.len())).await?
                    {
                        ids.push(id);
                    } else {
                        self.encode_word(source, word, ids).await?;
                    }
                }
            }
            TokenizerKind::Spm => {
                let mut prefix = fresh && self.spec.add_space_prefix;
                let mut rest = text;
                while !rest.is_empty() {
                    let (text, after) = rest.split_at_checked(self.cuts.first(rest)).unwrap_or((rest, ""));
                    let word = Word { alphabet: Alphabet::Marks, prefix, text };
                    self.encode_word(source, word, ids).await?;
                    prefix = false;
                    rest = after;
                }
            }
        }
        Ok(())
    }

    async fn encode_word<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        word: Word<'_>,
        ids: &mut Ids<'_>,
    ) -> Result<(), TextError> {
        if !self.symbols.start(word.symbols()) {
            return Err(TextError::WordTooLong { need: word.len(), have: self.symbols.room() });
        }
        let mut at = 0;
        while let Some((start, end)) = self.symbols.at(at) {
            let key = self.pair_key(source, word, start).await?;
            self.symbols.set_key(start, key);
            at = end;
        }
        self.symbols.refresh_all();
        while let Some(at) = self.symbols.merge_best() {
            let key = self.pair_key(source, word, at).await?;
            self.symbols.set_key(at, key);
            self.symbols.refresh(at);
            if let Some((left, _)) = self.symbols.left_of(at) {
                let key = self.pair_key(source, word, left).await?;
                self.symbols.set_key(left, key);
                self.symbols.refresh(left);
            }
        }
        at = 0;
        while let Some((start, end)) = self.symbols.at(at) {
            match self.tokens.find(source, &word.spelled(start, end)).await? {
                Some(id) => ids.push(id),
                None => self.encode_bytes(source, word, start, end, ids).await?,
            }
            at = end;
        }
        Ok(())
    }

    /// The rank of the merge of the symbol at `at` with the one to its right: lower ones come first.
    async fn pair_key<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        word: Word<'_>,
        at: usize,
    ) -> Result<u32, TextError> {
        let Some((start, middle)) = self.symbols.at(at) else { return Ok(NEVER) };
        let Some((_, end)) = self.symbols.at(middle) else { return Ok(NEVER) };
        if end - start > MAX_SYMBOL {
            return Ok(NEVER);
        }
        Ok(match self.spec.kind {
            #[cfg(feature = "bpe")]
            TokenizerKind::Bpe(_) => self.merges.find(source, &word.merge(start, middle, end)).await?.unwrap_or(NEVER),
            TokenizerKind::Spm => match self.tokens.find(source, &word.spelled(start, end)).await? {
                Some(id) => score_key(self.spec.score(source, id).await?),
                None => NEVER,
            },
        })
    }

    /// Encodes the bytes of a symbol that is no token, one by one.
    async fn encode_bytes<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        word: Word<'_>,
        start: usize,
        end: usize,
        ids: &mut Ids<'_>,
    ) -> Result<(), TextError> {
        match word.alphabet {
            #[cfg(feature = "bpe")]
            Alphabet::Bytes => {
                // A vocabulary without a byte drops it, as llama.cpp does.
                for at in start..end {
                    if let Some(id) = self.tokens.find(source, &word.spelled(at, at + 1)).await? {
                        ids.push(id);
                    }
                }
            }
            Alphabet::Marks => {
                for byte in word.spelled(start, end) {
                    let hex = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied().unwrap_or(b'0');
                    let name = [b'<', b'0', b'x', hex(byte >> 4), hex(byte & 15), b'>'];
                    match (self.tokens.find(source, &Spelled::plain(&name)).await?, self.spec.kind) {
                        (Some(id), _) => ids.push(id),
                        #[cfg(feature = "bpe")]
                        (None, TokenizerKind::Bpe(_)) => {}
                        (None, TokenizerKind::Spm) => {
                            let id = self.tokens.find(source, &Spelled::plain(&[byte])).await?.or(self.spec.unk);
                            ids.push(id.ok_or(TextError::NoTokenFor { byte })?);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Fills the index of `array`.
#[cfg(feature = "bpe")]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn index<F: Flash>(
    index: &mut StrIndex<'_>,
    array: Array,
    source: &mut Source<'_, F>,
    done: &mut dyn FnMut(u64),
) -> Result<(), TextError> {
    let mut i = 0;
    let mut buf = [0; MAX_BYTES];
    let mut walk = array.strings();
    while let Some((string, text)) = walk.next_prefix(source, &mut buf).await? {
        let hash = hash_all(source, string, text, |_| ()).await?;
        index.add(source, i, string, hash).await?;
        i += 1;
        done(i.into());
    }
    Ok(())
}

/// The hash of a string of which the first bytes are at hand; shows all bytes to `also`.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn hash_all<F: Flash>(
    source: &mut Source<'_, F>,
    string: Str,
    first: &[u8],
    mut also: impl FnMut(&[u8]),
) -> Result<u32, TextError> {
    let mut hash = Hash::NEW;
    first.iter().for_each(|&byte| hash.push(byte));
    also(first);
    let mut done = first.len() as u64;
    let mut buf = [0; 64];
    while done < string.len {
        let now = (string.len - done).min(buf.len() as u64);
        let bytes = source.view(string.offset.saturating_add(done), now as usize, &mut buf).await?;
        bytes.iter().for_each(|&byte| hash.push(byte));
        also(bytes);
        done += now;
    }
    Ok(hash.finish())
}

/// Tells of progress now and then.
fn step(progress: &mut dyn FnMut(u64, u64), done: u64, total: u64) {
    if done.is_multiple_of(1024) || done == total {
        progress(done, total);
    }
}
