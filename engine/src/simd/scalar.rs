//! The oracle: every primitive in portable Rust, one row at a time. All other sets must agree with
//! it bit for bit.

use super::arch::rows::Rows;
use super::floats::{Halves, LANES, Lane};
use super::halves::widen;
use super::isa::{Isa, Op, Quad, fold};
use super::name::IsaName;
use bytemuck::Pod;
use core::array::from_fn;
use half::f16;

/// Portable Rust.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

/// `N` bytes at `offset` of a block, zeros if they would end past it.
#[inline(always)]
fn bytes_at<T: Pod, const N: usize>(block: &T, offset: usize) -> [u8; N] {
    bytemuck::bytes_of(block).get(offset..).and_then(|b| b.first_chunk()).copied().unwrap_or([0; N])
}

/// True on processors whose baseline has vectors, which compilers use for portable code.
const HAS_VECTORS: bool = cfg!(all(any(target_arch = "aarch64", target_arch = "x86_64"), target_endian = "little"));

impl Halves for Scalar {}

impl Isa for Scalar {
    const NAME: IsaName = IsaName::Scalar;
    const ROWS: usize = 1;
    const TOKENS: usize = if HAS_VECTORS { 4 } else { 2 };
    // Programs on these processors have the kernels of all formats. The compiler takes twice the time for one function with all of them.
    const PARTS_APART: bool = HAS_VECTORS;
    type W = u32;
    type F = f32;

    type Floats = Lane<Self>;

    #[inline(always)]
    fn floats(self, lane: usize) -> Lane<Self> {
        Lane { halves: self, lane }
    }

    type Single = Scalar;

    #[inline(always)]
    fn single(self) -> Scalar {
        self
    }

    type Many = Scalar;

    #[inline(always)]
    fn many(self) -> Scalar {
        self
    }

    type Plain = Scalar;

    #[inline(always)]
    fn plain(self) -> Scalar {
        self
    }
    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        op.call(self)
    }

    #[inline(always)]
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [u32; N] {
        if !rows.has(1, offset, 4 * N) {
            return [0; N];
        }
        from_fn(|i| u32::from_le_bytes(bytes_at(rows.row(0), offset + 4 * i)))
    }
    #[inline(always)]
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> f32 {
        widen(u16::from_le_bytes(bytes_at(rows.row(0), offset)))
    }
    #[inline(always)]
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> u32 {
        let [byte] = bytes_at(rows.row(0), offset);
        u32::from(byte)
    }
    #[inline(always)]
    fn load(self, words: &[[u8; 4]; LANES], part: usize) -> u32 {
        words.get(part).map_or(0, |w| u32::from_le_bytes(*w))
    }
    #[inline(always)]
    fn splat(self, bits: u32) -> u32 {
        bits
    }
    #[inline(always)]
    fn and(self, a: u32, b: u32) -> u32 {
        a & b
    }
    #[inline(always)]
    fn or(self, a: u32, b: u32) -> u32 {
        a | b
    }
    #[inline(always)]
    fn xor(self, a: u32, b: u32) -> u32 {
        a ^ b
    }
    #[inline(always)]
    fn shr(self, a: u32, n: u32) -> u32 {
        a >> (n & 31)
    }
    #[inline(always)]
    fn shl(self, a: u32, n: u32) -> u32 {
        a << (n & 31)
    }
    #[inline(always)]
    fn add(self, a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn sub(self, a: u32, b: u32) -> u32 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn mul(self, a: u32, b: u32) -> u32 {
        a.wrapping_mul(b)
    }
    #[inline(always)]
    fn lookup(self, table: &[i8; 16], indices: u32) -> u32 {
        if const { HAS_VECTORS } {
            return choose(table, indices);
        }
        u32::from_le_bytes(indices.to_le_bytes().map(|i| table[usize::from(i & 15)] as u8))
    }
    #[inline(always)]
    fn expand_bits(self, bits: u32, shift: u32) -> u32 {
        u32::from_le_bytes(from_fn(|k| if (bits >> (shift & 31)) >> k & 1 == 1 { 0xFF } else { 0 }))
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N]) -> u32 {
        if const { HAS_VECTORS } {
            return acc.wrapping_add(dot_apart(w, x, i32::from));
        }
        let mut sum = acc as i32;
        for (w, x) in w.iter().zip(x) {
            for (w, x) in w.to_le_bytes().into_iter().zip(x) {
                sum = sum.wrapping_add(i32::from(w) * i32::from(*x));
            }
        }
        sum as u32
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N], _sum: i32) -> u32 {
        if const { HAS_VECTORS } {
            return acc.wrapping_add(dot_apart(w, x, |w| i32::from(w as i8)));
        }
        let mut sum = acc as i32;
        for (w, x) in w.iter().zip(x) {
            for (w, x) in w.to_le_bytes().into_iter().zip(x) {
                sum = sum.wrapping_add(i32::from(w as i8) * i32::from(*x));
            }
        }
        sum as u32
    }
    #[inline(always)]
    fn dot_i16(self, acc: u32, a: u32, b: [i16; 2]) -> u32 {
        let low = i32::from(a as u16 as i16) * i32::from(b[0]);
        let high = i32::from((a >> 16) as u16 as i16) * i32::from(b[1]);
        (acc as i32).wrapping_add(low).wrapping_add(high) as u32
    }

    #[inline(always)]
    fn to_f32(self, a: u32) -> f32 {
        a as i32 as f32
    }
    #[inline(always)]
    fn as_f32(self, a: u32) -> f32 {
        f32::from_bits(a)
    }
    #[inline(always)]
    fn f16_low(self, a: u32) -> f32 {
        f16::from_bits(a as u16).to_f32()
    }
    #[inline(always)]
    fn f_splat(self, v: f32) -> f32 {
        v
    }
    #[inline(always)]
    fn f_add(self, a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    fn f_sub(self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn f_mul(self, a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    fn f_store(self, a: f32, out: &mut [f32]) {
        if let Some(out) = out.first_mut() {
            *out = a;
        }
    }

    #[inline(always)]
    fn sum(self, lanes: &[f32; LANES]) -> f32 {
        if const { HAS_VECTORS } { sum_apart(lanes) } else { fold(*lanes, |a, b| a + b) }
    }
}

/// `table[i & 15]` of each byte `i` of `indices`, chosen bit by bit: the compiler makes vectors of it, which it cannot of loads.
#[inline(always)]
fn choose(table: &[i8; 16], indices: u32) -> u32 {
    // Bytes of ones where the index has the bit.
    let mask = |bit: u32| {
        let bits = indices >> bit & 0x0101_0101;
        (bits << 8).wrapping_sub(bits)
    };
    let pick = |mask: u32, a: u32, b: u32| a ^ mask & (a ^ b);
    let (m0, m1, m2, m3) = (mask(0), mask(1), mask(2), mask(3));
    let one = |i: usize| table.get(i).map_or(0, |v| u32::from(*v as u8) * 0x0101_0101);
    let two = |i: usize| pick(m0, one(i), one(i + 1));
    let four = |i: usize| pick(m1, two(i), two(i + 2));
    let eight = |i: usize| pick(m2, four(i), four(i + 4));
    pick(m3, eight(0), eight(8))
}

/// The dot product of bytes of words, taken as numbers by `number`, with activations. A function of its own: from the code around it
/// the compiler would take single bytes in registers, where here it makes vectors of them.
#[inline(never)]
fn dot_apart<const N: usize>(w: &[u32; N], x: &[Quad; N], number: impl Fn(u8) -> i32) -> u32 {
    // A word's first byte is its lowest on these processors.
    let w: &[u8] = bytemuck::cast_slice(w);
    let mut sum = 0i32;
    for (w, x) in w.iter().zip(x.as_flattened()) {
        sum = sum.wrapping_add(number(*w) * i32::from(*x));
    }
    sum as u32
}

/// The sum of all lanes. A function of its own: the order in which it takes the lanes would have the compiler make short vectors of
/// them in the loop before it.
#[inline(never)]
fn sum_apart(lanes: &[f32; LANES]) -> f32 {
    fold(*lanes, |a, b| a + b)
}
