//! The memory and the processor that a model runs on.

use core::num::NonZero;
use std::io;

use flashlet::Plan;
use flashlet::kernels::{Executor, Inline, Kernels};
use flashlet::simd::IsaName;

use super::args::{ComputeArgs, EngineArgs, IsaChoice};
use super::opened::Opened;
use crate::failure::Failure;
use crate::hardware::memory::HostArena;
use crate::hardware::pool::Pool;
use crate::hardware::processor;
use crate::io::output::warn;
use crate::sim;

/// An arena, kernels, and threads that run them.
pub(crate) struct Machine {
    pub(super) arena: HostArena,
    pub(super) kernels: &'static dyn Kernels,
    pub(super) executor: Box<dyn Executor>,
}

impl Machine {
    /// A machine with the arena that `plan` asks for; one thread per core unless `threads` says otherwise.
    fn new(plan: &Plan, kernels: &'static dyn Kernels, threads: Option<u32>) -> Result<Machine, Failure> {
        let arena = reserved(plan, HostArena::new)?;
        let threads = threads.map_or_else(cores, |n| n as usize);
        let executor: Box<dyn Executor> = match threads {
            1 => Box::new(Inline),
            n => Box::new(Pool::new(n).map_err(|error| Failure::io(format_args!("cannot start {n} threads"), &error))?),
        };
        Ok(Machine { arena, kernels, executor })
    }

    /// A machine for kernels that compute nothing, and so write next to nothing of its arena.
    pub(crate) fn uncomputed(plan: &Plan, kernels: &'static dyn Kernels) -> Result<Machine, Failure> {
        Ok(Machine { arena: reserved(plan, HostArena::untouched)?, kernels, executor: Box::new(Inline) })
    }

    /// The instruction set of the kernels.
    pub(crate) fn isa(&self) -> IsaName {
        self.kernels.isa()
    }
}

/// The arena that `plan` asks for.
fn reserved(plan: &Plan, reserve: impl Fn(usize) -> io::Result<HostArena>) -> Result<HostArena, Failure> {
    let bytes = plan.arena_bytes;
    reserve(bytes).map_err(|error| Failure::io(format_args!("cannot reserve an arena of {bytes} bytes"), &error))
}

impl Opened<'_> {
    /// A machine with the arena that `plan` asks for; `threads` unless `compute` says otherwise. Where `args` name a board,
    /// it is simulated on this thread from now on.
    pub(crate) fn machine(
        &self,
        plan: &Plan,
        args: &EngineArgs,
        compute: &ComputeArgs,
        threads: Option<u32>,
    ) -> Result<Machine, Failure> {
        if compute.n_gpu_layers.as_ref().is_some_and(|layers| layers != "0") {
            warn("no GPU is used: -ngl has no effect");
        }
        let mut kernels = kernels_for(compute.isa)?;
        if let Some(board) = args.board {
            sim::start(board);
            // The program has one machine, or one a thread, for as long as it runs.
            kernels = Box::leak(Box::new(sim::Charged::new(kernels, self.source.mapped)));
        }
        Machine::new(plan, kernels, compute.threads.or(threads))
    }
}

/// Threads that this machine runs at a time.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The kernels of `isa`.
///
/// # Errors
/// A processor or a build without them.
pub(super) fn kernels_for(isa: IsaChoice) -> Result<&'static dyn Kernels, Failure> {
    let Some(isa) = isa else { return Ok(processor::detect()) };
    processor::by_name(isa).ok_or_else(|| {
        Failure::new(format!("this machine or this build has no {} kernels: use --isa auto", isa.name()))
    })
}
