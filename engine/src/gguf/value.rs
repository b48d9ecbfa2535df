//! Values: numbers by value, strings and arrays by where they lie.

use super::error::{GgufError, Problem};
use super::name::NameAt;
use super::value_type::ValueType;
use crate::flash::{Flash, FlashError, Source};

/// A value of a key or an element of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Value {
    /// `u8`
    U8(u8),
    /// `i8`
    I8(i8),
    /// `u16`
    U16(u16),
    /// `i16`
    I16(i16),
    /// `u32`
    U32(u32),
    /// `i32`
    I32(i32),
    /// `u64`
    U64(u64),
    /// `i64`
    I64(i64),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `bool`
    Bool(bool),
    /// A string's place in the file.
    Str(Str),
    /// An array's place in the file.
    Array(Array),
}

impl Value {
    pub(super) fn scalar(elem: ValueType, bytes: [u8; 8]) -> Result<Self, Problem> {
        let [a, b, c, d, ..] = bytes;
        Ok(match elem {
            ValueType::U8 => Value::U8(a),
            ValueType::I8 => Value::I8(i8::from_le_bytes([a])),
            ValueType::U16 => Value::U16(u16::from_le_bytes([a, b])),
            ValueType::I16 => Value::I16(i16::from_le_bytes([a, b])),
            ValueType::U32 => Value::U32(u32::from_le_bytes([a, b, c, d])),
            ValueType::I32 => Value::I32(i32::from_le_bytes([a, b, c, d])),
            ValueType::F32 => Value::F32(f32::from_le_bytes([a, b, c, d])),
            ValueType::U64 => Value::U64(u64::from_le_bytes(bytes)),
            ValueType::I64 => Value::I64(i64::from_le_bytes(bytes)),
            ValueType::F64 => Value::F64(f64::from_le_bytes(bytes)),
            ValueType::Bool if a <= 1 => Value::Bool(a == 1),
            ValueType::Bool => return Err(Problem::Bool(a)),
            ValueType::Str | ValueType::Array => return Err(Problem::ElementType(elem)),
        })
    }

    /// The value's type.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Value::U8(_) => ValueType::U8,
            Value::I8(_) => ValueType::I8,
            Value::U16(_) => ValueType::U16,
            Value::I16(_) => ValueType::I16,
            Value::U32(_) => ValueType::U32,
            Value::I32(_) => ValueType::I32,
            Value::U64(_) => ValueType::U64,
            Value::I64(_) => ValueType::I64,
            Value::F32(_) => ValueType::F32,
            Value::F64(_) => ValueType::F64,
            Value::Bool(_) => ValueType::Bool,
            Value::Str(_) => ValueType::Str,
            Value::Array(_) => ValueType::Array,
        }
    }

    /// An integer of any type that is not negative.
    #[must_use]
    pub fn as_uint(&self) -> Option<u64> {
        match *self {
            Value::U8(n) => Some(n.into()),
            Value::U16(n) => Some(n.into()),
            Value::U32(n) => Some(n.into()),
            Value::U64(n) => Some(n),
            Value::I8(n) => u64::try_from(n).ok(),
            Value::I16(n) => u64::try_from(n).ok(),
            Value::I32(n) => u64::try_from(n).ok(),
            Value::I64(n) => u64::try_from(n).ok(),
            _ => None,
        }
    }

    /// A floating-point number, rounded to `f32`.
    #[must_use]
    pub fn as_f32(&self) -> Option<f32> {
        match *self {
            Value::F32(x) => Some(x),
            Value::F64(x) => Some(x as f32),
            _ => None,
        }
    }

    /// A boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = *self { Some(b) } else { None }
    }

    /// A string.
    #[must_use]
    pub fn as_str(&self) -> Option<Str> {
        if let Value::Str(s) = *self { Some(s) } else { None }
    }

    /// An array.
    #[must_use]
    pub fn as_array(&self) -> Option<Array> {
        if let Value::Array(a) = *self { Some(a) } else { None }
    }
}

/// The place of a string in the file: any bytes, usually UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Str {
    /// Its first byte, from the start of the file.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Str {
    /// The place of the string, as a name.
    pub(crate) fn name_at(self) -> NameAt {
        NameAt::new(self.offset, self.len)
    }

    /// True if the string is `bytes`.
    ///
    /// # Errors
    /// [`FlashError`] when the flash fails.
    pub async fn eq<F: Flash>(&self, source: &mut Source<'_, F>, bytes: &[u8]) -> Result<bool, FlashError> {
        if self.len != bytes.len() as u64 {
            return Ok(false);
        }
        let mut buf = [0; 64];
        let mut at = self.offset;
        for part in bytes.chunks(buf.len()) {
            if source.view(at, part.len(), &mut buf).await? != part {
                return Ok(false);
            }
            at = at.saturating_add(part.len() as u64);
        }
        Ok(true)
    }

    /// The string's bytes: in place where they are mapped, else in `buf`.
    ///
    /// # Errors
    /// [`GgufError::Value`] with [`Problem::TooLong`] when `buf` is shorter than the string,
    /// mapped or not; [`GgufError::Flash`].
    pub async fn read<'m: 'b, 'b, F: Flash>(
        &self,
        source: &mut Source<'m, F>,
        buf: &'b mut [u8],
    ) -> Result<&'b [u8], GgufError> {
        match usize::try_from(self.len) {
            Ok(len) if len <= buf.len() => Ok(source.view(self.offset, len, buf).await?),
            _ => {
                let problem = Problem::TooLong { need: self.len, have: buf.len() as u64 };
                Err(GgufError::Value { offset: self.offset, problem })
            }
        }
    }
}

/// An array's place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Array {
    /// The type of its elements.
    pub elem: ValueType,
    /// Its elements.
    pub len: u64,
    /// The first byte of its first element, from the start of the file.
    pub offset: u64,
    /// The byte after its last element.
    pub end: u64,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Array {
    /// Element `index` of an array of numbers or booleans.
    ///
    /// # Errors
    /// [`GgufError::Value`] with [`Problem::Index`] or [`Problem::ElementType`];
    /// [`GgufError::Flash`].
    pub async fn scalar<F: Flash>(&self, source: &mut Source<'_, F>, index: u64) -> Result<Value, GgufError> {
        let error = |problem| GgufError::Value { offset: self.offset, problem };
        if index >= self.len {
            return Err(error(Problem::Index { index, len: self.len }));
        }
        let width = self.elem.scalar_bytes().ok_or(error(Problem::ElementType(self.elem)))?;
        let mut bytes = [0; 8];
        let dst = bytes.get_mut(..width as usize).unwrap_or_default();
        // `open` checked that the array lies inside the file, so this saturates never.
        source.read(self.offset.saturating_add(index.saturating_mul(width)), dst).await?;
        Value::scalar(self.elem, bytes).map_err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_from_every_type_that_holds_them() {
        let integers = [
            (Value::U8(200), Some(200)),
            (Value::U16(60_000), Some(60_000)),
            (Value::U32(u32::MAX), Some(u32::MAX.into())),
            (Value::U64(u64::MAX), Some(u64::MAX)),
            (Value::I8(100), Some(100)),
            (Value::I16(30_000), Some(30_000)),
            (Value::I32(7), Some(7)),
            (Value::I64(i64::MAX), Some(i64::MAX as u64)),
            (Value::I8(-1), None),
            (Value::I64(-1), None),
            (Value::F32(1.0), None),
            (Value::Bool(true), None),
        ];
        for (value, n) in integers {
            assert_eq!(value.as_uint(), n, "{value:?}");
        }
        let floats = [(Value::F32(0.1), Some(0.1)), (Value::F64(0.1), Some(0.1)), (Value::U32(1), None)];
        for (value, x) in floats {
            assert_eq!(value.as_f32(), x, "{value:?}");
        }
        assert_eq!((Value::Bool(true).as_bool(), Value::U8(1).as_bool()), (Some(true), None));
    }
}
