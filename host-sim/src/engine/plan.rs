//! The plan of a model's memory, and advice where it does not fit.

use flashlet::kernels::KvType;
use flashlet::text::MAX_DRAFT;
use flashlet::weights::Residency;
use flashlet::{Error, Options, Plan};

use super::args::{Draft, EngineArgs, Extras, IsaChoice};
use super::machine::kernels_for;
use super::opened::Opened;
use super::vocabulary::warn_of_pre_tokenizer;
use crate::boards::Board;
use crate::failure::Failure;
use crate::hardware::memory::available_bytes;
use crate::io::output::warn;
use crate::sim::wait;
use crate::size::show;

/// Bytes that are needed, and those that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSmall {
    pub(crate) need: usize,
    pub(crate) have: usize,
}

/// The memory that a model must fit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Room {
    /// A board's arena, and its flash.
    Board(&'static Board),
    /// An arena of this size.
    Arena(usize),
    /// This machine's free memory, where the system says how much that is.
    Machine(Option<usize>),
}

impl Room {
    /// The room that `args` give a model that is only planned for: an arena may be larger than this machine's memory.
    pub(crate) fn planned(args: &EngineArgs) -> Room {
        match (args.board, args.arena) {
            (Some(board), _) => Room::Board(board),
            (None, Some(bytes)) => Room::Arena(bytes),
            (None, None) => Room::Machine(free_bytes()),
        }
    }

    /// The room that `args` give a model that is to run here.
    fn here(args: &EngineArgs) -> Room {
        match Room::planned(args) {
            Room::Arena(bytes) if free_bytes().is_some_and(|free| free < bytes) => Room::Machine(free_bytes()),
            room => room,
        }
    }

    /// Bytes of the arena, at most.
    pub(crate) fn arena(&self) -> Option<usize> {
        match *self {
            Room::Board(board) => Some(board.arena),
            Room::Arena(bytes) => Some(bytes),
            Room::Machine(bytes) => bytes,
        }
    }
}

fn free_bytes() -> Option<usize> {
    available_bytes().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Tokens of context that a command needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// The context without `--ctx`; 0 lets the engine choose.
    pub(crate) default: u32,
    /// The fewest that the command can do with.
    pub(crate) least: u32,
}

impl Context {
    /// A context of any length, chosen by the engine.
    pub(crate) const ANY: Context = Context { default: 0, least: 1 };

    /// A context for exactly `n` tokens.
    pub(crate) fn of(n: u32) -> Context {
        Context { default: n, least: n }
    }
}

/// The limits that a model passes.
#[derive(Clone, Debug)]
pub(crate) struct Misfit {
    /// The arena's least bytes and those that there are, if there are too few.
    pub(crate) arena: Option<TooSmall>,
    /// The file's bytes and those of the board's flash, if there are too few.
    pub(crate) flash: Option<TooSmall>,
    /// A sentence for each, with changes that would make the model fit where there are any.
    pub(crate) messages: Vec<String>,
}

impl Misfit {
    /// All sentences as one message.
    pub(crate) fn message(&self) -> String {
        self.messages.join("; ")
    }
}

impl Opened<'_> {
    /// The engine's options for `args`; a `ctx` of 0 lets the engine choose.
    pub(crate) fn options(
        &self,
        args: &EngineArgs,
        isa: IsaChoice,
        ctx: u32,
        extras: Extras,
    ) -> Result<Options, Failure> {
        // Weights are copied for speed only where the copy leaves room for everything else.
        let fits = available_bytes().is_none_or(|have| self.file.size() < have / 4 * 3);
        Ok(Options {
            ctx,
            kv: args.kv_type(),
            residency: args.residency,
            chunk: args.chunk.unwrap_or(0),
            draft: if extras.draft == Draft::Prompt { MAX_DRAFT as u32 } else { 0 },
            tile_bytes: args.tile.unwrap_or(0),
            // A board uses in place the weights that lie in its mapped flash.
            pins_mapped: fits && args.board.is_none() && kernels_for(isa)?.interleaves(),
            act_form: match args.board {
                Some(board) => board.isa().act_form(),
                None => kernels_for(isa)?.act_form(),
            },
            verify: args.verify,
            follow: extras.follow,
        })
    }

    /// Sizes everything for `options` in `arena` bytes, or in as many as it takes.
    pub(crate) fn try_plan(
        &mut self,
        options: &Options,
        arena: Option<usize>,
    ) -> Result<Result<Plan, TooSmall>, Failure> {
        match wait(self.model.plan(&mut self.source, options, arena)) {
            Ok(plan) => Ok(Ok(plan)),
            Err(Error::DoesNotFit { need, have, .. }) => Ok(Err(TooSmall { need, have })),
            Err(error) => Err(Failure::about(self.file.path().display(), error)),
        }
    }

    /// The plan for `options` in `room`: flash and arena are judged together. What it advises instead of a plan has
    /// `least_ctx` tokens of context at least.
    pub(crate) fn judge(
        &mut self,
        options: &Options,
        room: Room,
        least_ctx: u32,
    ) -> Result<Result<Plan, Misfit>, Failure> {
        let planned = match room {
            // Memory without a bound is used for speed, as long as the machine has so much.
            Room::Machine(free) => match self.try_plan(options, None)? {
                Ok(plan) if free.is_some_and(|free| plan.arena_bytes > free) => self.try_plan(options, free)?,
                planned => planned,
            },
            _ => self.try_plan(options, room.arena())?,
        };
        if let Some(misfit) = self.misfit(options, planned.err(), room, least_ctx) {
            return Ok(Err(misfit));
        }
        planned.map(Ok).map_err(|_| Failure::new("the model does not fit"))
    }

    /// Warns of what may make the model's answers worse than it is known for.
    pub(crate) fn warn_of(&mut self, plan: &Plan) {
        warn_of_pre_tokenizer(self.model.gguf(), &mut self.source);
        let ctx_train = self.model.config().hyper.ctx_train;
        if plan.ctx > ctx_train {
            warn(&format!(
                "the model was trained for {ctx_train} tokens of context: beyond them, a context of {} may give nonsense",
                plan.ctx
            ));
        }
    }

    /// The plan for `args` with a context of `ctx`, computed by `isa`; warns of what may make answers worse.
    pub(crate) fn plan(
        &mut self,
        args: &EngineArgs,
        isa: IsaChoice,
        ctx: Context,
        extras: Extras,
    ) -> Result<Plan, Failure> {
        let plan = self.plan_for_speed(args, isa, ctx, extras)?;
        self.warn_of(&plan);
        Ok(plan)
    }

    /// [`Opened::plan`] for a command that measures speed: its answers are not looked at, so that nothing is warned of.
    pub(crate) fn plan_for_speed(
        &mut self,
        args: &EngineArgs,
        isa: IsaChoice,
        ctx: Context,
        extras: Extras,
    ) -> Result<Plan, Failure> {
        let options = self.options(args, isa, args.ctx.unwrap_or(ctx.default), extras)?;
        self.judge(&options, Room::here(args), ctx.least)?.map_err(|misfit| Failure::new(misfit.message()))
    }

    /// The limits of `room` that the model passes with `options`, if it does; `arena` is what the plan says of the arena.
    pub(crate) fn misfit(
        &mut self,
        options: &Options,
        arena: Option<TooSmall>,
        room: Room,
        least_ctx: u32,
    ) -> Option<Misfit> {
        let mut messages = Vec::new();
        let file_bytes = usize::try_from(self.file.size()).unwrap_or(usize::MAX);
        let mut flash = None;
        if let Room::Board(board) = room
            && board.flash.bytes < file_bytes
        {
            let too_small = TooSmall { need: file_bytes, have: board.flash.bytes };
            let [need, have] = [too_small.need, too_small.have].map(|bytes| show(bytes as u64));
            messages.push(format!(
                "the file has {} bytes ({need}), the flash of {} has room for {} ({have}): a smaller file is needed, or a board with more flash",
                too_small.need, board.name, too_small.have
            ));
            flash = Some(too_small);
        }
        if let Some(too_small) = arena {
            // A smaller plan for the arena does not help a file that does not fit the flash.
            let ways = flash.is_none().then(|| self.ways(options, too_small, room, least_ctx));
            messages.insert(0, self.arena_message(options, too_small, room, least_ctx, ways.as_deref()));
        }
        (!messages.is_empty()).then_some(Misfit { arena, flash, messages })
    }

    /// A sentence on an arena that is too small, with `ways` to fit it if they were sought.
    fn arena_message(
        &mut self,
        options: &Options,
        TooSmall { need, have }: TooSmall,
        room: Room,
        least_ctx: u32,
        ways: Option<&[String]>,
    ) -> String {
        let ctx = self.asked_ctx(options);
        let end = match ways {
            None => String::new(),
            Some([]) if least_ctx > 1 => format!("; no context of at least {least_ctx} tokens fits"),
            Some([]) => "; no context is short enough to fit".into(),
            Some(ways) => format!("; what would fit: {}", ways.join(", or ")),
        };
        let [need_shown, have_shown] = [need, have].map(|bytes| show(bytes as u64));
        let room = match room {
            Room::Machine(_) => format!("this machine has {have} ({have_shown}) free"),
            Room::Board(_) | Room::Arena(_) => format!("the arena has {have} ({have_shown})"),
        };
        format!("the model does not fit: a context of {ctx} tokens needs {need} bytes ({need_shown}), {room}{end}")
    }

    /// The tokens of context that `options` ask for, or those that the engine chooses.
    fn asked_ctx(&mut self, options: &Options) -> u32 {
        self.try_plan(options, None).ok().and_then(Result::ok).map_or(options.ctx, |plan| plan.ctx)
    }

    /// Flags that make a model fit its arena, each by itself, with `least_ctx` tokens of context at least.
    fn ways(
        &mut self,
        options: &Options,
        TooSmall { need, have }: TooSmall,
        room: Room,
        least_ctx: u32,
    ) -> Vec<String> {
        let asked = self.asked_ctx(options);
        let mut fits = |options: Options| self.try_plan(&options, Some(have)).is_ok_and(|plan| plan.is_ok());
        let mut longest =
            |options: Options| largest(asked, |ctx| fits(Options { ctx, ..options })).filter(|&ctx| ctx >= least_ctx);
        let mut ways = Vec::new();
        if let Some(ctx) = longest(*options) {
            ways.push(format!("--ctx {ctx}"));
        }
        let smaller = KvType::ALL.iter().copied().skip_while(|&kv| kv != options.kv).skip(1);
        let of_kv = |kv| Options { kv, ..*options };
        let shorter = smaller.clone().find_map(|kv| Some((kv, longest(of_kv(kv))?)));
        if let Some(kv) = smaller.clone().find(|&kv| fits(of_kv(kv))) {
            ways.push(format!("--kv {}", kv.name()));
        } else if let (true, Some((kv, ctx))) = (ways.is_empty(), shorter) {
            ways.push(format!("--kv {} --ctx {ctx}", kv.name()));
        }
        if let Some(chunk) = largest(options.chunk, |chunk| fits(Options { chunk, ..*options })) {
            ways.push(format!("--chunk {chunk}"));
        }
        if options.residency != Residency::Auto && fits(Options { residency: Residency::Auto, ..*options }) {
            ways.push("--residency auto".into());
        }
        if options.draft > 0 && fits(Options { draft: 0, ..*options }) {
            ways.push("--draft off".into());
        }
        if matches!(room, Room::Arena(_)) {
            ways.insert(0, format!("--arena {need}"));
        }
        ways
    }
}

/// The largest number from 1 to below `limit` that fits, if more never fits better than less.
fn largest(limit: u32, mut fits: impl FnMut(u32) -> bool) -> Option<u32> {
    let (mut good, mut bad) = (0, limit);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    (good > 0).then_some(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_that_fits_is_found() {
        for limit in [1, 2, 3, 100, 2048] {
            for most in [0, 1, 2, 50, 99, 2047, 5000] {
                let want = most.min(limit - 1);
                assert_eq!(largest(limit, |n| n <= most), (want > 0).then_some(want), "{limit} {most}");
            }
        }
        assert_eq!(largest(0, |_| true), None);
    }
}
