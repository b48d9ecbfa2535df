//! All block formats.

use super::act::{Act32, Act256};
use super::block::Block;
use super::description::{Described, Description, Field, Quants, ScaleForm, Values};
use super::dot::{Format, Mins16, Mins32, One32, One32WithMin, One256, Signed32, Signed256, SignedSubs32, Subs16};
pub use super::float::{BF16, F16, F32};
use super::read::Reader;
use super::unpacked::Unpacked;
use crate::simd::{BlockLayout, IQ4_VALUES, Isa, MXFP4_VALUES, Rows};
use bytemuck::{Pod, Zeroable};

const fn field(offset: usize, bits: u32, group: usize) -> Field {
    Field { offset, bits, group }
}

/// Declares block formats: ggml's name and number, the activations and the kernel that multiply a block, its quants, their
/// values, and the form and places of its scales.
macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident $ggml:literal $id:literal $act:ident $kernel:ty:
        $quants:expr, $values:expr, $form:ident at $scale:literal $(and $sub_scales:literal)?;)+) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, Pod, Zeroable)]
        pub struct $name(pub [u8; BlockLayout::$name.bytes()]);

        impl Block for $name {
            const ELEMS: usize = BlockLayout::$name.elems();
            const NAME: &'static str = $ggml;
            const ID: u32 = $id;
            const PARTS: &'static [(usize, usize)] =
                const { &$name::DESCRIPTION.parts(Self::ELEMS, size_of::<Self>()) }.as_slice();

            fn dequantise(&self, out: &mut [f32]) {
                const { $name::DESCRIPTION }.dequantise(&self.0, Self::ELEMS, out);
            }
        }

        impl Described for $name {
            const DESCRIPTION: Description = {
                use {Quants::*, Values::*};
                Description {
                    quants: $quants,
                    values: $values,
                    form: ScaleForm::$form,
                    scale: $scale,
                    sub_scales: 0 $(+ $sub_scales)?,
                }
            };
        }

        impl Format for $name {
            const LAYOUT: BlockLayout = BlockLayout::$name;
            type Act = $act;

            #[inline(always)]
            fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[$act; T]) -> [I::F; T] {
                <$kernel>::dot::<I, Self, _, T>(isa, Reader::new(isa, rows), x)
            }

            #[inline(always)]
            fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<'_, I>, x: &[$act; T]) -> [I::F; T] {
                <$kernel>::dot::<I, Self, _, T>(isa, w, x)
            }
        }
    )+};
}

formats! {
    /// ggml's `block_q4_0`.
    Q4_0 "Q4_0" 2 Act32 One32<15>: Bits(field(2, 4, 16)), From(-8), F16 at 0;
    /// ggml's `block_q4_1`.
    Q4_1 "Q4_1" 3 Act32 One32WithMin<15>: Bits(field(4, 4, 16)), From(0), F16WithMin at 0;
    /// ggml's `block_q5_0`.
    Q5_0 "Q5_0" 6 Act32 One32<31>: LowHigh(field(6, 4, 16), field(2, 1, 1)), From(-16), F16 at 0;
    /// ggml's `block_q5_1`.
    Q5_1 "Q5_1" 7 Act32 One32WithMin<31>: LowHigh(field(8, 4, 16), field(4, 1, 1)), From(0), F16WithMin at 0;
    /// ggml's `block_q8_0`.
    Q8_0 "Q8_0" 8 Act32 Signed32: Bits(field(2, 8, 32)), Signed, F16 at 0;
    /// ggml's `block_q2_K`.
    Q2K "Q2_K" 10 Act256 Mins16<3>: Bits(field(16, 2, 32)), From(0), K4WithMin at 80 and 0;
    /// ggml's `block_q3_K`.
    Q3K "Q3_K" 11 Act256 Subs16<7>: LowHigh(field(32, 2, 32), field(0, 1, 32)), From(-4), K6 at 108 and 96;
    /// ggml's `block_q4_K`.
    Q4K "Q4_K" 12 Act256 Mins32<15>: Bits(field(16, 4, 32)), From(0), K6WithMin at 0 and 4;
    /// ggml's `block_q5_K`.
    Q5K "Q5_K" 13 Act256 Mins32<31>: LowHigh(field(48, 4, 32), field(16, 1, 32)), From(0), K6WithMin at 0 and 4;
    /// ggml's `block_q6_K`.
    Q6K "Q6_K" 14 Act256 Subs16<63>: LowHigh(field(0, 4, 64), field(128, 2, 32)), From(-32), I8 at 208 and 192;
    /// ggml's `block_q8_K`. Its last 32 bytes are sums of each 16 quants, which are not used.
    Q8K "Q8_K" 15 Act256 Signed256: Bits(field(4, 8, 32)), Signed, F32 at 0;
    /// ggml's `block_iq4_nl`.
    IQ4NL "IQ4_NL" 20 Act32 Signed32: Bits(field(2, 4, 16)), Table(&IQ4_VALUES), F16 at 0;
    /// ggml's `block_iq4_xs`.
    IQ4XS "IQ4_XS" 23 Act256 SignedSubs32: Bits(field(8, 4, 16)), Table(&IQ4_VALUES), K6Apart at 0;
    /// ggml's `block_tq1_0`.
    TQ1_0 "TQ1_0" 34 Act256 One256<2>: Digits, From(-1), F16 at 52;
    /// ggml's `block_tq2_0`.
    TQ2_0 "TQ2_0" 35 Act256 One256<3>: Bits(field(0, 2, 32)), From(-1), F16 at 64;
    /// ggml's `block_mxfp4`. Code 8, minus zero, is plus zero, as in ggml.
    MXFP4 "MXFP4" 39 Act32 Signed32: Bits(field(1, 4, 16)), Table(&MXFP4_VALUES), E8M0 at 0;
}
