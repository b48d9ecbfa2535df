//! Eights: eight bytes of each of two rows, or of each of two tokens, in one vector, as `smmla` multiplies them.

use super::basics::{array, each, neon, sixteen, zip};
use super::multiply::Word;
use super::quants::{Nibbles, Quants};
use super::words::{bytes_of, eight, halves, widen, widen_high, word};
use crate::simd::arch::rows::Rows;
use crate::simd::floats::LANES;
use crate::simd::isa::Quads;
use bytemuck::Pod;
use core::arch::{aarch64::*, asm};

/// Eights of eight rows: those of rows 0 and 1 and of rows 4 and 5, then those of rows 2 and 3 and of rows 6 and 7.
type OfRows = [Word<2>; 2];

/// Eights `C`, 0 or 1, of a place of interleaved rows `8 * H` to `8 * H + 7`.
#[inline(always)]
pub(super) fn interleaved<Q: Quants<2>, B: Pod, const PLACE: usize, const H: usize, const C: usize>(
    rows: Rows<'_, B>,
) -> OfRows {
    let (a, b, c, d): (uint32x4_t, uint32x4_t, uint32x4_t, uint32x4_t);
    let Some(block) = rows.interleaved(0, 4).filter(|_| rows.has(LANES, Q::INTERLEAVED[PLACE], 16)) else {
        return [[neon! { vdupq_n_u32(0) }; 2]; 2];
    };
    // SAFETY: four words of the place lie within the block of each of sixteen rows.
    unsafe {
        asm!("ldp {a:q}, {b:q}, [{at}, #{i}]", "ldp {c:q}, {d:q}, [{at}, #{i} + 64]",
            a = out(vreg) a, b = out(vreg) b, c = lateout(vreg) c, d = lateout(vreg) d, at = in(reg) block,
            i = const 16 * Q::INTERLEAVED[PLACE] + 128 * C + 32 * H, options(readonly, nostack, preserves_flags));
        [[vzip1q_u32(a, c), vzip1q_u32(b, d)], [vzip2q_u32(a, c), vzip2q_u32(b, d)]]
    }
}

/// Both eights of a place of rows `8 * H` to `8 * H + 7`, which lie as in a file.
#[inline(always)]
pub(super) fn in_file<Q: Quants<2>, B: Pod, const PLACE: usize, const H: usize>(rows: Rows<'_, B>) -> [OfRows; 2] {
    if !rows.has(LANES, Q::PLACES[PLACE], 16) {
        return [[[neon! { vdupq_n_u32(0) }; 2]; 2]; 2];
    }
    let row = |r: usize| {
        let (row, out): (*const u8, uint64x2_t);
        row = rows.as_ptr().wrapping_add((8 * H + r) * rows.stride_bytes());
        // SAFETY: sixteen bytes of the place lie within the block of each of sixteen rows.
        unsafe {
            asm!("ldr {o:q}, [{at}, #{i}]", o = lateout(vreg) out, at = in(reg) row, i = const Q::PLACES[PLACE],
                options(readonly, nostack, preserves_flags));
        }
        out
    };
    let two = |r: usize| {
        let (a, b) = (row(r), row(r + 1));
        neon! { each([vzip1q_u64(a, b), vzip2q_u64(a, b)], |eight| vreinterpretq_u32_u64(eight)) }
    };
    let (a, b, c, d) = (two(0), two(2), two(4), two(6));
    array(|i| [[a[i], c[i]], [b[i], d[i]]])
}

/// Eights `C` of both planes of two tokens, whose activations are
/// [together](crate::simd::form::ActForm::TwoTokens) in the memory that begins with `x`.
#[inline(always)]
pub(super) fn of_tokens<A: Quads, const C: usize>(x: &[A; 2]) -> [int8x16_t; 2] {
    if const { A::SCALE_AT != 32 } {
        return neon! { [vdupq_n_s8(0); 2] };
    }
    let (first, second);
    // SAFETY: 64 bytes of quants lie in `x`.
    unsafe {
        asm!("ldp {a:q}, {b:q}, [{at}, #{i}]", a = lateout(vreg) first, b = lateout(vreg) second, at = in(reg) x,
            i = const 32 * C, options(readonly, nostack, preserves_flags));
    }
    [first, second]
}

/// Both tokens' scales, twice.
#[inline(always)]
pub(super) fn scales_of_tokens<A: Quads>(x: &[A; 2]) -> float32x4_t {
    neon! { vreinterpretq_f32_f64(twice(x, const { 2 * A::SCALE_AT })) }
}

/// The sums of both tokens' activations, twice.
#[inline(always)]
pub(super) fn sums_of_tokens<A: Quads>(x: &[A; 2]) -> int32x4_t {
    neon! { vreinterpretq_s32_f64(twice(x, const { 2 * A::SCALE_AT + 8 })) }
}

/// The eight bytes at `at`, twice.
#[inline(always)]
fn twice<A: Quads>(x: &[A; 2], at: usize) -> float64x2_t {
    let out: float64x2_t;
    let from = (&raw const *x).cast::<u8>().wrapping_add(at);
    // SAFETY: scales and sums of two tokens lie in `x` behind the quants.
    unsafe {
        asm!("ld1r {{{o:v}.2d}}, [{from}]", o = lateout(vreg) out, from = in(reg) from,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// Floats of eight rows, four to a vector.
type Eight = [float32x4_t; 2];

/// The halves at byte `AT` of the blocks of rows `8 * H` to `8 * H + 7`.
#[inline(always)]
pub(super) fn halves_at<B: Pod, const AT: usize, const H: usize>(rows: Rows<'_, B>) -> Eight {
    if !rows.has(LANES, AT, 2) {
        return [neon! { vdupq_n_f32(0.0) }; 2];
    }
    let Some(at) = rows.interleaved(0, 2) else {
        // SAFETY: two bytes at `AT` lie within the block of each of sixteen rows.
        return from_file::<_, H, _>(rows, |four, step| widen(unsafe { halves(four.wrapping_add(AT), step) }));
    };
    let halves: uint16x8_t;
    // SAFETY: as above.
    unsafe {
        asm!("ldr {o:q}, [{at}, #{i}]", o = lateout(vreg) halves, at = in(reg) at, i = const 16 * (AT + H),
            options(readonly, nostack, preserves_flags));
    }
    [widen(neon! { vget_low_u16(halves) }), widen_high(halves)]
}

/// Loads from rows `8 * H` to `8 * H + 7`, which lie as in a file, four rows at a time: `load` takes the address of the first of four
/// blocks, and the bytes from each row's block to the next row's.
#[inline(always)]
fn from_file<B: Pod, const H: usize, T: Copy>(rows: Rows<'_, B>, load: impl Fn(*const u8, usize) -> T) -> [T; 2] {
    let step = rows.stride_bytes();
    array(|i| load(rows.as_ptr().wrapping_add((8 * H + 4 * i) * step), step))
}

/// Powers of two, E8M0, at the front of the blocks of rows `8 * H` to `8 * H + 7`.
#[inline(always)]
pub(super) fn powers_of_two<B: Pod, const H: usize>(rows: Rows<'_, B>) -> Eight {
    if !rows.has(LANES, 0, 1) {
        return [neon! { vdupq_n_f32(0.0) }; 2];
    }
    let exponents = match rows.interleaved(0, 1) {
        Some(at) => neon! {
            // SAFETY of the load: a byte of each of sixteen rows lies there.
            let bytes = vmovl_u8(eight(at.wrapping_add(8 * H)));
            [vmovl_u16(vget_low_u16(bytes)), vmovl_high_u16(bytes)]
        },
        // SAFETY: a byte lies at the front of the block of each of sixteen rows.
        None => from_file::<_, H, _>(rows, |four, step| unsafe { bytes_of(four, step) }),
    };
    // A product of two normal powers of two, exact also where it is subnormal.
    each(exponents, |e| {
        neon! {
            let (half, bias) = (vshrq_n_u32::<1>(e), vdupq_n_u32(63));
            let factors = [vaddq_u32(half, bias), vaddq_u32(vsubq_u32(e, half), bias)];
            let [a, b] = each(factors, |e| vreinterpretq_f32_u32(vshlq_n_u32::<23>(e)));
            vmulq_f32(a, b)
        }
    })
}

/// 32 nibbles from byte `AT` on, as what they stand for in a table.
#[derive(Clone, Copy)]
pub(super) struct LookedUp<const AT: usize>(uint8x16_t);

impl<const AT: usize> LookedUp<AT> {
    #[inline(always)]
    pub(super) fn new(table: &'static [i8; 16]) -> Self {
        // SAFETY: the table is sixteen bytes.
        LookedUp(unsafe { sixteen(table.as_ptr().cast()) })
    }
}

impl<const AT: usize> Quants<2> for LookedUp<AT> {
    const MAX: u8 = 128;
    const PLACES: [usize; 2] = [AT; 2];

    #[inline(always)]
    fn unpack(self, words: [Word<2>; 2], k: usize) -> [Word<2>; 2] {
        each(Nibbles::<AT>.unpack(words, k), |plane| {
            each(plane, |w| neon! { vreinterpretq_u32_u8(vqtbl1q_u8(self.0, vreinterpretq_u8_u32(w))) })
        })
    }
}

/// Eights of 32 nibbles from byte `AT` on and a bit above each, as signed quants less 16.
#[derive(Clone, Copy)]
pub(super) struct FifthBitsOfEights<const AT: usize> {
    /// The bits of four rows, inverted, in each vector.
    bits: [uint8x16_t; 2],
}

impl<const AT: usize> FifthBitsOfEights<AT> {
    /// The bits lie right before the nibbles of rows `8 * H` to `8 * H + 7`.
    #[inline(always)]
    pub(super) fn of_rows<B: Pod, const H: usize>(rows: Rows<'_, B>) -> Self {
        let at = AT - 4;
        let bits = if !rows.has(LANES, at, 4) {
            [neon! { vdupq_n_u32(0) }; 2]
        } else if let Some(bits) = rows.interleaved(at, 4) {
            // SAFETY: four bytes of each of sixteen rows lie there.
            array(|i| unsafe { vreinterpretq_u32_u8(sixteen(bits.wrapping_add(32 * H + 16 * i))) })
        } else {
            // SAFETY: four bytes lie there in the block of each of sixteen rows.
            from_file::<_, H, _>(rows, |four, step| unsafe { word(four.wrapping_add(at), step) })
        };
        FifthBitsOfEights { bits: each(bits, |bits| neon! { vmvnq_u8(vreinterpretq_u8_u32(bits)) }) }
    }
}

impl<const AT: usize> Quants<2> for FifthBitsOfEights<AT> {
    const MAX: u8 = 16;
    const PLACES: [usize; 2] = [AT; 2];

    #[inline(always)]
    fn unpack(self, words: [Word<2>; 2], k: usize) -> [Word<2>; 2] {
        /// The rows' first bytes, eight times each: of rows 0 and 1, then of rows 2 and 3.
        static FIRST: [[u8; 16]; 2] = [
            [0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4],
            [8, 8, 8, 8, 8, 8, 8, 8, 12, 12, 12, 12, 12, 12, 12, 12],
        ];
        static MASK: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let planes = zip(words[0], self.bits, |w, bits| {
            neon! {
                let (first, mask) = (sixteen(FIRST[k % 2].as_ptr()), sixteen(MASK.as_ptr()));
                // The bytes that belong to both planes, moved to the front of each row's.
                let bits = vreinterpretq_u32_u8(bits);
                let bytes = if k / 2 == 0 { [bits, vshrq_n_u32::<16>(bits)] } else { [vshrq_n_u32::<8>(bits), vshrq_n_u32::<24>(bits)] };
                let [low, high] = each(bytes, |b| vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(b), first), mask));
                let w = vreinterpretq_u8_u32(w);
                each([vsliq_n_u8::<4>(w, low), vsliq_n_u8::<4>(vshrq_n_u8::<4>(w), high)], |plane| vreinterpretq_u32_u8(plane))
            }
        });
        [each(planes, |[first, _]| first), each(planes, |[_, second]| second)]
    }
}
