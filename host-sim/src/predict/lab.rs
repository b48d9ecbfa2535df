//! Plans and simulated times of a model on a board, and on boards that differ from it.

use flashlet::model::Want;
use flashlet::weights::Verify;
use flashlet::{Options, Plan};

use crate::boards::Board;
use crate::engine::{Engine, Machine, Opened, TooSmall};
use crate::failure::Failure;
use crate::measure::{Lap, prefill_and_decode};
use crate::sim::{self, Charged, Interval, Recording, Resource, Spent, Time, wait};

/// Prompt tokens before decode is measured, at most: those of `bench`.
const PROMPT: u32 = 128;
/// Tokens that are decoded, at most.
const GENERATED: u32 = 8;

/// Numbers of tokens to prefill and to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) n_prompt: u32,
    pub(crate) n_gen: u32,
}

impl Lengths {
    /// The lengths of all reports, or as many tokens as a context of `ctx` holds.
    pub(crate) fn within(ctx: u32) -> Lengths {
        let n_gen = GENERATED.min(ctx / 2).max(1);
        Lengths { n_prompt: PROMPT.min(ctx.saturating_sub(n_gen)), n_gen }
    }
}

/// The speed of a stage, and the board's time that it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    /// Tokens per second.
    pub(crate) rate: f64,
    /// The time of all tokens.
    pub(crate) spent: Spent,
    pub(crate) tokens: u32,
}

impl Speed {
    fn of(lap: &Lap, tokens: u32) -> Option<Speed> {
        lap.spent.filter(|_| tokens > 0).map(|spent| Speed { rate: lap.rate(tokens), spent, tokens })
    }

    pub(crate) fn bound_by(&self) -> Resource {
        self.spent.bound_by()
    }
}

/// A pass over one token, with the busy times of the board's parts and the ends of sections from the pass's begin.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) position: u32,
    pub(crate) intervals: Vec<Interval>,
    pub(crate) section_ends: Vec<Time>,
    pub(crate) spent: Spent,
}

/// A model, and boards to try it on.
pub(crate) struct Lab<'f> {
    opened: Opened<'f>,
    /// The offset of the weights in the file.
    weights_from: u64,
}

impl<'f> Lab<'f> {
    pub(crate) fn new(opened: Opened<'f>) -> Lab<'f> {
        let weights_from = opened.model.gguf().data_offset();
        Lab { opened, weights_from }
    }

    pub(crate) fn opened(&mut self) -> &mut Opened<'f> {
        &mut self.opened
    }

    /// The plan for `options` in `arena` bytes, if they do.
    pub(crate) fn plan(&mut self, options: &Options, arena: usize) -> Result<Result<Plan, TooSmall>, Failure> {
        self.opened.try_plan(options, Some(arena))
    }

    /// Simulates `board` from now on. No weights are read unless they are compared with checksums: times are those of a real
    /// pass.
    fn simulate(&self, board: &Board, plan: &Plan) {
        sim::start(board);
        if plan.verify == Verify::Never {
            sim::skip_weights(self.weights_from);
        }
    }

    /// An engine on `board` for `run` to use, whose kernels charge for what they do not compute.
    fn with_engine<T>(
        &self,
        board: &Board,
        plan: &Plan,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let opened = self.opened.again();
        // To lay out pinned weights would write all of them, though none is read.
        let pinned = plan.residency.streamed_bytes == 0 && plan.verify == Verify::Never;
        // A machine's kernels live as long as the program; these are some hundred bytes.
        let kernels = Box::leak(Box::new(Charged::uncomputed(opened.source.mapped, pinned)));
        self.simulate(board, plan);
        let result = Machine::uncomputed(plan, kernels)
            .and_then(|mut machine| run(&mut Engine::load(opened, *plan, &mut machine)?));
        // The planner reads a packed file's index, which lies where weights do.
        sim::skip_weights(u64::MAX);
        result
    }

    /// The speeds of prefill, and of decode after it, on each of `boards`: one whose plan this is, and others that differ from
    /// it in their rates alone.
    pub(crate) fn speeds_on(
        &self,
        boards: &[Board],
        plan: &Plan,
        Lengths { n_prompt, n_gen }: Lengths,
    ) -> Result<Vec<[Option<Speed>; 2]>, Failure> {
        let Some(first) = boards.first() else { return Ok(Vec::new()) };
        self.with_engine(first, plan, |engine| {
            let each = boards.iter().map(|board| {
                self.simulate(board, plan);
                let [prefill, decode] = prefill_and_decode(engine, n_prompt, n_gen)?;
                Ok([Speed::of(&prefill, n_prompt), Speed::of(&decode, n_gen)])
            });
            each.collect()
        })
    }

    /// The speeds of prefill and of decode after it.
    pub(crate) fn speeds(&self, board: &Board, plan: &Plan, lengths: Lengths) -> Result<[Option<Speed>; 2], Failure> {
        let speeds = self.speeds_on(core::slice::from_ref(board), plan, lengths)?;
        Ok(speeds.into_iter().next().unwrap_or_default())
    }

    /// The speed of decode after a prompt, which is not simulated.
    pub(crate) fn decode(
        &self,
        board: &Board,
        plan: &Plan,
        Lengths { n_prompt, n_gen }: Lengths,
    ) -> Result<Speed, Failure> {
        let [_, decode] = self.with_engine(board, plan, |engine| {
            sim::skip_tokens(n_prompt as usize);
            prefill_and_decode(engine, 0, n_gen)
        })?;
        Speed::of(&decode, n_gen).ok_or_else(|| Failure::new("the simulator has no clock"))
    }

    /// The busy times of the board's parts during the token at `position`.
    pub(crate) fn trace(&self, board: &Board, plan: &Plan, position: u32) -> Result<Trace, Failure> {
        self.with_engine(board, plan, |engine| {
            let before = sim::spent().unwrap_or_default();
            sim::record();
            run_token(engine, position)?;
            let Recording { mut intervals, mut section_ends } = sim::recorded();
            let times = intervals.iter_mut().flat_map(|interval| [&mut interval.from, &mut interval.to]);
            times.chain(&mut section_ends).for_each(|time| *time -= before.now);
            Ok(Trace { position, intervals, section_ends, spent: sim::spent().unwrap_or_default().since(&before) })
        })
    }

    /// The speed of the token at each of `positions`, which rise.
    pub(crate) fn at_positions(&self, board: &Board, plan: &Plan, positions: &[u32]) -> Result<Vec<Speed>, Failure> {
        self.with_engine(board, plan, |engine| {
            let mut speeds = Vec::with_capacity(positions.len());
            for &position in positions {
                let watch = sim::Stopwatch::start();
                run_token(engine, position)?;
                speeds.extend(Speed::of(&Lap::since(watch), 1));
            }
            Ok(speeds)
        })
    }
}

/// Runs the token at `position`, not before the session's own. Those in between are not run: what a pass takes depends on their
/// number alone, and a long context would take minutes.
fn run_token(engine: &mut Engine<'_>, position: u32) -> Result<(), Failure> {
    sim::skip_tokens(position.saturating_sub(engine.session.position()) as usize);
    wait(engine.session.feed(&[0], Want::Last, &mut |_, _, _| {}))?;
    Ok(())
}
