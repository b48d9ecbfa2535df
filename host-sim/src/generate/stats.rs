//! The statistics that `--stats` prints.

use super::generator::{Drafts, Generator};
use crate::digits::rate;
use crate::engine::{Engine, Memory};
use crate::io::output::note;
use crate::sim;
use crate::size::show;

/// Prints speed, memory and flash traffic on standard error.
pub(crate) fn print_stats(engine: &Engine<'_>, generator: &Generator<'_>) {
    let session = &engine.session;
    let (timings, drafts) = (generator.timings(), generator.drafts());
    let Memory { arena_bytes, pinned_bytes, kv_bytes, scratch_bytes } = session.plan().into();
    let flash = session.flash_stats();
    let show_usize = |bytes: usize| show(bytes as u64);
    let drafted =
        drafts.map_or(String::new(), |Drafts { tokens, right }| format!(", {right} of {tokens} guesses right"));
    note(&format!(
        "prefill  {} tokens, {} tokens/s\ndecode   {} tokens, {} tokens/s\ncontext  {} of {} tokens\n\
         passes   {}{}\narena    {}: pinned {}, KV cache {}, scratch {}\nflash    {} in {} reads\n",
        timings.prefill_tokens,
        rate(timings.prefill_rate()),
        timings.decode_tokens,
        rate(timings.decode_rate()),
        session.position(),
        session.plan().ctx,
        session.passes(),
        drafted,
        show_usize(arena_bytes),
        show_usize(pinned_bytes),
        show_usize(kv_bytes),
        show_usize(scratch_bytes),
        show(flash.bytes_read),
        flash.reads,
    ));
    if let Some(spent) = sim::spent() {
        note(&format!("board    simulated: {:.3} s, {spent}\n", spent.all_seconds()[0]));
    }
}
