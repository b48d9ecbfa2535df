//! Cycles, as llvm-mca models them: a kernel's instructions, in the order in which an emulated processor executes them, are
//! given to LLVM's model of the processor.

use super::assembly::{aarch64, thumb};
use super::count::Line;
use crate::elf::{self, Symbol};
use crate::emulator::{self, Emulated};
use board_table::Cpu;
use board_table::costs::Costs;
use core::ops::Range;
use flashlet::internal::quant::WeightType;
use rustc_demangle::demangle;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A processor that LLVM has a model of.
pub(super) struct Model {
    /// Its name in the table of costs.
    pub(super) cpu: &'static str,
    /// The emulated processor that executes the instructions.
    emulated: &'static str,
    /// LLVM's name of the model.
    llvm: &'static str,
}

impl Model {
    const fn same(cpu: &'static str) -> Model {
        Model { cpu, emulated: cpu, llvm: cpu }
    }

    /// The option that chooses the processor.
    fn option(&self) -> String {
        format!("--mcpu={}", self.llvm)
    }

    fn triple(&self) -> &'static str {
        if self.is_cortex_m() { "triple=thumbv8.1m.main-none-eabi" } else { "triple=aarch64-none-elf" }
    }

    fn is_cortex_m(&self) -> bool {
        self.cpu.starts_with("cortex-m")
    }

    /// The text of executed instructions for llvm-mca.
    fn assembly(&self, executed: &[&str]) -> String {
        if self.is_cortex_m() { thumb(executed, self.cpu == "cortex-m55") } else { aarch64(executed) }
    }
}

/// LLVM's models. A Cortex-A72 is modelled with the instructions that an emulated Cortex-A53 executes, and a Cortex-A55, which QEMU
/// lacks, with those of a Cortex-A76. For the A76 LLVM uses its model of the A57; that of the Neoverse N1, the same core for servers, is
/// closer.
const MODELS: [Model; 7] = [
    Model::same("cortex-m4"),
    Model::same("cortex-m7"),
    Model::same("cortex-m55"),
    Model::same("cortex-a53"),
    Model { cpu: "cortex-a72", emulated: "cortex-a53", llvm: "cortex-a72" },
    Model { cpu: "cortex-a55", emulated: "cortex-a76", llvm: "cortex-a55" },
    Model { cpu: "cortex-a76", emulated: "cortex-a76", llvm: "neoverse-n1" },
];

/// Instructions of a kernel that are given to the model, at most.
const MOST: usize = 50_000;

/// The first version whose Cortex-M55 knows all instructions.
const LLVM: u32 = 19;

/// The models of processors that execute what the emulated one of this name does.
pub(super) fn models(emulated: &str) -> impl Iterator<Item = &'static Model> {
    MODELS.iter().filter(move |model| model.emulated == emulated)
}

/// The instructions that an emulated processor executes in matrix products, one run for each product.
pub(super) struct Trace<'p> {
    program: &'p Path,
    /// The firmware's lines, which count each run's instructions.
    said: String,
    runs: Vec<Vec<u64>>,
}

impl<'p> Trace<'p> {
    /// Runs the self-test's products on the emulated processor, with its best instruction set.
    pub(super) fn new((board, qemu): Emulated, cpu: &Cpu, program: &'p Path) -> Result<Self, String> {
        let command_line = format!("trace {}", cpu.best_isa());
        let (said, runs) = runs(emulator::with_program(board, qemu, cpu, program), &command_line, program)?;
        Ok(Trace { program, said, runs })
    }

    /// Runs llvm-mca on each product, and adds the cycles to `costs`. Returns the name and version of llvm-mca.
    pub(super) fn add_cycles(&self, model: &Model, costs: &mut Costs) -> Result<String, String> {
        let ((mca, version), (objdump, _)) = (tool("llvm-mca")?, tool("llvm-objdump")?);
        let objdump = &mut Command::new(objdump);
        let texts = disassembly(objdump.args([format!("--{}", model.triple()), model.option()]), self.program)?;
        // The first run is of nothing.
        let mut runs = self.runs.iter().skip(1);
        for line in self.said.lines().filter_map(|line| Line::parse(line.strip_prefix("cost ")?)) {
            let Some(format) = costs.format.get_mut(line.name) else { break };
            let mut modelled = vec![];
            for (cost, tokens) in line.values.iter().zip([1, 8, 1, 8]) {
                let run = runs.next().ok_or(format!("{}: the trace ends", line.name))?;
                whole(line.name, tokens, *cost, run)?;
                let executed: Vec<_> = run.iter().take(MOST).filter_map(|at| Some(texts.get(at)?.as_str())).collect();
                let command = &mut Command::new(&mca);
                command.args([format!("--m{}", model.triple()), model.option()]);
                let cycles = cycles(command, &model.assembly(&executed));
                let cycles = cycles.map_err(|error| format!("{}, {tokens} tokens: {error}", line.name))?;
                modelled.push(cost * cycles as f64 / executed.len() as f64);
            }
            let pair = |at: usize| Some([*modelled.get(at)?, *modelled.get(at + 1)?].into());
            (format.rows_cycles, format.pinned_cycles) = (pair(0), pair(2).or(pair(0)));
        }
        Ok(version)
    }
}

/// Runs the firmware: its output, and the addresses of the engine's instructions between each two readings of the clock, in
/// order of execution.
fn runs(emulator: Command, command_line: &str, program: &Path) -> Result<(String, Vec<Vec<u64>>), String> {
    let symbols = elf::symbols(program)?;
    let clock = symbols.iter().find(|symbol| symbol.name == "cost_clock").ok_or("the program has no cost_clock")?;
    let clock = clock.address & !1;
    let mut ranges = engine(&symbols);
    ranges.push(clock..clock + 2);
    let (mut runs, mut counting): (Vec<Vec<u64>>, _) = (vec![], false);
    let said = emulator::trace(emulator, command_line, &ranges, |at| {
        if at == clock {
            counting = !counting;
            runs.extend(counting.then(Vec::new));
        } else if let Some(run) = runs.last_mut().filter(|_| counting) {
            run.push(at);
        }
    })?;
    Ok((said, runs))
}

/// The addresses of the engine's functions, of what the linker placed between two of them, and of copying and zeroing.
fn engine(symbols: &[Symbol]) -> Vec<Range<u64>> {
    let mut functions: Vec<_> = symbols.iter().filter(|symbol| symbol.is_function).collect();
    functions.sort_by_key(|symbol| symbol.address);
    let mut ranges: Vec<Range<u64>> = vec![];
    let mut open = false;
    for function in functions {
        let (start, name) = (function.address & !1, demangle(&function.name).to_string());
        // Names of crates that use it begin with `flashlet_`.
        let of_memory = ["mem", "__aeabi_mem"].iter().any(|begin| name.starts_with(begin));
        if name.contains("flashlet::") || of_memory || name.contains("compiler_builtins::mem") {
            match ranges.last_mut().filter(|_| open) {
                Some(range) => range.end = start + function.bytes,
                None => ranges.push(start..start + function.bytes),
            }
            open = true;
        } else if name.contains("flashlet_") {
            open = false;
        }
    }
    ranges
}

/// Checks that the trace of a product has the instructions that the clock counted.
fn whole(format: &str, tokens: usize, cost: f64, run: &[u64]) -> Result<(), String> {
    let ty = WeightType::ALL.iter().find(|ty| ty.name() == format).ok_or(format!("{format} is no format"))?;
    let bytes = 32 * 512 / ty.block_elems() * ty.block_bytes() * tokens;
    let traced = run.len() as f64 / bytes as f64;
    if (traced / cost - 1.0).abs() < 0.03 {
        return Ok(());
    }
    Err(format!("{format}, {tokens} tokens: the trace has {traced:.3} instructions a byte, the clock counts {cost:.3}"))
}

/// The newest of LLVM's tools of this name, and its version.
fn tool(name: &str) -> Result<(String, String), String> {
    let numbered = (LLVM..LLVM + 10).rev().map(|version| format!("{name}-{version}"));
    for path in numbered.chain([name.to_owned()]) {
        let Ok(output) = Command::new(&path).arg("--version").output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split("LLVM version ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        if let Some(version) = version.filter(|_| major.is_some_and(|major| major >= LLVM)) {
            return Ok((path, format!("{name} {version}")));
        }
    }
    Err(format!("no {name} of LLVM {LLVM} or newer: apt-get install llvm-{LLVM}"))
}

/// The program's instructions by address.
fn disassembly(objdump: &mut Command, program: &Path) -> Result<HashMap<u64, String>, String> {
    let output = objdump.args(["-d", "--no-show-raw-insn"]).arg(program).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| {
        let (address, instruction) = line.split_once(':')?;
        // Comments begin with an at sign or slashes, names of addresses with an angle bracket.
        let words: Vec<_> = instruction.split(['@', '/', '<']).next()?.split_whitespace().collect();
        Some((u64::from_str_radix(address.trim(), 16).ok()?, words.join(" ")))
    });
    Ok(lines.collect())
}

/// The cycles of `assembly`, run once.
fn cycles(mca: &mut Command, assembly: &str) -> Result<u64, String> {
    let quiet = ["--instruction-info=0", "--resource-pressure=0", "--skip-unsupported-instructions=lack-sched"];
    mca.args(quiet).args(["--iterations=1", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = mca.spawn().map_err(|error| format!("llvm-mca: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("no pipe to llvm-mca")?;
    // It reads all before it writes, or says why it does not.
    let _ = stdin.write_all(assembly.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| format!("llvm-mca: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let cycles = text.lines().find_map(|line| line.strip_prefix("Total Cycles:")?.trim().parse().ok());
    let error = || String::from_utf8_lossy(&output.stderr).lines().take(3).collect::<Vec<_>>().join("\n");
    cycles.ok_or_else(|| format!("llvm-mca: {}", error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_found_among_other_functions() {
        let symbol =
            |name: &str, address, bytes, is_function| Symbol { name: name.into(), address, bytes, is_function };
        let symbols = [
            symbol("_ZN8flashlet7kernels6matmul6linear17h0000000000000000E", 0x301, 0x20, true),
            symbol("flashlet::kernels::TABLE", 0x310, 0x100, false),
            symbol("core::panicking::panic", 0x401, 0x10, true),
            symbol("flashlet::quant::unpack", 0x501, 0x40, true),
            symbol("flashlet_test_data::weights", 0x601, 0x40, true),
            symbol("memcpy", 0x651, 0x10, true),
            symbol("<flashlet::simd::Dsp as flashlet::simd::Isa>::dot", 0x701, 0x8, true),
        ];
        assert_eq!(engine(&symbols), [0x300..0x540, 0x650..0x708]);
    }

    #[test]
    fn every_format_has_cycles_on_every_processor_that_is_modelled() {
        let table = super::super::table::read().expect("the table is whole");
        for (_, qemu) in board_table::emulated().filter(|(board, _)| board.firmware.selftest) {
            for (cpu, model) in qemu.cpus.iter().flat_map(|cpu| models(&cpu.name).map(move |model| (cpu, model))) {
                for (name, format) in &table.cpu[model.cpu][cpu.best_isa()].format {
                    let modelled = format.rows_cycles.is_some() && format.pinned_cycles.is_some();
                    assert!(modelled, "{name} on {}: board-runner cost --cycles --update", model.cpu);
                }
            }
        }
    }

    #[test]
    fn a_trace_must_be_whole() {
        // 32 rows of 16 blocks of 34 bytes.
        let run = vec![0; 32 * 16 * 34];
        assert_eq!(whole("Q8_0", 1, 1.01, &run), Ok(()));
        assert!(whole("Q8_0", 8, 1.01, &run).is_err());
        assert!(whole("Q9_0", 1, 1.01, &run).is_err());
    }
}
