//! Walks over the elements of arrays, in order, through a window each.

use super::cursor::{Cursor, Failed};
use super::error::{GgufError, Problem};
use super::value::{Array, Str, Value};
use super::value_type::ValueType;
use crate::flash::{Flash, Source};

impl Array {
    /// A walk over the elements of an array of numbers or booleans, in order.
    #[must_use]
    pub fn scalars(&self) -> ScalarWalk {
        ScalarWalk::new(*self)
    }

    /// A walk over the inner arrays of an array of arrays, in order.
    #[must_use]
    pub fn arrays(&self) -> ArrayWalk {
        ArrayWalk::new(*self)
    }

    /// A walk over the strings of an array, in order.
    #[must_use]
    pub fn strings(&self) -> StrWalk {
        StrWalk::new(*self, 0, self.offset)
    }

    /// A walk over the strings from `index` on; `offset` is where [`StrWalk::position`] said that
    /// it lies.
    #[must_use]
    pub fn strings_from(&self, index: u64, offset: u64) -> StrWalk {
        StrWalk::new(*self, index, offset.max(self.offset).min(self.end))
    }
}

/// A walk over the inner arrays of an array.
#[derive(Clone, Debug)]
pub struct ArrayWalk {
    array: Array,
    left: u64,
    cursor: Cursor,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ArrayWalk {
    fn new(array: Array) -> Self {
        ArrayWalk { array, left: array.len, cursor: Cursor::new(array.offset) }
    }

    /// The next inner array; `None` after the last.
    ///
    /// # Errors
    /// [`GgufError::Value`] with [`Problem::ElementType`] for an array of something else;
    /// [`GgufError::Flash`].
    pub async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<Array>, GgufError> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.array.elem != ValueType::Array {
            let problem = Problem::ElementType(self.array.elem);
            return Err(GgufError::Value { offset: self.array.offset, problem });
        }
        self.left = self.left.saturating_sub(1);
        self.step(source).await.map(Some).map_err(|failed| self.cursor.fault(failed).value())
    }

    async fn step<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Array, Failed> {
        let (elem, len) = self.cursor.array(source).await?;
        let offset = self.cursor.pos();
        self.cursor.elements(source, elem, len).await?;
        Ok(Array { elem, len, offset, end: self.cursor.pos() })
    }
}

/// A walk over the elements of an array of numbers or booleans.
#[derive(Clone, Debug)]
pub struct ScalarWalk {
    elem: ValueType,
    left: u64,
    cursor: Cursor,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ScalarWalk {
    fn new(array: Array) -> Self {
        ScalarWalk { elem: array.elem, left: array.len, cursor: Cursor::new(array.offset) }
    }

    /// The next element; `None` after the last.
    ///
    /// # Errors
    /// [`GgufError::Value`] with [`Problem::ElementType`] for an array of strings or arrays;
    /// [`GgufError::Flash`].
    pub async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<Value>, GgufError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left = self.left.saturating_sub(1);
        self.cursor.scalar(source, self.elem).await.map(Some).map_err(|failed| self.cursor.fault(failed).value())
    }
}

/// A walk over the strings of an array.
#[derive(Clone, Debug)]
pub struct StrWalk {
    array: Array,
    index: u64,
    cursor: Cursor,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl StrWalk {
    fn new(array: Array, index: u64, offset: u64) -> Self {
        StrWalk { array, index, cursor: Cursor::new(offset) }
    }

    /// The index of the next string and where it lies, to come back later with
    /// [`Array::strings_from`].
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        (self.index, self.cursor.pos())
    }

    /// The next string; `None` after the last.
    ///
    /// # Errors
    /// [`GgufError::Value`] with [`Problem::ElementType`] for an array of something else;
    /// [`GgufError::Flash`].
    pub async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<Str>, GgufError> {
        Ok(self.next_prefix(source, &mut []).await?.map(|(string, _)| string))
    }

    /// The next string and as many of its first bytes as `buf` holds. The bytes come through the
    /// walk's window: a vocabulary is read once, in large pieces.
    ///
    /// # Errors
    /// Those of [`StrWalk::next`].
    pub async fn next_prefix<'b, F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        buf: &'b mut [u8],
    ) -> Result<Option<(Str, &'b [u8])>, GgufError> {
        if self.index >= self.array.len {
            return Ok(None);
        }
        if self.array.elem != ValueType::Str {
            let problem = Problem::ElementType(self.array.elem);
            return Err(GgufError::Value { offset: self.array.offset, problem });
        }
        self.index = self.index.saturating_add(1);
        self.step(source, buf).await.map(Some).map_err(|failed| self.cursor.fault(failed).value())
    }

    async fn step<'b, F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        buf: &'b mut [u8],
    ) -> Result<(Str, &'b [u8]), Failed> {
        let len = self.cursor.u64(source).await?;
        let offset = self.cursor.pos();
        let prefix = buf.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let bytes = buf.get_mut(..prefix).unwrap_or_default();
        self.cursor.read(source, bytes).await?;
        self.cursor.skip(source, len.saturating_sub(prefix as u64))?;
        Ok((Str { offset, len }, bytes))
    }
}
