//! Kernels that charge a board's clock for what they compute.

use core::ops::Range;

use flashlet::internal::kernels::{
    Attention, ExpSums, Group, HeadRotation, Input, Map, Norm, Quants, Recurrence, WriteKv,
};
use flashlet::internal::quant::Weight;
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Executor, Kernels};
use flashlet::simd::{ActForm, IsaName};

use super::clock::{charge, end_section, of_board, skipped_tokens};
use super::trace::Work;
use crate::boards::Board;
use crate::hardware::processor;

/// Kernels at the speed of the board whose clock runs on this thread.
pub(crate) struct Charged {
    kernels: &'static dyn Kernels,
    /// Addresses of the weights that lie in mapped flash.
    mapped: Range<usize>,
    /// All other weights count as pinned, however they lie in this machine's memory.
    pinned: bool,
}

/// The cores that share some work.
#[derive(Clone, Copy)]
enum Cores {
    /// All: the engine hands the work to its executor.
    All,
    /// The one that runs the pass.
    One,
}

impl Charged {
    /// `kernels` as the board would run them; `mapped` is what stands for its flash, if that is addressed in place.
    pub(crate) fn new(kernels: &'static dyn Kernels, mapped: Option<&[u8]>) -> Charged {
        let mapped = mapped.map_or(0..0, |bytes| {
            let range = bytes.as_ptr_range();
            range.start.addr()..range.end.addr()
        });
        Charged { kernels, mapped, pinned: false }
    }

    /// Kernels that compute nothing. With `pinned` all weights that are not mapped are charged as pinned rows, without being
    /// laid out as such: where none is read either, a model of any size takes no memory.
    pub(crate) fn uncomputed(mapped: Option<&[u8]>, pinned: bool) -> Charged {
        Charged { pinned, ..Charged::new(&Uncomputed, mapped) }
    }

    fn is_mapped(&self, weights: &[u8]) -> bool {
        self.mapped.contains(&weights.as_ptr().addr())
    }

    /// Rows of `w` times the vectors of `tokens` tokens.
    fn product(&self, w: &Weight<'_>, tokens: usize) {
        let pinned = self.pinned && !self.is_mapped(w.as_bytes());
        let compute = |board: &Board| {
            let interleaved = w.is_interleaved() || pinned && board.isa().interleaves;
            let cycles = w.bytes() as f64 * board.cycles_per_byte(w.ty().name(), tokens, interleaved);
            seconds_of_cycles(board, cycles, Cores::All)
        };
        // Weights are read once for all tokens of a pass.
        self.pass_over(Work::Product, w.as_bytes(), compute);
    }

    /// A pass over bytes of weights, which are computed with for as long as `compute` says.
    fn pass_over(&self, work: Work, weights: &[u8], compute: impl FnOnce(&Board) -> f64) {
        let mapped = self.is_mapped(weights);
        let times = of_board(|board| {
            let bytes_per_s = if mapped { Some(board.flash.bytes_per_s) } else { board.ram_bytes_per_s };
            let read = bytes_per_s.map_or(0.0, |rate| weights.len() as f64 / rate);
            let compute = compute(board);
            match board.prefetches {
                // A prefetcher reads the next lines while these are computed with.
                true => (compute.max(read), if read > compute { read } else { 0.0 }),
                // Without one, an in-order processor waits for every line.
                false => (compute + read, read),
            }
        });
        if let Some((seconds, memory)) = times {
            charge(work, seconds, memory);
        }
    }

    fn elements(&self, groups: usize, cores: Cores) {
        let elements = (groups * size_of::<Group>() / size_of::<f32>()) as f64;
        self.instructions(Work::Elements, cores, |board| elements * board.costs().element);
    }

    /// Work of as many instructions as `count` says.
    fn instructions(&self, work: Work, cores: Cores, count: impl FnOnce(&Board) -> f64) {
        if let Some(seconds) = of_board(|board| seconds(board, count(board), cores)) {
            charge(work, seconds, 0.0);
        }
    }
}

fn seconds(board: &Board, instructions: f64, cores: Cores) -> f64 {
    seconds_of_cycles(board, instructions * board.cycles_per_instruction, cores)
}

fn seconds_of_cycles(board: &Board, cycles: f64, cores: Cores) -> f64 {
    let cores = match cores {
        Cores::All => board.cores,
        Cores::One => 1.0,
    };
    cycles / board.hz / cores
}

impl Kernels for Charged {
    fn isa(&self) -> IsaName {
        self.kernels.isa()
    }

    fn interleaves(&self) -> bool {
        // A board with another choice would plan another arena.
        !self.pinned && self.kernels.interleaves() && of_board(|board| board.isa().interleaves).unwrap_or(true)
    }

    fn act_form(&self) -> ActForm {
        self.kernels.act_form()
    }

    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.product(&w, x.tokens);
        self.kernels.linear(w, x, y, executor);
    }

    fn gated(&self, w: [Weight<'_>; 2], act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        w.iter().for_each(|w| self.product(w, x.tokens));
        self.elements(y.len(), Cores::All);
        self.kernels.gated(w, act, x, y, executor);
    }

    fn gate_by(&self, up: Weight<'_>, act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.product(&up, x.tokens);
        self.elements(y.len(), Cores::All);
        self.kernels.gate_by(up, act, x, y, executor);
    }

    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
        self.elements(x.len(), Cores::One);
        self.kernels.prepare(x, tokens, norm, float, quants);
    }

    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>, scale: f32) {
        self.elements(x.len(), Cores::One);
        self.kernels.add(x, y, tokens, norm, scale);
    }

    fn map(&self, x: &mut [Group], tokens: usize, map: Map<'_>) {
        self.elements(x.len(), Cores::One);
        self.kernels.map(x, tokens, map);
    }

    fn copy_rows(&self, from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]) {
        self.elements(to.len(), Cores::One);
        self.kernels.copy_rows(from, first, n, tokens, to);
    }

    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
        self.elements(x.len(), Cores::One);
        self.kernels.rotate(x, tokens, rotation);
    }

    fn write_kv(&self, job: &mut WriteKv<'_>) {
        self.elements(job.keys.len() + job.values.len(), Cores::One);
        self.kernels.write_kv(job);
    }

    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
        // A product with a key and one with a value for every position that a token sees.
        let position = job.position + skipped_tokens();
        let seen = |t: usize| (position + t + 1).min(job.window.unwrap_or(usize::MAX));
        let positions: usize = (0..job.tokens).map(seen).sum();
        let products = 2 * positions * job.n_head * job.cache.head_dim;
        let each = |board: &Board| board.costs().attention[job.cache.ty.name()];
        self.instructions(Work::Attention, Cores::All, |board| products as f64 * each(board));
        self.kernels.attention(job, out, executor);
    }

    fn recur(&self, job: Recurrence<'_>, executor: &dyn Executor) {
        self.elements(job.groups(), Cores::All);
        self.kernels.recur(job, executor);
    }

    fn add_exponentials(&self, first: u32, logits: &[f32], sums: &mut ExpSums) {
        self.elements(logits.len().div_ceil(LANES), Cores::One);
        self.kernels.add_exponentials(first, logits, sums);
    }

    fn end_section(&self) {
        end_section();
        self.kernels.end_section();
    }

    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        let compute = |board: &Board| seconds(board, bytes.len() as f64 * board.costs().checksum, Cores::One);
        self.pass_over(Work::Checksum, bytes, compute);
        self.kernels.crc32c(crc, bytes)
    }
}

/// Kernels that compute nothing but checksums, as a wrong one would end the pass. Charged, they take a board's time and
/// little of this machine's: what a pass takes does not depend on its values.
struct Uncomputed;

impl Kernels for Uncomputed {
    fn isa(&self) -> IsaName {
        IsaName::Scalar
    }

    fn interleaves(&self) -> bool {
        // Pinned weights cost what those of kernels that compute do.
        processor::detect().interleaves()
    }

    fn act_form(&self) -> ActForm {
        ActForm::Bytes
    }

    fn linear(&self, _: Weight<'_>, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn gated(&self, _: [Weight<'_>; 2], _: Act, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn gate_by(&self, _: Weight<'_>, _: Act, _: &Input<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn prepare(&self, _: &[Group], _: usize, _: Option<Norm<'_>>, _: &mut [Group], _: Quants<'_>) {}

    fn add(&self, _: &mut [Group], _: &mut [Group], _: usize, _: Option<Norm<'_>>, _: f32) {}

    fn map(&self, _: &mut [Group], _: usize, _: Map<'_>) {}

    fn copy_rows(&self, _: &[Group], _: usize, _: usize, _: usize, _: &mut [Group]) {}

    fn rotate(&self, _: &mut [Group], _: usize, _: &HeadRotation<'_>) {}

    fn write_kv(&self, _: &mut WriteKv<'_>) {}

    fn attention(&self, _: &Attention<'_>, _: &mut [Group], _: &dyn Executor) {}

    fn recur(&self, _: Recurrence<'_>, _: &dyn Executor) {}

    fn add_exponentials(&self, _: u32, _: &[f32], _: &mut ExpSums) {}

    fn end_section(&self) {}

    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        processor::detect().crc32c(crc, bytes)
    }
}
