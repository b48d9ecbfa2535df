//! The emulated boards.

use std::path::Path;
use std::process::Command;

/// A board that QEMU emulates.
#[derive(Debug)]
pub(crate) struct Board {
    /// The board's folder, and QEMU's machine unless `machine` says otherwise.
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    qemu: &'static str,
    machine: &'static str,
    /// The processors to run on.
    pub(crate) cpus: &'static [Cpu],
}

/// A processor of a board.
#[derive(Debug)]
pub(crate) struct Cpu {
    /// QEMU's name.
    pub(crate) name: &'static str,
    /// The instruction sets that the self-test must find.
    pub(crate) isas: &'static str,
}

const fn mps(name: &'static str, target: &'static str, cpus: &'static [Cpu]) -> Board {
    Board { name, target, qemu: "qemu-system-arm", machine: name, cpus }
}

pub(crate) const BOARDS: &[Board] = &[
    Board {
        name: "virt-aarch64",
        target: "aarch64-unknown-none",
        qemu: "qemu-system-aarch64",
        machine: "virt",
        cpus: &[
            Cpu { name: "cortex-a53", isas: "scalar neon" },
            Cpu { name: "cortex-a76", isas: "scalar neon neon+dotprod" },
            Cpu { name: "max", isas: "scalar neon neon+dotprod neon+i8mm" },
        ],
    },
    mps("mps2-an385", "thumbv7m-none-eabi", &[Cpu { name: "cortex-m3", isas: "scalar" }]),
    mps("mps2-an386", "thumbv7em-none-eabihf", &[Cpu { name: "cortex-m4", isas: "scalar dsp" }]),
    mps("mps2-an500", "thumbv7em-none-eabihf", &[Cpu { name: "cortex-m7", isas: "scalar dsp" }]),
    mps("mps2-an505", "thumbv8m.main-none-eabihf", &[Cpu { name: "cortex-m33", isas: "scalar dsp" }]),
    mps("mps3-an547", "thumbv8m.main-none-eabihf", &[Cpu { name: "cortex-m55", isas: "scalar dsp helium" }]),
];

impl Board {
    /// The emulator with a firmware on one of the board's processors. It counts instructions, a nanosecond each.
    pub(crate) fn emulator(&self, cpu: &Cpu, elf: &Path) -> Command {
        let mut command = Command::new(self.qemu);
        command.args(["-M", self.machine, "-cpu", cpu.name]);
        command.args(["-nodefaults", "-display", "none", "-icount", "shift=0"]);
        command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(elf);
        command
    }
}
