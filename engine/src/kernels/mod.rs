//! The engine's arithmetic: everything that touches more than one block.
//!
//! Activations of `T` tokens and width `n` lie in **panels**: groups of sixteen neighbouring
//! elements, `x[n / 16][T][16]`, the last group padded with zeros. One token's panel is its plain
//! vector; with more, the rows that a worker computes are contiguous, and no loop has a tail.
//!
//! Kernels are generic over the [`Isa`] alone and reached through one table of functions,
//! [`Kernels`], once per operation.

use crate::quant::{Act32, Act256, Weight};
use crate::simd::{Isa, IsaName, LANES, Op, Scalar};

mod attention;
mod checksum;
mod elementwise;
mod input;
mod matmul;
mod unpacked;

pub use attention::{Attention, KvBlocks, KvType, MAX_HEAD_DIM, WriteKv};
pub use elementwise::{HeadRotation, Norm, RopeStyle};
pub use input::{Input, InputBuffer};

/// Sixteen neighbouring elements of one token.
pub type Group = [f32; LANES];

/// How many bytes ahead of what is read weights and caches are fetched: prefetchers in hardware fall behind, with
/// several tokens everywhere, with one on some processors (by a third on an Intel Xeon).
const AHEAD: usize = 4096;

/// Runs row loops, on one thread or several.
pub trait Executor: Sync {
    /// Cuts `y` into pieces of `chunk` elements (the last may be shorter) and calls `f(i, piece)`
    /// once for each piece `i`, in any order, on any thread; returns when all are done.
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync));
    /// Threads that share the work, at least 1.
    fn threads(&self) -> usize;
}

/// The executor that runs every piece where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Executor for Inline {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        for (i, piece) in y.chunks_mut(chunk.max(1)).enumerate() {
            f(i, piece);
        }
    }

    fn threads(&self) -> usize {
        1
    }
}

/// The activation function of a gated feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Gate {
    /// `x * sigmoid(x)` (SwiGLU).
    Silu,
    /// The tanh approximation of GELU (GeGLU).
    Gelu,
}

/// One instruction set's kernels.
///
/// Shapes are the caller's to get right; where they disagree, the part that fits is computed and the
/// rest keeps its contents. No method panics.
pub trait Kernels: Sync {
    /// The instruction set.
    fn isa(&self) -> IsaName;

    /// Whether pinned weights are to be interleaved, see [`Isa::INTERLEAVES`]. If not, interleaved
    /// matrices must not be given to these kernels.
    fn interleaves(&self) -> bool {
        false
    }

    /// `w[rows, cols] . x[cols] -> y[rows]` for every token of `x`; `y` is the panel of those rows.
    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// `act(gate . x) * (up . x) -> y`, both products of a row at once.
    fn gated(&self, w: [Weight<'_>; 2], act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// `y = act(y) * (up . x)`: [`Kernels::gated`] in two steps, where the gate is already in `y`.
    fn gate_by(&self, up: Weight<'_>, act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// Copies panel `x`, normalised if `norm` says so, to `float`, and quantises it to `quants` in
    /// the same pass.
    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>);

    /// `x += y`, with `y` normalised first if `norm` says so.
    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>);

    /// Normalises (if asked) and rotates every head of panel `x` in place.
    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>);

    /// Appends the keys and values of a chunk of tokens to a layer's cache.
    fn write_kv(&self, job: &mut WriteKv<'_>);

    /// Scaled dot-product attention with online softmax; `out[n_head * head_dim]` is a panel.
    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor);

    /// The CRC-32C of `bytes`, which follow others whose CRC is `crc`; 0 is that of no bytes. Always 0 where the
    /// engine has neither of its features `checksums` and `snapshots`.
    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        if cfg!(any(feature = "checksums", feature = "snapshots")) {
            checksum::Crc32c { crc, bytes }.call(Scalar)
        } else {
            0
        }
    }
}

/// Where [`Kernels::prepare`] puts quantised activations, `[blocks][tokens]`.
pub enum Quants<'a> {
    /// Nowhere: the weights are floats.
    None,
    /// Blocks of 32.
    Q8x32(&'a mut [Act32]),
    /// Blocks of 256.
    Q8x256(&'a mut [Act256]),
}

impl<I: Isa> Kernels for I {
    fn isa(&self) -> IsaName {
        I::NAME
    }
    fn interleaves(&self) -> bool {
        I::INTERLEAVES
    }
    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::linear(*self, w, x, y, executor);
    }
    fn gated(&self, w: [Weight<'_>; 2], act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::gated(*self, w, act, x, y, executor);
    }
    fn gate_by(&self, up: Weight<'_>, act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::gate_by(*self, up, act, x, y, executor);
    }
    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
        self.run(input::Prepare { x, tokens, norm, float, quants });
    }
    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>) {
        self.run(elementwise::Add { x, y, tokens, norm });
    }
    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
        self.run(elementwise::Rotate { x, tokens, rotation });
    }
    fn write_kv(&self, job: &mut WriteKv<'_>) {
        self.run(job);
    }
    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
        attention::attention(*self, job, out, executor);
    }
    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        if cfg!(any(feature = "checksums", feature = "snapshots")) {
            self.run(checksum::Crc32c { crc, bytes })
        } else {
            0
        }
    }
}

/// The kernels of a named instruction set, if this processor has it. Where a program cannot ask the processor, this
/// goes by what the engine's features `isa-*` declare.
// Not inlined, nor are the next two: the crates that call it would compile all kernels once more.
#[inline(never)]
#[must_use]
pub fn by_name(name: IsaName) -> Option<&'static dyn Kernels> {
    match name {
        IsaName::Scalar => Some(&Scalar),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx2 => crate::simd::arch::avx2::Avx2::detect().map(|isa| isa as &dyn Kernels),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx512 => crate::simd::arch::avx512::Avx512::detect().map(|isa| isa as &dyn Kernels),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::Neon => Some(crate::simd::arch::neon::Neon::baseline()),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::NeonDotprod => {
            use crate::simd::arch::neon::{Dotprod, Neon};
            Neon::<Dotprod>::declared().map(|isa| isa as &dyn Kernels)
        }
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::NeonI8mm => {
            use crate::simd::arch::neon::{I8mm, Neon};
            Neon::<I8mm>::declared().map(|isa| isa as &dyn Kernels)
        }
        #[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
        IsaName::Dsp => Some(crate::simd::arch::cortex_m::Dsp::declared()),
        #[cfg(all(target_arch = "arm", feature = "isa-helium"))]
        IsaName::Helium => Some(crate::simd::arch::cortex_m::Helium::declared()),
        #[allow(unreachable_patterns, reason = "each target has its own")]
        _ => None,
    }
}

/// The kernels of a set whose proof is at hand.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(never)]
#[must_use]
pub fn with_dotprod(
    proof: &'static crate::simd::arch::neon::Neon<crate::simd::arch::neon::Dotprod>,
) -> &'static dyn Kernels {
    proof
}

/// The kernels of a set whose proof is at hand.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(never)]
#[must_use]
pub fn with_i8mm(proof: &'static crate::simd::arch::neon::Neon<crate::simd::arch::neon::I8mm>) -> &'static dyn Kernels {
    proof
}

/// The fastest kernels that this processor has.
#[must_use]
pub fn detect() -> &'static dyn Kernels {
    // What a board declares is settled when it is compiled: no other kernels are linked.
    #[cfg(all(target_arch = "arm", feature = "isa-helium"))]
    return crate::simd::arch::cortex_m::Helium::declared();
    #[cfg(all(target_arch = "arm", feature = "isa-dsp", not(feature = "isa-helium")))]
    return crate::simd::arch::cortex_m::Dsp::declared();
    #[cfg(all(target_arch = "arm", not(feature = "isa-dsp")))]
    return &Scalar;
    #[cfg(not(target_arch = "arm"))]
    IsaName::ALL.into_iter().rev().find_map(by_name).unwrap_or(&Scalar)
}
