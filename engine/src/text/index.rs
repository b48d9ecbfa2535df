//! Finding a string among an array of strings that stays in flash.
//!
//! In memory are, for each string, its length (one byte), a hash slot and a third (four bytes a
//! slot), and for every eighth string its offset: about 6.8 bytes a string. A slot holds the
//! string's number and, in the bits left over, part of its hash, so that nearly every comparison
//! with flash is one that succeeds. A packed file brings all that, see [`tables`](super::tables).

use crate::arena::{Arena, Region};
use crate::flash::{Flash, Source};
use crate::gguf::{Array, Str};

use super::error::TextError;
use super::steps;
use super::tables::{self, Bytes, GROUP, Words};
use super::word::Spelled;

/// A recorded length that says: read it from flash.
const LONG: u8 = 127;
/// Set in a recorded length for tokens that are recognised in raw text.
const MARKED: u8 = 128;
const EMPTY: u32 = u32::MAX;
/// Bytes compared at a time.
const CHUNK: usize = 64;

/// FNV-1a with a final mix, byte by byte.
#[derive(Clone, Copy)]
pub(super) struct Hash(u32);

impl Hash {
    pub(super) const NEW: Hash = Hash(0x811c_9dc5);

    pub(super) fn push(&mut self, byte: u8) {
        steps::count(1);
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }

    pub(super) fn finish(self) -> u32 {
        let mut h = self.0;
        h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        h ^ (h >> 16)
    }

    pub(super) fn of(bytes: impl IntoIterator<Item = u8>) -> u32 {
        let mut hash = Hash::NEW;
        bytes.into_iter().for_each(|byte| hash.push(byte));
        hash.finish()
    }
}

/// An open-addressing table from hashes to numbers.
pub(super) struct Slots<'a> {
    slots: Words<'a>,
    /// Low bits of a slot that hold the number; the others hold bits of the hash.
    number: u32,
}

impl<'a> Slots<'a> {
    /// Room for `room` numbers below `n`.
    pub(super) fn take(n: u32, room: u32, arena: &mut Arena<'a>) -> Self {
        Slots::new(n, Words::Memory(arena.take(Region::TokenizerIndex, tables::slots(room))))
    }

    fn new(n: u32, slots: Words<'a>) -> Self {
        // At least one value above every number, so that no slot in use looks empty.
        let number = u32::MAX.checked_shr(n.leading_zeros()).unwrap_or(0);
        Slots { slots, number }
    }

    pub(super) fn clear(&mut self) {
        self.slots.memory().fill(EMPTY);
    }

    fn start(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.slots.len() as u64) >> 32) as usize
    }

    fn tag(&self, hash: u32) -> u32 {
        hash.rotate_left(16) & !self.number
    }

    /// The most slots that are looked at for one hash: more than any vocabulary fills in a row unless it was
    /// made to.
    const MAX_RUN: usize = 8192;

    /// The numbers stored under `hash`, first stored first, and some stored under others.
    pub(super) fn candidates(&self, hash: u32) -> impl Iterator<Item = u32> {
        let (start, tag) = (self.start(hash), self.tag(hash));
        self.slots
            .round(start)
            .take(Self::MAX_RUN)
            .inspect(|_| steps::count(1))
            .take_while(|&slot| slot != EMPTY)
            .filter(move |&slot| slot & !self.number == tag)
            .map(|slot| slot & self.number)
    }

    /// Stores `number`; false when too many share its hash.
    pub(super) fn insert(&mut self, hash: u32, number: u32) -> bool {
        let entry = self.tag(hash) | number & self.number;
        let start = self.start(hash);
        let (before, from) = self.slots.memory().split_at_mut_checked(start).unwrap_or_default();
        match from.iter_mut().chain(before).take(Self::MAX_RUN).find(|slot| **slot == EMPTY) {
            Some(slot) => {
                *slot = entry;
                true
            }
            None => false,
        }
    }
}

/// The most different strings that may share a hash.
const MAX_SAME: usize = 256;

/// The index of one array of strings.
pub(super) struct StrIndex<'a> {
    array: Array,
    n: u32,
    /// Offset from the array's start of every [`GROUP`]th string's length field.
    anchors: Words<'a>,
    lens: Bytes<'a>,
    slots: Slots<'a>,
    /// Bytes of the longest string.
    longest: u64,
    /// The first words of the table in flash; none of an index in memory.
    #[cfg(feature = "flash-index")]
    head: &'a [[u8; 4]],
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a> StrIndex<'a> {
    pub(super) fn take(array: Array, arena: &mut Arena<'a>) -> Self {
        let region = Region::TokenizerIndex;
        // The spec limits the length.
        let n = array.len as u32;
        StrIndex {
            array,
            n,
            anchors: Words::Memory(arena.take(region, n.div_ceil(GROUP) as usize)),
            lens: Bytes::Memory(arena.take(region, n as usize)),
            slots: Slots::take(n, n, arena),
            longest: 0,
            #[cfg(feature = "flash-index")]
            head: &[],
        }
    }

    /// The index that lies in mapped flash.
    #[cfg(feature = "flash-index")]
    pub(super) fn mapped(array: Array, table: Array, mapped: &'a [u8]) -> Self {
        let n = array.len as u32;
        let tables::Parts { head, slots, anchors, lens } = tables::Parts::of(table, n, mapped);
        let slots = Slots::new(n, Words::Flash(slots));
        let longest = head.get(3).map_or(0, |&word| u32::from_le_bytes(word).into());
        StrIndex { array, n, anchors: Words::Flash(anchors), lens: Bytes::Flash(lens), slots, longest, head }
    }

    /// The words of the table that follow its first four: what else the file knows of the strings.
    #[cfg(feature = "flash-index")]
    pub(super) fn notes(&self) -> impl Iterator<Item = u32> {
        self.head.iter().skip(4).map(|&word| u32::from_le_bytes(word))
    }

    /// The whole table, as a file carries it, with these notes.
    pub(super) fn export(&self, notes: [u32; tables::HEAD - 4], out: &mut dyn FnMut(u32)) {
        tables::head(self.array).into_iter().for_each(&mut *out);
        out(u32::try_from(self.longest).unwrap_or(u32::MAX));
        notes.into_iter().for_each(&mut *out);
        for words in [&self.slots.slots, &self.anchors] {
            (0..words.len()).filter_map(|i| words.at(i)).for_each(&mut *out);
        }
        for bytes in self.lens.all().chunks(4) {
            out(bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte)));
        }
    }

    /// Forgets everything; must come before the first [`mark`](Self::mark) or [`add`](Self::add).
    pub(super) fn clear(&mut self) {
        self.lens.memory().fill(0);
        self.slots.clear();
        self.longest = 0;
    }

    /// Marks string `i`, before or after it is added.
    pub(super) fn mark(&mut self, i: u32) {
        if let Some(len) = self.lens.memory().get_mut(i as usize) {
            *len |= MARKED;
        }
    }

    pub(super) fn is_marked(&self, i: u32) -> bool {
        self.lens.all().get(i as usize).is_some_and(|len| len & MARKED != 0)
    }

    /// Adds string `i`; strings come in order. Of equal strings the first one is found.
    pub(super) async fn add<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        i: u32,
        string: Str,
        hash: u32,
    ) -> Result<(), TextError> {
        if i.is_multiple_of(GROUP) {
            let relative = string.offset.saturating_sub(8).saturating_sub(self.array.offset);
            let anchor = u32::try_from(relative).map_err(|_| TextError::VocabularyTooLarge)?;
            if let Some(slot) = self.anchors.memory().get_mut((i / GROUP) as usize) {
                *slot = anchor;
            }
        }
        if let Some(len) = self.lens.memory().get_mut(i as usize) {
            *len = *len & MARKED | u8::try_from(string.len).unwrap_or(LONG).min(LONG);
        }
        self.longest = self.longest.max(string.len);
        for (n, other) in self.slots.candidates(hash).enumerate() {
            if n + 1 >= MAX_SAME {
                return Err(TextError::Collisions { id: i });
            }
            let other = self.locate(source, other).await?;
            if same(source, string, other).await? {
                return Ok(());
            }
        }
        if string.len > 0 && !self.slots.insert(hash, i) {
            return Err(TextError::Collisions { id: i });
        }
        Ok(())
    }

    /// The bytes of string `i`, of `strings`, the array's bytes. `last` is the string that was asked for before.
    #[cfg(feature = "grammar")]
    #[cfg_attr(feature = "small", inline(never))]
    #[cfg_attr(not(feature = "small"), inline)]
    pub(super) fn text<'s>(&self, strings: &'s [u8], last: &mut Located, i: u32) -> Option<&'s [u8]> {
        let lens = self.lens.all();
        let len = |i: u32, offset: usize| match lens.get(i as usize)? & !MARKED {
            LONG => long(strings, offset),
            len => Some(len.into()),
        };
        let group = i - i % GROUP;
        if !(group..=i).contains(&last.i) {
            *last = Located { i: group, offset: self.anchors.at((i / GROUP) as usize)? as usize };
        }
        while last.i < i {
            let offset = last.offset.checked_add(len(last.i, last.offset)?)?.checked_add(8)?;
            *last = Located { i: last.i + 1, offset };
        }
        let from = last.offset.checked_add(8)?;
        strings.get(from..from.checked_add(len(i, last.offset)?)?)
    }

    /// Offset of the array in the file.
    #[cfg(feature = "grammar")]
    pub(super) fn start(&self) -> u64 {
        self.array.offset
    }

    /// Finds the place of string `i` in the file.
    pub(super) async fn locate<F: Flash>(&self, source: &mut Source<'_, F>, i: u32) -> Result<Str, TextError> {
        let bad = TextError::NoSuchToken { id: i, n: self.n };
        let anchor = self.anchors.at((i / GROUP) as usize).ok_or(bad)?;
        let mut offset = self.array.offset.saturating_add(u64::from(anchor)).saturating_add(8);
        let first = i - i % GROUP;
        for (j, len) in (first..=i).zip(self.lens.all().get(first as usize..).unwrap_or_default()) {
            let len = match len & !MARKED {
                LONG => {
                    let mut field = [0; 8];
                    source.read(offset.saturating_sub(8), &mut field).await?;
                    u64::from_le_bytes(field)
                }
                len => u64::from(len),
            };
            if j == i {
                return Ok(Str { offset, len });
            }
            offset = offset.saturating_add(len).saturating_add(8);
        }
        Err(bad)
    }

    /// The number of the first string that reads `key`.
    pub(super) async fn find<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        key: &Spelled<'_>,
    ) -> Result<Option<u32>, TextError> {
        let mut hash = Hash::NEW;
        let mut len = 0u64;
        for byte in key.clone() {
            hash.push(byte);
            len += 1;
            if len > self.longest {
                return Ok(None);
            }
        }
        self.find_in(&self.slots, source, hash.finish(), len, key).await
    }

    /// Finds a string as [`find`](Self::find) does, among the numbers in `slots` only.
    pub(super) async fn find_in<F: Flash>(
        &self,
        slots: &Slots<'_>,
        source: &mut Source<'_, F>,
        hash: u32,
        len: u64,
        key: &Spelled<'_>,
    ) -> Result<Option<u32>, TextError> {
        for i in slots.candidates(hash) {
            let known = self.lens.all().get(i as usize).map_or(0, |len| len & !MARKED);
            if known != LONG && u64::from(known) != len {
                continue;
            }
            let string = self.locate(source, i).await?;
            if string.len == len && reads(source, string, key).await? {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }
}

/// A string of the array, and the offset of its length field from the array's start.
#[cfg(feature = "grammar")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    i: u32,
    offset: usize,
}

#[cfg(feature = "grammar")]
impl Located {
    /// No string that any array has.
    pub(crate) const NONE: Located = Located { i: u32::MAX, offset: 0 };
}

/// The length that is written at `offset` of `strings`.
#[cfg(feature = "grammar")]
#[cold]
fn long(strings: &[u8], offset: usize) -> Option<usize> {
    let field = strings.get(offset..)?.first_chunk()?;
    usize::try_from(u64::from_le_bytes(*field)).ok()
}

/// True if the string in flash reads `key`, of the same length.
#[cfg_attr(feature = "blocking", macros::blocking)]
pub(super) async fn reads<F: Flash>(
    source: &mut Source<'_, F>,
    string: Str,
    key: &Spelled<'_>,
) -> Result<bool, TextError> {
    let mut key = key.clone();
    let mut buf = [0; CHUNK];
    let mut done = 0;
    while done < string.len {
        let now = (string.len - done).min(CHUNK as u64);
        let bytes = source.view(string.offset.saturating_add(done), now as usize, &mut buf).await?;
        steps::count(bytes.len());
        if !bytes.iter().all(|&byte| key.next() == Some(byte)) {
            return Ok(false);
        }
        done += now;
    }
    Ok(true)
}

#[cfg_attr(feature = "blocking", macros::blocking)]
async fn same<F: Flash>(source: &mut Source<'_, F>, a: Str, b: Str) -> Result<bool, TextError> {
    let mut buf = [0; CHUNK];
    let mut done = 0;
    while a.len == b.len && done < a.len {
        let now = (a.len - done).min(CHUNK as u64);
        let at = a.offset.saturating_add(done);
        let part = Str { offset: b.offset.saturating_add(done), len: now };
        let bytes = source.view(at, now as usize, &mut buf).await?;
        if !reads(source, part, &Spelled::plain(bytes)).await? {
            return Ok(false);
        }
        done += now;
    }
    Ok(a.len == b.len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::ValueType;

    /// Packed files hold slots that were found by this hash: FNV-1a, mixed as MurmurHash3 does, computed in Python.
    #[test]
    fn hashes_are_those_of_packed_files() {
        for (text, hash) in [("", 0xab3e_7c0b), ("a", 0x1a80_b1b3), ("hello world", 0xb904_56ec)] {
            assert_eq!(Hash::of(text.bytes()), hash, "{text:?}");
        }
    }

    /// A slot's place is the hash's share of all slots; it holds the hash's halves in reverse, and below them the number.
    #[test]
    fn slots_are_those_of_packed_files() {
        let mut words = [EMPTY; 10];
        let mut slots = Slots::new(200, Words::Memory(&mut words));
        for (hash, number) in [(0x8000_1234, 7), (0xffff_0056, 199), (0xfff0_0056, 1), (0x8000_1234, 8)] {
            assert!(slots.insert(hash, number));
        }
        assert!(slots.candidates(0x8000_1234).eq([7, 8]));
        assert!(slots.candidates(0xfff0_0056).eq([199, 1]), "bits of the hash that the number covers do not count");
        let mut want = [EMPTY; 10];
        (want[5], want[6]) = (0x1234_8007, 0x1234_8008);
        (want[9], want[0]) = (0x0056_ffc7, 0x0056_ff01);
        assert_eq!(words, want);
    }

    #[cfg(feature = "flash-index")]
    #[test]
    fn notes_are_the_words_before_the_slots() {
        let words: [u32; 32] = core::array::from_fn(|i| i as u32);
        let bytes = words.map(u32::to_le_bytes);
        let array = |elem, len| Array { elem, len, offset: 0, end: 4 * len };
        let (strings, table) = (array(ValueType::Str, 1), array(ValueType::U32, 32));
        let index = StrIndex::mapped(strings, table, bytes.as_flattened());
        assert!(index.notes().eq(4..20));
    }
}
