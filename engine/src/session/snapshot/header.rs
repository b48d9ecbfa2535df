//! The header of a snapshot.

use crate::kernels::Kernels;
use core::fmt;

/// Bytes of the header, and what ids are padded to.
pub(super) const LINE_BYTES: usize = 64;
/// Ids in a line.
pub(super) const IDS: usize = LINE_BYTES / 4;

const MAGIC: [u8; 8] = *b"kvprefix";
/// The version of the header's layout, of the cache's and the state's, of the model hash, and of the arithmetic that the cache's contents
/// come from.
pub(super) const VERSION: u32 = 3;
/// Bytes that the header's own checksum covers.
const CHECKED_BYTES: usize = LINE_BYTES - 4;

/// Sixty-four bytes; aligned, because some controllers' DMA asks for it.
#[derive(Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [u8; LINE_BYTES]);

impl Line {
    /// A line of erased flash.
    pub(super) const ERASED: Line = Line([0xff; LINE_BYTES]);

    /// Up to sixteen ids.
    pub(super) fn of_ids(ids: &[u32]) -> Line {
        let mut line = Line::ERASED;
        for (to, id) in line.0.as_chunks_mut::<4>().0.iter_mut().zip(ids) {
            *to = id.to_le_bytes();
        }
        line
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.0.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
    }
}

/// A hash that tells a model from others, those of the same shape included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ModelHash(pub u64);

impl fmt::Display for ModelHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A snapshot's header. As bytes, all little-endian:
///
/// ```text
/// "kvprefix"  u32 version  u32 sequence  u64 model  u32 kv  u32 tokens
/// u64 payload_bytes  u32 crc  16 bytes of zeros  u32 crc of all before
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// One more than that of the snapshot before it.
    pub(super) sequence: u32,
    pub(super) model: ModelHash,
    /// Number format of keys and values, by ggml's number.
    pub(super) kv: u32,
    pub(super) tokens: u32,
    /// Bytes of keys, values and states.
    pub(super) payload_bytes: u64,
    /// CRC-32C of ids, padding included, and payload.
    pub(super) crc: u32,
}

impl Header {
    /// Bytes of the ids with their padding.
    pub(super) fn id_bytes(&self) -> u64 {
        u64::from(self.tokens.div_ceil(IDS as u32)) * LINE_BYTES as u64
    }

    /// Bytes behind the header.
    pub(super) fn body_bytes(&self) -> u64 {
        self.id_bytes().saturating_add(self.payload_bytes)
    }

    /// Bytes of it all.
    pub(super) fn total_bytes(&self) -> u64 {
        self.body_bytes().saturating_add(LINE_BYTES as u64)
    }

    pub(super) fn to_line(self, kernels: &dyn Kernels) -> Line {
        let mut line = Line([0; LINE_BYTES]);
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.sequence.to_le_bytes(),
            &self.model.0.to_le_bytes(),
            &self.kv.to_le_bytes(),
            &self.tokens.to_le_bytes(),
            &self.payload_bytes.to_le_bytes(),
            &self.crc.to_le_bytes(),
        ];
        for (to, from) in line.0.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        if let Some((checked, crc)) = line.0.split_last_chunk_mut::<4>() {
            *crc = kernels.crc32c(0, checked).to_le_bytes();
        }
        line
    }

    /// The header that `line` is, if it is one; else the other version that it is of.
    pub(super) fn parse(line: &Line, kernels: &dyn Kernels) -> Option<Result<Header, u32>> {
        let (checked, crc) = line.0.split_last_chunk::<4>()?;
        let (magic, rest) = checked.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let whole = kernels.crc32c(0, checked) == u32::from_le_bytes(*crc);
        if !whole || *magic != MAGIC {
            return None;
        }
        match u32::from_le_bytes(*version) {
            VERSION => {}
            other => return Some(Err(other)),
        }
        let (sequence, rest) = rest.split_first_chunk::<4>()?;
        let (model, rest) = rest.split_first_chunk::<8>()?;
        let (kv, rest) = rest.split_first_chunk::<4>()?;
        let (tokens, rest) = rest.split_first_chunk::<4>()?;
        let (payload_bytes, rest) = rest.split_first_chunk::<8>()?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        Some(Ok(Header {
            sequence: u32::from_le_bytes(*sequence),
            model: ModelHash(u64::from_le_bytes(*model)),
            kv: u32::from_le_bytes(*kv),
            tokens: u32::from_le_bytes(*tokens),
            payload_bytes: u64::from_le_bytes(*payload_bytes),
            crc: u32::from_le_bytes(*crc),
        }))
    }
}

const _: () = assert!(8 + 4 + 4 + 8 + 4 + 4 + 8 + 4 <= CHECKED_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_sixteen_ids() {
        let ids: [u32; 16] = core::array::from_fn(|i| i as u32 * 1000);
        assert!(Line::of_ids(&ids).ids().eq(ids));
        assert!(Line::of_ids(&ids[..3]).ids().eq(ids[..3].iter().copied().chain([u32::MAX; 13])));
    }
}
