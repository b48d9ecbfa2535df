//! The cache's layout, and how keys and values get into it.
//!
//! Positions are cached in blocks of sixteen, and a layer's cache is a ring of blocks: position `p`
//! lies in block `p / 16 % blocks`. Keys are stored with the sixteen positions of a block as the
//! innermost index, so that one vector operation serves sixteen keys and no score needs a horizontal
//! sum; values are stored position by position.

use super::{MAX_HEAD_DIM, MAX_HEAD_GROUPS};
use crate::kernels::Group;
use crate::kernels::elementwise::read_head;
#[cfg(feature = "kv_q8_0")]
use crate::quant::Act32;
#[cfg(feature = "kv_f16")]
use crate::simd::{Floats, lanes};
use crate::simd::{Isa, LANES, Op};
#[cfg(feature = "snapshots")]
use core::ops::Range;
#[cfg(feature = "kv_q8_0")]
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
}

#[cfg(not(any(feature = "kv_f16", feature = "kv_q8_0")))]
compile_error!("a number format of the cache is needed: feature kv_f16 or kv_q8_0");

impl KvType {
    /// Half precision, unless the features leave 8-bit blocks alone.
    pub const DEFAULT: KvType = {
        #[cfg(feature = "kv_f16")]
        {
            KvType::F16
        }
        #[cfg(not(feature = "kv_f16"))]
        {
            KvType::Q8_0
        }
    };

    /// ggml's number of the format, which snapshots name it by.
    #[cfg(feature = "snapshots")]
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => 1,
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => 8,
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
        }
    }
}

/// One layer's part of the cache: `[n_head_kv][blocks]` for keys, and the same for values.
#[derive(Clone, Copy, Debug)]
pub struct KvBlocks<T> {
    /// Keys. F16: `[head_dim][16]` halves a block. Q8_0: `[head_dim / 4][16][4]` quants, then
    /// `[head_dim / 32][16]` half scales.
    pub keys: T,
    /// Values. F16: `[16][head_dim]` halves a block. Q8_0: `[16][head_dim]` quants, then
    /// `[head_dim / 32][16]` half scales.
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
    /// Where the block of `position` starts in `keys` and `values`.
    #[inline(always)]
    pub(super) fn offset(&self, head: usize, position: usize) -> (usize, usize) {
        let bytes = self.ty.block_bytes(self.head_dim);
        ((head * self.blocks + position / LANES % self.blocks.max(1)) * bytes, bytes)
    }
}

#[cfg(feature = "snapshots")]
impl<T> KvBlocks<T> {
    /// Where the blocks `blocks` of a head lie in `keys` and in `values`, in order: they are numbered by position and at
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
                    read_head(panel, self.tokens, t, head * dim, dim, row.as_flattened_mut());
                    let Some(block) = out.get_mut(start..).and_then(|b| b.get_mut(..bytes)) else { return };
                    let row = row.get(..dim.div_ceil(LANES)).unwrap_or_default();
                    match self.cache.ty {
                        #[cfg(feature = "kv_f16")]
                        KvType::F16 => write_f16(isa, row, block, position % LANES, is_key),
                        #[cfg(feature = "kv_q8_0")]
                        KvType::Q8_0 => write_q8(isa, row, block, position % LANES, is_key),
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

#[cfg(feature = "kv_q8_0")]
#[inline(always)]
fn write_q8<I: Isa>(isa: I, row: &[Group], block: &mut [u8], slot: usize, is_key: bool) {
    let dim = row.len() * LANES;
    let Some((quants, scales)) = block.split_at_mut_checked(dim * LANES) else { return };
    let scales = scales.as_chunks_mut::<2>().0;
    for (i, pair) in row.as_chunks::<2>().0.iter().enumerate() {
        let act = Act32::quantise(isa, pair);
        let scale = f16::from_f32(act.d).to_le_bytes();
        if let Some(out) = scales.get_mut(i * LANES + slot) {
            *out = scale;
        }
        let words = quants.as_chunks_mut::<4>().0;
        let (start, step) = if is_key { (i * 8 * LANES + slot, LANES) } else { (slot * (dim / 4) + i * 8, 1) };
        for (quad, out) in act.q.iter().zip(words.iter_mut().skip(start).step_by(step)) {
            *out = quad.map(|q| q as u8);
        }
    }
}
