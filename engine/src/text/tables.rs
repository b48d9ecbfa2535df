//! A vocabulary's index as a file carries it: made by `flashlet pack`, used where it lies in mapped flash.
//!
//! An array of `u32` for the tokens, and one for the merges of byte-level BPE:
//!
//! ```text
//! version  strings  bytes of all strings, lengths included  bytes of the longest
//! where texts may be cut (16 words; tokens of SentencePiece only)
//! slots[n + n / 3 + 1]  anchors[n / 8, rounded up]  lens[n bytes, padded]
//! ```
//!
//! Whatever it holds, a token is found only where its text is the one looked for.

use crate::gguf::Array;
#[cfg(feature = "flash-index")]
use crate::{
    flash::{Flash, Source},
    gguf::{Gguf, GgufError, Value, ValueType},
};

/// Strings between two recorded offsets.
pub(super) const GROUP: u32 = 8;
/// Changes with everything that the tables depend on: the hash, the slots, the lengths.
const VERSION: u32 = 1;
/// Words before the slots.
pub(super) const HEAD: usize = 4 + CUTS;
pub(super) const CUTS: usize = 16;
/// Keys of the tables of tokens and merges in a file.
pub(super) const KEYS: [&str; 2] = ["flashlet.index.tokens", "flashlet.index.merges"];

/// The places of a file's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    #[cfg(feature = "flash-index")]
    pub(super) tokens: Array,
    #[cfg(feature = "flash-index")]
    pub(super) merges: Array,
    /// There are none without the feature, and an option of them takes no room.
    #[cfg(not(feature = "flash-index"))]
    none: core::convert::Infallible,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Tables {
    /// The tables of the strings `tokens` and `merges`, if the file has them. Those of another version, or of other
    /// strings, are passed over: they can always be made again.
    #[cfg(feature = "flash-index")]
    pub(super) async fn find<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        tokens: Array,
        merges: Array,
    ) -> Result<Option<Tables>, GgufError> {
        let mut values = [None; KEYS.len()];
        gguf.find_all(source, ["", ""], &KEYS, &mut values, &mut |_| true).await?;
        let [Some(Value::Array(of_tokens)), Some(Value::Array(of_merges))] = values else { return Ok(None) };
        let fit = fits(of_tokens, source, tokens).await? && fits(of_merges, source, merges).await?;
        Ok(fit.then_some(Tables { tokens: of_tokens, merges: of_merges }))
    }

    /// The end of the last one in the file.
    pub(super) fn end(&self) -> u64 {
        #[cfg(feature = "flash-index")]
        return self.tokens.end.max(self.merges.end);
        #[cfg(not(feature = "flash-index"))]
        match self.none {}
    }
}

/// The first words of the table of `strings`.
pub(super) fn head(strings: Array) -> [u32; 3] {
    [VERSION, strings.len as u32, strings.end.wrapping_sub(strings.offset) as u32]
}

#[cfg(feature = "flash-index")]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn fits<F: Flash>(table: Array, source: &mut Source<'_, F>, strings: Array) -> Result<bool, GgufError> {
    if table.elem != ValueType::U32 || table.len != words(strings.len) {
        return Ok(false);
    }
    for (i, want) in (0..).zip(head(strings)) {
        if table.scalar(source, i).await? != Value::U32(want) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Slots for `n` strings.
pub(super) fn slots(n: u32) -> usize {
    n as usize + n as usize / 3 + 1
}

/// Words of the table of `n` strings.
#[cfg(feature = "flash-index")]
fn words(n: u64) -> u64 {
    HEAD as u64 + n + n / 3 + 1 + n.div_ceil(u64::from(GROUP)) + n.div_ceil(4)
}

/// Numbers in the arena, or where they lie in mapped flash.
pub(super) enum Words<'a> {
    Memory(&'a mut [u32]),
    #[cfg(feature = "flash-index")]
    Flash(&'a [[u8; 4]]),
}

impl Words<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Words::Memory(words) => words.len(),
            #[cfg(feature = "flash-index")]
            Words::Flash(words) => words.len(),
        }
    }

    pub(super) fn at(&self, i: usize) -> Option<u32> {
        match self {
            Words::Memory(words) => words.get(i).copied(),
            #[cfg(feature = "flash-index")]
            Words::Flash(words) => words.get(i).map(|&word| u32::from_le_bytes(word)),
        }
    }

    /// All, from `start` on and then from the first.
    #[cfg(not(feature = "flash-index"))]
    pub(super) fn round(&self, start: usize) -> impl Iterator<Item = u32> {
        let Words::Memory(words) = self;
        let (before, from) = words.split_at_checked(start).unwrap_or_default();
        from.iter().chain(before).copied()
    }

    /// All, from `start` on and then from the first.
    #[cfg(feature = "flash-index")]
    pub(super) fn round(&self, start: usize) -> impl Iterator<Item = u32> {
        (start..self.len()).chain(0..start).map_while(|i| self.at(i))
    }

    /// To be filled; nothing of what lies in flash.
    pub(super) fn memory(&mut self) -> &mut [u32] {
        match self {
            Words::Memory(words) => words,
            #[cfg(feature = "flash-index")]
            Words::Flash(_) => <&mut [u32]>::default(),
        }
    }
}

/// Bytes in the arena, or where they lie in mapped flash.
pub(super) enum Bytes<'a> {
    Memory(&'a mut [u8]),
    #[cfg(feature = "flash-index")]
    Flash(&'a [u8]),
}

impl Bytes<'_> {
    pub(super) fn all(&self) -> &[u8] {
        match self {
            Bytes::Memory(bytes) => bytes,
            #[cfg(feature = "flash-index")]
            Bytes::Flash(bytes) => bytes,
        }
    }

    /// To be filled; nothing of what lies in flash.
    pub(super) fn memory(&mut self) -> &mut [u8] {
        match self {
            Bytes::Memory(bytes) => bytes,
            #[cfg(feature = "flash-index")]
            Bytes::Flash(_) => <&mut [u8]>::default(),
        }
    }
}

/// A table in mapped flash, taken apart; all parts are empty where `mapped` ends too early.
#[cfg(feature = "flash-index")]
pub(super) struct Parts<'a> {
    pub(super) head: &'a [[u8; 4]],
    pub(super) slots: &'a [[u8; 4]],
    pub(super) anchors: &'a [[u8; 4]],
    pub(super) lens: &'a [u8],
}

#[cfg(feature = "flash-index")]
impl<'a> Parts<'a> {
    pub(super) fn of(table: Array, n: u32, mapped: &'a [u8]) -> Parts<'a> {
        let range = usize::try_from(table.offset).ok().zip(usize::try_from(table.end).ok());
        let bytes = range.and_then(|(from, to)| mapped.get(from..to)).unwrap_or_default();
        let (words, _) = bytes.as_chunks();
        let (head, words) = words.split_at_checked(HEAD).unwrap_or_default();
        let (slots, words) = words.split_at_checked(slots(n)).unwrap_or_default();
        let (anchors, words) = words.split_at_checked(n.div_ceil(GROUP) as usize).unwrap_or_default();
        let lens = words.as_flattened().get(..n as usize).unwrap_or_default();
        Parts { head, slots, anchors, lens }
    }
}

#[cfg(test)]
#[cfg(feature = "flash-index")]
mod tests {
    use super::*;
    use crate::flash::{SliceFlash, block_on};
    use std::vec::Vec;

    /// Three strings in 50 bytes, and tables that may be theirs.
    #[test]
    fn a_table_of_other_strings_or_of_another_length_does_not_fit() {
        let strings = Array { elem: ValueType::Str, len: 3, offset: 100, end: 150 };
        assert_eq!(head(strings), [1, 3, 50]);
        // Head, cuts, slots, anchors and lengths.
        let n_words = 4 + 16 + 5 + 1 + 1;
        for (words, elem, len, fit) in [
            ([1, 3, 50], ValueType::U32, n_words, true),
            ([1, 3, 50], ValueType::U32, n_words - 1, false),
            ([1, 3, 50], ValueType::I32, n_words, false),
            ([2, 3, 50], ValueType::U32, n_words, false),
            ([1, 4, 50], ValueType::U32, n_words, false),
            ([1, 3, 51], ValueType::U32, n_words, false),
        ] {
            let mut bytes: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
            bytes.resize(4 * n_words as usize, 0);
            let table = Array { elem, len, offset: 0, end: 4 * len };
            let fits = block_on(fits(table, &mut Source::new(SliceFlash(&bytes)), strings), || ());
            assert_eq!(fits, Ok(fit), "{words:?} {elem:?} {len}");
        }
    }
}
