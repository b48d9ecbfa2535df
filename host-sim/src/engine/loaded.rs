//! A model that is loaded and can compute.

use flashlet::session::{self, Plan, Session, Want};
use flashlet::text::{Drafter, Encode, Piece};

use super::args::Draft;
use super::machine::Machine;
use super::opened::Opened;
use super::vocabulary::most_tokens;
use crate::failure::Failure;
use crate::hardware::source::FileFlash;
use crate::io::in_use;
use crate::io::input::check_ids;
use crate::io::progress::Meter;
use crate::sim::wait;

/// The most rows of logits that are kept at a time.
const ALL_ROWS: usize = 32;

/// A model that is loaded and can compute.
pub(crate) struct Engine<'a> {
    pub(crate) session: Session<'a, 'a, FileFlash<'a>>,
}

impl<'a> Engine<'a> {
    /// Loads the model into `machine`, as `plan` says.
    pub(crate) fn load(opened: Opened<'a>, plan: Plan, machine: &'a mut Machine) -> Result<Engine<'a>, Failure> {
        let Opened { file, model, source } = opened;
        let mut meter = Meter::new("load");
        let mut progress = |progress: session::Progress| {
            meter.relabel(progress.stage.name());
            meter.update(progress.done, progress.total);
        };
        let arena = machine.arena.bytes();
        let session = Session::new(source, model, plan, arena, machine.kernels, &*machine.executor, &mut progress);
        let session = wait(session).map_err(|error| Failure::about(file.path().display(), error))?;
        in_use::check()?;
        Ok(Engine { session })
    }

    /// The ids of `text`.
    pub(crate) fn encode(&mut self, text: &str, options: Encode) -> Result<Vec<u32>, Failure> {
        let mut ids = vec![0; most_tokens(text)];
        let n = wait(self.session.encode(text, options, &mut ids))?;
        ids.truncate(n);
        Ok(ids)
    }

    /// The ids of a turn's `pieces`.
    pub(crate) fn encode_pieces(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<u32>, Failure> {
        let mut ids = Vec::new();
        for piece in pieces {
            ids.extend(self.encode(piece.text, piece.encode)?);
        }
        Ok(ids)
    }

    /// Runs `ids` through the model, chunk by chunk under a progress bar. The last position's logits go to `sink` in tiles,
    /// or all positions' in whole rows, with their position and first id.
    pub(crate) fn feed_all(
        &mut self,
        label: &'static str,
        ids: &[u32],
        all: bool,
        sink: &mut dyn FnMut(u32, u32, &[f32]),
    ) -> Result<(), Failure> {
        check_ids(ids, self.session.n_vocab())?;
        let mut meter = Meter::new(label);
        let chunk = usize::try_from(self.session.plan().chunk).unwrap_or(usize::MAX).max(1);
        let n_vocab = self.session.n_vocab() as usize;
        // The engine gives a chunk's logits tile by tile; rows of them are put together here.
        let chunk = if all { chunk.min(ALL_ROWS) } else { chunk };
        let mut rows = vec![0.0; if all { n_vocab * chunk.min(ids.len()) } else { 0 }];
        let mut done = 0;
        for piece in ids.chunks(chunk) {
            let start = self.session.position();
            done += piece.len();
            if all {
                wait(self.session.feed(piece, Want::All, &mut |position, first, logits| {
                    let at = (position - start) as usize * n_vocab + first as usize;
                    rows[at..at + logits.len()].copy_from_slice(logits);
                }))?;
                for (position, row) in (start..).zip(rows.chunks_exact(n_vocab)).take(piece.len()) {
                    sink(position, 0, row);
                }
            } else {
                let want = if done == ids.len() { Want::Last } else { Want::None };
                wait(self.session.feed(piece, want, sink))?;
            }
            meter.update(done as u64, ids.len() as u64);
        }
        Ok(())
    }

    /// The source of drafts, if there is to be one.
    pub(crate) fn drafter(&self, draft: Draft) -> Option<Drafter> {
        /// Sixteenths of a pass that one more token takes, where weights are streamed and where they are in memory.
        const COSTS: [u8; 2] = [3, 5];
        let streams = self.session.plan().residency.streamed_bytes > 0;
        (draft == Draft::Prompt).then(|| Drafter::new(COSTS[usize::from(!streams)]))
    }

    /// Tokens that the context still takes.
    pub(crate) fn room(&self) -> u32 {
        self.session.plan().ctx.saturating_sub(self.session.position())
    }
}
