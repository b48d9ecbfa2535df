//! Prefix snapshots: what a model remembers of a prompt, kept in NOR flash.
//!
//! A system prompt or a tool's description is the same at every boot. [`Snapshots::save`] writes what the caches hold of it to
//! flash, and [`Snapshots::restore`] reads it back in place of a prefill: the logits that follow are the same bits. A snapshot
//! holds the model's numbers, not the session's layout: it can be restored into a session with another context, other chunks,
//! other places for weights or other kernels.
//!
//! # In flash
//! The caller gives a range of a device: two slots, each of whole erase blocks. A snapshot is
//!
//! ```text
//! header (64 bytes)  ids (u32 each, padded to 64 bytes with 0xff)  blocks of keys and values  states of recurrent layers
//! ```
//!
//! Slots are written in turn, so that both wear alike, and never the one that holds the newest snapshot which is whole. The
//! header comes last, after all else was read back: wherever power is cut, the old or the new snapshot is found, whole.
//! Only blocks that a snapshot needs are erased, and no word is written twice.
//!
//! # When
//! [`save`](Snapshots::save) borrows the session, so that no pass can be under way. The device is a handle of its own: while
//! a chip erases or programs it cannot be read, so what is mapped from the same chip stalls or reads as nothing. A driver
//! for the chip that code runs from must see to that; the engine reads no weights meanwhile.

pub(super) mod error;
mod header;
mod model_hash;

pub use error::{NorOperation, SnapshotError};
pub use header::ModelHash;

use super::memory::Memory;
use super::run::Session;
use crate::flash::Flash;
use crate::kernels::Kernels;
use crate::model::KvCache;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;
use header::{Header, IDS, LINE_BYTES, Line, VERSION};

/// Bytes that are read back at a time.
const PIECE_BYTES: usize = 256;
/// Attempts to read what reads wrong or not at all: a bus that flips a bit must not cost a snapshot.
const TRIES: usize = 3;

/// A snapshot in flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Saved {
    /// Its start on the device.
    pub offset: u32,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Tokens that it is of.
    pub tokens: u32,
    /// The number of snapshots that were saved before it, modulo 2^32.
    pub sequence: u32,
    /// The model that it is of.
    pub model: ModelHash,
}

/// A slot whose header is valid.
#[derive(Clone, Copy)]
struct Slot {
    at: u32,
    header: Header,
}

impl Slot {
    fn saved(&self) -> Saved {
        let Slot { at, header } = *self;
        let Header { tokens, sequence, model, .. } = header;
        Saved { offset: at, bytes: header.total_bytes(), tokens, sequence, model }
    }

    /// The start of what follows the header.
    fn body(&self) -> u32 {
        self.at.saturating_add(LINE_BYTES as u32)
    }
}

/// The snapshots of a model on a device.
pub struct Snapshots<'k, D> {
    device: D,
    start: u32,
    slot_bytes: u32,
    model: ModelHash,
    kernels: &'k dyn Kernels,
}

impl<'k, D: NorFlash> Snapshots<'k, D> {
    /// Snapshots of the model with the hash `model` in the bytes `range` of `device`, whose erase blocks are shared between
    /// two slots; an odd one is not used. `kernels` compute checksums.
    ///
    /// # Errors
    /// [`SnapshotError::Units`], [`SnapshotError::Range`].
    pub fn new(
        device: D,
        range: Range<u32>,
        model: ModelHash,
        kernels: &'k dyn Kernels,
    ) -> Result<Self, SnapshotError> {
        let (Range { start, end }, erase, capacity) = (range, D::ERASE_SIZE, device.capacity());
        let fits = |unit| LINE_BYTES.is_multiple_of(unit) && erase.is_multiple_of(unit);
        if !(fits(D::READ_SIZE) && fits(D::WRITE_SIZE)) {
            return Err(units::<D>());
        }
        let error = SnapshotError::Range { start, end, erase, capacity };
        let block = u32::try_from(erase).map_err(|_| error)?;
        let blocks = end.checked_sub(start).and_then(|bytes| bytes.checked_div(block)).ok_or(error)?;
        let whole = start.is_multiple_of(block) && end.is_multiple_of(block);
        if !whole || blocks < 2 || u64::from(end) > capacity as u64 {
            return Err(error);
        }
        Ok(Snapshots { device, start, slot_bytes: (blocks / 2).saturating_mul(block), model, kernels })
    }

    /// Bytes of a slot: the most that a snapshot can have.
    #[must_use]
    pub fn slot_bytes(&self) -> u32 {
        self.slot_bytes
    }

    /// Bytes that a snapshot of the session's tokens takes.
    #[must_use]
    pub fn bytes_for<F: Flash>(session: &Session<'_, '_, F>) -> u64 {
        header_for(session, ModelHash(0)).total_bytes()
    }

    /// The device.
    pub fn release(self) -> D {
        self.device
    }

    /// Saves the state of all of the session's tokens, whose ids are `ids`. What was saved last is kept until it is done,
    /// and after every error.
    ///
    /// The newest snapshot is read to see whether it is whole, and the new one to see whether it was written.
    ///
    /// # Errors
    /// [`SnapshotError::Tokens`], [`SnapshotError::Empty`], [`SnapshotError::WindowsMovedOn`], [`SnapshotError::NoRoom`],
    /// [`SnapshotError::Units`] before anything is done; [`SnapshotError::Device`], [`SnapshotError::NotWritten`].
    pub fn save<F: Flash>(&mut self, session: &Session<'_, '_, F>, ids: &[u32]) -> Result<Saved, SnapshotError> {
        let (position, kv) = (session.position, &session.memory.kv);
        if ids.len() != position as usize {
            return Err(SnapshotError::Tokens { given: ids.len(), position });
        }
        let before = position.checked_sub(1).ok_or(SnapshotError::Empty)?;
        let least = session.least_position();
        if least > before {
            return Err(SnapshotError::WindowsMovedOn { least: least.saturating_add(1), position });
        }
        check_blocks::<D>(kv)?;
        let mut header = header_for(session, self.model);
        let (need, have) = (header.total_bytes(), self.slot_bytes);
        let no_room = SnapshotError::NoRoom { need, have };
        let bytes = u32::try_from(need).ok().filter(|bytes| *bytes <= have).ok_or(no_room)?;

        let (at, sequence) = self.target();
        header.sequence = sequence;
        // The slot is whole blocks.
        let end = at.saturating_add(bytes.checked_next_multiple_of(D::ERASE_SIZE as u32).unwrap_or(have).min(have));
        let failed = SnapshotError::Device { operation: NorOperation::Erase, offset: at };
        self.device.erase(at, end).map_err(|_| failed)?;
        let kernels = self.kernels;
        let mut to = at.saturating_add(LINE_BYTES as u32);
        let mut write = |bytes: &[u8]| {
            self.write(to, bytes)?;
            to = to.saturating_add(bytes.len() as u32);
            header.crc = kernels.crc32c(header.crc, bytes);
            Ok(())
        };
        for ids in ids.chunks(IDS) {
            write(&Line::of_ids(ids).0)?;
        }
        kv.each_kept(position as usize, &mut write)?;
        #[cfg(feature = "_recurrent")]
        session.memory.state.each_kept(position as usize, &mut write)?;

        let slot = Slot { at, header };
        let line = header.to_line(kernels);
        let not_written = SnapshotError::NotWritten { offset: at };
        if !self.is_whole(&slot) {
            return Err(not_written);
        }
        self.write(at, &line.0)?;
        let written = (0..TRIES).any(|_| self.line(at).is_ok_and(|read| read == line));
        written.then_some(slot.saved()).ok_or(not_written)
    }

    /// Restores the newest snapshot that is whole into `session`, in place of its tokens; returns how many tokens `prompt`
    /// has of it. What follows is as if they had been fed, and the last of them can be taken back, to be fed once more for
    /// its logits. If there is no snapshot, or none can be used, the session is left without tokens.
    ///
    /// # Errors
    /// The reason why the newest snapshot cannot be used: [`SnapshotError::OtherModel`], [`SnapshotError::OtherKvType`],
    /// [`SnapshotError::ContextTooShort`], [`SnapshotError::OtherTokens`] if `prompt` does not begin with its tokens; if
    /// none is whole, [`SnapshotError::Broken`], [`SnapshotError::OtherVersion`], [`SnapshotError::Device`].
    pub fn restore<F: Flash>(
        &mut self,
        session: &mut Session<'_, '_, F>,
        prompt: &[u32],
    ) -> Result<Option<u32>, SnapshotError> {
        session.reset();
        let (slots, mut failed) = self.slots();
        for slot in slots.into_iter().flatten() {
            let broken = Err(SnapshotError::Broken { offset: slot.at });
            let result = (0..TRIES).fold(broken, |result, _| match result {
                Err(SnapshotError::Broken { .. }) => self.load(&slot, session, prompt),
                result => result,
            });
            match result {
                Ok(()) => {
                    let tokens = slot.header.tokens;
                    (session.position, session.written) = (tokens, tokens);
                    session.restored = session.memory.kv.least_kept(tokens as usize) as u32;
                    #[cfg(feature = "_recurrent")]
                    session.memory.state.restored(tokens as usize);
                    return Ok(Some(tokens));
                }
                Err(error @ (SnapshotError::Broken { .. } | SnapshotError::Device { .. })) => {
                    failed = failed.or(Some(error));
                }
                Err(refused) => return Err(refused),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// The newest snapshot that is whole, of whatever model; it is read to see that it is.
    pub fn newest(&mut self) -> Option<Saved> {
        Some(self.newest_slot()?.saved())
    }

    /// Gives the ids of the tokens of the newest snapshot that is whole; returns how many there are, if there is one.
    ///
    /// # Errors
    /// [`SnapshotError::TooManyIds`], [`SnapshotError::Device`].
    pub fn ids(&mut self, out: &mut [u32]) -> Result<Option<usize>, SnapshotError> {
        let Some(slot) = self.newest_slot() else { return Ok(None) };
        let (need, have) = (slot.header.tokens, out.len());
        let ids = out.get_mut(..need as usize).ok_or(SnapshotError::TooManyIds { need, have })?;
        let read = (0..TRIES).any(|_| {
            let mut ids = ids.iter_mut();
            self.matches(&slot, &mut |bytes| {
                bytes.as_chunks::<4>().0.iter().zip(&mut ids).for_each(|(bytes, id)| *id = u32::from_le_bytes(*bytes));
            })
        });
        read.then_some(Some(need as usize)).ok_or(SnapshotError::Broken { offset: slot.at })
    }

    /// Reads a snapshot into the caches.
    fn load<F: Flash>(
        &mut self,
        slot: &Slot,
        session: &mut Session<'_, '_, F>,
        prompt: &[u32],
    ) -> Result<(), SnapshotError> {
        let broken = SnapshotError::Broken { offset: slot.at };
        if !self.fits(slot) {
            return Err(broken);
        }
        let mut crc = 0;
        if let Err(refused) = self.accept(slot, session, prompt, &mut crc) {
            // A refusal counts only if the snapshot is whole, and refuses again when it is read once more.
            let refuses = self.is_whole(slot) && self.accept(slot, session, prompt, &mut 0) == Err(refused);
            return Err(if refuses { refused } else { broken });
        }
        let kernels = self.kernels;
        let mut from = u64::from(slot.body()).saturating_add(slot.header.id_bytes()) as u32;
        let mut read = |bytes: &mut [u8]| {
            self.read(from, bytes)?;
            from = from.saturating_add(bytes.len() as u32);
            crc = kernels.crc32c(crc, bytes);
            Ok(())
        };
        session.memory.kv.each_kept_mut(slot.header.tokens as usize, &mut read)?;
        #[cfg(feature = "_recurrent")]
        session.memory.state.each_kept_mut(&mut read)?;
        if crc == slot.header.crc { Ok(()) } else { Err(broken) }
    }

    /// Asserts that a snapshot is for this session and this prompt. Gives `crc` that of the ids.
    fn accept<F: Flash>(
        &mut self,
        slot: &Slot,
        session: &Session<'_, '_, F>,
        prompt: &[u32],
        crc: &mut u32,
    ) -> Result<(), SnapshotError> {
        let (header, kv, ctx) = (&slot.header, &session.memory.kv, session.plan.ctx);
        let tokens = header.tokens;
        if header.model != self.model {
            return Err(SnapshotError::OtherModel { saved: header.model, have: self.model });
        }
        if header.kv != kv.ty().id() {
            return Err(SnapshotError::OtherKvType { saved: header.kv, have: kv.ty().id() });
        }
        if tokens > ctx {
            return Err(SnapshotError::ContextTooShort { need: tokens, ctx });
        }
        check_blocks::<D>(kv)?;
        if tokens == 0 || header.payload_bytes != payload_bytes(&session.memory, tokens) {
            return Err(SnapshotError::Broken { offset: slot.at });
        }
        let (mut at, mut line) = (slot.body(), Line::ERASED);
        let mut prompt = prompt.iter();
        for i in 0..tokens {
            if i.is_multiple_of(IDS as u32) {
                line = self.line(at)?;
                *crc = self.kernels.crc32c(*crc, &line.0);
                at = at.saturating_add(LINE_BYTES as u32);
            }
            if line.ids().nth(i as usize % IDS).as_ref() != prompt.next() {
                return Err(SnapshotError::OtherTokens { at: i, tokens });
            }
        }
        Ok(())
    }

    /// The slots whose header is valid, newest first, and what kept another header from being read.
    fn slots(&mut self) -> ([Option<Slot>; 2], Option<SnapshotError>) {
        let mut failed = None;
        let [first, second] =
            [self.start, self.start.saturating_add(self.slot_bytes)].map(|at| match self.header(at) {
                Ok(header) => header.map(|header| Slot { at, header }),
                // A word whose writing was cut may not be readable on devices that correct errors.
                Err(error) => {
                    failed = Some(error);
                    None
                }
            });
        let second_is_newer = match (&first, &second) {
            // Sequence numbers go round.
            (Some(a), Some(b)) => b.header.sequence.wrapping_sub(a.header.sequence).cast_signed() > 0,
            (first, _) => first.is_none(),
        };
        (if second_is_newer { [second, first] } else { [first, second] }, failed)
    }

    /// The header at `at`, if there is one: what is none is read again, as a bit may have flipped on its way.
    fn header(&mut self, at: u32) -> Result<Option<Header>, SnapshotError> {
        for _ in 0..TRIES {
            match Header::parse(&self.line(at)?, self.kernels) {
                Some(Ok(header)) => return Ok(Some(header)),
                Some(Err(saved)) => return Err(SnapshotError::OtherVersion { saved, have: VERSION }),
                None => {}
            }
        }
        Ok(None)
    }

    fn newest_slot(&mut self) -> Option<Slot> {
        let (slots, _) = self.slots();
        slots.into_iter().flatten().find(|slot| self.is_whole(slot))
    }

    /// The offset of the next snapshot, and its sequence number.
    fn target(&mut self) -> (u32, u32) {
        let (slots, _) = self.slots();
        // Newer than any header, be its snapshot whole or not.
        let newest = slots.iter().flatten().next();
        let sequence = newest.map_or(0, |slot| slot.header.sequence.wrapping_add(1));
        let kept = slots.into_iter().flatten().find(|slot| self.is_whole(slot));
        let at = match kept {
            Some(slot) if slot.at == self.start => self.start.saturating_add(self.slot_bytes),
            _ => self.start,
        };
        (at, sequence)
    }

    /// True if a snapshot ends in its slot, and can be read in whole units.
    fn fits(&self, slot: &Slot) -> bool {
        let units = usize::try_from(slot.header.payload_bytes).is_ok_and(|bytes| bytes.is_multiple_of(D::READ_SIZE));
        units && slot.header.total_bytes() <= u64::from(self.slot_bytes)
    }

    /// True if a snapshot's bytes are there and match its checksum.
    fn is_whole(&mut self, slot: &Slot) -> bool {
        self.fits(slot) && (0..TRIES).any(|_| self.matches(slot, &mut |_| ()))
    }

    /// Reads a snapshot's bytes once, in whole words, through `each`; returns whether they match their checksum.
    fn matches(&mut self, slot: &Slot, each: &mut dyn FnMut(&[u8])) -> bool {
        /// Aligned, because some controllers' DMA asks for it.
        #[repr(align(64))]
        struct Piece([u8; PIECE_BYTES]);
        let mut piece = Piece([0; PIECE_BYTES]);
        let (mut at, mut left, mut crc) = (slot.body(), slot.header.body_bytes() as usize, 0);
        while left > 0 {
            let bytes = piece.0.get_mut(..left.min(PIECE_BYTES)).unwrap_or_default();
            if self.read(at, bytes).is_err() {
                return false;
            }
            crc = self.kernels.crc32c(crc, bytes);
            each(bytes);
            at = at.saturating_add(bytes.len() as u32);
            left -= bytes.len();
        }
        crc == slot.header.crc
    }

    fn line(&mut self, at: u32) -> Result<Line, SnapshotError> {
        let mut line = Line::ERASED;
        self.read(at, &mut line.0)?;
        Ok(line)
    }

    // Drivers differ in how they treat empty reads, so there are none.
    fn read(&mut self, offset: u32, dst: &mut [u8]) -> Result<(), SnapshotError> {
        if dst.is_empty() {
            return Ok(());
        }
        let failed = SnapshotError::Device { operation: NorOperation::Read, offset };
        (0..TRIES).any(|_| self.device.read(offset, dst).is_ok()).then_some(()).ok_or(failed)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let failed = SnapshotError::Device { operation: NorOperation::Write, offset };
        self.device.write(offset, bytes).map_err(|_| failed)
    }
}

/// A header for the session's tokens, but for its sequence number and its checksum.
fn header_for<F: Flash>(session: &Session<'_, '_, F>, model: ModelHash) -> Header {
    let (tokens, kv) = (session.position, session.memory.kv.ty().id());
    Header { sequence: 0, model, kv, tokens, payload_bytes: payload_bytes(&session.memory, tokens), crc: 0 }
}

/// Bytes of the keys, values and states that a snapshot of `tokens` tokens keeps.
fn payload_bytes(memory: &Memory<'_, '_>, tokens: u32) -> u64 {
    let bytes = memory.kv.kept_bytes(tokens as usize);
    #[cfg(feature = "_recurrent")]
    let bytes = bytes.saturating_add(memory.state.kept_bytes());
    bytes
}

fn units<D: NorFlash>() -> SnapshotError {
    SnapshotError::Units { read: D::READ_SIZE, write: D::WRITE_SIZE, erase: D::ERASE_SIZE }
}

/// Blocks go to the device, and come from it, as they lie in the caches.
fn check_blocks<D: NorFlash>(kv: &KvCache<'_>) -> Result<(), SnapshotError> {
    let fits = |unit| kv.block_bytes().iter().all(|bytes| bytes.is_multiple_of(unit));
    if fits(D::READ_SIZE) && fits(D::WRITE_SIZE) { Ok(()) } else { Err(units::<D>()) }
}
