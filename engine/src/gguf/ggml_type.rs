//! The tensor element types of ggml: id, name, and the size of a block.

macro_rules! ggml_types {
    ($($variant:ident = $id:literal, $name:literal, $elems:literal elements in $bytes:literal bytes;)*) => {
        /// A tensor element type of ggml. Every type in use has an arm, whether or not the engine
        /// computes with it: the reader needs its size.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum GgmlType {
            $(#[doc = concat!("`", $name, "`: blocks of ", $elems, " elements in ", $bytes, " bytes.")] $variant = $id,)*
        }

        impl GgmlType {
            /// All types, by ascending id.
            pub const ALL: &'static [GgmlType] = &[$(GgmlType::$variant,)*];

            /// The type with this id in a file; `None` for ids never given out or withdrawn.
            #[must_use]
            pub const fn from_id(id: u32) -> Option<Self> {
                match id {
                    $($id => Some(GgmlType::$variant),)*
                    _ => None,
                }
            }

            /// Elements in a block; 1 for plain types.
            #[must_use]
            pub const fn block_elems(self) -> u32 {
                match self {
                    $(GgmlType::$variant => $elems,)*
                }
            }

            /// Bytes of a block.
            #[must_use]
            pub const fn block_bytes(self) -> u32 {
                match self {
                    $(GgmlType::$variant => $bytes,)*
                }
            }

            /// ggml's name, as in `Q4_K`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(GgmlType::$variant => $name,)*
                }
            }
        }
    };
}

ggml_types! {
    F32 = 0, "F32", 1 elements in 4 bytes;
    F16 = 1, "F16", 1 elements in 2 bytes;
    Q4_0 = 2, "Q4_0", 32 elements in 18 bytes;
    Q4_1 = 3, "Q4_1", 32 elements in 20 bytes;
    Q5_0 = 6, "Q5_0", 32 elements in 22 bytes;
    Q5_1 = 7, "Q5_1", 32 elements in 24 bytes;
    Q8_0 = 8, "Q8_0", 32 elements in 34 bytes;
    // Two f16 scales; gguf-py's table still says 40, from when they were f32.
    Q8_1 = 9, "Q8_1", 32 elements in 36 bytes;
    Q2K = 10, "Q2_K", 256 elements in 84 bytes;
    Q3K = 11, "Q3_K", 256 elements in 110 bytes;
    Q4K = 12, "Q4_K", 256 elements in 144 bytes;
    Q5K = 13, "Q5_K", 256 elements in 176 bytes;
    Q6K = 14, "Q6_K", 256 elements in 210 bytes;
    Q8K = 15, "Q8_K", 256 elements in 292 bytes;
    IQ2XXS = 16, "IQ2_XXS", 256 elements in 66 bytes;
    IQ2XS = 17, "IQ2_XS", 256 elements in 74 bytes;
    IQ3XXS = 18, "IQ3_XXS", 256 elements in 98 bytes;
    IQ1S = 19, "IQ1_S", 256 elements in 50 bytes;
    IQ4NL = 20, "IQ4_NL", 32 elements in 18 bytes;
    IQ3S = 21, "IQ3_S", 256 elements in 110 bytes;
    IQ2S = 22, "IQ2_S", 256 elements in 82 bytes;
    IQ4XS = 23, "IQ4_XS", 256 elements in 136 bytes;
    I8 = 24, "I8", 1 elements in 1 bytes;
    I16 = 25, "I16", 1 elements in 2 bytes;
    I32 = 26, "I32", 1 elements in 4 bytes;
    I64 = 27, "I64", 1 elements in 8 bytes;
    F64 = 28, "F64", 1 elements in 8 bytes;
    IQ1M = 29, "IQ1_M", 256 elements in 56 bytes;
    BF16 = 30, "BF16", 1 elements in 2 bytes;
    TQ1_0 = 34, "TQ1_0", 256 elements in 54 bytes;
    TQ2_0 = 35, "TQ2_0", 256 elements in 66 bytes;
    MXFP4 = 39, "MXFP4", 32 elements in 17 bytes;
    NVFP4 = 40, "NVFP4", 64 elements in 36 bytes;
    Q1_0 = 41, "Q1_0", 128 elements in 18 bytes;
}

impl GgmlType {
    /// The type's id in a file.
    #[must_use]
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The name of a type that ggml has withdrawn; files with one cannot be read by anything.
    pub(super) const fn withdrawn(id: u32) -> Option<&'static str> {
        Some(match id {
            4 => "Q4_2",
            5 => "Q4_3",
            31 => "Q4_0_4_4",
            32 => "Q4_0_4_8",
            33 => "Q4_0_8_8",
            36 => "IQ4_NL_4_4",
            37 => "IQ4_NL_4_8",
            38 => "IQ4_NL_8_8",
            _ => return None,
        })
    }
}

impl core::fmt::Display for GgmlType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}
