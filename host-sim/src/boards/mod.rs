//! The boards that `--board` knows, from the profiles in `boards.toml`.

mod fields;
mod sources;

use core::error::Error as StdError;
use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use board_table::costs::{self, Costs};
use flashlet::kernels::KvType;
use flashlet::simd::ActForm;
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::io::input::data_file;
use crate::io::printable::printable;
use crate::size::parse_size;

use fields::Field;
use sources::Source;
pub(crate) use sources::{Assumption, Class};

/// Bytes of a file that describes a board, at most.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The contents of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    isa: BTreeMap<String, Isa>,
    board: Vec<Board>,
}

/// An instruction set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Isa {
    /// The processor on which its kernels were counted, by its name in the table of costs.
    cpu: String,
    /// True if its kernels take activations as pairs of 16-bit numbers.
    #[serde(default)]
    pairs: bool,
    /// True if its kernels read pinned weights interleaved.
    #[serde(default)]
    pub(crate) interleaves: bool,
}

impl Isa {
    /// The form of activations that its kernels take.
    pub(crate) fn act_form(&self) -> ActForm {
        if self.pairs { ActForm::Pairs } else { ActForm::Bytes }
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
    /// True if the model can be addressed in place.
    pub(crate) mapped: bool,
    /// Sequential reads.
    pub(crate) bytes_per_s: f64,
    /// From the start of a read to its first byte.
    pub(crate) latency_us: f64,
}

/// The attachment of the flash.
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Board {
    /// The file that describes it, as it was named, unless it is built in.
    #[serde(skip)]
    pub(crate) path: Option<String>,
    pub(crate) name: String,
    /// A description, for people.
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
    /// The processor in the table of costs, where that has this one or one like it.
    cpu: Option<String>,
    /// The processor's clock.
    pub(crate) hz: f64,
    /// Cores that compute.
    pub(crate) cores: f64,
    /// Of the kernels on average, where no cycles were modelled.
    pub(crate) cycles_per_instruction: f64,
    /// The processor reads weights ahead of what it computes with; otherwise it waits for each line.
    #[serde(default)]
    pub(crate) prefetches: bool,
    /// Sources of the numbers.
    #[serde(default)]
    sources: Vec<Source>,
    firmware: Option<Firmware>,
}

/// All numbers that a profile has. No simulated time overflows within these ranges.
const FIELDS: [Field<Board>; 8] = [
    Field::size("arena", |board| Some(board.arena as f64)),
    Field::number("ram_bytes_per_s", [1e3, 1e13], |board| board.ram_bytes_per_s),
    Field::number("hz", [1e4, 1e11], |board| Some(board.hz)),
    Field::number("cores", [1.0, 1024.0], |board| Some(board.cores)),
    Field::number("cycles_per_instruction", [0.01, 1000.0], |board| Some(board.cycles_per_instruction)),
    Field::size("flash.bytes", |board| Some(board.flash.bytes as f64)),
    Field::number("flash.bytes_per_s", [1e3, 1e13], |board| Some(board.flash.bytes_per_s)),
    Field::number("flash.latency_us", [0.0, 1e6], |board| Some(board.flash.latency_us)),
];

/// The board's programs. What else there is of them matters to those who build them.
#[derive(Clone, Debug, Deserialize)]
struct Firmware {
    /// The type of their KV cache.
    #[serde(default, deserialize_with = "kv_type")]
    kv: Option<KvType>,
}

/// A file whose board stands under its heading, as in `boards.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    board: Vec<Board>,
}

static COSTS: LazyLock<costs::Table> = LazyLock::new(|| costs::parse(costs::TEXT).expect("the costs are tested"));

static PROFILES: LazyLock<Profiles> =
    LazyLock::new(|| toml::from_str(include_str!("../../boards.toml")).expect("the profiles are tested"));

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let text = String::deserialize(from)?;
    parse_size(&text).map_err(D::Error::custom)
}

fn kv_type<'de, D: Deserializer<'de>>(from: D) -> Result<Option<KvType>, D::Error> {
    let name = String::deserialize(from)?;
    let found = KvType::ALL.iter().find(|kv| kv.name() == name);
    found.map(|kv| Some(*kv)).ok_or_else(|| Error::custom(format!("kv = {name:?} is no type of a KV cache")))
}

impl Board {
    /// The type of the KV cache that the board's firmware has, if it is another than the default.
    pub(crate) fn kv_type(&self) -> Option<KvType> {
        self.firmware.as_ref().and_then(|firmware| firmware.kv)
    }

    /// Asserts that the numbers make sense.
    fn check(&self) -> Result<(), String> {
        let isas = || PROFILES.isa.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        if !PROFILES.isa.contains_key(&self.isa) {
            return Err(format!("isa = {:?}: there are {}", self.isa, isas()));
        }
        if let Some(cpu) = &self.cpu
            && COSTS.cpu.get(cpu).is_none_or(|isas| !isas.contains_key(&self.isa))
        {
            let counted = COSTS.cpu.iter().filter(|(_, isas)| isas.contains_key(&self.isa));
            let counted: Vec<_> = counted.map(|(cpu, _)| &**cpu).collect();
            return Err(format!("cpu = {cpu:?}: {} was counted on {}", self.isa, counted.join(", ")));
        }
        FIELDS.iter().try_for_each(|field| field.check(self)).map_err(|error| error.to_string())?;
        let numbers = FIELDS.iter().filter(|field| (field.of)(self).is_some()).map(|field| field.name);
        sources::check(&self.sources, &numbers.collect::<Vec<_>>())
    }

    /// The certainty of an assumption.
    pub(crate) fn class(&self, assumption: Assumption) -> Class {
        sources::class(&self.sources, assumption)
    }

    /// The board if an assumption is off, so that it is `factor` times as fast there.
    pub(crate) fn faster(&self, assumption: Assumption, factor: f64) -> Board {
        let mut board = self.clone();
        match assumption {
            Assumption::RamBandwidth => board.ram_bytes_per_s = board.ram_bytes_per_s.map(|rate| rate * factor),
            Assumption::FlashBandwidth => board.flash.bytes_per_s *= factor,
            Assumption::FlashLatency => board.flash.latency_us /= factor,
            // Modelled cycles take less time with a faster clock too.
            Assumption::Cycles => board.hz *= factor,
        }
        board
    }

    pub(crate) fn isa(&self) -> &'static Isa {
        &PROFILES.isa[&self.isa]
    }

    /// The costs of the kernels.
    pub(crate) fn costs(&self) -> &'static Costs {
        &COSTS.cpu[self.cpu.as_ref().unwrap_or(&self.isa().cpu)][&self.isa]
    }

    /// The cycles that the processor takes for a byte of weights in a product, as they were modelled for it, or else estimated
    /// from instructions.
    pub(crate) fn cycles_per_byte(&self, format: &str, tokens: usize, pinned: bool) -> f64 {
        let format = &self.costs().format[format];
        let (instructions, cycles) =
            if pinned { (format.pinned, format.pinned_cycles) } else { (format.rows, format.rows_cycles) };
        match cycles.filter(|_| self.cpu.is_some()) {
            Some(cycles) => cycles.for_tokens(tokens),
            None => instructions.for_tokens(tokens) * self.cycles_per_instruction,
        }
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

/// The board of that name, or that a file describes: a block of `boards.toml`, with its heading `[[board]]` or without.
///
/// # Errors
/// Which boards there are; a [`BadFile`].
pub(crate) fn parse(name: &str) -> Result<&'static Board, Box<dyn StdError + Send + Sync>> {
    if let Some(board) = find(name) {
        return Ok(board);
    }
    if !name.ends_with(".toml") && !Path::new(name).is_file() {
        let names: Vec<_> = all().iter().map(|board| &*board.name).collect();
        return Err(format!("there are {}, or a file of your own (NAME.toml)", names.join(", ")).into());
    }
    Ok(of_file(name).map_err(BadFile)?)
}

/// A file of a board that cannot be used, and why.
#[derive(Debug)]
pub(crate) struct BadFile(String);

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for BadFile {}

/// The board that the file `name` describes.
fn of_file(name: &str) -> Result<&'static Board, String> {
    let text = data_file(Path::new(name), MAX_FILE_BYTES).map_err(|error| error.to_string())?;
    // Leaked, as boards are `&'static`: those that are built in are.
    Ok(Box::leak(Box::new(of_text(&text, name)?)))
}

/// The board that `text` describes, which is what the file `name` holds.
fn of_text(text: &str, name: &str) -> Result<Board, String> {
    // The error shows lines of the file.
    let shown = |error: toml::de::Error| {
        let lines = error.to_string().lines().map(printable).collect::<Vec<_>>();
        [lines, fields::requirement_at(&FIELDS, text, &error).into_iter().collect()].concat().join("\n")
    };
    let read = || {
        let mut board = read(text).map_err(shown)?;
        board.path = Some(name.to_owned());
        for text in [&mut board.name, &mut board.what] {
            *text = printable(text);
        }
        board.check()?;
        Ok(board)
    };
    read().map_err(|error: String| format!("{}: {error}", printable(name)))
}

/// The board that the text of a file describes.
fn read(text: &str) -> Result<Board, toml::de::Error> {
    if !toml::from_str::<BTreeMap<String, IgnoredAny>>(text)?.contains_key("board") {
        return toml::from_str(text);
    }
    let boards = toml::from_str::<Block>(text)?.board;
    let one = <[Board; 1]>::try_from(boards);
    one.map(|[board]| board).map_err(|boards| Error::custom(format!("{} boards: one is needed", boards.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashlet::internal::quant::WeightType;

    #[test]
    fn every_profile_is_whole() {
        let mut names: Vec<_> = all().iter().map(|board| &board.name).collect();
        names.dedup();
        assert_eq!(names.len(), all().len());
        for board in all() {
            board.check().expect("its numbers make sense");
            assert!(board.arena > 0 && board.flash.bytes > 0, "{}", board.name);
        }
        for (name, isa) in &PROFILES.isa {
            let costs = &COSTS.cpu[&isa.cpu][name];
            assert!(WeightType::ALL.iter().all(|ty| costs.format.contains_key(ty.name())), "{name}");
            assert!(KvType::ALL.iter().all(|ty| costs.attention.contains_key(ty.name())), "{name}");
        }
    }

    #[test]
    fn modelled_cycles_are_those_of_the_boards_processor() {
        let (m7, m4) = (find("teensy41").expect("a board"), find("stm32f405").expect("a board"));
        for (board, cpu) in [(m7, "cortex-m7"), (m4, "cortex-m4")] {
            let costs = COSTS.cpu[cpu]["dsp"].format["Q4_K"].rows_cycles.expect("it is modelled");
            assert_eq!(board.cycles_per_byte("Q4_K", 1, false), costs.one);
            assert_eq!(board.cycles_per_byte("Q4_K", 8, false), 8.0 * costs.eight);
        }
        // Emulators know no cycles, and no model is there for a Cortex-M33.
        for (name, cpu) in [("mps2-an386", "cortex-m4"), ("pico2", "cortex-m33")] {
            let board = find(name).expect("a board");
            let one = COSTS.cpu[cpu]["dsp"].format["Q4_K"].rows.one;
            assert_eq!(board.cycles_per_byte("Q4_K", 1, false), one * board.cycles_per_instruction);
        }
    }

    #[test]
    fn a_file_has_a_block_with_or_without_its_heading() {
        let table = include_str!("../../boards.toml");
        let blocks: Vec<_> = table.split("\n[[board]]\n").skip(1).map(|block| format!("[[board]]\n{block}")).collect();
        assert_eq!(blocks.len(), all().len());
        for (block, built_in) in blocks.iter().zip(all()) {
            let name = &built_in.name;
            let board = read(block).expect("a block as it stands");
            assert_eq!((&board.name, board.arena), (name, built_in.arena));
            let without = block.trim_start_matches("[[board]]").split("[board.").next().expect("text before");
            assert_eq!(&read(without).expect("without its heading").name, name);
            assert!(read(&format!("{block}\n\n{block}")).is_err(), "two boards");
            assert!(read(&block.replace("cores", "kernels")).is_err(), "an unknown field");
        }
    }
}
