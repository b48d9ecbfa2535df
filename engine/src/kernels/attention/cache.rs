//! The cache's layout, and how keys and values get into it.
//!
//! Positions are cached in blocks of sixteen, and a layer's cache is a ring of blocks: position `p`
//! lies in block `p / 16 % blocks`. Keys are stored with the sixteen positions of a block as the
//! innermost index, so that one vector operation serves sixteen keys and no score needs a horizontal
//! sum; values are stored position by position.

use crate::kernels::heads::{Elements, MAX_HEAD_DIM, MAX_HEAD_GROUPS};
use crate::kernels::panel::Group;
#[cfg(feature = "kv_q8_0")]
use crate::quant::Act32;
#[cfg(feature = "kv_q4_0")]
use crate::quant::any_nan;
#[cfg(any(feature = "kv_f16", feature = "kv_q4_0"))]
use crate::simd::{Floats, lanes};
use crate::simd::{Isa, LANES, Op};
#[cfg(feature = "snapshots")]
use core::ops::Range;
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
use half::f16;

/// The number format of cached keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KvType {
    /// Half precision.
    #[cfg(feature = "kv_f16")]
    F16,
    /// 8-bit blocks of 32 with an `f16` scale; heads must be a multiple of 32 wide.
    #[cfg(feature = "kv_q8_0")]
    Q8_0,
    /// 4-bit blocks of 32 with an `f16` scale; heads must be a multiple of 32 wide. Keys are stored turned (see
    /// `hadamard`): a few of their elements are much greater than the rest, and would leave those no bits.
    #[cfg(feature = "kv_q4_0")]
    Q4_0,
}

impl KvType {
    /// The formats that are compiled in, those that lose least first.
    pub const ALL: &'static [KvType] = &[
        #[cfg(feature = "kv_f16")]
        KvType::F16,
        #[cfg(feature = "kv_q8_0")]
        KvType::Q8_0,
        #[cfg(feature = "kv_q4_0")]
        KvType::Q4_0,
    ];

    /// The one that loses least: half precision, unless features leave it out.
    pub const DEFAULT: KvType = KvType::ALL[0];

    /// The format's name, as a command line spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => "f16",
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => "q8_0",
            #[cfg(feature = "kv_q4_0")]
            KvType::Q4_0 => "q4_0",
        }
    }

    /// ggml's number of the format, which snapshots name it by.
    #[cfg(feature = "snapshots")]
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => 1,
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => <crate::quant::Q8_0 as crate::quant::Block>::ID,
            #[cfg(feature = "kv_q4_0")]
            KvType::Q4_0 => <crate::quant::Q4_0 as crate::quant::Block>::ID,
        }
    }

    /// Elements that a head must be a multiple of.
    #[must_use]
    pub const fn head_multiple(self) -> u32 {
        match self {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => 1,
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => 32,
            #[cfg(feature = "kv_q4_0")]
            KvType::Q4_0 => 32,
        }
    }

    /// Bytes that sixteen positions of one head's keys, or of its values, take.
    #[must_use]
    pub const fn block_bytes(self, head_dim: usize) -> usize {
        match self {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => head_dim.next_multiple_of(LANES) * LANES * 2,
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => (head_dim + head_dim / 16) * LANES,
            #[cfg(feature = "kv_q4_0")]
            KvType::Q4_0 => (head_dim / 2 + head_dim / 16) * LANES,
        }
    }
}

/// One layer's part of the cache: `[n_head_kv][blocks]` for keys, and the same for values. Both begin at addresses that are
/// multiples of 4.
#[derive(Clone, Copy, Debug)]
pub struct KvBlocks<T> {
    /// Keys. F16: `[head_dim][16]` halves a block. Q8_0: `[head_dim / 4][16][4]` quants, then
    /// `[head_dim / 32][16]` half scales. Q4_0: the same with `[head_dim / 8][16][4]` pairs of quants.
    pub keys: T,
    /// Values. F16: `[16][head_dim]` halves a block. Q8_0: `[16][head_dim]` quants, then
    /// `[head_dim / 32][16]` half scales. Q4_0: the same with `[16][head_dim / 2]` pairs of quants. Low nibbles are elements
    /// 0..16 of 32, high ones 16..32.
    pub values: T,
    /// Number format.
    pub ty: KvType,
    /// Blocks in the ring.
    pub blocks: usize,
    /// Heads.
    pub n_head_kv: usize,
    /// Elements of a head, at most [`MAX_HEAD_DIM`].
    pub head_dim: usize,
}

impl<T> KvBlocks<T> {
    /// The start of the block of `position` in `keys` and `values`.
    #[inline(always)]
    pub(super) fn offset(&self, head: usize, position: usize) -> (usize, usize) {
        let bytes = self.ty.block_bytes(self.head_dim);
        ((head * self.blocks + position / LANES % self.blocks.max(1)) * bytes, bytes)
    }
}

#[cfg(feature = "snapshots")]
impl<T> KvBlocks<T> {
    /// The ranges in `keys` and in `values` of the blocks `blocks` of a head, in order: they are numbered by position and at
    /// most as many as the ring has, which they may go round.
    pub fn runs(&self, head: usize, blocks: Range<usize>) -> [Range<usize>; 2] {
        let ring = self.blocks.max(1);
        let before_end = ring - blocks.start % ring;
        let middle = blocks.end.min(blocks.start.saturating_add(before_end));
        [blocks.start..middle, middle..blocks.end].map(|run| {
            let (start, bytes) = self.offset(head, run.start * LANES);
            start..start + run.len() * bytes
        })
    }
}

/// Appends a chunk's keys and values: see [`Kernels::write_kv`](crate::kernels::Kernels::write_kv).
pub struct WriteKv<'a> {
    /// The layer's cache.
    pub cache: KvBlocks<&'a mut [u8]>,
    /// Panel of keys, `[n_head_kv * head_dim]`.
    pub keys: &'a [Group],
    /// Panel of values, likewise.
    pub values: &'a [Group],
    /// Tokens in the panels.
    pub tokens: usize,
    /// Position of the first token.
    pub position: usize,
}

impl Op for &mut WriteKv<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let dim = self.cache.head_dim.min(MAX_HEAD_DIM);
        let mut row = [[0.0; LANES]; MAX_HEAD_GROUPS];
        for t in 0..self.tokens {
            let position = self.position + t;
            for head in 0..self.cache.n_head_kv {
                let (start, bytes) = self.cache.offset(head, position);
                for (panel, out, is_key) in
                    [(self.keys, &mut *self.cache.keys, true), (self.values, &mut *self.cache.values, false)]
                {
                    Elements { tokens: self.tokens, token: t, start: head * dim, n: dim }.read(
                        isa,
                        panel,
                        row.as_flattened_mut(),
                    );
                    let Some(block) = out.get_mut(start..).and_then(|b| b.get_mut(..bytes)) else { return };
                    let row = row.get(..dim.div_ceil(LANES)).unwrap_or_default();
                    match self.cache.ty {
                        #[cfg(feature = "kv_f16")]
                        KvType::F16 => write_f16(isa, row, block, position % LANES, is_key),
                        #[cfg(feature = "kv_q8_0")]
                        KvType::Q8_0 => {
                            write_blocks(row, block, position % LANES, is_key, |pair| quantise_q8(isa, pair))
                        }
                        #[cfg(feature = "kv_q4_0")]
                        KvType::Q4_0 => write_blocks(row, block, position % LANES, is_key, |pair| {
                            quantise_q4(isa, &if is_key { hadamard(pair, KEY_SCALE) } else { *pair })
                        }),
                    }
                }
            }
        }
    }
}

#[cfg(feature = "kv_f16")]
#[inline(always)]
fn write_f16<I: Isa>(isa: I, row: &[Group], block: &mut [u8], slot: usize, is_key: bool) {
    let halves = block.as_chunks_mut::<2>().0;
    let (start, step) = if is_key { (slot, LANES) } else { (slot * row.len() * LANES, 1) };
    let mut out = halves.iter_mut().skip(start).step_by(step);
    for group in row {
        let mut rounded = [[0; 2]; LANES];
        for f in lanes(isa) {
            f.store_f16(f.load(group), &mut rounded);
        }
        for (half, out) in rounded.into_iter().zip(&mut out) {
            *out = half;
        }
    }
}

/// Puts a row's blocks of 32 in place, each of `WORDS` words of quants and a scale.
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
#[inline(always)]
fn write_blocks<const WORDS: usize>(
    row: &[Group],
    block: &mut [u8],
    slot: usize,
    is_key: bool,
    quantise: impl Fn(&[Group; 2]) -> ([[u8; 4]; WORDS], f16),
) {
    let pairs = row.as_chunks::<2>().0;
    let Some((quants, scales)) = block.split_at_mut_checked(pairs.len() * WORDS * 4 * LANES) else { return };
    let (quants, scales) = (quants.as_chunks_mut::<4>().0, scales.as_chunks_mut::<2>().0);
    for (i, pair) in pairs.iter().enumerate() {
        let (words, scale) = quantise(pair);
        if let Some(out) = scales.get_mut(i * LANES + slot) {
            *out = scale.to_le_bytes();
        }
        let (start, step) =
            if is_key { (i * WORDS * LANES + slot, LANES) } else { ((slot * pairs.len() + i) * WORDS, 1) };
        for (word, out) in words.into_iter().zip(quants.iter_mut().skip(start).step_by(step)) {
            *out = word;
        }
    }
}

#[cfg(feature = "kv_q8_0")]
#[inline(always)]
fn quantise_q8<I: Isa>(isa: I, pair: &[Group; 2]) -> ([[u8; 4]; 8], f16) {
    let act = Act32::quantise(isa, pair);
    (act.q.map(|quad| quad.map(|q| q as u8)), f16::from_f32(act.d))
}

/// A turned key is a quarter of what the transform gives, a turned query an eighth: together 1 / 32, which makes their
/// product that of the key and the query, and neither grows much.
#[cfg(feature = "kv_q4_0")]
const KEY_SCALE: f32 = 0.25;
#[cfg(feature = "kv_q4_0")]
pub(super) const QUERY_SCALE: f32 = 0.125;

/// The Walsh-Hadamard transform of 32 elements, unnormalised, times `scale`, a power of two: element `i` of the result is
/// the sum of all elements `j`, less twice those where `i & j` has an odd number of bits. Sums are of elements 1 apart first, then of those
/// 2, 4, 8 and 16 apart.
#[cfg(feature = "kv_q4_0")]
#[inline(always)]
pub(super) fn hadamard(pair: &[Group; 2], scale: f32) -> [Group; 2] {
    let mut x: [f32; 32] = bytemuck::cast(*pair);
    for apart in [1, 2, 4, 8, 16] {
        for low in (0..32usize).filter(|i| i & apart == 0) {
            // Masked, so that no bounds are left to be checked.
            let (low, high) = (low & 31, (low | apart) & 31);
            (x[low], x[high]) = (x[low] + x[high], x[low] - x[high]);
        }
    }
    bytemuck::cast(x.map(|x| x * scale))
}

/// Quantises as ggml's `quantize_row_q4_0` does, but for ties: the element of the greatest magnitude becomes -8.
#[cfg(feature = "kv_q4_0")]
#[inline(always)]
fn quantise_q4<I: Isa>(isa: I, pair: &[Group; 2]) -> ([[u8; 4]; 4], f16) {
    let (mut tops, mut lows) = ([0.0; LANES], [0.0; LANES]);
    for f in lanes(isa) {
        let (mut top, mut low) = (f.splat(0.0), f.splat(0.0));
        for x in pair {
            let x = f.load(x);
            (top, low) = (f.max(x, top), f.max(f.sub(f.splat(0.0), x), low));
        }
        f.store(top, &mut tops);
        f.store(low, &mut lows);
    }
    let (top, low) = (isa.greatest(&tops), isa.greatest(&lows));
    let d = if low > top { low } else { -top } / 8.0;
    let d = if any_nan(pair) { f32::NAN } else { d };
    // Values so small that 1 / d overflows count as zero.
    let inverse = if d.abs() > 1.0e-38 { 1.0 / d } else { 0.0 };
    let mut quants = [[0i8; LANES]; 2];
    for (x, q) in pair.iter().zip(&mut quants) {
        // NaN becomes -8 on every instruction set.
        for f in lanes(isa) {
            let scaled = f.max(f.mul(f.load(x), f.splat(inverse)), f.splat(-8.0));
            f.store_i8(f.select_lt(f.splat(7.0), scaled, f.splat(7.0), scaled), q);
        }
    }
    let mut bytes = [[0; 4]; 4];
    for ((byte, low), high) in bytes.as_flattened_mut().iter_mut().zip(quants[0]).zip(quants[1]) {
        *byte = (low + 8) as u8 | ((high + 8) as u8) << 4;
    }
    (bytes, f16::from_f32(d))
}
