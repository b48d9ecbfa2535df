//! Tiles of sixteen rows, by `smmla`: the products of two rows with two tokens, eight bytes of each, in one vector.
//!
//! ```text
//! row 0 . token 0 | row 0 . token 1 | row 1 . token 0 | row 1 . token 1
//! ```
//!
//! Sums stay in this order until all columns are added up. They wait in memory, where the products go: with sixteen rows there
//! are no registers for them, and fewer rows would share less of the work that activations need. Instructions stay in the order in
//! which they are written: compilers, free to move them, would spill registers.

use super::basics::{X, array, each, neon, thirty_two, zip};
use super::multiply::Word;
use super::quants::{Nibbles, Quants, SignedBytes};
use super::scales::{ScaleAndSum, for_each_token};
use super::words::{halves, widen, widen_high};
use crate::simd::arch::rows::{Columns, Rows};
use crate::simd::floats::{Floats, LANES};
use crate::simd::form::{BlockLayout, Blocks};
use crate::simd::isa::Quads;
use bytemuck::Pod;
use core::arch::{aarch64::*, asm};

/// The layouts that are multiplied so.
pub(super) const TILED: [BlockLayout; 3] = [BlockLayout::Q8_0, BlockLayout::Q4_0, BlockLayout::Q4_1];

/// Values of eight rows, or of eight rows and two tokens: those of two neighbouring rows in each vector.
type Eight<T> = [T; 4];

/// [`Isa::tile`](crate::simd::isa::Isa::tile) for [`TILED`] layouts and two or four tokens.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
pub(super) unsafe fn products<F: Floats<V = X>, B: Blocks, A: Quads + Pod, const T: usize>(
    f: F,
    columns: Columns<'_, B, A, T>,
    out: &mut [[f32; LANES]; T],
) -> bool {
    if const { T > 4 || !T.is_multiple_of(2) || !B::LAYOUT.is_one_of(&TILED) } {
        return false;
    }
    for products in &mut *out {
        f.store(f.splat(0.0), products);
    }
    for (rows, x) in columns {
        let tokens = Tokens::<T>::of(x, const { matches!(B::LAYOUT, BlockLayout::Q4_0) });
        // SAFETY: the caller's promise.
        unsafe {
            add_half::<F, B, T, 0>(f, rows, &tokens, out);
            add_half::<F, B, T, 1>(f, rows, &tokens, out);
        }
    }
    for pair in out.as_chunks_mut::<2>().0 {
        in_order(f, pair);
    }
    true
}

/// The activations that a column is multiplied with, of two tokens in each vector. Entry `t` is of tokens `t` and `t + 1`; odd entries
/// are not used.
struct Tokens<const T: usize> {
    /// The quants, eight of both tokens in each vector.
    quants: [[int8x16_t; 4]; T],
    /// The scales.
    scales: [float32x4_t; T],
    /// The sums of the activations.
    sums: [int32x4_t; T],
    /// The initial values of the integer sums: `-8 * sum of x` where weights are nibbles less 8, else 0.
    starts: [uint32x4_t; T],
}

impl<const T: usize> Tokens<T> {
    /// `nibbles_less_8`: the weights are nibbles less 8.
    #[inline(always)]
    fn of<A: Quads>(x: &[A; T], nibbles_less_8: bool) -> Self {
        let (zeros, none) = neon! { (vdupq_n_s32(0), vdupq_n_f32(0.0)) };
        let quants = [[neon! { vdupq_n_s8(0) }; 4]; T];
        let mut tokens = Tokens { quants, scales: [none; T], sums: [zeros; T], starts: [neon! { vdupq_n_u32(0) }; T] };
        for_each_token!(T, t => {
            if t % 2 == 0 {
                let (a, b) = (&x[t], &x[t + 1]);
                tokens.quants[t] = quants_of(a, b);
                (tokens.scales[t], tokens.sums[t]) = scales_and_sums(a, b);
                if nibbles_less_8 {
                    tokens.starts[t] = neon! { vreinterpretq_u32_s32(vmulq_n_s32(tokens.sums[t], -8)) };
                }
            }
        });
        tokens
    }
}

/// Both tokens' activations, eight of each in a vector.
#[inline(always)]
fn quants_of<A: Quads>(a: &A, b: &A) -> [int8x16_t; 4] {
    // SAFETY: eight words are 32 bytes.
    let [a, b] = each([a, b], |x| unsafe { thirty_two(x.quads::<8>(0).as_ptr().cast()) });
    let eights = zip(a, b, |a, b| {
        neon! {
            let (a, b) = (vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b));
            each([vzip1q_u64(a, b), vzip2q_u64(a, b)], |eights| vreinterpretq_s8_u64(eights))
        }
    });
    [eights[0][0], eights[0][1], eights[1][0], eights[1][1]]
}

/// Both tokens' scales, twice, and their sums likewise.
#[inline(always)]
fn scales_and_sums<A: Quads>(a: &A, b: &A) -> (float32x4_t, int32x4_t) {
    let (ScaleAndSum(a), ScaleAndSum(b)) = (ScaleAndSum::of(a), ScaleAndSum::of(b));
    let both: float64x2_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("zip1 {o:v}.4s, {a:v}.4s, {b:v}.4s", o = lateout(vreg) both, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    neon! { (vreinterpretq_f32_f64(vdupq_laneq_f64::<0>(both)), vreinterpretq_s32_f64(vdupq_laneq_f64::<1>(both))) }
}

/// Adds the products of rows `8 * H` to `8 * H + 7` with each two tokens to the memory of the first (`H` is 0) or the second.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn add_half<F: Floats<V = X>, B: Blocks, const T: usize, const H: usize>(
    f: F,
    rows: Rows<'_, B>,
    tokens: &Tokens<T>,
    out: &mut [[f32; LANES]; T],
) {
    // SAFETY: the caller's promise.
    let sums = unsafe {
        if const { matches!(B::LAYOUT, BlockLayout::Q8_0) } {
            sums_of::<_, B, T, H>(rows, SignedBytes::<2>, tokens)
        } else if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } {
            sums_of::<_, B, T, H>(rows, Nibbles::<4>, tokens)
        } else {
            sums_of::<_, B, T, H>(rows, Nibbles::<2>, tokens)
        }
    };
    let scales = halves_of::<B, 0, H>(rows);
    let minimums = if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } { halves_of::<B, 2, H>(rows) } else { scales };
    for_each_token!(T, t => {
        if t % 2 == 0 {
            let sums = each(sums[t], |sum| neon! { vcvtq_f32_s32(vreinterpretq_s32_u32(sum)) });
            let dx = tokens.scales[t];
            let products = if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } {
                neon! {
                    let sum = vcvtq_f32_s32(tokens.sums[t]);
                    let products = zip(scales, sums, |d, sum| vmulq_f32(d, sum));
                    let offsets = each(minimums, |m| vmulq_f32(m, sum));
                    zip(products, offsets, |product, offset| vmulq_f32(vaddq_f32(product, offset), dx))
                }
            } else {
                zip(scales, sums, |d, sum| neon! { vmulq_f32(vmulq_f32(d, dx), sum) })
            };
            let out = &mut out[t + H];
            f.store(f.add(f.load(out), products), out);
        }
    });
}

/// `start + q . x` of rows `8 * H` to `8 * H + 7` with each two tokens.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn sums_of<Q: Quants<2>, B: Pod, const T: usize, const H: usize>(
    rows: Rows<'_, B>,
    quants: Q,
    tokens: &Tokens<T>,
) -> [Eight<uint32x4_t>; T] {
    let mut sums = each(tokens.starts, |start| [start; 4]);
    let in_file = (!rows.are_interleaved()).then(|| {
        let first = eights_in_file::<Q, B, 0, H>(rows);
        [first, if const { Q::PLACES[0] == Q::PLACES[1] } { first } else { eights_in_file::<Q, B, 1, H>(rows) }]
    });
    macro_rules! multiply {
        ($c:literal) => {
            let first = match &in_file {
                Some([first, _]) => first[$c],
                None => eights::<Q, B, 0, H, $c>(rows),
            };
            let second = match &in_file {
                Some([_, second]) => second[$c],
                None if Q::INTERLEAVED[0] == Q::INTERLEAVED[1] => first,
                None => eights::<Q, B, 1, H, $c>(rows),
            };
            let [even, odd] = zip(first, second, |first, second| quants.unpack([first, second], $c));
            for plane in 0..2 {
                for v in 0..4 {
                    let w = if v % 2 == 0 { even[plane][v / 2] } else { odd[plane][v / 2] };
                    for_each_token!(T, t => {
                        if t % 2 == 0 {
                            let x = tokens.quants[t][2 * Q::X[plane] + $c];
                            // SAFETY: the caller's promise; registers alone. Not `pure`, so that compilers keep the order.
                            unsafe {
                                asm!(".arch_extension i8mm", "smmla {sum:v}.4s, {w:v}.16b, {x:v}.16b",
                                    sum = inlateout(vreg) sums[t][v], w = in(vreg) w, x = in(vreg) x,
                                    options(nomem, nostack, preserves_flags));
                            }
                        }
                    });
                }
            }
        };
    }
    multiply!(0);
    multiply!(1);
    sums
}

/// Bytes `8 * C` to `8 * C + 7` of a place of interleaved rows `8 * H` to `8 * H + 7`, two rows in each vector: rows 0 and 1 of
/// each four, then rows 2 and 3.
#[inline(always)]
fn eights<Q: Quants<2>, B: Pod, const PLACE: usize, const H: usize, const C: usize>(rows: Rows<'_, B>) -> [Word<2>; 2] {
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

/// Sixteen bytes of a place of rows that lie as in a file, their first eight and their last as [`eights`] has them.
#[inline(always)]
fn eights_in_file<Q: Quants<2>, B: Pod, const PLACE: usize, const H: usize>(rows: Rows<'_, B>) -> [[Word<2>; 2]; 2] {
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

/// The halves at byte `AT` of the blocks of rows `8 * H` to `8 * H + 7`, each twice.
#[inline(always)]
fn halves_of<B: Pod, const AT: usize, const H: usize>(rows: Rows<'_, B>) -> Eight<float32x4_t> {
    if !rows.has(LANES, AT, 2) {
        return [neon! { vdupq_n_f32(0.0) }; 4];
    }
    let fours = if let Some(at) = rows.interleaved(0, 2) {
        let halves: uint16x8_t;
        // SAFETY: two bytes at `AT` lie within the block of each of sixteen rows.
        unsafe {
            asm!("ldr {o:q}, [{at}, #{i}]", o = lateout(vreg) halves, at = in(reg) at, i = const 16 * (AT + H),
                options(readonly, nostack, preserves_flags));
        }
        [widen(neon! { vget_low_u16(halves) }), widen_high(halves)]
    } else {
        let step = rows.stride_bytes();
        // SAFETY: as above, for rows that lie as in a file.
        array(|i| widen(unsafe { halves(rows.as_ptr().wrapping_add((8 * H + 4 * i) * step + AT), step) }))
    };
    let twice = each(fours, |four| neon! { [vzip1q_f32(four, four), vzip2q_f32(four, four)] });
    [twice[0][0], twice[0][1], twice[1][0], twice[1][1]]
}

/// Puts the sums of two tokens, which lie in the order of `smmla`, in the order of rows.
#[inline(always)]
fn in_order<F: Floats<V = X>>(f: F, [first, second]: &mut [[f32; LANES]; 2]) {
    let [a, b] = [f.load(first), f.load(second)];
    let twos = [[a[0], a[1]], [a[2], a[3]], [b[0], b[1]], [b[2], b[3]]];
    f.store(each(twos, |[a, b]| neon! { vuzp1q_f32(a, b) }), first);
    f.store(each(twos, |[a, b]| neon! { vuzp2q_f32(a, b) }), second);
}
