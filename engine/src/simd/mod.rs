//! What an instruction set supplies: a few primitives over lanes, from which every kernel is built.
//!
//! Two shapes of vector are enough:
//! * **Row lanes** ([`Isa::W`], [`Isa::F`]): lane *r* belongs to row *r* of [`Isa::ROWS`] neighbouring
//!   rows of a weight matrix. A word holds four bytes of that row, or one `i32`. Integer dots are
//!   exact and each row's floats stay in its own lane, so no result depends on the number of lanes,
//!   and no block needs a horizontal sum.
//! * **Sixteen lanes** ([`Isa::X`]): sixteen neighbouring `f32` elements. Sums over elements run in
//!   sixteen lanes on every target and fold in the order of [`Isa::x_sum`].
//!
//! `a * b + c` is two roundings everywhere, or has an exact product, so all targets give the same bits.

use bytemuck::Pod;

pub mod arch;
mod floats;
pub mod math;
mod scalar;

pub use arch::rows::{RowBlocks, Rows};
pub use floats::{Floats, Halves, Lane, lanes};
pub use scalar::Scalar;

/// Lanes of [`Isa::X`]: the one lane count of every sum over elements.
pub const LANES: usize = 16;

/// Four activation quants: what one lane multiplies its four weight bytes with.
pub type Quad = [i8; 4];

/// The instruction sets that the engine knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum IsaName {
    /// Portable Rust, one row at a time: the oracle.
    Scalar,
    /// x86-64 with AVX2, F16C and FMA, eight rows at a time.
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL and VNNI, sixteen rows at a time.
    Avx512,
    /// AArch64 with NEON, four rows at a time.
    Neon,
    /// AArch64 with NEON and FEAT_DotProd, four rows at a time.
    NeonDotprod,
    /// AArch64 with NEON, FEAT_DotProd and FEAT_I8MM, four rows at a time, two tokens at a time.
    NeonI8mm,
    /// Cortex-M with the DSP extension, one row at a time.
    Dsp,
    /// Cortex-M with Helium (integers only), one row at a time.
    Helium,
}

impl IsaName {
    /// All names, each architecture's slowest first.
    pub const ALL: [IsaName; 8] = [
        IsaName::Scalar,
        IsaName::Avx2,
        IsaName::Avx512,
        IsaName::Neon,
        IsaName::NeonDotprod,
        IsaName::NeonI8mm,
        IsaName::Dsp,
        IsaName::Helium,
    ];

    /// The set of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<IsaName> {
        IsaName::ALL.into_iter().find(|isa| isa.name() == name)
    }

    /// The name as a command line spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            IsaName::Scalar => "scalar",
            IsaName::Avx2 => "avx2",
            IsaName::Avx512 => "avx512",
            IsaName::Neon => "neon",
            IsaName::NeonDotprod => "neon+dotprod",
            IsaName::NeonI8mm => "neon+i8mm",
            IsaName::Dsp => "dsp",
            IsaName::Helium => "helium",
        }
    }
}

/// Something that holds activations as bytes.
pub trait Quads {
    /// `N` words of them from word `N * i` on.
    fn quads<const N: usize>(&self, i: usize) -> &[Quad; N];
}

/// Work that runs with an instruction set's features enabled; see [`Isa::run`].
pub trait Op {
    /// What the work returns.
    type Out;
    /// Does the work. Implementations are `#[inline(always)]`, as is all they call on `isa`.
    fn call<I: Isa>(self, isa: I) -> Self::Out;
}

/// A proof that the processor has an instruction set, and its primitives.
///
/// A value can only be made where the features were detected or are known, so holding one makes
/// the calls safe. Every method is inlined into the function that [`Isa::run`] enters.
pub trait Isa: Copy + Send + Sync + 'static {
    /// The set's name.
    const NAME: IsaName;
    /// Rows that one word covers: a power of two, at most 16.
    const ROWS: usize;
    /// Whether interleaved rows are worth making: weights that are copied into the arena are laid out
    /// so that one load brings a word of sixteen rows (see [`Rows`]).
    const INTERLEAVES: bool = false;
    /// Whether two tokens at a time take fewer instructions than one after the other.
    const PAIRS: bool = false;
    /// Whether a word of weights meets all tokens of a tile before the next does, by [`Isa::dots_u8`] and what follows it.
    /// Then blocks are unpacked into memory, once for all tokens, where these are many.
    const TOGETHER: bool = false;
    /// The most tokens whose dot products share one unpacking of the weights in registers, at most 8: as many as there are
    /// registers for.
    const TOKENS: usize = 8;
    /// Whether the set has an instruction for CRC-32C.
    const HAS_CRC32C: bool = false;
    /// [`Isa::ROWS`] lanes of four bytes, or of one `i32`.
    type W: Copy;
    /// [`Isa::ROWS`] lanes of one `f32`.
    type F: Copy;
    /// [`LANES`] lanes of one `f32`.
    type X: Copy;

    /// How the set works on sixteen lanes: all at once, then it is `Self`, or one after another, as a [`Lane`].
    type Floats: Floats;

    /// The part of sixteen lanes that begins with `lane`.
    fn floats(self, lane: usize) -> Self::Floats;

    /// The set that multiplies rows that are not interleaved with one vector: with one token loading
    /// is what takes time, and narrower words load better.
    type Single: Isa;

    /// The proof for [`Isa::Single`].
    fn single(self) -> Self::Single;

    /// Calls `op` inside a function that has the set's features enabled.
    fn run<O: Op>(self, op: O) -> O::Out;

    /// Fetches what lies `ahead` bytes behind what is `read`, which may be anywhere: `near` to the first level of cache, or
    /// to the second, where what waits for memory holds up no other loads.
    #[inline(always)]
    fn prefetch<T>(self, _read: &[T], _ahead: usize, _near: bool) {}

    /// `x`, known by an address of its own. Compilers reach all arrays of a long loop through one index, and some processors
    /// split an instruction whose operand has a base and an index.
    #[inline(always)]
    fn rebased<T>(self, x: &T) -> &T {
        x
    }

    /// The CRC-32C state (not inverted) after eight more bytes; meaningless without [`Isa::HAS_CRC32C`].
    #[inline(always)]
    fn crc32c_word(self, state: u32, _bytes: [u8; 8]) -> u32 {
        state
    }

    // ---- row lanes: words

    /// `N` consecutive words from byte `offset` of each row's block (little-endian); zeros if they
    /// would end past the block.
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [Self::W; N];
    /// The two bytes at `offset` of each row's block as an `f16`.
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> Self::F;
    /// The byte at `offset` of each row's block, zero-extended.
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> Self::W;
    /// Words `part * ROWS ..` of sixteen.
    fn load(self, words: &[[u8; 4]; LANES], part: usize) -> Self::W;
    /// The same 32 bits in every lane.
    fn splat(self, bits: u32) -> Self::W;
    /// Bitwise and.
    fn and(self, a: Self::W, b: Self::W) -> Self::W;
    /// Bitwise or.
    fn or(self, a: Self::W, b: Self::W) -> Self::W;
    /// Bitwise exclusive or.
    fn xor(self, a: Self::W, b: Self::W) -> Self::W;
    /// Logical shift right of each 32-bit lane, by less than 32.
    fn shr(self, a: Self::W, n: u32) -> Self::W;
    /// Shift left of each 32-bit lane, by less than 32.
    fn shl(self, a: Self::W, n: u32) -> Self::W;
    /// `i32` sum of lanes.
    fn add(self, a: Self::W, b: Self::W) -> Self::W;
    /// `i32` difference of lanes.
    fn sub(self, a: Self::W, b: Self::W) -> Self::W;
    /// Low 32 bits of the `i32` product of lanes.
    fn mul(self, a: Self::W, b: Self::W) -> Self::W;
    /// Replaces every byte, each in `0..16`, by that entry of `table`.
    fn lookup(self, table: &[i8; 16], indices: Self::W) -> Self::W;
    /// Byte *k* becomes `0xFF` if bit `shift + k` of the lane is set, else 0; `shift` is at most 28.
    fn expand_bits(self, bits: Self::W, shift: u32) -> Self::W;
    /// `acc + sum of w * x` over `N` words of unsigned bytes, each at most `MAX`.
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: Self::W, w: &[Self::W; N], x: &[Quad; N]) -> Self::W;
    /// `acc + sum of w * x` over `N` words of signed bytes; `sum` is the sum of all of `x`.
    fn dot_i8<const N: usize>(self, acc: Self::W, w: &[Self::W; N], x: &[Quad; N], sum: i32) -> Self::W;
    /// `a`, computed before anything that comes later in the code is loaded. Without such a line
    /// compilers load all of a long block's operands first, and run out of registers.
    #[inline(always)]
    fn settle(self, a: Self::W) -> Self::W {
        a
    }
    /// `acc + scale * dot_u8`, where each lane of `scale` is an `i32` that fits in `i16`.
    #[inline(always)]
    fn dot_u8_scaled<const MAX: u8, const N: usize>(
        self,
        acc: Self::W,
        w: &[Self::W; N],
        x: &[Quad; N],
        scale: Self::W,
    ) -> Self::W {
        let sum = self.dot_u8::<MAX, N>(self.splat(0), w, x);
        self.add(acc, self.mul(sum, scale))
    }
    /// [`Isa::dot_u8`] of two tokens.
    #[inline(always)]
    fn pair_u8<const MAX: u8, const N: usize>(
        self,
        acc: [Self::W; 2],
        w: &[Self::W; N],
        x: [&[Quad; N]; 2],
    ) -> [Self::W; 2] {
        [self.dot_u8::<MAX, N>(acc[0], w, x[0]), self.dot_u8::<MAX, N>(acc[1], w, x[1])]
    }
    /// [`Isa::dot_i8`] of two tokens.
    #[inline(always)]
    fn pair_i8<const N: usize>(
        self,
        acc: [Self::W; 2],
        w: &[Self::W; N],
        x: [&[Quad; N]; 2],
        sums: [i32; 2],
    ) -> [Self::W; 2] {
        [self.dot_i8(acc[0], w, x[0], sums[0]), self.dot_i8(acc[1], w, x[1], sums[1])]
    }
    /// [`Isa::dot_u8_scaled`] of two tokens.
    #[inline(always)]
    fn pair_u8_scaled<const MAX: u8, const N: usize>(
        self,
        acc: [Self::W; 2],
        w: &[Self::W; N],
        x: [&[Quad; N]; 2],
        scale: Self::W,
    ) -> [Self::W; 2] {
        let first = self.dot_u8_scaled::<MAX, N>(acc[0], w, x[0], scale);
        [first, self.dot_u8_scaled::<MAX, N>(acc[1], w, x[1], scale)]
    }
    /// `acc += w . x` of every token, `w` unsigned bytes, with `N` words of its activations from word `N * i` on.
    /// Meaningless without [`Isa::TOGETHER`], as what follows.
    #[inline(always)]
    fn dots_u8<const N: usize, const T: usize>(
        self,
        _acc: &mut [Self::W; T],
        _w: &[Self::W; N],
        _x: &[impl Quads; T],
        _i: usize,
    ) {
    }
    /// `acc += scale * (w . x)` of every token, as [`Isa::dots_u8`]; each lane of `scale` is an `i32` that fits in `i16`.
    #[inline(always)]
    fn add_dots_u8<const N: usize, const T: usize>(
        self,
        _acc: &mut [Self::W; T],
        _w: &[Self::W; N],
        _x: &[impl Quads; T],
        _i: usize,
        _scale: Self::W,
    ) {
    }
    /// [`Isa::add_dots_u8`] in `f32`, where all sums and products are exact: below 2^24.
    #[inline(always)]
    fn add_exact_dots_u8<const N: usize, const T: usize>(
        self,
        _acc: &mut [Self::F; T],
        _w: &[Self::W; N],
        _x: &[impl Quads; T],
        _i: usize,
        _scale: Self::W,
    ) {
    }
    /// `acc + a.low * b[0] + a.high * b[1]`: the lanes of `a` hold two `i16`.
    fn dot_i16(self, acc: Self::W, a: Self::W, b: [i16; 2]) -> Self::W;

    // ---- row lanes: floats

    /// Each lane's `i32` as `f32`, ties to even.
    fn to_f32(self, a: Self::W) -> Self::F;
    /// Each lane's bits as `f32`.
    fn as_f32(self, a: Self::W) -> Self::F;
    /// The low half of each lane as an `f16`.
    fn f16_low(self, a: Self::W) -> Self::F;
    /// The high half of each lane as an `f16`.
    #[inline(always)]
    fn f16_high(self, a: Self::W) -> Self::F {
        self.f16_low(self.shr(a, 16))
    }
    /// The same value in every lane.
    fn f_splat(self, v: f32) -> Self::F;
    /// Sum of lanes.
    fn f_add(self, a: Self::F, b: Self::F) -> Self::F;
    /// Difference of lanes.
    fn f_sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// Product of lanes.
    fn f_mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// Stores the first `out.len()` lanes, at most [`Isa::ROWS`].
    fn f_store(self, a: Self::F, out: &mut [f32]);

    // ---- sixteen lanes

    /// Sixteen values.
    fn x_load(self, v: &[f32; LANES]) -> Self::X;
    /// Stores sixteen values.
    fn x_store(self, v: Self::X, out: &mut [f32; LANES]);
    /// Sixteen little-endian `f32`, at any address.
    fn x_from_f32(self, v: &[[u8; 4]; LANES]) -> Self::X;
    /// Sixteen little-endian `f16`.
    fn x_from_f16(self, v: &[[u8; 2]; LANES]) -> Self::X;
    /// Sixteen little-endian `bf16`.
    fn x_from_bf16(self, v: &[[u8; 2]; LANES]) -> Self::X;
    /// Sixteen signed bytes.
    fn x_from_i8(self, v: &[i8; LANES]) -> Self::X;
    /// Rounds to `f16`, ties to even.
    fn x_to_f16(self, v: Self::X) -> [[u8; 2]; LANES];
    /// Rounds to bytes, ties to even; every lane lies in `-127.0..=127.0`.
    fn x_to_i8(self, v: Self::X) -> [i8; LANES];
    /// The same value in every lane.
    fn x_splat(self, v: f32) -> Self::X;
    /// Sum of lanes.
    fn x_add(self, a: Self::X, b: Self::X) -> Self::X;
    /// Difference of lanes.
    fn x_sub(self, a: Self::X, b: Self::X) -> Self::X;
    /// Product of lanes.
    fn x_mul(self, a: Self::X, b: Self::X) -> Self::X;
    /// `acc + a * b` of lanes, each product of which is exact in `f32` (see [`math::shorten`]): there a fused
    /// multiply-add rounds as two operations do, and sets that have one use it.
    #[inline(always)]
    fn x_add_exact(self, acc: Self::X, a: Self::X, b: Self::X) -> Self::X {
        self.x_add(acc, self.x_mul(a, b))
    }
    /// Quotient of lanes.
    fn x_div(self, a: Self::X, b: Self::X) -> Self::X;
    /// `if a > b { a } else { b }` of lanes.
    fn x_max(self, a: Self::X, b: Self::X) -> Self::X;
    /// Magnitude of lanes.
    fn x_abs(self, a: Self::X) -> Self::X;
    /// `if a < b { yes } else { no }` of lanes.
    fn x_select_lt(self, a: Self::X, b: Self::X, yes: Self::X, no: Self::X) -> Self::X;
    /// `a * 2^n` for a normal `a` and result, where `n` is the integer in the low bits of `magic`
    /// (see [`math::exp`]): one integer addition to the exponent field.
    fn x_scale_by_magic(self, a: Self::X, magic: Self::X) -> Self::X;

    /// The sum of all lanes: lane `l` and `l + 8`, then `+ 4`, `+ 2`, `+ 1`.
    #[inline(always)]
    fn x_sum(self, v: Self::X) -> f32 {
        let mut lanes = [0.0; LANES];
        self.x_store(v, &mut lanes);
        fold(lanes, |a, b| a + b)
    }
    /// The greatest lane, compared in the order of [`Isa::x_sum`].
    #[inline(always)]
    fn x_greatest(self, v: Self::X) -> f32 {
        let mut lanes = [0.0; LANES];
        self.x_store(v, &mut lanes);
        fold(lanes, |a, b| if a > b { a } else { b })
    }
}

/// Folds sixteen lanes by halves; the order that every horizontal reduction follows.
#[inline(always)]
fn fold(v: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let [a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q] = v;
    let (a, b, c, d) = (f(a, j), f(b, k), f(c, l), f(d, m));
    let (e, g, h, i) = (f(e, n), f(g, o), f(h, p), f(i, q));
    let (a, b, c, d) = (f(a, e), f(b, g), f(c, h), f(d, i));
    f(f(a, c), f(b, d))
}
