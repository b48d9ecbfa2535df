//! Snapshots of a prompt's state in a file that stands for a flash chip.

use std::path::Path;

use embedded_storage::nor_flash::ReadNorFlash;
use flashlet::Session;
use flashlet::session::{ModelHash, SnapshotError, Snapshots};

use super::loaded::Engine;
use super::opened::{Opened, about_file};
use crate::failure::Failure;
use crate::hardware::nor::{ERASE_BYTES, FileNor, MAX_BYTES};
use crate::hardware::processor;
use crate::hardware::source::FileFlash;
use crate::io::output_file::OutputFile;
use crate::sim::wait;

impl Opened<'_> {
    /// The hash that tells the model from others.
    pub(crate) fn hash(&mut self) -> Result<ModelHash, Failure> {
        wait(self.model.hash(&mut self.source, processor::detect()))
            .map_err(|error| about_file(self.file, &mut self.source, error))
    }
}

impl Engine<'_> {
    /// Restores the tokens that `prompt` begins with from the file at `path`; returns how many need not be fed, which are not
    /// all: the last one's logits are not saved.
    pub(crate) fn load_prefix(&mut self, path: &Path, model: ModelHash, prompt: &[u32]) -> Result<usize, Failure> {
        let mut nor = FileNor::open(path, false)?;
        let restored = on(&mut nor, model).and_then(|mut snapshots| snapshots.restore(&mut self.session, prompt));
        match restored {
            Ok(Some(tokens)) => {
                let known = (tokens as usize).min(prompt.len().saturating_sub(1));
                self.session.rewind(known as u32)?;
                Ok(known)
            }
            Ok(None) => Err(Failure::new(format!("{} holds no snapshot of a prompt", path.display()))),
            Err(error) => Err(failure(path, &mut nor, error)),
        }
    }
}

/// Saves the state that `ids`, all the tokens that `session` was fed, have left in the file at `path`.
pub(crate) fn save_prefix(
    session: &Session<'_, '_, FileFlash<'_>>,
    path: &Path,
    model: ModelHash,
    ids: &[u32],
) -> Result<(), Failure> {
    let need = usize::try_from(Snapshots::<FileNor>::bytes_for(session)).unwrap_or(usize::MAX);
    // An empty file holds nothing to keep.
    if path.metadata().is_ok_and(|file| file.is_file() && file.len() > 0) {
        let mut nor = FileNor::open(path, true)?;
        if let Some(other) = foreign(&mut nor, model).map_err(|error| failure(path, &mut nor, error))? {
            let shown = path.display();
            return Err(Failure::new(format!(
                "{shown} holds {other}: what it holds is not overwritten (delete it to start anew)"
            )));
        }
        match on(&mut nor, model).and_then(|mut snapshots| snapshots.save(session, ids)) {
            Ok(_) => return Ok(()),
            // A larger one takes its place.
            Err(SnapshotError::NoRoom { .. }) => {}
            Err(error) => return Err(failure(path, &mut nor, error)),
        }
    }
    // Two slots of whole blocks.
    let bytes = need.next_multiple_of(ERASE_BYTES).saturating_mul(2);
    if bytes as u64 > MAX_BYTES {
        return Err(Failure::new(format!(
            "{}: two snapshots of {need} bytes are more than a flash chip of {} holds: shorten the prompt",
            path.display(),
            MAX_BYTES
        )));
    }
    let mut output = OutputFile::create(path)?;
    let mut nor = FileNor::create(output.file()?, bytes).map_err(|error| output.failure(&error))?;
    on(&mut nor, model)
        .and_then(|mut snapshots| snapshots.save(session, ids))
        .map_err(|error| failure(path, &mut nor, error))?;
    output.commit()
}

/// The snapshots on all of `nor`.
fn on(nor: &mut FileNor, model: ModelHash) -> Result<Snapshots<'static, &mut FileNor>, SnapshotError> {
    let end = u32::try_from(nor.capacity()).unwrap_or(u32::MAX);
    Snapshots::new(nor, 0..end, model, processor::detect())
}

/// Describes the contents of `nor` if they must not be overwritten: another model's snapshot, or bytes that are no snapshot. `None` if
/// `nor` holds a snapshot of `model`, or is erased.
fn foreign(nor: &mut FileNor, model: ModelHash) -> Result<Option<&'static str>, SnapshotError> {
    if let Some(saved) = on(nor, model)?.newest() {
        return Ok((saved.model != model).then_some("a snapshot of another model"));
    }
    let mut block = [0; ERASE_BYTES];
    let mut offsets = (0..nor.capacity()).step_by(block.len());
    let is_erased =
        offsets.all(|offset| nor.read(offset as u32, &mut block).is_ok() && block.iter().all(|&byte| byte == 0xff));
    Ok((!is_erased).then_some("no snapshot that this version reads"))
}

fn failure(path: &Path, nor: &mut FileNor, error: SnapshotError) -> Failure {
    match (error, nor.error()) {
        (SnapshotError::Device { .. }, Some(error)) => Failure::io(path.display(), &error),
        _ => Failure::about(path.display(), error),
    }
}
