//! A model that is loaded and can compute.

use flashlet::model::Want;
use flashlet::session::Progress;
use flashlet::text::{Drafter, Encode};
use flashlet::{Plan, Session};

use super::args::{Draft, DraftArgs};
use super::machine::Machine;
use super::opened::Opened;
use super::vocabulary::most_tokens;
use crate::chat::Prompt;
use crate::failure::Failure;
use crate::hardware::source::FileFlash;
use crate::io::input::check_ids;
use crate::io::progress::Meter;
use crate::io::{ctrl_c, in_use};
use crate::sim::{self, wait};

/// The most rows of logits that are kept at a time.
const ALL_ROWS: usize = 32;

/// A model that is loaded and can compute.
pub(crate) struct Engine<'a> {
    pub(crate) session: Session<'a, 'a, FileFlash<'a>>,
    /// The token that texts begin with.
    bos: Option<u32>,
}

impl<'a> Engine<'a> {
    /// Loads the model into `machine`, as `plan` says.
    pub(crate) fn load(opened: Opened<'a>, plan: Plan, machine: &'a mut Machine) -> Result<Engine<'a>, Failure> {
        let Opened { file, model, source } = opened;
        let bos = model.tokenizer().bos();
        let mut meter = Meter::new("load");
        let mut progress = |progress: Progress| {
            meter.relabel(progress.stage.name());
            meter.update(progress.done, progress.total);
        };
        let arena = machine.arena.bytes();
        let session = Session::new(source, model, plan, arena, machine.kernels, &*machine.executor, &mut progress);
        let session = wait(session).map_err(|error| Failure::about(file.path().display(), error))?;
        in_use::check()?;
        Ok(Engine { session, bos })
    }

    /// The ids of `text`.
    pub(crate) fn encode(&mut self, text: &str, options: Encode<'_>) -> Result<Vec<u32>, Failure> {
        let mut ids = vec![0; most_tokens(text)];
        let n = wait(self.session.encode(text, options, &mut ids))?;
        ids.truncate(n);
        Ok(ids)
    }

    /// The ids of a rendered conversation, with one BOS token where the model wants it: templates write it too.
    pub(crate) fn encode_prompt(&mut self, prompt: &Prompt) -> Result<Vec<u32>, Failure> {
        let options = Encode { bos: true, special: true, barred: &prompt.barred, ..Encode::default() };
        let mut ids = self.encode(&prompt.text, options)?;
        while let [first, second, ..] = ids[..]
            && first == second
            && self.bos == Some(first)
        {
            ids.remove(0);
        }
        Ok(ids)
    }

    /// Runs `ids` through the model, chunk by chunk under a progress bar. All positions' logits go to `sink` in whole rows, with
    /// their position.
    pub(crate) fn feed_all(
        &mut self,
        label: &'static str,
        ids: &[u32],
        sink: &mut dyn FnMut(u32, &[f32]),
    ) -> Result<(), Failure> {
        check_ids(ids, self.session.n_vocab())?;
        let mut meter = Meter::new(label);
        let chunk = usize::try_from(self.session.plan().chunk).unwrap_or(usize::MAX).clamp(1, ALL_ROWS);
        let n_vocab = self.session.n_vocab() as usize;
        // The engine gives a chunk's logits tile by tile; rows of them are put together here.
        let mut rows = vec![0.0; n_vocab * chunk.min(ids.len())];
        let mut done = 0;
        for piece in ids.chunks(chunk) {
            let start = self.session.position();
            wait(self.session.feed(piece, Want::All, &mut |position, first, logits| {
                let at = (position - start) as usize * n_vocab + first as usize;
                rows[at..at + logits.len()].copy_from_slice(logits);
            }))?;
            for (position, row) in (start..).zip(rows.chunks_exact(n_vocab)).take(piece.len()) {
                sink(position, row);
            }
            done += piece.len();
            meter.update(done as u64, ids.len() as u64);
            if ctrl_c::is_pressed() {
                return Err(Failure::Interrupted);
            }
        }
        Ok(())
    }

    /// The source of drafts that `args` ask for.
    pub(crate) fn drafter_of(&self, args: DraftArgs) -> Option<Drafter> {
        (args.draft == Draft::Prompt).then(|| self.drafter())
    }

    /// The source of drafts.
    pub(crate) fn drafter(&self) -> Drafter {
        let drafter = self.session.drafter();
        // On this machine, whose times vary, passes would vary too.
        if sim::spent().is_some() { drafter } else { drafter.keeping_cost() }
    }

    /// Tokens that the context still takes.
    pub(crate) fn room(&self) -> u32 {
        self.session.plan().ctx.saturating_sub(self.session.position())
    }
}
