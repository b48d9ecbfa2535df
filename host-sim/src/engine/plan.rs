//! The plan of a model's memory, and advice where it does not fit.

use flashlet::session::{Error, KvType, Options, Plan};
use flashlet::text::MAX_DRAFT;

use super::args::{Draft, EngineArgs, IsaChoice};
use super::machine::kernels_for;
use super::opened::Opened;
use crate::failure::Failure;
use crate::hardware::memory::available_bytes;
use crate::sim::wait;
use crate::size::show;

/// The reason why there is no plan.
pub(crate) enum Refusal {
    /// The arena is too small: bytes it needs and bytes it has.
    DoesNotFit { need: usize, have: usize },
    /// Anything else.
    Failure(Failure),
}

impl Opened<'_> {
    /// The engine's options for `args`; a `ctx` of 0 lets the engine choose.
    pub(crate) fn options(
        &self,
        args: &EngineArgs,
        isa: IsaChoice,
        ctx: u32,
        draft: Draft,
    ) -> Result<Options, Failure> {
        // Weights are copied for speed only where the copy leaves room for everything else.
        let fits = available_bytes().is_none_or(|have| self.file.size() < have / 4 * 3);
        Ok(Options {
            ctx,
            kv: args.kv_type(),
            residency: args.residency,
            chunk: args.chunk.unwrap_or(0),
            draft: if draft == Draft::Prompt { MAX_DRAFT as u32 } else { 0 },
            tile_bytes: args.tile.unwrap_or(0),
            // A board uses in place the weights that lie in its mapped flash.
            pins_mapped: fits && args.board.is_none() && kernels_for(isa)?.interleaves(),
            verify: args.verify,
        })
    }

    /// Sizes everything for `options` in `arena` bytes, or in as many as it takes.
    pub(crate) fn try_plan(&mut self, options: &Options, arena: Option<usize>) -> Result<Plan, Refusal> {
        wait(self.model.plan(&mut self.source, options, arena)).map_err(|error| match error {
            Error::DoesNotFit { need, have, .. } => Refusal::DoesNotFit { need, have },
            error => Refusal::Failure(Failure::about(self.file.path().display(), error)),
        })
    }

    /// The plan for `args` with `ctx` tokens of context, computed by `isa`; 0 lets the engine choose.
    pub(crate) fn plan(&mut self, args: &EngineArgs, isa: IsaChoice, ctx: u32, draft: Draft) -> Result<Plan, Failure> {
        let options = self.options(args, isa, ctx, draft)?;
        if let Some(board) = args.board {
            board.has_room(self.file.size()).map_err(Failure::new)?;
        }
        self.try_plan(&options, args.arena_bytes()).map_err(|refusal| match refusal {
            Refusal::DoesNotFit { need, have } => self.explain(&options, need, have, args.board.is_some()),
            Refusal::Failure(failure) => failure,
        })
    }

    /// The failure of `options` to fit, with changes that would make them fit; the arena cannot grow if it is `fixed`.
    pub(crate) fn explain(&mut self, options: &Options, need: usize, have: usize, fixed: bool) -> Failure {
        let asked = self.try_plan(options, None).map_or(options.ctx, |plan| plan.ctx);
        let without_draft = self.try_plan(&Options { draft: 0, ..*options }, Some(have)).is_ok();
        let mut fits = |ctx: u32, kv: KvType| self.try_plan(&Options { ctx, kv, ..*options }, Some(have)).is_ok();
        let mut ways = if fixed { Vec::new() } else { vec![format!("--arena {need}")] };
        if let Some(ctx) = largest(asked, |ctx| fits(ctx, options.kv)) {
            ways.push(format!("--ctx {ctx}"));
        }
        let smaller = KvType::ALL.iter().copied().skip_while(|&kv| kv != options.kv).skip(1);
        if let Some(kv) = smaller.clone().find(|&kv| fits(asked, kv)) {
            ways.push(format!("--kv {}", kv.name()));
        } else if ways.len() == usize::from(!fixed) {
            let longest = smaller.clone().find_map(|kv| Some((kv, largest(asked, |ctx| fits(ctx, kv))?)));
            if let Some((kv, ctx)) = longest {
                ways.push(format!("--kv {} --ctx {ctx}", kv.name()));
            }
        }
        if without_draft {
            ways.push("--draft off".into());
        }
        let ways = match ways.is_empty() {
            true => "no context is short enough to fit".to_owned(),
            false => format!("what would fit: {}", ways.join(", or ")),
        };
        Failure::new(format!(
            "the model does not fit: a context of {asked} tokens needs {need} bytes ({}), the arena has {have} ({}); {ways}",
            show(need as u64),
            show(have as u64),
        ))
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
