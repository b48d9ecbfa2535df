//! Boards that `plan` knows: how much memory is left for the arena, and where the model lies.

use clap::builder::{PossibleValue, PossibleValuesParser};

/// A board as the planner sees it.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// The largest block of RAM that the arena can have. What firmware needs for its stack and
    /// statics is taken off where it shares the block.
    pub(crate) arena_bytes: usize,
    /// Bytes of flash that a model can have.
    pub(crate) flash_bytes: u64,
    /// Whether the model can be addressed in place.
    pub(crate) mapped: bool,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// Stack, statics and buffers of a firmware.
const FIRMWARE: usize = 32 * KIB;

/// The boards, small ones first. Where there is firmware, `boards` has the same numbers.
pub(crate) const BOARDS: [Board; 8] = [
    Board {
        name: "netduinoplus2",
        what: "STM32F405, Cortex-M4F, 128 KiB SRAM, 1 MiB flash",
        arena_bytes: 128 * KIB - FIRMWARE,
        flash_bytes: (MIB - 128 * KIB) as u64,
        mapped: true,
    },
    Board {
        name: "pico",
        what: "RP2040, 2x Cortex-M0+, 256 KiB SRAM, 2 MiB QSPI flash",
        arena_bytes: 256 * KIB - FIRMWARE,
        flash_bytes: (2 * MIB - 256 * KIB) as u64,
        mapped: true,
    },
    Board {
        name: "nrf52840-dk",
        what: "nRF52840, Cortex-M4F, 256 KiB SRAM, 8 MiB QSPI flash",
        arena_bytes: 192 * KIB,
        flash_bytes: 8 * MIB as u64,
        mapped: false,
    },
    Board {
        name: "pico2",
        what: "RP2350, 2x Cortex-M33, 512 KiB SRAM, 4 MiB QSPI flash",
        arena_bytes: 432 * KIB,
        flash_bytes: 3 * MIB as u64,
        mapped: true,
    },
    Board {
        name: "weact-h743",
        what: "WeAct STM32H743, Cortex-M7, 512 KiB AXI SRAM, 8 MiB QSPI flash",
        arena_bytes: 480 * KIB,
        flash_bytes: 8 * MIB as u64,
        mapped: false,
    },
    Board {
        name: "mps2-an500",
        what: "QEMU, Cortex-M7, 16 MiB RAM",
        arena_bytes: 16 * MIB,
        flash_bytes: 3 * MIB as u64,
        mapped: true,
    },
    Board {
        name: "mps3-an547",
        what: "QEMU, Cortex-M55 with Helium, 4 MiB SRAM, model in 2 GiB DDR",
        arena_bytes: 4 * MIB - FIRMWARE,
        flash_bytes: 2 << 30,
        mapped: true,
    },
    Board {
        name: "raspi3b",
        what: "Raspberry Pi 3B, 4x Cortex-A53, 1 GiB RAM, model on the SD card",
        arena_bytes: 768 * MIB,
        flash_bytes: 32 << 30,
        mapped: false,
    },
];

/// The board called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Board> {
    BOARDS.iter().find(|board| board.name == name)
}

/// Accepts a board's name and lists all in the help.
pub(crate) fn parser() -> PossibleValuesParser {
    PossibleValuesParser::new(BOARDS.iter().map(|board| PossibleValue::new(board.name).help(board.what)))
}
