//! The boards that `--board` knows, from the profiles in `boards.toml`.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use clap::builder::{PossibleValue, PossibleValuesParser};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::size::parse_size;

/// What the file holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    isa: BTreeMap<String, Isa>,
    board: Vec<Board>,
}

/// What an instruction set's kernels take, in instructions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Isa {
    /// For a byte of weights, one token, by format.
    bytes: BTreeMap<String, f64>,
    /// For a byte of weights in any other format.
    other: f64,
    /// Of what one token takes, what each of several tokens takes.
    pub(crate) several: f64,
    /// For a product of a query with a key, or of a weight with a value, in attention.
    pub(crate) attention: f64,
    /// For an element of everything else: norms, rotation, sums.
    pub(crate) element: f64,
    /// Whether its kernels read pinned weights interleaved.
    #[serde(default)]
    pub(crate) interleaves: bool,
}

impl Isa {
    pub(crate) fn instructions_per_byte(&self, format: &str) -> f64 {
        self.bytes.get(format).copied().unwrap_or(self.other)
    }
}

/// A flash chip as it is read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlashChip {
    pub(crate) kind: FlashKind,
    /// Bytes that a model can have.
    #[serde(deserialize_with = "size")]
    pub(crate) bytes: usize,
    /// Whether the model can be addressed in place.
    pub(crate) mapped: bool,
    /// Sequential reads.
    pub(crate) bytes_per_s: f64,
    /// From the start of a read to its first byte.
    pub(crate) latency_us: f64,
}

/// How flash is attached.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FlashKind {
    Internal,
    Qspi,
    Ospi,
    Sd,
    Emmc,
    Memory,
}

impl fmt::Display for FlashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlashKind::Internal => "internal flash",
            FlashKind::Qspi => "QSPI flash",
            FlashKind::Ospi => "OCTOSPI flash",
            FlashKind::Sd => "SD card",
            FlashKind::Emmc => "eMMC",
            FlashKind::Memory => "memory",
        })
    }
}

/// A board: what the planner and the simulator have to know of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Board {
    pub(crate) name: String,
    /// What it is, for people.
    pub(crate) what: String,
    /// The largest block of RAM that the arena can have. What firmware needs for its stack and statics is taken off
    /// where it shares the block.
    #[serde(deserialize_with = "size")]
    pub(crate) arena: usize,
    /// Sequential reads of the arena's RAM, where that can be slower than the kernels.
    pub(crate) ram_bytes_per_s: Option<f64>,
    pub(crate) flash: FlashChip,
    /// The instruction set, by its name in the file.
    isa: String,
    /// The processor's clock.
    pub(crate) hz: f64,
    /// Cores that compute.
    pub(crate) cores: f64,
    /// Of the kernels, on average.
    pub(crate) cycles_per_instruction: f64,
}

static PROFILES: LazyLock<Profiles> =
    LazyLock::new(|| toml::from_str(include_str!("../boards.toml")).expect("the profiles are tested"));

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let text = String::deserialize(from)?;
    parse_size(&text).map_err(D::Error::custom)
}

impl Board {
    /// Whether a model of `bytes` fits the flash.
    ///
    /// # Errors
    /// What is there and what would be needed, in words.
    pub(crate) fn has_room(&self, bytes: u64) -> Result<(), String> {
        if bytes <= self.flash.bytes as u64 {
            return Ok(());
        }
        let (name, room) = (&self.name, self.flash.bytes);
        Err(format!("the file has {bytes} bytes, the flash of {name} has room for {room}"))
    }

    pub(crate) fn isa(&self) -> &'static Isa {
        &PROFILES.isa[&self.isa]
    }
}

/// All boards, small ones first.
pub(crate) fn all() -> &'static [Board] {
    &PROFILES.board
}

/// The board called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Board> {
    all().iter().find(|board| board.name == name)
}

/// Accepts a board's name and lists all in the help.
pub(crate) fn parser() -> PossibleValuesParser {
    PossibleValuesParser::new(all().iter().map(|board| PossibleValue::new(&*board.name).help(&*board.what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_whole() {
        let mut names: Vec<_> = all().iter().map(|board| &board.name).collect();
        names.dedup();
        assert_eq!(names.len(), all().len());
        for board in all() {
            assert!(PROFILES.isa.contains_key(&board.isa), "{}", board.name);
            let numbers = [board.hz, board.cores, board.cycles_per_instruction, board.flash.bytes_per_s];
            assert!(numbers.iter().all(|n| n.is_finite() && *n > 0.0), "{}", board.name);
            assert!(board.flash.latency_us >= 0.0 && board.arena > 0 && board.flash.bytes > 0, "{}", board.name);
        }
        for isa in PROFILES.isa.values() {
            assert!(isa.bytes.keys().all(|name| flashlet::quant::WeightType::ALL.iter().any(|ty| ty.name() == name)));
            assert!(isa.several > 0.0 && isa.several <= 1.0);
        }
    }
}
