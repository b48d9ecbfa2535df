//! The boards that have firmware, from the table that the simulator's `--board` reads too, `host-sim/boards.toml`.
//!
//! The comment at the top of that file explains its fields. What the simulator alone needs is skipped here.

pub mod costs;

use serde::{Deserialize, Deserializer, de::Error};
use std::sync::LazyLock;

/// A board with firmware.
#[derive(Debug)]
pub struct Board {
    /// The board's name: the simulator's, the runner's, and that of its first program.
    pub name: String,
    /// The board in words.
    pub what: String,
    /// Bytes of RAM for the arena.
    pub arena: usize,
    /// The instruction set of its kernels.
    pub isa: String,
    /// The processor's clock.
    pub hz: u32,
    /// Bytes of flash for the model.
    pub model_bytes: usize,
    /// Weights are used where they lie.
    pub mapped: bool,
    /// Its programs.
    pub firmware: Firmware,
}

/// The programs of a board and their place in memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firmware {
    /// The crate's folder below `boards`. Its workspace is the folder above it.
    #[serde(rename = "crate")]
    pub folder: String,
    /// The compiler's target.
    pub target: String,
    /// Cargo's profile.
    #[serde(default = "release")]
    pub profile: String,
    /// Features of the crate.
    #[serde(default)]
    pub features: Vec<String>,
    /// The cache's number format, by the name that `--kv` takes.
    #[serde(default = "f16")]
    pub kv: String,
    /// Flash for the program.
    pub program: Region,
    /// RAM for statics, for the stack, and for the arena unless that lies elsewhere.
    pub ram: Region,
    /// Bytes for the stack, which begins where RAM does.
    #[serde(deserialize_with = "size")]
    pub stack: usize,
    /// The stack's address, where it has RAM of its own.
    pub stack_at: Option<u64>,
    /// The memory or chip that the model lies in.
    pub model_in: String,
    /// The model's address, where the processor can read it.
    pub model_at: Option<usize>,
    /// The arena's address; without one it is a static.
    pub arena_at: Option<usize>,
    /// The serial port of the prompt.
    pub serial: String,
    /// The serial port's registers.
    pub uart: Option<usize>,
    /// The program follows the grammar that a model's file carries.
    #[serde(default = "yes")]
    pub grammar: bool,
    /// The board has a program for the kernels' self-test.
    #[serde(default)]
    pub selftest: bool,
    /// A sentence on what the board proves.
    pub proves: String,
    /// Programs beside the first.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// The emulator.
    pub qemu: Option<Qemu>,
}

/// Bytes of memory from an address on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The first byte's address.
    pub at: u64,
    /// Bytes.
    #[serde(deserialize_with = "size")]
    pub bytes: usize,
}

/// A program that differs from its board's first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The end of a name of its own, after the board's and a hyphen.
    pub suffix: Option<String>,
    /// The feature of the crate that makes it, if it has no name of its own.
    pub feature: Option<String>,
    /// Weights are used where they lie.
    pub mapped: bool,
    /// Bytes of its arena, a static; the board's if there is no such number.
    #[serde(default, deserialize_with = "some_size")]
    pub arena: Option<usize>,
    /// Bytes of its stack; the board's if there is no such number.
    #[serde(default, deserialize_with = "some_size")]
    pub stack: Option<usize>,
    /// It follows grammars where the first program does not.
    #[serde(default)]
    pub grammar: bool,
}

/// A machine of QEMU's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qemu {
    /// The machine's name, for `-M`.
    pub machine: String,
    /// Further options.
    #[serde(default)]
    pub options: Vec<String>,
    /// The processors to run on, the best last.
    pub cpus: Vec<Cpu>,
}

/// A processor of a machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// The name for `-cpu`.
    pub name: String,
    /// The instruction sets that the self-test must find; the prompt takes the last.
    pub isas: Vec<String>,
    /// The instruction sets whose costs are counted, if it is not the last alone.
    #[serde(default)]
    counted: Vec<String>,
    /// The real model runs on it too, which takes minutes.
    #[serde(default)]
    pub real_model: bool,
}

impl Firmware {
    /// The place of the model, for people.
    #[must_use]
    pub fn model_place(&self) -> String {
        match self.model_at {
            Some(at) => format!("{} at {at:#010x}", self.model_in),
            None => self.model_in.clone(),
        }
    }
}

impl Cpu {
    /// The instruction set of the prompt's kernels.
    #[must_use]
    pub fn best_isa(&self) -> &str {
        self.isas.last().map_or("", String::as_str)
    }

    /// The instruction sets whose costs are counted.
    #[must_use]
    pub fn counted_isas(&self) -> &[String] {
        if self.counted.is_empty() { self.isas.last().map_or(&[], core::slice::from_ref) } else { &self.counted }
    }
}

/// A program of a board, as cargo builds it.
#[derive(Clone, Debug)]
pub struct Program<'b> {
    /// The board.
    pub board: &'b Board,
    /// The binary's name.
    pub name: String,
    /// The name with the feature that makes a variant: no other program has it.
    pub label: String,
    /// Cargo's profile.
    pub profile: &'b str,
    /// Features of the crate.
    pub features: Vec<&'b str>,
    /// Weights are used where they lie.
    pub mapped: bool,
    /// Bytes of the arena.
    pub arena: usize,
    /// Bytes of the stack.
    pub stack: usize,
    /// It follows the grammar that a model's file carries.
    pub grammar: bool,
    /// The arena is a static of the program's.
    pub arena_is_static: bool,
}

impl Board {
    /// The name of the board's package.
    #[must_use]
    pub fn package(&self) -> String {
        let folder = &self.firmware.folder;
        format!("flashlet-{}", folder.rsplit('/').next().unwrap_or(folder))
    }

    /// QEMU's program for the processor.
    #[must_use]
    pub fn emulator(&self) -> &'static str {
        match self.firmware.target.split('-').next().unwrap_or_default() {
            "aarch64" => "qemu-system-aarch64",
            "riscv32imac" => "qemu-system-riscv32",
            "riscv64gc" => "qemu-system-riscv64",
            _ => "qemu-system-arm",
        }
    }

    /// The manifest of the workspace that the board's crate belongs to, from the repository's root on.
    #[must_use]
    pub fn manifest(&self) -> String {
        match self.firmware.folder.rsplit_once('/') {
            Some((above, _)) => format!("boards/{above}/Cargo.toml"),
            None => "boards/Cargo.toml".into(),
        }
    }

    /// The program that takes the board as the table describes it.
    #[must_use]
    pub fn program(&self) -> Program<'_> {
        let firmware = &self.firmware;
        Program {
            board: self,
            name: self.name.clone(),
            label: self.name.clone(),
            profile: &firmware.profile,
            features: firmware.features.iter().map(String::as_str).collect(),
            mapped: self.mapped,
            arena: self.arena,
            stack: firmware.stack,
            grammar: firmware.grammar,
            arena_is_static: firmware.arena_at.is_none(),
        }
    }

    /// All programs with a prompt, the board's own first.
    #[must_use]
    pub fn programs(&self) -> Vec<Program<'_>> {
        let variants = self.firmware.variants.iter().map(|variant| {
            let mut program = self.program();
            program.mapped = variant.mapped;
            program.features.extend(variant.feature.as_deref());
            if let Some(suffix) = &variant.suffix {
                program.name = format!("{}-{suffix}", self.name);
            }
            program.label = match &variant.feature {
                Some(feature) => format!("{}+{feature}", program.name),
                None => program.name.clone(),
            };
            program.stack = variant.stack.unwrap_or(program.stack);
            program.grammar |= variant.grammar;
            if let Some(arena) = variant.arena {
                (program.arena, program.arena_is_static) = (arena, true);
            }
            program
        });
        core::iter::once(self.program()).chain(variants).collect()
    }

    /// The kernels' self-test, where the board has it.
    #[must_use]
    pub fn selftest(&self) -> Option<Program<'_>> {
        let mut program = self.program();
        program.name += "-selftest";
        program.profile = "release";
        program.features.push("selftest");
        self.firmware.selftest.then_some(program)
    }
}

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    name: String,
    what: String,
    #[serde(deserialize_with = "size")]
    arena: usize,
    isa: String,
    hz: f64,
    flash: Flash,
    firmware: Option<Firmware>,
}

#[derive(Deserialize)]
struct Flash {
    #[serde(deserialize_with = "size")]
    bytes: usize,
    mapped: bool,
}

#[derive(Deserialize)]
struct Table {
    board: Vec<Row>,
}

fn yes() -> bool {
    true
}

fn release() -> String {
    "release".into()
}

fn f16() -> String {
    "f16".into()
}

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let text = String::deserialize(from)?;
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1_usize << 30,
        _ => return Err(D::Error::custom(format!("{text:?}: a size such as 16MiB is needed"))),
    };
    number.parse::<usize>().map(|number| number * factor).map_err(D::Error::custom)
}

fn some_size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    size(from).map(Some)
}

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../../host-sim/boards.toml")).expect("the table is tested");
    let board = |row: Row| {
        let Row { name, what, arena, isa, hz, flash: Flash { bytes: model_bytes, mapped }, firmware } = row;
        firmware.map(|firmware| Board { name, what, arena, isa, hz: hz as u32, model_bytes, mapped, firmware })
    };
    table.board.into_iter().filter_map(board).collect()
});

/// All boards with firmware, in the table's order.
///
/// # Panics
/// If the table that is compiled in has a mistake.
#[must_use]
pub fn all() -> &'static [Board] {
    &BOARDS
}

/// The boards that QEMU emulates.
pub fn emulated() -> impl Iterator<Item = (&'static Board, &'static Qemu)> {
    all().iter().filter_map(|board| Some((board, board.firmware.qemu.as_ref()?)))
}

/// The boards that no emulator has.
pub fn hardware() -> impl Iterator<Item = &'static Board> {
    all().iter().filter(|board| board.firmware.qemu.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_agree() {
        for board in all() {
            let firmware = &board.firmware;
            let same_name = all().iter().filter(|other| other.name == board.name);
            assert_eq!(same_name.count(), 1, "{}", board.name);
            assert!(board.hz > 0 && board.arena > 0 && board.model_bytes > 0, "{}", board.name);
            assert!(!board.mapped || firmware.model_at.is_some(), "{}: where is the model?", board.name);
            if let Some(at) = firmware.model_at {
                let program = firmware.program.at..firmware.program.at + firmware.program.bytes as u64;
                assert!(!program.contains(&(at as u64)), "{}: model and program overlap", board.name);
            }
            for program in board.programs() {
                assert!(!program.arena_is_static || program.arena < firmware.ram.bytes, "{}", program.name);
            }
            for variant in &firmware.variants {
                assert!(variant.suffix.is_some() != variant.feature.is_some(), "{}", board.name);
            }
            if let Some(qemu) = &firmware.qemu {
                assert!(qemu.cpus.iter().any(|cpu| cpu.best_isa() == board.isa), "{}: no such kernels", board.name);
            }
        }
        assert!(emulated().count() > 0 && hardware().count() > 0);
    }

    #[test]
    fn a_crates_folder_says_which_workspace_it_is_of() {
        let find = |name| all().iter().find(|board| board.name == name).expect("it is in the table");
        let an386 = find("mps2-an386");
        assert_eq!((an386.package().as_str(), an386.manifest().as_str()), ("flashlet-mps2", "boards/Cargo.toml"));
        let pico2 = find("pico2");
        assert_eq!(
            (pico2.package().as_str(), pico2.manifest().as_str()),
            ("flashlet-pico2", "boards/hardware/Cargo.toml")
        );
    }

    #[test]
    fn variants_differ_in_what_they_state() {
        let find = |name| all().iter().find(|board| board.name == name).expect("it is in the table");
        let [plain, streamed] = &find("mps2-an500").programs()[..] else { unreachable!("two programs") };
        assert_eq!((plain.name.as_str(), plain.mapped, plain.arena_is_static), ("mps2-an500", true, false));
        assert_eq!(
            (streamed.name.as_str(), streamed.mapped, streamed.arena),
            ("mps2-an500-streamed", false, 160 << 10)
        );
        let selftest = find("mps2-an500").selftest().expect("it has one");
        assert_eq!(selftest.name, "mps2-an500-selftest");
        assert!(selftest.features.contains(&"selftest"));
        assert!(find("stm32f405").selftest().is_none());
    }
}
