//! The emulated boards.

use std::path::Path;
use std::process::Command;

/// A board that QEMU emulates.
#[derive(Debug)]
pub(crate) struct Board {
    /// The board's folder.
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    /// Cargo's profile of its firmware.
    pub(crate) profile: &'static str,
    /// The number format of the cache that its firmware takes.
    pub(crate) kv: &'static str,
    qemu: &'static str,
    /// QEMU's machine, with what else it takes.
    machine: &'static [&'static str],
    /// The processors to run on.
    pub(crate) cpus: &'static [Cpu],
    /// Whether the board has the kernels' self-test.
    pub(crate) selftest: bool,
    pub(crate) firmware: &'static [Firmware],
    /// Where the model's image goes, and how long the flash is from there on.
    pub(crate) model_at: usize,
    pub(crate) model_bytes: usize,
}

/// A processor of a board.
#[derive(Debug)]
pub(crate) struct Cpu {
    /// QEMU's name.
    pub(crate) name: &'static str,
    /// The instruction sets that the self-test must find; the prompt takes the last.
    pub(crate) isas: &'static str,
    /// Whether the real model runs on it too: it takes minutes.
    pub(crate) real_model: bool,
}

/// A program that answers prompts.
#[derive(Debug)]
pub(crate) struct Firmware {
    pub(crate) name: &'static str,
    /// Whether weights are read through a flash handle and never used in place.
    pub(crate) streams: bool,
}

const fn cpu(name: &'static str, isas: &'static str) -> Cpu {
    Cpu { name, isas, real_model: false }
}

const fn mapped(name: &'static str) -> Firmware {
    Firmware { name, streams: false }
}

const fn streamed(name: &'static str) -> Firmware {
    Firmware { name, streams: true }
}

pub(crate) const BOARDS: &[Board] = &[
    Board {
        name: "virt-aarch64",
        target: "aarch64-unknown-none",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-aarch64",
        machine: &["virt", "-m", "1G"],
        cpus: &[
            cpu("cortex-a53", "scalar neon"),
            Cpu { name: "cortex-a76", isas: "scalar neon neon+dotprod", real_model: true },
        ],
        selftest: true,
        firmware: &[mapped("virt-aarch64")],
        model_at: 0x5000_0000,
        model_bytes: 256 << 20,
    },
    Board {
        name: "mps2-an385",
        target: "thumbv7m-none-eabi",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-arm",
        machine: &["mps2-an385"],
        cpus: &[cpu("cortex-m3", "scalar")],
        selftest: true,
        firmware: &[mapped("mps2-an385")],
        model_at: 0x0020_0000,
        model_bytes: 2 << 20,
    },
    Board {
        name: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-arm",
        machine: &["mps2-an386"],
        cpus: &[cpu("cortex-m4", "scalar dsp")],
        selftest: true,
        firmware: &[mapped("mps2-an386")],
        model_at: 0x0020_0000,
        model_bytes: 2 << 20,
    },
    Board {
        name: "stm32f405",
        target: "thumbv7em-none-eabihf",
        profile: "size",
        kv: "q8_0",
        qemu: "qemu-system-arm",
        machine: &["netduinoplus2"],
        cpus: &[cpu("cortex-m4", "scalar dsp")],
        selftest: false,
        firmware: &[mapped("stm32f405")],
        model_at: 0x0802_0000,
        model_bytes: 896 << 10,
    },
    Board {
        name: "mps2-an500",
        target: "thumbv7em-none-eabihf",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-arm",
        machine: &["mps2-an500"],
        cpus: &[cpu("cortex-m7", "scalar dsp")],
        selftest: true,
        firmware: &[mapped("mps2-an500"), streamed("mps2-an500-streamed")],
        model_at: 0x0020_0000,
        model_bytes: 2 << 20,
    },
    Board {
        name: "mps2-an505",
        target: "thumbv8m.main-none-eabihf",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-arm",
        machine: &["mps2-an505"],
        cpus: &[cpu("cortex-m33", "scalar dsp")],
        selftest: true,
        firmware: &[mapped("mps2-an505")],
        model_at: 0x1020_0000,
        model_bytes: 2 << 20,
    },
    Board {
        name: "mps3-an547",
        target: "thumbv8m.main-none-eabihf",
        profile: "release",
        kv: "f16",
        qemu: "qemu-system-arm",
        machine: &["mps3-an547"],
        cpus: &[Cpu { name: "cortex-m55", isas: "scalar dsp helium", real_model: true }],
        selftest: true,
        firmware: &[mapped("mps3-an547"), streamed("mps3-an547-streamed")],
        model_at: 0x6000_0000,
        model_bytes: 192 << 20,
    },
];

impl Board {
    /// The board with a firmware of that name.
    pub(crate) fn of_firmware(name: &str) -> Option<&'static Board> {
        let name = name.strip_suffix("-selftest").unwrap_or(name);
        BOARDS.iter().find(|board| board.name == name || board.firmware.iter().any(|firmware| firmware.name == name))
    }

    /// The emulator with a firmware on one of the board's processors. It counts instructions, a nanosecond each.
    pub(crate) fn emulator(&self, cpu: &Cpu, elf: &Path) -> Command {
        let mut command = Command::new(self.qemu);
        command.arg("-M").args(self.machine).args(["-cpu", cpu.name]);
        command.args(["-nodefaults", "-display", "none", "-icount", "shift=0", "-kernel"]).arg(elf);
        command
    }

    /// The emulator with a model's image in the flash, a serial line on standard input and output, and the log in a file.
    pub(crate) fn with_model(&self, cpu: &Cpu, elf: &Path, image: &Path, log: &Path) -> Command {
        let mut command = self.emulator(cpu, elf);
        command.arg("-device").arg(format!("loader,file={},addr={:#x},force-raw=on", image.display(), self.model_at));
        command.arg("-chardev").arg(format!("file,id=log,path={}", log.display()));
        command.args(["-semihosting-config", "enable=on,target=native,chardev=log"]);
        command
    }
}
