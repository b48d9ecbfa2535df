//! Shared pieces of the benchmarks: varied data that every instruction set gets alike.

use flashlet::kernels::{Group, Input, InputBuffer, Kernels};
use flashlet::quant::{ActKind, Weight, WeightType};
use flashlet::simd::LANES;

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// `n` values in `-1..1`.
#[must_use]
pub fn floats(seed: u64, n: usize) -> Vec<f32> {
    let mut rng = Rng(seed);
    (0..n).map(|_| (rng.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
}

/// A panel of `tokens` vectors of `width` elements.
#[must_use]
pub fn panel(seed: u64, width: usize, tokens: usize) -> Vec<Group> {
    floats(seed, width.next_multiple_of(LANES) * tokens).as_chunks().0.to_vec()
}

/// A weight matrix of random quants and ordinary scales.
pub struct RandomWeight {
    ty: WeightType,
    cols: usize,
    bytes: Vec<u8>,
}

impl RandomWeight {
    /// `w[rows, cols]`; `None` if rows are not whole blocks.
    #[must_use]
    pub fn new(ty: WeightType, rows: usize, cols: usize) -> Option<Self> {
        if !cols.is_multiple_of(ty.block_elems()) {
            return None;
        }
        let mut bytes = vec![0u8; rows * cols / ty.block_elems() * ty.block_bytes()];
        let mut rng = Rng(ty as u64);
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&rng.bits().to_le_bytes()[..word.len()]);
        }
        // Where a block has halves: as a mask, they are below 1 and normal.
        let halves: &[usize] = match ty.name() {
            "F16" | "Q4_0" | "Q5_0" | "Q8_0" | "IQ4_NL" | "IQ4_XS" => &[0],
            "Q4_1" | "Q5_1" | "Q4_K" | "Q5_K" => &[0, 2],
            "Q2_K" => &[80, 82],
            "Q3_K" => &[108],
            "Q6_K" => &[208],
            "TQ1_0" => &[52],
            "TQ2_0" => &[64],
            _ => &[],
        };
        for block in bytes.chunks_exact_mut(ty.block_bytes()) {
            for at in halves {
                block[at + 1] = (block[at + 1] & 0x8F) | 0x20;
            }
            match ty.name() {
                "F32" | "Q8_K" => block[3] = (block[3] & 0x80) | 0x3D,
                "BF16" => block[1] = (block[1] & 0x80) | 0x3D,
                "MXFP4" => block[0] = 118 + block[0] % 8,
                _ => {}
            }
        }
        Some(RandomWeight { ty, cols, bytes })
    }

    /// Its bytes, row after row.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The matrix.
    ///
    /// # Panics
    /// Never: `new` made whole rows.
    #[must_use]
    pub fn weight(&self) -> Weight<'_> {
        Weight::new(self.ty, &self.bytes, self.cols).expect("whole rows")
    }
}

/// A matrix's bytes as they are pinned for kernels that [interleave](Kernels::interleaves); `None` if
/// the format has no such layout.
#[must_use]
pub fn interleave(ty: WeightType, bytes: &[u8], cols: usize) -> Option<Vec<u8>> {
    let (units, row_blocks) = (ty.units()?, cols / ty.block_elems());
    let mut out = bytes.to_vec();
    let group_bytes = LANES * row_blocks * units.block_bytes;
    for (to, from) in out.chunks_exact_mut(group_bytes).zip(bytes.chunks_exact(group_bytes)) {
        units.interleave(to, row_blocks, 0, from);
    }
    Some(out)
}

/// The panel of `rows` results of `tokens` tokens.
#[must_use]
pub fn output(rows: usize, tokens: usize) -> Vec<Group> {
    vec![[0.0; LANES]; rows.div_ceil(LANES) * tokens]
}

/// The memory of an [`Input`].
pub struct Activations {
    float: Vec<Group>,
    words: Vec<u32>,
}

impl Activations {
    /// For `tokens` vectors of `width` elements.
    #[must_use]
    pub fn new(width: usize, tokens: usize) -> Self {
        let float = vec![[0.0; LANES]; width.div_ceil(LANES) * tokens];
        Activations { float, words: vec![0; InputBuffer::quant_words(width, tokens)] }
    }

    /// A buffer in this memory.
    pub fn buffer(&mut self) -> InputBuffer<'_> {
        InputBuffer::new(&mut self.float, &mut self.words)
    }

    /// Random activations in the form that `kind` says, to `f`.
    pub fn with<R>(
        kernels: &dyn Kernels,
        width: usize,
        tokens: usize,
        kind: ActKind,
        f: impl FnOnce(Input<'_>) -> R,
    ) -> R {
        let mut memory = Activations::new(width, tokens);
        let mut buffer = memory.buffer();
        buffer.fill(kernels, &panel(7, width, tokens), tokens, None, kind);
        f(buffer.input(kernels, kind))
    }
}
