//! The GGUF reader: header, keys and values, tensor directory (versions 2 and 3, little-endian).
//!
//! Nothing of the file is kept in memory. [`Gguf::open`] checks every number, every length
//! and every tensor's place, and keeps a few offsets; keys and tensors are walked
//! again, through a window of [`WINDOW_BYTES`], when somebody asks for them. To make that cheap
//! the ends of the eight largest arrays of strings are remembered, so that no later walk reads a
//! vocabulary. Strings and arrays are handed out as offsets.
//!
//! Layout, all integers little-endian, a string being a `u64` length and that many bytes:
//!
//! ```text
//! "GGUF"  u32 version  u64 n_tensors  u64 n_kv
//! n_kv      x  string key   u32 type    value
//! n_tensors x  string name  u32 n_dims  u64 ne[n_dims]  u32 type  u64 offset
//! padding to the alignment, then the data section that tensor offsets are relative to
//! ```
//!
//! Refused, although the format could express it: arrays nested deeper than
//! [`MAX_NESTING`]; alignments that are no power of two, under 8 or over [`MAX_ALIGNMENT`]; tensor
//! data in another order than the directory's (gaps are fine); empty keys; keys and tensor names that
//! occur twice. (Of a file with more than [`MAX_CHECKED_NAMES`] keys or tensors [`Gguf::open`] does not compare all
//! names, nor with the feature `small`: [`Gguf::check_names`] does, with more memory. Keys that are looked up and tensors that
//! are used must differ in any case.)
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod cursor;
mod error;
mod ggml_type;
mod kv;
mod limits;
mod name;
mod repeats;
mod tensor;
#[cfg(test)]
mod tests;
mod value;
mod value_type;
mod walk;

pub use cursor::WINDOW_BYTES;
pub use error::{GgufError, Problem};
pub use ggml_type::GgmlType;
pub use kv::KvWalk;
pub use limits::{MAX_ALIGNMENT, MAX_CHECKED_NAMES, MAX_NESTING};
pub use name::{Name, NameAt};
pub use tensor::{TensorInfo, TensorWalk};
pub use value::{Array, Str, Value};
pub use value_type::ValueType;
pub use walk::{ArrayWalk, ScalarWalk, StrWalk};

#[cfg(not(feature = "small"))]
use crate::flash::apart;
use crate::flash::{Flash, FlashError, Source};
use cursor::{Cursor, Failed};
use repeats::Names;

const DEFAULT_ALIGNMENT: u32 = 32;
const ALIGNMENT_KEY: &[u8] = b"general.alignment";
const HEADER_BYTES: u64 = 24;
/// A one-byte key with a one-byte value.
const MIN_KV_BYTES: u64 = 8 + 1 + 4 + 1;
/// A one-byte name with one dimension.
const MIN_TENSOR_BYTES: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// A key that begins with a prefix, on its way through [`Gguf::find_all`].
pub(crate) struct PrefixedKey<'k> {
    /// Its place among all keys, counted from 0.
    pub(crate) index: u32,
    /// The key.
    pub(crate) key: Str,
    /// The key's first bytes, as many as a name holds.
    pub(crate) name: &'k Name,
    /// The part of `name` behind the prefix.
    pub(crate) rest: &'k [u8],
    /// True if the key is one of those that are looked up.
    pub(crate) known: bool,
    /// Its value.
    pub(crate) value: Value,
}

impl PrefixedKey<'_> {
    /// True if the key is `text`; of a long key, if both begin with the same name and are as long.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.key.len == text.len() as u64 && text.as_bytes().starts_with(self.name)
    }
}

/// A GGUF file that was checked from its first byte to the end of its tensor directory.
#[derive(Clone, Debug)]
pub struct Gguf {
    version: u32,
    n_kv: u32,
    n_tensors: u32,
    alignment: u32,
    tensors_offset: u64,
    data_offset: u64,
    skips: kv::Skips,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Gguf {
    /// Reads and checks everything but tensor data.
    ///
    /// # Errors
    /// [`GgufError`], saying what is wrong and where.
    pub async fn open<F: Flash>(source: &mut Source<'_, F>) -> Result<Gguf, GgufError> {
        let (version, n_kv, n_tensors) = {
            let mut cursor = Cursor::new(0);
            let counts = header(&mut cursor, source).await;
            counts.map_err(|failed| cursor.fault(failed).header())?
        };
        let (tensors_offset, alignment, skips) = check_keys(source, n_kv).await?;
        let mut gguf = Gguf { version, n_kv, n_tensors, alignment, tensors_offset, data_offset: 0, skips };
        // The data section begins after the directory. A second walk checks the tensors' data against the file's end.
        let end = gguf.check_tensors(source).await?;
        gguf.data_offset = end.checked_next_multiple_of(alignment.into()).unwrap_or(u64::MAX);
        gguf.check_tensors(source).await?;
        // `cfg`, as the check is 2 kB of code.
        #[cfg(not(feature = "small"))]
        if n_kv.max(n_tensors) <= MAX_CHECKED_NAMES {
            let mut table = [0; 128];
            apart!(gguf.check_names(source, &mut table))?;
        }
        Ok(gguf)
    }

    /// Asserts that no key and no tensor's name occurs twice. `table` is scratch: `n` names take `2 * n / table.len()` passes
    /// over the header.
    ///
    /// # Errors
    /// [`GgufError::Key`] with [`Problem::DuplicateKey`], [`GgufError::Tensor`] with [`Problem::DuplicateName`];
    /// [`GgufError::Flash`].
    pub async fn check_names<F: Flash>(&self, source: &mut Source<'_, F>, table: &mut [u64]) -> Result<(), GgufError> {
        repeats::check(|| Names::Keys(self.kvs()), source, table).await?;
        repeats::check(|| Names::Tensors(self.tensors()), source, table).await
    }

    /// Walks all tensors; where the directory ends.
    async fn check_tensors<F: Flash>(&self, source: &mut Source<'_, F>) -> Result<u64, GgufError> {
        let mut tensors = self.tensors();
        while tensors.next(source).await?.is_some() {}
        Ok(tensors.position())
    }

    /// The format's version, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Tensors in the directory.
    #[must_use]
    pub fn n_tensors(&self) -> u32 {
        self.n_tensors
    }

    /// Keys.
    #[must_use]
    pub fn n_kv(&self) -> u32 {
        self.n_kv
    }

    /// The alignment of tensor data, in bytes; a power of two.
    #[must_use]
    pub fn alignment(&self) -> u32 {
        self.alignment
    }

    /// The first byte of the data section, from the start of the file.
    #[must_use]
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// Looks up the key that `parts` put together spell, as in `&["llama", ".block_count"]`.
    ///
    /// # Errors
    /// [`GgufError::Key`] with [`Problem::DuplicateKey`] when the key occurs twice;
    /// [`GgufError::Flash`].
    pub async fn find<F: Flash>(&self, source: &mut Source<'_, F>, parts: &[&str]) -> Result<Option<Value>, GgufError> {
        let mut kvs = self.kvs();
        let mut found = None;
        loop {
            let index = kvs.index();
            let Some((key, value)) = kvs.next(source).await? else { break };
            if !spells(key, source, parts).await? {
                continue;
            }
            match found {
                Some((first, _)) => return Err(key_error(index, key, Problem::DuplicateKey { first })),
                None => found = Some((index, value)),
            }
        }
        Ok(found.map(|(_, value)| value))
    }

    /// [`Gguf::find`] for every key in `names`, each with `prefix` put before it; the values go to `values` in that order.
    /// `take` is asked about every key with the prefix; those that it leaves out count as absent.
    ///
    /// # Errors
    /// Those of [`Gguf::find`].
    pub(crate) async fn find_all<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        prefix: [&str; 2],
        names: &[&str],
        values: &mut [Option<Value>],
        take: &mut dyn FnMut(&PrefixedKey<'_>) -> bool,
    ) -> Result<(), GgufError> {
        let [start, middle] = prefix;
        let mut kvs = self.kvs();
        // A key that occurred before: the walk starts anew, to say where.
        let mut twice: Option<(u32, Str, usize)> = None;
        loop {
            let index = kvs.index();
            let Some((key, value)) = kvs.next(source).await? else { return Ok(()) };
            let mut name = Name::EMPTY;
            source.read(key.offset, name.room(key.len)).await?;
            let rest = name.strip_prefix(start.as_bytes()).and_then(|rest| rest.strip_prefix(middle.as_bytes()));
            let Some(rest) = rest else { continue };
            // A name holds only the first bytes of a long key, which is then none of `names`.
            let whole = key.len == name.len() as u64;
            let place = names.iter().position(|name| whole && name.as_bytes() == rest);
            match twice {
                Some((second, again, same)) if place == Some(same) => {
                    return Err(key_error(second, again, Problem::DuplicateKey { first: index }));
                }
                Some(_) => continue,
                None => {}
            }
            let known = place.and_then(|i| values.get_mut(i));
            let taken = take(&PrefixedKey { index, key, name: &name, rest, known: known.is_some(), value });
            if let (true, Some(place), Some(known)) = (taken, place, known)
                && known.replace(value).is_some()
            {
                twice = Some((index, key, place));
                kvs = self.kvs();
            }
        }
    }

    /// A walk over all keys and values.
    #[must_use]
    pub fn kvs(&self) -> KvWalk {
        KvWalk::new(HEADER_BYTES, self.n_kv, self.skips.clone())
    }

    /// A walk over the tensor directory.
    #[must_use]
    pub fn tensors(&self) -> TensorWalk {
        TensorWalk::new(self.tensors_offset, self.n_tensors, self.alignment, self.data_offset)
    }
}

/// True if `key` is `parts` put together.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn spells<F: Flash>(key: Str, source: &mut Source<'_, F>, parts: &[&str]) -> Result<bool, FlashError> {
    if key.len != parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.len() as u64)) {
        return Ok(false);
    }
    let mut offset = key.offset;
    for part in parts {
        let len = part.len() as u64;
        if !(Str { offset, len }).eq(source, part.as_bytes()).await? {
            return Ok(false);
        }
        offset = offset.saturating_add(len);
    }
    Ok(true)
}

/// Version and counts, the latter within what the file has room for.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn header<F: Flash>(cursor: &mut Cursor, source: &mut Source<'_, F>) -> Result<(u32, u32, u32), Failed> {
    let magic = cursor.u32(source).await?.to_le_bytes();
    if magic != *b"GGUF" {
        return Err(cursor.bad(0, Problem::Magic(magic)));
    }
    let at = cursor.pos();
    let version = cursor.u32(source).await?;
    match version {
        2 | 3 => {}
        // Versions are small, so the bytes of a big-endian file's lie in the upper half.
        _ if version & 0xffff == 0 && version != 0 => return Err(cursor.bad(at, Problem::BigEndian)),
        _ => return Err(cursor.bad(at, Problem::Version(version))),
    }
    let at = cursor.pos();
    let n_tensors = cursor.u64(source).await?;
    let n_kv = cursor.u64(source).await?;
    let size = source.size();
    let need = n_kv
        .checked_mul(MIN_KV_BYTES)
        .and_then(|kvs| kvs.checked_add(n_tensors.checked_mul(MIN_TENSOR_BYTES)?)?.checked_add(cursor.pos()));
    match (need, u32::try_from(n_kv), u32::try_from(n_tensors)) {
        (Some(need), Ok(n_kv), Ok(n_tensors)) if need <= size => Ok((version, n_kv, n_tensors)),
        _ => Err(cursor.bad(at, Problem::Counts { n_kv, n_tensors, size })),
    }
}

/// Walks all keys and values; where they end, the alignment, and the ends of large arrays.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn check_keys<F: Flash>(source: &mut Source<'_, F>, n_kv: u32) -> Result<(u64, u32, kv::Skips), GgufError> {
    let mut kvs = KvWalk::validating(HEADER_BYTES, n_kv);
    let mut alignment = None;
    loop {
        let index = kvs.index();
        let Some((key, value)) = kvs.next(source).await? else { break };
        if key.eq(source, ALIGNMENT_KEY).await? {
            let checked = match alignment {
                Some((first, _)) => Err(Problem::DuplicateKey { first }),
                None => check_alignment(value),
            };
            match checked {
                Ok(n) => alignment = Some((index, n)),
                Err(problem) => return Err(key_error(index, key, problem)),
            }
        }
    }
    let (end, skips) = kvs.learned();
    Ok((end, alignment.map_or(DEFAULT_ALIGNMENT, |(_, n)| n), skips))
}

fn check_alignment(value: Value) -> Result<u32, Problem> {
    match value {
        Value::U32(n) if n.is_power_of_two() && (8..=MAX_ALIGNMENT).contains(&n) => Ok(n),
        Value::U32(n) => Err(Problem::Alignment(n)),
        other => Err(Problem::AlignmentType(other.value_type())),
    }
}

fn key_error(index: u32, key: Str, problem: Problem) -> GgufError {
    GgufError::Key { index, name: key.name_at(), offset: key.offset, problem }
}
