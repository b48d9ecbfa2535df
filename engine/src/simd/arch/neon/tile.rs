//! Tiles of sixteen rows, by `smmla`: the products of two rows with two tokens, eight bytes of each, in one vector.
//!
//! ```text
//! row 0 . token 0 | row 0 . token 1 | row 1 . token 0 | row 1 . token 1
//! ```
//!
//! Sums stay in this order until all columns are added up. They wait in memory, where the products go: there are registers for
//! the integer sums of eight rows and eight tokens, which share the unpacking of weights and the loads of activations, and for
//! nothing else. Instructions stay in the order in which they are written: compilers, free to move them, would spill registers.

use super::basics::{X, each, neon, zip};
use super::eights::{
    FifthBitsOfEights, LookedUp, halves_at, in_file, interleaved, of_tokens, powers_of_two, scales_of_tokens,
    sums_of_tokens,
};
use super::quants::{Nibbles, Quants, SignedBytes};
use super::scales::for_each_token;
use crate::simd::arch::rows::{Columns, Rows};
use crate::simd::floats::{Floats, LANES};
use crate::simd::form::{BlockLayout, Blocks, IQ4_VALUES, MXFP4_VALUES};
use crate::simd::isa::Quads;
use bytemuck::Pod;
use core::arch::{aarch64::*, asm};

/// Values of eight rows and two tokens: those of two neighbouring rows in each vector.
type Eight<T> = [T; 4];

/// Evaluates `$body` for each two of `$T` tokens, at most 8: `$t` is the first of them.
macro_rules! for_each_two {
    ($T:ident, $t:ident => $body:block) => {
        for_each_token!($T, $t in [0, 2, 4, 6] => $body)
    };
}

/// [`Isa::tile`](crate::simd::isa::Isa::tile).
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
pub(super) unsafe fn multiply<F: Floats<V = X>, B: Blocks, A: Quads + Pod, const T: usize>(
    f: F,
    columns: Columns<'_, B, A, T>,
    out: &mut [[f32; LANES]; T],
) {
    if const { T > 8 || !T.is_multiple_of(2) || B::LAYOUT.elems() != 32 } {
        return;
    }
    for products in &mut *out {
        f.store(f.splat(0.0), products);
    }
    for (rows, x) in columns {
        // SAFETY: the caller's promise.
        unsafe {
            add_half::<F, B, A, T, 0>(f, rows, x, out);
            add_half::<F, B, A, T, 1>(f, rows, x, out);
        }
    }
    for two in out.as_chunks_mut::<2>().0 {
        in_order(f, two);
    }
}

/// Tokens `t` and `t + 1`.
#[inline(always)]
fn two<A, const T: usize>(x: &[A; T], t: usize) -> &[A; 2] {
    &x.as_chunks::<2>().0[t / 2]
}

/// Adds the products of rows `8 * H` to `8 * H + 7` with each two tokens to the memory of the first (`H` is 0) or the second.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn add_half<F: Floats<V = X>, B: Blocks, A: Quads + Pod, const T: usize, const H: usize>(
    f: F,
    rows: Rows<'_, B>,
    x: &[A; T],
    out: &mut [[f32; LANES]; T],
) {
    let has_min = const { matches!(B::LAYOUT, BlockLayout::Q4_1 | BlockLayout::Q5_1) };
    // SAFETY: the caller's promise.
    let sums = unsafe { sums::<B, A, T, H>(rows, x) };
    let scales = if const { matches!(B::LAYOUT, BlockLayout::MXFP4) } {
        powers_of_two::<B, H>(rows)
    } else {
        halves_at::<B, 0, H>(rows)
    };
    let scales = twice(scales);
    let minimums = if has_min { twice(halves_at::<B, 2, H>(rows)) } else { scales };
    for_each_two!(T, t => {
        let dx = scales_of_tokens(two(x, t));
        let sums = each(sums[t], |sum| neon! { vcvtq_f32_s32(vreinterpretq_s32_u32(sum)) });
        let products = if has_min {
            neon! {
                let sum = vcvtq_f32_s32(sums_of_tokens(two(x, t)));
                let products = zip(scales, sums, |d, sum| vmulq_f32(d, sum));
                let offsets = each(minimums, |m| vmulq_f32(m, sum));
                zip(products, offsets, |product, offset| vmulq_f32(vaddq_f32(product, offset), dx))
            }
        } else {
            zip(scales, sums, |d, sum| neon! { vmulq_f32(vmulq_f32(d, dx), sum) })
        };
        let out = &mut out[t + H];
        f.store(f.add(f.load(out), products), out);
    });
}

/// Each row's value twice.
#[inline(always)]
fn twice(fours: [float32x4_t; 2]) -> Eight<float32x4_t> {
    let [[a, b], [c, d]] = each(fours, |four| neon! { [vzip1q_f32(four, four), vzip2q_f32(four, four)] });
    [a, b, c, d]
}

/// `q . x` of rows `8 * H` to `8 * H + 7` with each two tokens; entries of odd tokens are not used.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn sums<B: Blocks, A: Quads, const T: usize, const H: usize>(
    rows: Rows<'_, B>,
    x: &[A; T],
) -> [Eight<uint32x4_t>; T] {
    // Constant conditions, so that each layout compiles its own case alone. SAFETY of all: the caller's promise.
    unsafe {
        if const { matches!(B::LAYOUT, BlockLayout::Q8_0) } {
            sums_of::<_, B, A, T, H>(rows, SignedBytes::<2>, x, 0)
        } else if const { matches!(B::LAYOUT, BlockLayout::Q4_0) } {
            sums_of::<_, B, A, T, H>(rows, Nibbles::<2>, x, -8)
        } else if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } {
            sums_of::<_, B, A, T, H>(rows, Nibbles::<4>, x, 0)
        } else if const { matches!(B::LAYOUT, BlockLayout::Q5_0) } {
            sums_of::<_, B, A, T, H>(rows, FifthBitsOfEights::<6>::of_rows::<B, H>(rows), x, 0)
        } else if const { matches!(B::LAYOUT, BlockLayout::Q5_1) } {
            sums_of::<_, B, A, T, H>(rows, FifthBitsOfEights::<8>::of_rows::<B, H>(rows), x, 16)
        } else if const { matches!(B::LAYOUT, BlockLayout::IQ4NL) } {
            sums_of::<_, B, A, T, H>(rows, LookedUp::<2>::new(&IQ4_VALUES), x, 0)
        } else {
            // MXFP4, the last one with blocks of 32.
            sums_of::<_, B, A, T, H>(rows, LookedUp::<1>::new(&MXFP4_VALUES), x, 0)
        }
    }
}

/// `start * sum of x + q . x`, likewise.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn sums_of<Q: Quants<2>, B: Pod, A: Quads, const T: usize, const H: usize>(
    rows: Rows<'_, B>,
    quants: Q,
    x: &[A; T],
    start: i32,
) -> [Eight<uint32x4_t>; T] {
    let mut sums = [[neon! { vdupq_n_u32(0) }; 4]; T];
    if start != 0 {
        for_each_two!(T, t => {
            let start = neon! { vmulq_n_s32(sums_of_tokens(two(x, t)), start) };
            sums[t] = [neon! { vreinterpretq_u32_s32(start) }; 4];
        });
    }
    let one_place = const { Q::PLACES[0] == Q::PLACES[1] };
    let both = (!rows.are_interleaved()).then(|| {
        let first = in_file::<Q, B, 0, H>(rows);
        [first, if one_place { first } else { in_file::<Q, B, 1, H>(rows) }]
    });
    macro_rules! multiply {
        ($c:literal) => {
            let (first, second) = match &both {
                Some([first, second]) => (first[$c], second[$c]),
                None => {
                    let first = interleaved::<Q, B, 0, H, $c>(rows);
                    (first, if one_place { first } else { interleaved::<Q, B, 1, H, $c>(rows) })
                }
            };
            let mut xs = [[neon! { vdupq_n_s8(0) }; 2]; T];
            for_each_two!(T, t => {
                xs[t] = of_tokens::<A, $c>(two(x, t));
            });
            let even = quants.unpack([first[0], second[0]], 2 * $c);
            let odd = quants.unpack([first[1], second[1]], 2 * $c + 1);
            for v in 0..4 {
                for plane in 0..2 {
                    let w = if v % 2 == 0 { even[plane][v / 2] } else { odd[plane][v / 2] };
                    for_each_two!(T, t => {
                        // SAFETY: the caller's promise; registers alone. Not `pure`, so that compilers keep the order.
                        unsafe {
                            asm!(".arch_extension i8mm", "smmla {sum:v}.4s, {w:v}.16b, {x:v}.16b",
                                sum = inlateout(vreg) sums[t][v], w = in(vreg) w, x = in(vreg) xs[t][plane],
                                options(nomem, nostack, preserves_flags));
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

/// Puts the products of two tokens, which lie in the order of `smmla`, in the order of rows.
#[inline(always)]
fn in_order<F: Floats<V = X>>(f: F, [first, second]: &mut [[f32; LANES]; 2]) {
    let [a, b] = [f.load(first), f.load(second)];
    let twos = [[a[0], a[1]], [a[2], a[3]], [b[0], b[1]], [b[2], b[3]]];
    f.store(each(twos, |[a, b]| neon! { vuzp1q_f32(a, b) }), first);
    f.store(each(twos, |[a, b]| neon! { vuzp2q_f32(a, b) }), second);
}
