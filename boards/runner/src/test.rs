//! The tests of emulated boards: prompts, the real model, and the kernels' self-test.

use crate::emulator::Emulated;
use crate::figures::{self, Table};
use crate::model::RealModel;
use crate::paths::root;
use crate::prompts::Subject;
use crate::simulator::Simulator;
use crate::toolchain::Toolchain;
use crate::{cost, layout, overflow, selftest};
use board_table::{Cpu, Program, Qemu};
use std::path::PathBuf;
use std::time::Instant;

/// Runs the tests of the boards, prints how many passed, and returns whether all did. With `update` the table of figures
/// takes the measured ones.
pub(crate) fn test(boards: &[Emulated], from_source: bool, update: bool) -> Result<bool, String> {
    let simulator = Simulator::build()?;
    let wants_real = boards.iter().any(|(_, qemu)| qemu.cpus.iter().any(|cpu| cpu.real_model));
    let real = if wants_real { RealModel::fetch(&simulator) } else { Err("it was not asked for".into()) };
    let selftest_hash = selftest::host_hash()?;
    println!("this machine: self-test hash {selftest_hash:016x}");
    let mut tests = Tests { from_source, update, simulator, real, selftest_hash, passed: 0, failures: Vec::new() };
    for &board in boards {
        tests.of_board("prompts", board, Tests::prompts);
    }
    for &board in boards {
        tests.of_board("self-test", board, Tests::selftest);
    }
    for &board in boards {
        tests.of_board("too little stack", board, Tests::overflow);
    }
    println!("\n{} passed, {} failed", tests.passed, tests.failures.len());
    tests.failures.iter().for_each(|failure| println!("FAILED: {failure}"));
    Ok(tests.failures.is_empty())
}

/// References that boards are compared with, the number of runs that passed, and those that failed.
struct Tests {
    from_source: bool,
    update: bool,
    simulator: Simulator,
    /// The real model, or why it is not there.
    real: Result<RealModel, String>,
    selftest_hash: u64,
    passed: u32,
    /// The runs that failed: name and error.
    failures: Vec<String>,
}

impl Tests {
    fn count(&mut self, what: &str, started: Instant, result: Result<(), String>) {
        let seconds = started.elapsed().as_secs();
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("-- {what}: passed in {seconds} s");
            }
            Err(error) => {
                println!("-- {what}: FAILED: {error}");
                self.failures.push(format!("{what}: {error}"));
            }
        }
    }

    /// One part of a board's tests; it fails as a whole where nothing could be run.
    fn of_board(
        &mut self,
        part: &str,
        (board, qemu): Emulated,
        run: fn(&mut Tests, Emulated, &Toolchain) -> Result<(), String>,
    ) {
        let started = Instant::now();
        println!("\n== {}: {part}", board.name);
        let toolchain = Toolchain::find(&board.firmware.target, self.from_source);
        if let Err(error) = toolchain.and_then(|toolchain| run(self, (board, qemu), &toolchain)) {
            self.count(&format!("{}: {part}", board.name), started, Err(error));
        }
    }

    /// Prompts over the serial line; then the real model on processors that are for it.
    fn prompts(&mut self, (board, qemu): Emulated, toolchain: &Toolchain) -> Result<(), String> {
        let mut table = Table::read(root().join(figures::PATH), toolchain.name()?)?;
        for program in &board.programs() {
            let elf = build(toolchain, program)?;
            layout::check(program, &elf)?;
            for cpu in &qemu.cpus {
                let started = Instant::now();
                let subject = Subject { program, qemu, cpu, elf: &elf };
                let row = figures_row(program, qemu, cpu);
                let result = subject.house(&self.simulator).and_then(|figures| {
                    println!("   {figures:?}");
                    subject.carried(&self.simulator)?;
                    if self.update {
                        table.set(&row, figures);
                        return table.write();
                    }
                    table.check(&row, figures)
                });
                self.count(&format!("{} on {}: prompts", program.label, cpu.name), started, result);
            }
        }
        let program = board.program();
        for cpu in qemu.cpus.iter().filter(|cpu| cpu.real_model) {
            let started = Instant::now();
            let elf = toolchain.build(&program)?;
            let subject = Subject { program: &program, qemu, cpu, elf: &elf };
            let result = self.real.as_ref().map_err(String::clone).and_then(|real| subject.real(real));
            self.count(&format!("{} on {}: the real model", program.name, cpu.name), started, result);
        }
        Ok(())
    }

    /// The kernels' self-test, where the board has it.
    fn selftest(&mut self, (board, qemu): Emulated, toolchain: &Toolchain) -> Result<(), String> {
        let Some(program) = board.selftest() else {
            println!("none: its kernels are those of another board");
            return Ok(());
        };
        let elf = build(toolchain, &program)?;
        let (costs, compiler) = (cost::read()?, toolchain.name()?);
        for cpu in &qemu.cpus {
            let started = Instant::now();
            let result = selftest::run(board, qemu, cpu, &elf, self.selftest_hash);
            self.count(&format!("{} on {}: self-test", board.name, cpu.name), started, result);
            let started = Instant::now();
            let result = cost::check((board, qemu), cpu, &elf, &compiler, &costs);
            self.count(&format!("{} on {}: costs", board.name, cpu.name), started, result);
        }
        Ok(())
    }

    /// The board's program with too little stack, of which it must speak.
    fn overflow(&mut self, (board, qemu): Emulated, toolchain: &Toolchain) -> Result<(), String> {
        for bytes in overflow::TOO_FEW {
            let elf = toolchain.build_with_stack(&board.program(), bytes)?;
            for cpu in &qemu.cpus {
                let started = Instant::now();
                let result = overflow::run(board, qemu, cpu, &elf, bytes);
                self.count(&format!("{} on {}: {bytes} bytes of stack", board.name, cpu.name), started, result);
            }
        }
        Ok(())
    }
}

fn build(toolchain: &Toolchain, program: &Program<'_>) -> Result<PathBuf, String> {
    let started = Instant::now();
    let elf = toolchain.build(program)?;
    println!("built {} in {} s", program.label, started.elapsed().as_secs());
    Ok(elf)
}

/// The name of a program's row in the table of figures, which counts each of several processors apart.
fn figures_row(program: &Program<'_>, qemu: &Qemu, cpu: &Cpu) -> String {
    if qemu.cpus.len() > 1 { format!("{}/{}", program.label, cpu.name) } else { program.label.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use board_table::Board;
    use std::collections::BTreeSet;

    #[test]
    fn stacks_are_larger_than_the_deepest() {
        let table = Table::read(root().join(figures::PATH), String::new()).expect("the table of figures");
        let is_cortex_m = |board: &&Board| board.firmware.target.starts_with("thumb");
        let programs: Vec<_> = board_table::all().iter().filter(is_cortex_m).flat_map(Board::programs).collect();
        // Boards that no emulator has are taken for those with the deepest stacks.
        let deepest = programs.iter().filter_map(|program| table.deepest_stack(&program.label)).max();
        for program in &programs {
            let (label, stack) = (&program.label, program.stack as u64);
            let deepest = table.deepest_stack(label).or(deepest).expect("there are figures");
            assert!(stack > deepest + deepest / 10, "{label}: {stack} bytes of stack, and {deepest} were used");
        }
    }

    #[test]
    fn figures_are_those_of_the_boards() {
        let figures = std::fs::read_to_string(root().join(figures::PATH)).expect("the table of figures");
        let lines = figures.lines().filter(|line| !line.starts_with('#'));
        let rows: BTreeSet<_> = lines.filter_map(|line| line.split_whitespace().nth(1)).collect();
        let mut programs = BTreeSet::new();
        for (board, qemu) in board_table::emulated() {
            for program in &board.programs() {
                programs.extend(qemu.cpus.iter().map(|cpu| figures_row(program, qemu, cpu)));
            }
        }
        assert_eq!(rows, programs.iter().map(String::as_str).collect());
    }
}
