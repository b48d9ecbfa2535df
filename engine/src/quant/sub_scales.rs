//! The scales of blocks and of their sub-blocks.

use super::description::{Described, Field, Quants, ScaleForm};
use crate::simd::{Isa, Rows};

/// Scales of sub-blocks and, where there are any, their minimums: bytes in order, the scales plus [`SubScales::bias`].
#[derive(Clone, Copy)]
pub(super) struct SubScales<I: Isa> {
    pub(super) scales: [I::W; 4],
    pub(super) mins: [I::W; 4],
}

/// A place in a block that is interleaved, or lies as in a file.
#[inline(always)]
pub(super) fn at<B: Described>(rows: Rows<'_, B>, interleaved: usize, in_file: usize) -> usize {
    if rows.are_interleaved() { interleaved } else { in_file }
}

/// The first two words of blocks as in a file. One transposed load of four is faster than the words one by one.
#[inline(always)]
pub(super) fn first_words<I: Isa, B: Described>(isa: I, rows: Rows<'_, B>) -> [I::W; 2] {
    let [first, second, _, _] = isa.words::<_, 4>(rows, 0);
    [first, second]
}

/// Single bits of 32 quants follow a scale of two bytes at the start of the block.
pub(super) const fn bits_follow_scale<B: Described>() -> bool {
    matches!(B::DESCRIPTION.quants, Quants::LowHigh(_, Field { offset: 2, group: 1, .. }))
}

/// The block's scales have this form.
const fn is<B: Described>(form: ScaleForm) -> bool {
    B::DESCRIPTION.form as u8 == form as u8
}

/// The scale, and the second one or again the first.
#[inline(always)]
pub(super) fn scales<I: Isa, B: Described>(isa: I, rows: Rows<'_, B>) -> [I::F; 2] {
    let scale = at(rows, 0, const { B::DESCRIPTION.scale });
    if const { B::DESCRIPTION.has_min() } {
        if rows.are_interleaved() {
            return [isa.half_at(rows, scale), isa.half_at(rows, scale + 2)];
        }
        let [both] = isa.words(rows, scale);
        [isa.f16_low(both), isa.f16_high(both)]
    } else if const { is::<B>(ScaleForm::F32) } {
        let [d] = isa.words(rows, scale);
        [isa.as_f32(d); 2]
    } else if const { is::<B>(ScaleForm::E8M0) } {
        // A product of two normal powers of two, exact also where it is subnormal.
        let e = isa.byte_at(rows, scale);
        let (a, bias) = (isa.shr(e, 1), isa.splat(63));
        let (a, b) = (isa.add(a, bias), isa.add(isa.sub(e, a), bias));
        [isa.f_mul(isa.as_f32(isa.shl(a, 23)), isa.as_f32(isa.shl(b, 23))); 2]
    } else if const { is::<B>(ScaleForm::K6Apart) } {
        let [first, _] = isa.words(rows, scale);
        [isa.f16_low(first); 2]
    } else if const { bits_follow_scale::<B>() } && !rows.are_interleaved() {
        let [first, _] = first_words(isa, rows);
        [isa.f16_low(first); 2]
    } else {
        [isa.half_at(rows, scale); 2]
    }
}

impl<I: Isa> SubScales<I> {
    /// Sub-blocks with scales of their own.
    pub(super) const fn count(form: ScaleForm) -> usize {
        match form {
            ScaleForm::K4WithMin | ScaleForm::K6 | ScaleForm::I8 => 16,
            ScaleForm::K6WithMin | ScaleForm::K6Apart => 8,
            ScaleForm::F16 | ScaleForm::F16WithMin | ScaleForm::F32 | ScaleForm::E8M0 => 0,
        }
    }

    /// The bias that makes signed scales unsigned bytes.
    pub(super) const fn bias(form: ScaleForm) -> u32 {
        match form {
            ScaleForm::K6 | ScaleForm::K6Apart => 32,
            ScaleForm::I8 => 128,
            _ => 0,
        }
    }

    #[inline(always)]
    pub(super) fn read<B: Described>(isa: I, rows: Rows<'_, B>) -> Self {
        let zero = [isa.splat(0); 4];
        let offset = at(rows, const { B::DESCRIPTION.interleaved_sub_scales() }, const { B::DESCRIPTION.sub_scales });
        let (four, top) = (isa.splat(0x0F0F_0F0F), isa.splat(0x3030_3030));
        if const { is::<B>(ScaleForm::K4WithMin) } {
            let [mut scales, mut mins]: [[I::W; 4]; 2] = [isa.words(rows, offset); 2];
            for (scale, min) in scales.iter_mut().zip(&mut mins) {
                *scale = isa.and(*scale, four);
                *min = isa.and(isa.shr(*min, 4), four);
            }
            SubScales { scales, mins }
        } else if const { is::<B>(ScaleForm::K6WithMin) } {
            let [a, b, c] = isa.words::<_, 3>(rows, offset);
            let six = isa.splat(0x3F3F_3F3F);
            let scale_high = isa.or(isa.and(c, four), isa.and(isa.shr(a, 2), top));
            let min_high = isa.or(isa.and(isa.shr(c, 4), four), isa.and(isa.shr(b, 2), top));
            let [z, ..] = zero;
            SubScales { scales: [isa.and(a, six), scale_high, z, z], mins: [isa.and(b, six), min_high, z, z] }
        } else if const { is::<B>(ScaleForm::K6) } {
            let [a, b, c] = isa.words(rows, offset);
            let scales = [
                isa.or(isa.and(a, four), isa.and(isa.shl(c, 4), top)),
                isa.or(isa.and(b, four), isa.and(isa.shl(c, 2), top)),
                isa.or(isa.and(isa.shr(a, 4), four), isa.and(c, top)),
                isa.or(isa.and(isa.shr(b, 4), four), isa.and(isa.shr(c, 2), top)),
            ];
            SubScales { scales, mins: zero }
        } else if const { is::<B>(ScaleForm::I8) } {
            let mut scales = isa.words(rows, offset);
            for scale in &mut scales {
                *scale = isa.xor(*scale, isa.splat(0x8080_8080));
            }
            SubScales { scales, mins: zero }
        } else if const { is::<B>(ScaleForm::K6Apart) } {
            let [high, low] = isa.words(rows, at(rows, 0, const { B::DESCRIPTION.scale }));
            SubScales { scales: [low, isa.shr(high, 12), zero[0], zero[0]], mins: zero }
        } else {
            SubScales { scales: zero, mins: zero }
        }
    }

    /// The scale of sub-block `i`.
    #[inline(always)]
    pub(super) fn scale<B: Described>(&self, isa: I, i: usize) -> I::W {
        if const { is::<B>(ScaleForm::K6Apart) } {
            let low = isa.and(isa.shr(self.scales[0], 4 * i as u32), isa.splat(0x0F));
            let high = isa.and(isa.shr(self.scales[1], 2 * i as u32), isa.splat(0x30));
            return isa.sub(isa.or(low, high), isa.splat(32));
        }
        let scale = isa.and(isa.shr(self.scales[i / 4 % 4], 8 * (i % 4) as u32), isa.splat(0xFF));
        match const { Self::bias(B::DESCRIPTION.form) } {
            0 => scale,
            bias => isa.sub(scale, isa.splat(bias)),
        }
    }
}
