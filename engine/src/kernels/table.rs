//! The table of functions through which kernels are reached.

use super::activation::Act;
use super::attention::{self, Attention, WriteKv};
use super::checksum;
use super::copy;
use super::executor::Executor;
use super::exp_sum::{AddExponentials, ExpSums};
use super::input::{self, Input, Prepare, Quants};
use super::map::{Map, MapPanel};
use super::matmul;
use super::norm::{Add, AddScaled, Norm};
use super::panel::Group;
use super::recurrent::{self, Recurrence};
use super::rotate::{HeadRotation, Rotate};
use crate::quant::Weight;
use crate::simd::{ActForm, Isa, IsaName};

/// One instruction set's kernels.
///
/// Shapes are the caller's to get right; where they disagree, the part that fits is computed and the
/// rest keeps its contents. No method panics. None has a default: kernels that wrap others forward every one of them.
pub trait Kernels: Sync {
    /// The instruction set.
    fn isa(&self) -> IsaName;

    /// True if pinned weights are to be interleaved, sixteen rows side by side. If not, interleaved
    /// matrices must not be given to these kernels.
    fn interleaves(&self) -> bool;

    /// The form that [`Kernels::prepare`] gives quantised activations, and that products take.
    fn act_form(&self) -> ActForm;

    /// `w[rows, cols] . x[cols] -> y[rows]` for every token of `x`; `y` is the panel of those rows.
    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// `act(gate . x) * (up . x) -> y`, both products of a row at once.
    fn gated(&self, w: [Weight<'_>; 2], act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// `y = act(y) * (up . x)`: [`Kernels::gated`] in two steps, where the gate is already in `y`.
    fn gate_by(&self, up: Weight<'_>, act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor);

    /// Copies panel `x`, normalised if `norm` says so, to `float`, and quantises it to `quants` in
    /// the same pass.
    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>);

    /// `x += scale * y`, with `y` normalised first if `norm` says so. A norm, or a scale other than 1, needs the feature
    /// `attention-variants`.
    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>, scale: f32);

    /// Applies a function to every element of panel `x` in place. Does nothing without the feature `attention-variants`.
    fn map(&self, x: &mut [Group], tokens: usize, map: Map<'_>);

    /// Copies elements `first..first + n` of every token's vector in panel `from` to the start of panel `to`, and zeros
    /// behind them up to a whole group. Fast where `first` is a multiple of 16. Does nothing without the feature
    /// `attention-variants`.
    fn copy_rows(&self, from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]);

    /// Normalises (if asked) and rotates every head of panel `x` in place.
    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>);

    /// Appends the keys and values of a chunk of tokens to a layer's cache.
    fn write_kv(&self, job: &mut WriteKv<'_>);

    /// Scaled dot-product attention with online softmax; `out[n_head * head_dim]` is a panel.
    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor);

    /// Runs a step of a recurrent layer. Does nothing without the features that it needs.
    fn recur(&self, job: Recurrence<'_>, executor: &dyn Executor);

    /// Adds `e^x` of the logits of tokens `first`, `first + 1`, ... to `sums`. Does nothing without the feature `probabilities`.
    fn add_exponentials(&self, first: u32, logits: &[f32], sums: &mut ExpSums);

    /// Marks the end of a section of a pass: of what comes before the layers, or of a layer. Computes nothing; kernels that
    /// measure a pass note it.
    fn end_section(&self);

    /// The CRC-32C of `bytes`, which follow others whose CRC is `crc`; 0 is that of no bytes. Always 0 where the
    /// engine has neither of its features `checksums` and `snapshots`.
    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32;
}

impl<I: Isa> Kernels for I {
    fn isa(&self) -> IsaName {
        I::NAME
    }
    fn interleaves(&self) -> bool {
        I::INTERLEAVES
    }
    fn act_form(&self) -> ActForm {
        I::ACTS
    }
    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::linear(*self, w, x, y, executor);
    }
    fn gated(&self, w: [Weight<'_>; 2], act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::gated(*self, w, act, x, y, executor);
    }
    fn gate_by(&self, up: Weight<'_>, act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        matmul::gate_by(*self, up, act, x, y, executor);
    }
    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
        input::prepare(*self, Prepare { x, tokens, norm, float, quants });
    }
    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>, scale: f32) {
        let plain = scale == 1.0 && norm.as_ref().is_none_or(Norm::is_plain);
        let sum = Add { x, y, tokens, norm };
        if plain || !cfg!(feature = "attention-variants") {
            self.plain().run(sum);
        } else {
            self.plain().run(AddScaled { sum, scale });
        }
    }
    fn map(&self, x: &mut [Group], tokens: usize, map: Map<'_>) {
        if cfg!(feature = "attention-variants") {
            self.plain().run(MapPanel { x, tokens, map });
        }
    }
    fn copy_rows(&self, from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]) {
        if cfg!(feature = "attention-variants") {
            copy::copy_rows(from, first, n, tokens, to);
        }
    }
    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
        self.plain().run(Rotate { x, tokens, rotation });
    }
    fn write_kv(&self, job: &mut WriteKv<'_>) {
        self.plain().run(job);
    }
    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
        attention::attention(self.plain(), job, out, executor);
    }
    fn recur(&self, job: Recurrence<'_>, executor: &dyn Executor) {
        recurrent::recur(self.plain(), job, executor);
    }
    fn add_exponentials(&self, first: u32, logits: &[f32], sums: &mut ExpSums) {
        if cfg!(feature = "probabilities") {
            self.plain().run(AddExponentials { first, logits, sums });
        }
    }
    fn end_section(&self) {}
    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        if cfg!(any(feature = "checksums", feature = "snapshots")) {
            self.plain().run(checksum::Crc32c { crc, bytes })
        } else {
            0
        }
    }
}
