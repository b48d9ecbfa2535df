//! Sixteen lanes of floats, all at once or one after another.

use super::halves::widen;
use half::f16;

/// Lanes of every sum over elements, on every set.
pub const LANES: usize = 16;

/// Operations on sixteen neighbouring floats, in which formulas are written.
///
/// A value of a vector set holds all sixteen lanes ([`Sixteen`]). Where lanes are numbers a value is one of them
/// ([`Lane`]): a formula then runs lane after lane with its values in registers, and its code is there once, not sixteen
/// times. See [`lanes`](super::lanes).
#[expect(missing_docs, reason = "names and types say it where nothing stands")]
pub trait Floats: Copy {
    /// Lanes of a value: [`LANES`] or 1.
    const LANES: usize;
    /// Sums of sixteen lanes that loops keep in registers beside what they add up.
    const SUMS: usize = 4;
    /// Lanes of one `f32`.
    type V: Copy;

    fn load(self, v: &[f32; LANES]) -> Self::V;
    fn store(self, v: Self::V, out: &mut [f32; LANES]);
    /// Little-endian `f32`, at any address.
    fn load_f32(self, v: &[[u8; 4]; LANES]) -> Self::V;
    /// Little-endian `f16`.
    fn load_f16(self, v: &[[u8; 2]; LANES]) -> Self::V;
    /// Little-endian `bf16`.
    fn load_bf16(self, v: &[[u8; 2]; LANES]) -> Self::V;
    fn load_i8(self, v: &[i8; LANES]) -> Self::V;
    /// Four bits of each byte from `shift` on, less 8.
    #[inline(always)]
    fn load_nibbles(self, v: &[u8; LANES], shift: u32) -> Self::V {
        self.load_i8(&v.map(|byte| nibble(byte, shift)))
    }
    /// Rounds to `f16`, ties to even.
    fn store_f16(self, v: Self::V, out: &mut [[u8; 2]; LANES]);
    /// Rounds to bytes, ties to even; every lane lies in `-127.0..=127.0`.
    fn store_i8(self, v: Self::V, out: &mut [i8; LANES]);
    fn splat(self, v: f32) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `acc + a * b`, where each product is exact in `f32` (see [`math::shorten`](super::math::shorten)): there a fused
    /// multiply-add rounds as two operations do, and sets that have one use it.
    fn add_exact(self, acc: Self::V, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `if a > b { a } else { b }`.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// `if a < b { yes } else { no }`.
    fn select_lt(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// True if `a < b` in one of the lanes.
    fn any_lt(self, a: Self::V, b: Self::V) -> bool;
    /// `a * 2^n` for a normal `a` and result, where `n` is the integer in the low bits of `magic` (see
    /// [`math::exp`](super::math::exp)): one integer addition to the exponent field.
    fn scale_by_magic(self, a: Self::V, magic: Self::V) -> Self::V;
}

/// Four bits of a byte from `shift` on, less 8.
#[inline(always)]
pub(super) fn nibble(byte: u8, shift: u32) -> i8 {
    ((byte >> (shift & 4)) & 15) as i8 - 8
}

/// Conversions of halves on a set without float vectors.
pub trait Halves: Copy {
    /// Exactly.
    #[inline(always)]
    fn widen(self, half: u16) -> f32 {
        widen(half)
    }
    /// Ties to even.
    #[inline(always)]
    fn narrow(self, v: f32) -> u16 {
        f16::from_f32(v).to_bits()
    }
}

/// All sixteen lanes at once, by the vector set `I`.
#[derive(Clone, Copy, Debug)]
pub struct Sixteen<I>(pub I);

/// One of the sixteen lanes, as a number.
#[derive(Clone, Copy, Debug)]
pub struct Lane<H> {
    /// The set's conversions.
    pub halves: H,
    /// Which lane, below [`LANES`].
    pub lane: usize,
}

impl<H> Lane<H> {
    #[inline(always)]
    fn of<T: Copy>(&self, v: &[T; LANES]) -> T {
        v[self.lane % LANES]
    }
}

impl<H: Halves> Floats for Lane<H> {
    const LANES: usize = 1;
    type V = f32;

    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> f32 {
        self.of(v)
    }
    #[inline(always)]
    fn store(self, v: f32, out: &mut [f32; LANES]) {
        out[self.lane % LANES] = v;
    }
    #[inline(always)]
    fn load_f32(self, v: &[[u8; 4]; LANES]) -> f32 {
        f32::from_le_bytes(self.of(v))
    }
    #[inline(always)]
    fn load_bf16(self, v: &[[u8; 2]; LANES]) -> f32 {
        f32::from_bits(u32::from(u16::from_le_bytes(self.of(v))) << 16)
    }
    #[inline(always)]
    fn load_f16(self, v: &[[u8; 2]; LANES]) -> f32 {
        self.halves.widen(u16::from_le_bytes(self.of(v)))
    }
    #[inline(always)]
    fn load_i8(self, v: &[i8; LANES]) -> f32 {
        f32::from(self.of(v))
    }
    #[inline(always)]
    fn load_nibbles(self, v: &[u8; LANES], shift: u32) -> f32 {
        f32::from(nibble(self.of(v), shift))
    }
    #[inline(always)]
    fn store_f16(self, v: f32, out: &mut [[u8; 2]; LANES]) {
        out[self.lane % LANES] = self.halves.narrow(v).to_le_bytes();
    }
    #[inline(always)]
    fn store_i8(self, v: f32, out: &mut [i8; LANES]) {
        // The rounded integer stands in the low bits of the sum, in two's complement.
        out[self.lane % LANES] = (v + 12_582_912.0).to_bits() as i8;
    }
    #[inline(always)]
    fn splat(self, v: f32) -> f32 {
        v
    }
    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    fn add_exact(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + a * b
    }
    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    fn div(self, a: f32, b: f32) -> f32 {
        a / b
    }
    #[inline(always)]
    fn max(self, a: f32, b: f32) -> f32 {
        if a > b { a } else { b }
    }
    #[inline(always)]
    fn abs(self, a: f32) -> f32 {
        f32::from_bits(a.to_bits() & 0x7FFF_FFFF)
    }
    #[inline(always)]
    fn select_lt(self, a: f32, b: f32, yes: f32, no: f32) -> f32 {
        if a < b { yes } else { no }
    }
    #[inline(always)]
    fn any_lt(self, a: f32, b: f32) -> bool {
        a < b
    }
    #[inline(always)]
    fn scale_by_magic(self, a: f32, magic: f32) -> f32 {
        f32::from_bits(a.to_bits().wrapping_add(magic.to_bits() << 23))
    }
}
