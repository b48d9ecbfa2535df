//! The trait of instruction sets, and how formulas over floats run on one.

use super::arch::attention::AttentionLoops;
use super::arch::quantise::QuantiseLoops;
use super::arch::rows::{Columns, Rows};
use super::arch::strip::BlockLoops;
use super::floats::{Floats, LANES};
use super::form::{ActForm, BlockLayout, Blocks};
use super::name::IsaName;
use bytemuck::Pod;

/// Four activation quants: what one lane multiplies its four weight bytes with.
pub type Quad = [i8; 4];

/// A block of activations as bytes.
pub trait Quads {
    /// `N` words of the block from word `N * i` on.
    fn quads<const N: usize>(&self, i: usize) -> &[Quad; N];
    /// Byte offset of the block's scale, an `f32`; the `i32` sum of all its activations follows it.
    const SCALE_AT: usize;
    /// Sums of 16 each, sub-blocks (0, 2), (1, 3), (4, 6), (5, 7), ...; zeros for blocks of 32.
    fn sums16(&self) -> &[[i16; 2]; 8] {
        &[[0; 2]; 8]
    }
    /// Sums of 32 each, in the same order; zeros if they are only 32.
    fn sums32(&self) -> &[[i16; 2]; 4] {
        &[[0; 2]; 4]
    }
    /// The sum of the 32 activations from word `8 * i` on.
    fn sum32(&self, i: usize) -> i32;
}

/// Work that runs with an instruction set's features enabled; see [`Isa::run`].
pub trait Op {
    /// The result of the work.
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
    /// True if interleaved rows are faster: weights that are copied into the arena are then laid out so that one load brings a
    /// word of sixteen rows (see [`Rows`]).
    const INTERLEAVES: bool = false;
    /// True if the parts of an operation are functions of their own. On sets that unroll much, their stack frames and their time
    /// to compile would add up otherwise.
    const PARTS_APART: bool = false;
    /// The most tokens whose dot products share one unpacking of the weights in registers: 1, 2, 4 or 8, as many as there are
    /// registers for.
    const TOKENS: usize = 8;
    /// Words of interleaved rows that are multiplied at once, one or two, so that loading overlaps with computing.
    const PARTS_AT_ONCE: usize = 2;
    /// Layouts whose interleaved rows are multiplied with several tokens one part at a time: the sums of two parts would not fit
    /// in the registers.
    const ONE_PART: &'static [BlockLayout] = &[];
    /// Sums of sixteen lanes that half the registers hold. Single lanes fit by the dozen.
    const FLOAT_SUMS: usize = 16;
    /// The form of activations that the set multiplies.
    const ACTS: ActForm = ActForm::Bytes;
    /// The set has an instruction for CRC-32C.
    const HAS_CRC32C: bool = false;
    /// [`Isa::ROWS`] lanes of four bytes, or of one `i32`.
    type W: Copy;
    /// [`Isa::ROWS`] lanes of one `f32`.
    type F: Copy;

    /// The set's way to work on sixteen lanes: all at once ([`Sixteen`](super::Sixteen)), or one after another
    /// ([`Lane`](super::Lane)).
    type Floats: Floats;

    /// The part of sixteen lanes that begins with `lane`.
    fn floats(self, lane: usize) -> Self::Floats;

    /// The set for one token and rows that are not interleaved: loads take most of the time there, and narrower words load
    /// faster.
    type Single: Isa;
    /// The proof for [`Isa::Single`].
    fn single(self) -> Self::Single;

    /// The layouts that the set has [`Isa::block_dots`] for. [`Isa::Single`] multiplies those with several tokens.
    const STREAMED: &'static [BlockLayout] = &[];
    /// Stores the products of columns of sixteen rows with `T` tokens, an even number up to eight, for the layouts that
    /// [take two tokens](BlockLayout::takes_two_tokens) in the set's form of activations.
    #[inline(always)]
    fn tile<B: Blocks, X: Quads + Pod, const T: usize>(
        self,
        _columns: Columns<'_, B, X, T>,
        _products: &mut [[f32; LANES]; T],
    ) {
    }
    /// The set that multiplies several tokens with blocks of other layouts.
    type Many: Isa;

    /// The proof for [`Isa::Many`].
    fn many(self) -> Self::Many;

    /// The set that runs everything but products of several tokens with layouts that have an [`Isa::tile`] or are not
    /// [`Isa::STREAMED`]. It differs from `Self` where the set's additional instructions serve only those products, so that the
    /// rest is compiled once for both.
    type Plain: Isa;
    /// The proof for [`Isa::Plain`].
    fn plain(self) -> Self::Plain;

    /// Calls `op` inside a function that has the set's features enabled.
    fn run<O: Op>(self, op: O) -> O::Out;

    /// Calls a part of an operation, as a function of its own where [`Isa::PARTS_APART`] says so.
    #[inline(always)]
    fn run_part<O: Op>(self, op: O) -> O::Out {
        // rustc marks the call of a function with target features as not to be inlined, and loses that mark when the caller
        // is inlined. A function without target features carries the mark itself.
        #[inline(never)]
        fn apart<I: Isa, O: Op>(isa: I, op: O) -> O::Out {
            isa.run(op)
        }
        if const { Self::PARTS_APART } { apart(self, op) } else { op.call(self) }
    }

    /// Runs `op`, a product in which many tokens share one unpacking of the weights into memory, and returns true; returns false
    /// on sets whose products are not so fast that unpacking once for every few tokens limits them. A set that returns true has
    /// sixteen rows to a word and multiplies any unsigned bytes.
    #[inline(always)]
    fn run_unpacking<O: Op<Out = ()>>(self, _op: O) -> bool {
        false
    }

    /// The set's own loops over the blocks of rows that lie as in a file, where the compiler lacks the registers for the
    /// generic ones.
    #[inline(always)]
    fn block_loops(self, _layout: BlockLayout) -> Option<&'static BlockLoops> {
        None
    }

    /// The set's own loops over cached keys and values, likewise.
    #[inline(always)]
    fn attention_loops(self) -> Option<AttentionLoops> {
        None
    }

    /// The set's own loops that quantise activations, likewise.
    #[inline(always)]
    fn quantise_loops(self) -> Option<QuantiseLoops> {
        None
    }

    /// The set's own dot products of a block of each of [`Isa::ROWS`] rows with each token's activations, in place of those
    /// that formats make of its primitives.
    #[inline(always)]
    fn block_dots<B: Blocks, const T: usize>(self, _rows: Rows<'_, B>, _x: &[impl Quads; T]) -> Option<[Self::F; T]> {
        None
    }

    /// Prefetches the lines `ahead` bytes past `read`, which need not be mapped: to the first level of cache if `near`, else to the
    /// second, where a wait for memory delays no other loads.
    #[inline(always)]
    fn prefetch<T>(self, _read: &[T], _ahead: usize, _near: bool) {}

    /// Returns `x` with its address in a register of its own. Compilers would address all arrays of a long loop by one index, and
    /// some processors split an instruction whose operand has a base and an index.
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
    /// The high nibble of each byte.
    #[inline(always)]
    fn high_nibbles(self, a: Self::W) -> Self::W {
        self.and(self.shr(a, 4), self.splat(0x0F0F_0F0F))
    }
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
    /// `acc + sum of w * x` over `N` words of signed bytes; `sum` is the sum of all of `x`. By default the bytes are taken
    /// as `w + 128`, which is unsigned.
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: Self::W, w: &[Self::W; N], x: &[Quad; N], sum: i32) -> Self::W {
        let mut unsigned = *w;
        for w in &mut unsigned {
            *w = self.xor(*w, self.splat(0x8080_8080));
        }
        self.dot_u8::<255, N>(self.sub(acc, self.splat((sum << 7) as u32)), &unsigned, x)
    }
    /// [`Isa::dot_u8`] of `T` tokens, with `N` words of their activations from word `N * i` on.
    #[inline(always)]
    fn dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [Self::W; T],
        w: &[Self::W; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = self.dot_u8::<MAX, N>(*acc, w, x.quads(i));
        }
    }
    /// [`Isa::dot_i8`] of `T` tokens, with eight words of their activations from word `8 * i` on.
    #[inline(always)]
    fn dots_i8<const T: usize>(self, acc: &mut [Self::W; T], w: &[Self::W; 8], x: &[impl Quads; T], i: usize) {
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = self.dot_i8(*acc, w, x.quads(i), x.sum32(i));
        }
    }
    /// `acc += scale * (w . x)` of `T` tokens, as [`Isa::dots_u8`]; each lane of `scale` is an `i32` that fits in `i16`.
    #[inline(always)]
    fn scaled_dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [Self::W; T],
        w: &[Self::W; N],
        x: &[impl Quads; T],
        i: usize,
        scale: Self::W,
    ) {
        for (acc, x) in acc.iter_mut().zip(x) {
            let dot = self.dot_u8::<MAX, N>(self.splat(0), w, x.quads(i));
            *acc = self.add(*acc, self.mul(dot, scale));
        }
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
    /// `acc + a * b`, where each product is exact.
    #[inline(always)]
    fn f_add_exact(self, acc: Self::F, a: Self::F, b: Self::F) -> Self::F {
        self.f_add(acc, self.f_mul(a, b))
    }
    /// Returns `a`. On sets with few registers it is computed before later code loads anything, which avoids spills.
    #[inline(always)]
    fn settled(self, a: Self::F) -> Self::F {
        a
    }
    /// Stores the first `out.len()` lanes, at most [`Isa::ROWS`].
    fn f_store(self, a: Self::F, out: &mut [f32]);

    // ---- sixteen lanes

    /// The sum of all lanes: lane `l` and `l + 8`, then `+ 4`, `+ 2`, `+ 1`.
    #[inline(always)]
    fn sum(self, lanes: &[f32; LANES]) -> f32 {
        fold(*lanes, |a, b| a + b)
    }
    /// The greatest lane, compared in the order of [`Isa::sum`].
    #[inline(always)]
    fn greatest(self, lanes: &[f32; LANES]) -> f32 {
        fold(*lanes, |a, b| if a > b { a } else { b })
    }
}

/// Folds sixteen lanes by halves; the order that every horizontal reduction follows.
#[inline(always)]
pub(super) fn fold(v: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let [a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q] = v;
    let (a, b, c, d) = (f(a, j), f(b, k), f(c, l), f(d, m));
    let (e, g, h, i) = (f(e, n), f(g, o), f(h, p), f(i, q));
    let (a, b, c, d) = (f(a, e), f(b, g), f(c, h), f(d, i));
    f(f(a, c), f(b, d))
}

/// Each part of sixteen lanes that the set works on at once: code that goes over them covers every lane once.
#[inline(always)]
pub fn lanes<I: Isa>(isa: I) -> impl Iterator<Item = I::Floats> {
    (0..LANES / I::Floats::LANES).map(move |lane| isa.floats(lane))
}
