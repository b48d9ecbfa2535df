//! Random and adversarial inputs of kernels, the same on every processor: tests, benchmarks and the boards' self-test
//! take them.
#![no_std]

extern crate alloc;

use alloc::{vec, vec::Vec};
use flashlet::internal::kernels::{Group, InputBuffer, Norm};
use flashlet::internal::quant::{ActKind, WeightType};
use flashlet::internal::simd::LANES;
use flashlet::kernels::Kernels;
use flashlet::simd::ActForm;

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Uniform in `-1..1`.
    pub fn float(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `n` values, uniform in `-scale..scale`.
    pub fn vector(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| self.float() * scale).collect()
    }

    /// The panel of `tokens` vectors of `n` values, uniform in `-scale..scale`.
    pub fn panel(&mut self, n: usize, tokens: usize, scale: f32) -> Vec<Group> {
        let tokens: Vec<_> = (0..tokens).map(|_| self.vector(n, scale)).collect();
        panel(&tokens)
    }
}

/// The panel of some tokens' vectors, all of one length.
#[must_use]
pub fn panel(tokens: &[Vec<f32>]) -> Vec<Group> {
    let groups = tokens.first().map_or(0, |x| x.len().div_ceil(LANES));
    let mut out = vec![[0.0; LANES]; groups * tokens.len()];
    for (t, x) in tokens.iter().enumerate() {
        for (e, x) in x.iter().enumerate() {
            out[e / LANES * tokens.len() + t][e % LANES] = *x;
        }
    }
    out
}

/// A matrix's bytes with its groups of sixteen rows interleaved, as weights are pinned; `None` if the
/// format has no such layout.
#[must_use]
pub fn interleaved(ty: WeightType, bytes: &[u8], cols: usize) -> Option<Vec<u8>> {
    let (units, row_blocks) = (ty.units()?, cols / ty.block_elems());
    let mut out = bytes.to_vec();
    let group_bytes = LANES * row_blocks * units.block_bytes;
    for (to, from) in out.chunks_exact_mut(group_bytes).zip(bytes.chunks_exact(group_bytes)) {
        // In two pieces, as from a reader with a small buffer.
        let (first, rest) = from.split_at((row_blocks + 1) * units.block_bytes);
        units.interleave(to, row_blocks, 0, first);
        units.interleave(to, row_blocks, row_blocks + 1, rest);
    }
    Some(out)
}

/// Where in a block a type keeps its f16 scales.
#[must_use]
pub fn scales(ty: WeightType) -> &'static [usize] {
    match ty.name() {
        "Q4_0" | "Q5_0" | "Q8_0" | "IQ4_NL" | "IQ4_XS" => &[0],
        "Q4_1" | "Q5_1" | "Q4_K" | "Q5_K" => &[0, 2],
        "Q2_K" => &[80, 82],
        "Q3_K" => &[108],
        "Q6_K" => &[208],
        "TQ1_0" => &[52],
        "TQ2_0" => &[64],
        _ => &[],
    }
}

/// Random weights, some of them adversarial: bytes that are all alike, scales of every kind.
pub fn weights(rng: &mut Rng, ty: WeightType, blocks: usize) -> Vec<u8> {
    const SCALES: [u16; 10] = [0, 0x8000, 1, 0x03FF, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0xB555];
    let mut bytes: Vec<u8> = (0..blocks * ty.block_bytes()).map(|_| rng.bits() as u8).collect();
    match ty.name() {
        // No infinities and NaN: an exponent's top bit is cleared.
        "F32" => bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|b| b[3] &= !0x40),
        "F16" | "BF16" => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|b| b[1] &= !0x40),
        _ => {}
    }
    if ty.act_kind() == ActKind::Float {
        return bytes;
    }
    for block in bytes.chunks_exact_mut(ty.block_bytes()) {
        if let Some(fill) = [0, 0xFF, 0x80, 0x7F].get(rng.below(8)) {
            block.fill(*fill);
        }
        for &at in scales(ty) {
            let plain = (rng.bits() as u16 & 0x83FF) | (0x2000 + ((rng.bits() as u16) & 0x0C00));
            let bits = SCALES.get(rng.below(24)).copied().unwrap_or(plain);
            block[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        }
        match ty.name() {
            "Q8_K" => block[..4].copy_from_slice(&(rng.float() * 0.01).to_le_bytes()),
            "MXFP4" if rng.below(4) > 0 => block[0] = 118 + rng.below(8) as u8,
            _ => {}
        }
    }
    bytes
}

/// Bytes at an address of a chosen alignment: a model may lie anywhere in memory.
pub struct Placed {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Placed {
    /// A copy of `bytes`, `offset` bytes after an address that is a multiple of 64.
    #[must_use]
    pub fn new(bytes: &[u8], offset: usize) -> Self {
        let len = bytes.len();
        let mut memory = vec![0; len + 64 + offset];
        let start = memory.as_ptr().align_offset(64) + offset;
        memory[start..start + len].copy_from_slice(bytes);
        Placed { memory, start, len }
    }

    /// The copy.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..][..self.len]
    }
}

/// Activations of one token, of a kind that `t` chooses.
pub fn activations(rng: &mut Rng, t: usize, cols: usize) -> Vec<f32> {
    match t % 6 {
        1 => rng.vector(cols, 8.0e6),
        2 => rng.vector(cols, 1.0e-38),
        3 => vec![0.0; cols],
        4 => (0..cols).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect(),
        _ => rng.vector(cols, 3.0),
    }
}

/// An input of matrix products and its memory.
pub struct Activations {
    float: Vec<Group>,
    quants: Vec<u32>,
}

impl Activations {
    /// Memory for an input like panel `x`.
    #[must_use]
    pub fn new(x: &[Group], tokens: usize) -> Self {
        let words = InputBuffer::quant_words(x.len() / tokens.max(1) * LANES, tokens, ActForm::Pairs);
        Activations { float: vec![[0.0; LANES]; x.len()], quants: vec![0; words] }
    }

    /// Panel `x` prepared by `kernels`, in the form that `kind` asks.
    pub fn fill(
        &mut self,
        kernels: &dyn Kernels,
        x: &[Group],
        tokens: usize,
        norm: Option<Norm<'_>>,
        kind: ActKind,
    ) -> InputBuffer<'_> {
        let mut buffer = InputBuffer::new(&mut self.float, &mut self.quants);
        buffer.fill(kernels, x, tokens, norm, kind);
        buffer
    }
}
