//! Kernels that charge a board's clock for what they compute.

use core::ops::Range;

use board_table::costs::Costs;
use flashlet::kernels::{
    Attention, Executor, Gate, Group, HeadRotation, Input, Kernels, Norm, Quants, WriteKv, detect,
};
use flashlet::quant::Weight;
use flashlet::simd::{ActForm, IsaName};

use super::clock::charge;
use super::trace::Work;
use crate::boards::Board;

/// This machine's kernels, at the speed of a board.
pub(crate) struct Charged {
    kernels: &'static dyn Kernels,
    board: &'static Board,
    costs: &'static Costs,
    /// Addresses of the weights that lie in mapped flash.
    mapped: Range<usize>,
}

impl Charged {
    /// `kernels` as `board` would run them; `mapped` is what stands for its flash, if that is addressed in place.
    pub(crate) fn new(kernels: &'static dyn Kernels, board: &'static Board, mapped: Option<&[u8]>) -> Charged {
        let mapped = mapped.map_or(0..0, |bytes| {
            let range = bytes.as_ptr_range();
            range.start.addr()..range.end.addr()
        });
        Charged { kernels, board, costs: board.costs(), mapped }
    }

    fn seconds(&self, instructions: f64) -> f64 {
        self.seconds_of_cycles(instructions * self.board.cycles_per_instruction)
    }

    fn seconds_of_cycles(&self, cycles: f64) -> f64 {
        cycles / self.board.hz / self.board.cores
    }

    /// Rows of `w` times the vectors of `tokens` tokens.
    fn product(&self, w: &Weight<'_>, tokens: usize) {
        let per_byte = self.board.cycles_per_byte(w.ty().name(), tokens, w.is_interleaved());
        let compute = self.seconds_of_cycles(w.bytes() as f64 * per_byte);
        // Weights are read once for all tokens of a pass.
        self.pass_over(Work::Product, w.as_bytes(), compute);
    }

    /// A pass over bytes of weights, which are computed with for `compute` seconds. In-order processors without prefetchers
    /// wait for every line of mapped flash; RAM is read ahead of what is computed.
    fn pass_over(&self, work: Work, weights: &[u8], compute: f64) {
        let bytes = weights.len() as f64;
        let (seconds, memory) = if self.mapped.contains(&weights.as_ptr().addr()) {
            let read = bytes / self.board.flash.bytes_per_s;
            (compute + read, read)
        } else {
            let read = self.board.ram_bytes_per_s.map_or(0.0, |rate| bytes / rate);
            (compute.max(read), if read > compute { read } else { 0.0 })
        };
        charge(work, seconds, memory);
    }

    fn elements(&self, groups: usize) {
        self.per_element(Work::Elements, groups);
    }

    fn per_element(&self, work: Work, groups: usize) {
        charge(work, self.seconds((groups * size_of::<Group>() / size_of::<f32>()) as f64 * self.costs.element), 0.0);
    }
}

impl Kernels for Charged {
    fn isa(&self) -> IsaName {
        self.kernels.isa()
    }

    fn interleaves(&self) -> bool {
        // A board with another choice would plan another arena.
        self.kernels.interleaves() && self.board.isa().interleaves
    }

    fn act_form(&self) -> ActForm {
        self.kernels.act_form()
    }

    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.product(&w, x.tokens);
        self.kernels.linear(w, x, y, executor);
    }

    fn gated(&self, w: [Weight<'_>; 2], act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        w.iter().for_each(|w| self.product(w, x.tokens));
        self.elements(y.len());
        self.kernels.gated(w, act, x, y, executor);
    }

    fn gate_by(&self, up: Weight<'_>, act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.product(&up, x.tokens);
        self.elements(y.len());
        self.kernels.gate_by(up, act, x, y, executor);
    }

    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
        self.elements(x.len());
        self.kernels.prepare(x, tokens, norm, float, quants);
    }

    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>) {
        self.per_element(Work::Add, x.len());
        self.kernels.add(x, y, tokens, norm);
    }

    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
        self.elements(x.len());
        self.kernels.rotate(x, tokens, rotation);
    }

    fn write_kv(&self, job: &mut WriteKv<'_>) {
        self.elements(job.keys.len() + job.values.len());
        self.kernels.write_kv(job);
    }

    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
        // A product with a key and one with a value for every position that a token sees.
        let seen = |t: usize| (job.position + t + 1).min(job.window.unwrap_or(usize::MAX));
        let positions: usize = (0..job.tokens).map(seen).sum();
        let products = 2 * positions * job.n_head * job.cache.head_dim;
        let attention = self.costs.attention[job.cache.ty.name()];
        charge(Work::Attention, self.seconds(products as f64 * attention), 0.0);
        self.kernels.attention(job, out, executor);
    }

    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        self.pass_over(Work::Checksum, bytes, self.seconds(bytes.len() as f64 * self.costs.checksum));
        self.kernels.crc32c(crc, bytes)
    }
}

/// Kernels that compute nothing but checksums, as a wrong one would end the pass. Charged, they take a board's time and
/// little of this machine's: what a pass takes does not depend on its values.
pub(crate) struct Uncomputed;

impl Kernels for Uncomputed {
    fn isa(&self) -> IsaName {
        IsaName::Scalar
    }

    fn interleaves(&self) -> bool {
        // Pinned weights cost what those of kernels that compute do.
        detect().interleaves()
    }

    fn act_form(&self) -> ActForm {
        ActForm::Bytes
    }

    fn linear(&self, _: Weight<'_>, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn gated(&self, _: [Weight<'_>; 2], _: Gate, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn gate_by(&self, _: Weight<'_>, _: Gate, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn prepare(&self, _: &[Group], _: usize, _: Option<Norm<'_>>, _: &mut [Group], _: Quants<'_>) {}

    fn add(&self, _: &mut [Group], _: &mut [Group], _: usize, _: Option<Norm<'_>>) {}

    fn rotate(&self, _: &mut [Group], _: usize, _: &HeadRotation<'_>) {}

    fn write_kv(&self, _: &mut WriteKv<'_>) {}

    fn attention(&self, _: &Attention<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        detect().crc32c(crc, bytes)
    }
}
