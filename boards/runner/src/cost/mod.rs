//! Costs of the boards' kernels: counted under QEMU, and kept in `host-sim/costs.toml`.

mod assembly;
mod count;
mod cycles;
mod document;
mod table;

pub(crate) use document::{cycles_table, instructions_table};
pub(crate) use table::read;

use crate::emulator::Emulated;
use crate::toolchain::Toolchain;
use board_table::Cpu;
use board_table::costs::{Costs, Format, PerByte, Table};
use cycles::Trace;
use std::collections::BTreeMap;
use std::path::Path;

/// Options of the command.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    /// A line of JSON for each figure, and nothing else.
    pub(crate) json: bool,
    /// The figures are written to the table of costs.
    pub(crate) update: bool,
    /// Cycles are modelled too.
    pub(crate) cycles: bool,
    pub(crate) from_source: bool,
}

/// Counts the costs of the boards' kernels, which are `all` boards that have a self-test or those named, and prints them.
pub(crate) fn cost(boards: &[Emulated], all: bool, flags: Flags) -> Result<bool, String> {
    let mut table = read()?;
    for &emulated in boards {
        let (board, qemu) = emulated;
        let Some(program) = board.selftest() else {
            if all {
                continue;
            }
            return Err(format!("{} has no self-test: its kernels are those of another board", board.name));
        };
        let toolchain = Toolchain::find(&board.firmware.target, flags.from_source)?;
        let compiler = toolchain.name()?;
        if flags.update && !all && compiler != table.compiler {
            return Err(format!("{compiler} built these, and {} those of other boards: update all", table.compiler));
        }
        table.compiler = compiler;
        let elf = toolchain.build(&program)?;
        for cpu in &qemu.cpus {
            for isa in cpu.counted_isas() {
                let counted = count::count(emulated, cpu, isa, &elf)?;
                let models: Vec<_> = cycles::models(&cpu.name).filter(|_| isa == cpu.best_isa()).collect();
                // One trace serves all models.
                let wanted = flags.cycles && !models.is_empty();
                let trace = wanted.then(|| Trace::new(emulated, cpu, &elf)).transpose()?;
                let mut all = BTreeMap::from([(cpu.name.clone(), counted.clone())]);
                for model in models {
                    let mut costs = counted.clone();
                    if let Some(trace) = &trace {
                        table.model = trace.add_cycles(model, &mut costs)?;
                    } else if let Some(before) = table.cpu.get(model.cpu).and_then(|isas| isas.get(isa)) {
                        table::keep_cycles(&mut costs, before);
                    }
                    all.insert(model.cpu.to_owned(), costs);
                }
                if flags.json {
                    print_json([&board.name, isa], &all[&cpu.name]);
                } else {
                    print([&board.name, &cpu.name, isa], &all[&cpu.name]);
                }
                for (name, costs) in all {
                    table.cpu.entry(name).or_default().insert(isa.clone(), costs);
                }
            }
        }
    }
    if flags.update {
        table::write(&table)?;
    }
    Ok(true)
}

/// Compares what the kernels of a board cost with the table; an error names figures that differ.
pub(crate) fn check(emulated: Emulated, cpu: &Cpu, elf: &Path, compiler: &str, table: &Table) -> Result<(), String> {
    for isa in cpu.counted_isas() {
        let now = count::count(emulated, cpu, isa, elf)?;
        table::check(table, compiler, [&cpu.name, isa], &now)?;
    }
    Ok(())
}

/// Prints a line of JSON for each product.
fn print_json([board, isa]: [&str; 2], costs: &Costs) {
    for (format, Format { rows, pinned, .. }) in table::in_order(costs) {
        for (layout, cost) in [("rows", rows), ("pinned", pinned)] {
            for (tokens, per_byte) in [(1, cost.one), (8, cost.eight)] {
                let line = serde_json::json!({
                    "board": board, "isa": isa, "format": format, "tokens": tokens, "layout": layout, "per_byte": per_byte
                });
                println!("{line}");
            }
        }
    }
}

fn print([board, cpu, isa]: [&str; 3], costs: &Costs) {
    println!("{board}, {cpu}, {isa}: for one token and for each of eight");
    let pair = |PerByte { one, eight }: PerByte| format!("{one:6.3} {eight:6.3}");
    let cycles = |cost: Option<PerByte>| cost.map_or(String::new(), |cost| format!(" ({} cycles)", pair(cost)));
    for (name, format) in table::in_order(costs) {
        let (rows, pinned) = (cycles(format.rows_cycles), cycles(format.pinned_cycles));
        println!("  {name:12} a byte of rows {}{rows}, pinned {}{pinned}", pair(format.rows), pair(format.pinned));
    }
    for (cache, product) in &costs.attention {
        println!("  {cache:12} a product in attention {product:.3}");
    }
    println!("  {:12} {:.3}\n  {:12} a byte {:.3}", "element", costs.element, "checksum", costs.checksum);
}
