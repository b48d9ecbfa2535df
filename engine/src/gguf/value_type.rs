//! The types of values.

macro_rules! value_types {
    ($($variant:ident = $id:literal, $name:literal, $scalar:expr;)*) => {
        /// The type of a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum ValueType {
            $(#[doc = concat!("`", $name, "`")] $variant = $id,)*
        }

        impl ValueType {
            /// The type with this id in a file.
            #[must_use]
            pub const fn from_id(id: u32) -> Option<Self> {
                match id {
                    $($id => Some(ValueType::$variant),)*
                    _ => None,
                }
            }

            /// The type's name, as in `u32`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ValueType::$variant => $name,)*
                }
            }

            /// Bytes of a value; `None` for strings and arrays.
            #[must_use]
            pub const fn scalar_bytes(self) -> Option<u64> {
                match self {
                    $(ValueType::$variant => $scalar,)*
                }
            }
        }
    };
}

value_types! {
    U8 = 0, "u8", Some(1);
    I8 = 1, "i8", Some(1);
    U16 = 2, "u16", Some(2);
    I16 = 3, "i16", Some(2);
    U32 = 4, "u32", Some(4);
    I32 = 5, "i32", Some(4);
    F32 = 6, "f32", Some(4);
    Bool = 7, "bool", Some(1);
    Str = 8, "string", None;
    Array = 9, "array", None;
    U64 = 10, "u64", Some(8);
    I64 = 11, "i64", Some(8);
    F64 = 12, "f64", Some(8);
}

impl ValueType {
    /// Fewest bytes that a value takes.
    pub(super) const fn min_bytes(self) -> u64 {
        match self.scalar_bytes() {
            Some(bytes) => bytes,
            None if matches!(self, ValueType::Array) => 12,
            None => 8,
        }
    }
}
