//! Unpacking quants of two planes.

use super::basics::{array, each, neon, sixteen, zip};
use super::multiply::Word;
use super::words::transpose;
use core::arch::{aarch64::*, asm};

/// Quants of a block, and how they come apart: words of one or two places become those of two planes. Offsets are constants
/// that the instructions hold.
pub(super) trait Quants<const V: usize>: Copy {
    /// The planes are signed bytes, none further from zero than this.
    const MAX: u8;
    /// Byte offsets of the places in a block; a single place is given twice.
    const PLACES: [usize; 2];
    /// The same in interleaved blocks.
    const INTERLEAVED: [usize; 2] = Self::PLACES;
    /// The activations that the planes begin with, counted in fours of words; by default those of a block of 32.
    const X: [usize; 2] = [0, 1];
    /// Fours of words of a plane: one, as by default, or two.
    const FOURS: usize = 1;
    /// Word `k` of both planes, from that of both places.
    fn unpack(self, words: [Word<V>; 2], k: usize) -> [Word<V>; 2];
}

/// Applies `f` to each vector of two words.
#[inline(always)]
fn planes<const V: usize>(words: [Word<V>; 2], f: impl Fn(uint8x16_t, uint8x16_t) -> [uint8x16_t; 2]) -> [Word<V>; 2] {
    let planes = zip(words[0], words[1], |a, b| {
        neon! { each(f(vreinterpretq_u8_u32(a), vreinterpretq_u8_u32(b)), |plane| vreinterpretq_u32_u8(plane)) }
    });
    [each(planes, |[first, _]| first), each(planes, |[_, second]| second)]
}

/// 32 signed bytes from byte `AT` on.
#[derive(Clone, Copy)]
pub(super) struct SignedBytes<const AT: usize>;

impl<const V: usize, const AT: usize> Quants<V> for SignedBytes<AT> {
    const MAX: u8 = 128;
    const PLACES: [usize; 2] = [AT, AT + 16];

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], _k: usize) -> [Word<V>; 2] {
        words
    }
}

/// 32 nibbles from byte `AT` on, the low ones first.
#[derive(Clone, Copy)]
pub(super) struct Nibbles<const AT: usize>;

impl<const V: usize, const AT: usize> Quants<V> for Nibbles<AT> {
    const MAX: u8 = 15;
    const PLACES: [usize; 2] = [AT; 2];

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], _k: usize) -> [Word<V>; 2] {
        planes(words, |w, _| neon! { [vandq_u8(w, vdupq_n_u8(15)), vshrq_n_u8::<4>(w)] })
    }
}

/// Sub-blocks `2 * I` and `2 * I + 1` of Q4_K.
#[derive(Clone, Copy)]
pub(super) struct NibblesOf<const I: usize>;

impl<const V: usize, const I: usize> Quants<V> for NibblesOf<I> {
    const MAX: u8 = 15;
    const PLACES: [usize; 2] = [16 + 32 * I; 2];
    const X: [usize; 2] = [4 * I, 4 * I + 2];
    const FOURS: usize = 2;

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], k: usize) -> [Word<V>; 2] {
        Nibbles::<0>.unpack(words, k)
    }
}

/// Sub-blocks `2 * I` and `2 * I + 1` of Q5_K: nibbles, and bits `2 * I` and `2 * I + 1` of other bytes above them.
#[derive(Clone, Copy)]
pub(super) struct WithFifthPlane<const I: usize>;

impl<const V: usize, const I: usize> Quants<V> for WithFifthPlane<I> {
    const MAX: u8 = 31;
    const PLACES: [usize; 2] = [48 + 32 * I, 16];
    const X: [usize; 2] = [4 * I, 4 * I + 2];
    const FOURS: usize = 2;

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], _k: usize) -> [Word<V>; 2] {
        planes(words, |w, fifth| {
            neon! {
                let one = vdupq_n_u8(1);
                let [even, odd] = match I {
                    0 => [fifth, vshrq_n_u8::<1>(fifth)],
                    1 => [vshrq_n_u8::<2>(fifth), vshrq_n_u8::<3>(fifth)],
                    2 => [vshrq_n_u8::<4>(fifth), vshrq_n_u8::<5>(fifth)],
                    _ => [vshrq_n_u8::<6>(fifth), vshrq_n_u8::<7>(fifth)],
                };
                let odd = if I == 3 { odd } else { vandq_u8(odd, one) };
                [vsliq_n_u8::<4>(w, vandq_u8(even, one)), vsliq_n_u8::<4>(vshrq_n_u8::<4>(w), odd)]
            }
        })
    }
}

/// Half sub-blocks of Q6_K: sixteen low nibbles and sixteen high ones, and two bits of other bytes above them. Bits 0 to 3
/// belong to sides 0 and 1 of the low nibbles, bits 4 to 7 to those of the high ones.
#[derive(Clone, Copy)]
pub(super) struct SixBits<const HALF: usize, const SIDE: usize, const GROUP: usize>;

impl<const V: usize, const HALF: usize, const SIDE: usize, const GROUP: usize> Quants<V>
    for SixBits<HALF, SIDE, GROUP>
{
    const MAX: u8 = 63;
    const PLACES: [usize; 2] = [64 * HALF + 32 * SIDE + 16 * GROUP, 128 + 32 * HALF + 16 * GROUP];
    const INTERLEAVED: [usize; 2] = [50 + 96 * HALF + 32 * SIDE + 16 * GROUP, 18 + 96 * HALF + 16 * GROUP];
    const X: [usize; 2] = [8 * HALF + 2 * SIDE + GROUP, 8 * HALF + 2 * SIDE + GROUP + 4];

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], _k: usize) -> [Word<V>; 2] {
        planes(words, |w, high| {
            neon! {
                let high = if SIDE == 0 { high } else { vshrq_n_u8::<2>(high) };
                let high = vandq_u8(high, vdupq_n_u8(0x33));
                [vsliq_n_u8::<4>(w, high), vsriq_n_u8::<4>(high, w)]
            }
        })
    }
}

/// 32 nibbles from byte `AT` on and a bit above each, as signed quants less 16.
#[derive(Clone, Copy)]
pub(super) struct FifthBits<const V: usize, const AT: usize> {
    /// Each byte of the bits of a row, inverted, in all four bytes of its lane.
    bytes: [[uint8x16_t; 4]; V],
}

impl<const V: usize, const AT: usize> FifthBits<V, AT> {
    #[inline(always)]
    pub(super) fn new(bits: Word<V>) -> Self {
        static FIRST: [u8; 16] = [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12];
        let bytes = each(bits, |bits| {
            neon! {
                let (bits, first) = (vmvnq_u8(vreinterpretq_u8_u32(bits)), sixteen(FIRST.as_ptr()));
                array(|i| vqtbl1q_u8(bits, vaddq_u8(first, vdupq_n_u8(i as u8))))
            }
        });
        FifthBits { bytes }
    }
}

impl<const V: usize, const AT: usize> Quants<V> for FifthBits<V, AT> {
    const MAX: u8 = 16;
    const PLACES: [usize; 2] = [AT; 2];

    #[inline(always)]
    fn unpack(self, words: [Word<V>; 2], k: usize) -> [Word<V>; 2] {
        let planes = zip(words[0], self.bytes, |w, bytes| {
            neon! {
                let mask = vreinterpretq_u8_u32(vdupq_n_u32(if k.is_multiple_of(2) { 0x0804_0201 } else { 0x8040_2010 }));
                let w = vreinterpretq_u8_u32(w);
                let (low, high) = (vtstq_u8(bytes[k / 2], mask), vtstq_u8(bytes[k / 2 + 2], mask));
                each([vsliq_n_u8::<4>(w, low), vsliq_n_u8::<4>(vshrq_n_u8::<4>(w), high)], |plane| vreinterpretq_u32_u8(plane))
            }
        });
        [each(planes, |[first, _]| first), each(planes, |[_, second]| second)]
    }
}

/// Fours `C` of the activations of two planes.
///
/// # Safety
/// Sixteen bytes may be read at `at + 16 * (Q::X[p] + C)` for both planes `p`.
#[inline(always)]
pub(super) unsafe fn fours<Q: Quants<V>, const V: usize, const C: usize>(at: *const u8) -> [int8x16_t; 2] {
    let (a, b);
    // SAFETY: the caller's promise.
    unsafe {
        if const { Q::X[1] == Q::X[0] + 1 } {
            asm!("ldp {a:q}, {b:q}, [{at}, #{i}]", a = lateout(vreg) a, b = lateout(vreg) b, at = in(reg) at,
                i = const 16 * (Q::X[0] + C), options(pure, readonly, nostack, preserves_flags));
        } else {
            asm!("ldr {a:q}, [{at}, #{i}]", "ldr {b:q}, [{at}, #{j}]",
                a = lateout(vreg) a, b = lateout(vreg) b, at = in(reg) at,
                i = const 16 * (Q::X[0] + C), j = const 16 * (Q::X[1] + C),
                options(pure, readonly, nostack, preserves_flags));
        }
    }
    [a, b]
}

/// Words `4 * C` to `4 * C + 3` of both places of four rows.
///
/// # Safety
/// Sixteen bytes may be read at each row's place plus `16 * C`.
#[inline(always)]
pub(super) unsafe fn transposed_fours<Q: Quants<V>, const V: usize, const C: usize>(
    rows: [*const u8; 4],
) -> [[uint32x4_t; 4]; 2] {
    macro_rules! load {
        ($place:literal) => {
            each(rows, |row| {
                let out: uint8x16_t;
                // SAFETY: the caller's promise.
                unsafe {
                    asm!("ldr {o:q}, [{at}, #{i}]", o = lateout(vreg) out, at = in(reg) row,
                        i = const Q::PLACES[$place] + 16 * C, options(pure, readonly, nostack, preserves_flags));
                }
                out
            })
        };
    }
    let first = transpose(load!(0));
    [first, if const { Q::PLACES[0] == Q::PLACES[1] } { first } else { transpose(load!(1)) }]
}
