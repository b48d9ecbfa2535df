//! One caller-owned byte slice, carved once, front to back.
//!
//! The same carving code runs twice: on [`Arena::measuring`], which only counts, and on the real
//! bytes. Plan and use therefore cannot disagree. Carving functions carve: they neither read nor
//! write what they carve.

#[cfg(target_has_atomic = "8")]
mod fixed;

#[cfg(target_has_atomic = "8")]
pub use fixed::Static;

use bytemuck::Pod;

/// Every region starts at a multiple of this many bytes.
pub const ALIGN: usize = 64;

#[cfg(target_has_atomic = "8")]
const _: () = assert!(align_of::<fixed::Aligned<0>>() == ALIGN);

/// The purpose of a carved region; the plan reports bytes by region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Region {
    /// The places of tensors, rope frequencies, norm weights.
    Tables,
    /// Weight bytes copied into memory at load.
    Pinned,
    /// The two tiles that streamed weights pass through.
    Tiles,
    /// Keys and values of past tokens.
    KvCache,
    /// The state of recurrent layers, a copy after each of the last few tokens.
    #[cfg(feature = "_recurrent")]
    State,
    /// Hidden states, projections and quantised activations of one chunk of tokens.
    Activations,
    /// The vocabulary's hash tables.
    TokenizerIndex,
    /// One tile of output logits and the sampler's candidates.
    Logits,
}

impl Region {
    /// All regions, in the order in which reports list them.
    pub const ALL: [Region; 7 + cfg!(feature = "_recurrent") as usize] = [
        Region::Tables,
        Region::Pinned,
        Region::Tiles,
        Region::KvCache,
        #[cfg(feature = "_recurrent")]
        Region::State,
        Region::Activations,
        Region::TokenizerIndex,
        Region::Logits,
    ];

    /// The region's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Region::Tables => "tables",
            Region::Pinned => "pinned weights",
            Region::Tiles => "streaming tiles",
            Region::KvCache => "KV cache",
            #[cfg(feature = "_recurrent")]
            Region::State => "recurrent state",
            Region::Activations => "activations",
            Region::TokenizerIndex => "tokenizer index",
            Region::Logits => "logits tile",
        }
    }
}

/// Bytes carved for each [`Region`], alignment included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Usage {
    bytes: [usize; Region::ALL.len()],
}

impl Usage {
    /// The usage of a size that overflows: more than any arena has.
    #[must_use]
    pub(crate) fn unbounded() -> Self {
        Usage { bytes: [usize::MAX; Region::ALL.len()] }
    }

    /// Bytes carved for `region`.
    #[must_use]
    pub fn bytes(&self, region: Region) -> usize {
        self.bytes.get(region as usize).copied().unwrap_or(0)
    }

    /// Bytes carved for all regions together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.bytes.iter().fold(0, |sum, &b| sum.saturating_add(b))
    }
}

/// The arena is too small for a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ArenaError {
    /// The region being carved.
    pub region: Region,
    /// Bytes that the region needed, alignment included.
    pub need: usize,
    /// Bytes that were left.
    pub have: usize,
}

impl core::fmt::Display for ArenaError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the arena is full: {} need {} bytes, {} are left", self.region.name(), self.need, self.have)
    }
}

impl core::error::Error for ArenaError {}

/// A byte slice being carved, or only measured.
pub struct Arena<'a> {
    rest: Option<&'a mut [u8]>,
    usage: Usage,
    failed: Option<ArenaError>,
}

impl<'a> Arena<'a> {
    /// An arena over `bytes`; up to [`ALIGN`]` - 1` bytes at its start are skipped to align it.
    #[must_use]
    pub fn new(bytes: &'a mut [u8]) -> Self {
        let skip = bytes.as_ptr().align_offset(ALIGN).min(bytes.len());
        let rest = bytes.split_at_mut_checked(skip).map_or_else(Default::default, |(_, r)| r);
        Arena { rest: Some(rest), usage: Usage::default(), failed: None }
    }

    /// An arena without bytes: it counts, and hands out empty slices.
    #[must_use]
    pub fn measuring() -> Self {
        Arena { rest: None, usage: Usage::default(), failed: None }
    }

    /// Bytes carved so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Bytes left to carve; `usize::MAX` while measuring.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rest.as_ref().map_or(usize::MAX, |r| r.len())
    }

    /// Carves like [`carve`](Self::carve), but returns an empty slice where there is no room; [`check`](Self::check) returns
    /// the error later. A value of many slices then has one place to fail in, which takes less code.
    pub(crate) fn take<T: Pod>(&mut self, region: Region, len: usize) -> &'a mut [T] {
        let bytes = self.take_bytes(region, len.saturating_mul(size_of::<T>()));
        // Aligned, and as long as elements are.
        bytemuck::try_cast_slice_mut(bytes).unwrap_or_default()
    }

    /// Apart from [`take`](Self::take), so that it is compiled once and not for each type.
    #[inline(never)]
    fn take_bytes(&mut self, region: Region, bytes: usize) -> &'a mut [u8] {
        match self.carve_bytes(region, bytes) {
            Ok(carved) => carved,
            Err(error) => {
                self.failed = self.failed.or(Some(error));
                <&mut [u8]>::default()
            }
        }
    }

    /// Asserts that there was room for everything that [`take`](Self::take) was asked for.
    pub(crate) fn check(&self) -> Result<(), ArenaError> {
        self.failed.map_or(Ok(()), Err)
    }

    /// Carves `len` elements of `T`. Their contents are whatever the bytes held. While measuring,
    /// the slice is empty.
    ///
    /// # Errors
    /// [`ArenaError`] when fewer bytes are left than `len` elements take.
    pub fn carve<T: Pod>(&mut self, region: Region, len: usize) -> Result<&'a mut [T], ArenaError> {
        let bytes = self.carve_bytes(region, len.saturating_mul(size_of::<T>()))?;
        // Aligned, and as long as elements are.
        Ok(bytemuck::try_cast_slice_mut(bytes).unwrap_or_default())
    }

    fn carve_bytes(&mut self, region: Region, bytes: usize) -> Result<&'a mut [u8], ArenaError> {
        let have = self.left();
        let need = bytes.checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX);
        let error = ArenaError { region, need, have };
        if need == usize::MAX || need > have {
            return Err(error);
        }
        let slice = match self.rest.take() {
            None => <&mut [u8]>::default(),
            Some(rest) => {
                let (mine, rest) = rest.split_at_mut_checked(need).ok_or(error)?;
                self.rest = Some(rest);
                mine.get_mut(..bytes).ok_or(error)?
            }
        };
        if let Some(bytes) = self.usage.bytes.get_mut(region as usize) {
            *bytes = bytes.saturating_add(need);
        }
        Ok(slice)
    }
}

/// The part of `bytes` that starts at a multiple of [`ALIGN`] bytes.
#[must_use]
pub fn aligned(bytes: &mut [u8]) -> &mut [u8] {
    bytes.split_at_mut(bytes.as_ptr().align_offset(ALIGN).min(bytes.len())).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measuring_and_carving_agree() {
        fn carve(arena: &mut Arena<'_>) -> Result<(), ArenaError> {
            arena.carve::<u8>(Region::Tiles, 3)?;
            arena.carve::<f32>(Region::Logits, 17)?;
            arena.carve::<u64>(Region::Tiles, 0)?;
            Ok(())
        }
        let mut dry = Arena::measuring();
        carve(&mut dry).expect("measuring never runs out");
        assert_eq!(dry.usage().total(), 64 + 128);
        let mut bytes = [0u8; 64 + 128 + ALIGN - 1];
        let mut arena = Arena::new(&mut bytes);
        carve(&mut arena).expect("the measured size is enough");
        assert_eq!(arena.usage(), dry.usage());
        let mut short = [0u8; 64 + 127];
        let error = carve(&mut Arena::new(&mut short)).expect_err("one byte too few");
        assert_eq!(error.region, Region::Logits);
    }

    #[test]
    fn absurd_lengths_are_errors() {
        let mut bytes = [0u8; 256];
        assert!(Arena::new(&mut bytes).carve::<u64>(Region::Tiles, usize::MAX / 4).is_err());
        assert!(Arena::measuring().carve::<u64>(Region::Tiles, usize::MAX / 4).is_err());
    }
}
