//! What the kernel tests share: random numbers, panels and executors.

use flashlet::kernels::{Executor, Group, Kernels, by_name};
use flashlet::quant::WeightType;
use flashlet::simd::{IsaName, LANES};

/// Instruction sets of this machine, the oracle first; if `FLASHLET_ISA` names one, that and the oracle.
///
/// # Panics
/// If this machine has no such set.
#[must_use]
pub fn all_kernels() -> Vec<&'static dyn Kernels> {
    let Ok(forced) = std::env::var("FLASHLET_ISA") else {
        return IsaName::ALL.into_iter().filter_map(by_name).collect();
    };
    let kernels = IsaName::parse(&forced).and_then(by_name).expect("FLASHLET_ISA names a set that this machine has");
    let oracle = by_name(IsaName::Scalar).into_iter().filter(|_| kernels.isa() != IsaName::Scalar);
    oracle.chain([kernels]).collect()
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
}

/// The panel of some tokens' vectors, all of one length.
#[must_use]
pub fn panel(tokens: &[Vec<f32>]) -> Vec<Group> {
    let groups = tokens[0].len().div_ceil(LANES);
    let mut out = vec![[0.0; LANES]; groups * tokens.len()];
    for (t, x) in tokens.iter().enumerate() {
        for (e, x) in x.iter().enumerate() {
            out[e / LANES * tokens.len() + t][e % LANES] = *x;
        }
    }
    out
}

/// One token's vector of `n` elements.
#[must_use]
pub fn vector(panel: &[Group], tokens: usize, t: usize, n: usize) -> Vec<f32> {
    (0..n).map(|e| panel[e / LANES * tokens + t][e % LANES]).collect()
}

/// Bit patterns; all NaN count as one.
#[must_use]
pub fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| if x.is_nan() { 0x7FC0_0000 } else { x.to_bits() }).collect()
}

/// Runs the last piece first, and says that it has three threads.
pub struct Reversed;

impl Executor for Reversed {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let mut pieces: Vec<_> = y.chunks_mut(chunk).enumerate().collect();
        while let Some((i, piece)) = pieces.pop() {
            f(i, piece);
        }
    }

    fn threads(&self) -> usize {
        3
    }
}

/// Every other piece on a second thread.
pub struct TwoThreads;

impl Executor for TwoThreads {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let (even, odd): (Vec<_>, Vec<_>) = y.chunks_mut(chunk).enumerate().partition(|(i, _)| i % 2 == 0);
        std::thread::scope(|scope| {
            scope.spawn(|| odd.into_iter().for_each(|(i, piece)| f(i, piece)));
            even.into_iter().for_each(|(i, piece)| f(i, piece));
        });
    }

    fn threads(&self) -> usize {
        2
    }
}
