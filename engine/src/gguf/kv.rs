//! The walk over keys and values.

use super::cursor::{Cursor, Failed};
use super::error::{GgufError, Problem};
use super::value::{Array, Str, Value};
use super::value_type::ValueType;
use crate::flash::{Flash, Source};

/// Bytes that a key may have.
const MAX_KEY_BYTES: u64 = u16::MAX as u64;

/// The ends of the largest arrays of strings, so that a vocabulary is walked once and passed over
/// ever after. (Where an array of numbers ends follows from its length.)
#[derive(Clone, Debug, Default)]
pub(super) struct Skips {
    /// First byte and end of each array.
    ranges: heapless::Vec<(u64, u64), 8>,
}

impl Skips {
    fn end(&self, start: u64) -> Option<u64> {
        self.ranges.iter().find(|&&(s, _)| s == start).map(|&(_, end)| end)
    }

    /// Keeps the range, in place of a smaller one if need be.
    fn keep(&mut self, start: u64, end: u64) {
        let bytes = |&(s, e): &(u64, u64)| e.saturating_sub(s);
        if self.ranges.push((start, end)).is_err()
            && let Some(smallest) = self.ranges.iter_mut().min_by_key(|range| bytes(range))
            && bytes(smallest) < bytes(&(start, end))
        {
            *smallest = (start, end);
        }
    }
}

/// A walk over keys and values, in the order of the file.
#[derive(Clone, Debug)]
pub struct KvWalk {
    cursor: Cursor,
    index: u32,
    n_kv: u32,
    key: Str,
    skips: Skips,
    /// Checks every element of every array, and keeps the ends of the largest.
    validate: bool,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl KvWalk {
    pub(super) fn new(offset: u64, n_kv: u32, skips: Skips) -> Self {
        let key = Str { offset, len: 0 };
        KvWalk { cursor: Cursor::new(offset), index: 0, n_kv, key, skips, validate: false }
    }

    pub(super) fn validating(offset: u64, n_kv: u32) -> Self {
        KvWalk { validate: true, ..KvWalk::new(offset, n_kv, Skips::default()) }
    }

    /// The offset that the walk has reached, and the ends of arrays that it learned.
    pub(super) fn learned(&self) -> (u64, Skips) {
        (self.cursor.pos(), self.skips.clone())
    }

    /// Index of the key that `next` gives next.
    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// The next key and its value; `None` after the last and after an error.
    ///
    /// # Errors
    /// [`GgufError::Key`], [`GgufError::Flash`]. A file that
    /// [`Gguf::open`](super::Gguf::open) accepted gives the latter only.
    pub async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<(Str, Value)>, GgufError> {
        if self.index >= self.n_kv {
            return Ok(None);
        }
        self.key.len = 0;
        match self.step(source).await {
            Ok(found) => {
                self.index = self.index.saturating_add(1);
                Ok(Some(found))
            }
            Err(failed) => {
                let index = core::mem::replace(&mut self.index, self.n_kv);
                Err(self.cursor.fault(failed).key(index, self.key.name_at()))
            }
        }
    }

    async fn step<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<(Str, Value), Failed> {
        let at = self.cursor.pos();
        let len = self.cursor.u64(source).await?;
        if len == 0 || len > MAX_KEY_BYTES {
            return Err(self.cursor.bad(at, Problem::KeyLength(len)));
        }
        let key = Str { offset: self.cursor.pos(), len };
        self.cursor.skip(source, len)?;
        self.key = key;
        let value = match self.cursor.value_type(source).await? {
            ValueType::Str => {
                let len = self.cursor.u64(source).await?;
                let offset = self.cursor.pos();
                self.cursor.skip(source, len)?;
                Value::Str(Str { offset, len })
            }
            ValueType::Array => Value::Array(self.array(source).await?),
            scalar => self.cursor.scalar(source, scalar).await?,
        };
        Ok((key, value))
    }

    async fn array<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Array, Failed> {
        let (elem, len) = self.cursor.array(source).await?;
        let offset = self.cursor.pos();
        match (elem.scalar_bytes(), self.skips.end(offset)) {
            (Some(width), _) if !self.validate => self.cursor.skip(source, len.saturating_mul(width))?,
            (None, Some(end)) => self.cursor.jump(end),
            (width, _) => {
                self.cursor.elements(source, elem, len).await?;
                if self.validate && width.is_none() {
                    self.skips.keep(offset, self.cursor.pos());
                }
            }
        }
        Ok(Array { elem, len, offset, end: self.cursor.pos() })
    }
}
