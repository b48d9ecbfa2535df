//! Costs of the boards' kernels: counted under QEMU, and kept in `host-sim/costs.toml`.

mod assembly;
mod count;
mod cycles;
mod table;

pub(crate) use count::parse;
pub(crate) use table::{check, read};

use crate::tables;
use crate::test::Emulated;
use crate::toolchain::Toolchain;
use board_table::costs::{Costs, Format, PerByte};
use board_table::{Cpu, Program};
use flashlet::quant::WeightType;

/// What the command does beside counting.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    /// A line of JSON for each figure, and nothing else.
    pub(crate) json: bool,
    /// The figures are written to the table of costs, and to the document.
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
            let mut costs = count::run(emulated, cpu, &elf)?;
            if let Some(before) = table.cpu.get(&cpu.name) {
                table::keep_cycles(&mut costs, before);
            }
            if flags.cycles && cycles::has_model(&cpu.name) {
                table.model = cycles::model(emulated, cpu, &elf, &mut costs)?;
            }
            print(&program, cpu, &costs, flags.json);
            table.cpu.insert(cpu.name.clone(), costs);
        }
    }
    if flags.update {
        table::write(&table)?;
        tables::write()?;
    }
    Ok(true)
}

fn print(program: &Program<'_>, cpu: &Cpu, costs: &Costs, json: bool) {
    let board = &program.board.name;
    if !json {
        println!("{board}, {}, {}: for one token and for each of eight", cpu.name, costs.isa);
    }
    for (name, format) in in_order(costs) {
        if json {
            for (layout, PerByte { one, eight }) in [("rows", format.rows), ("pinned", format.pinned)] {
                for (tokens, per_byte) in [(1, one), (8, eight)] {
                    let isa = &costs.isa;
                    println!(
                        "{}",
                        serde_json::json!({ "board": board, "isa": isa, "format": name, "tokens": tokens,
                            "layout": layout, "per_byte": per_byte })
                    );
                }
            }
            continue;
        }
        let pair = |PerByte { one, eight }: PerByte| format!("{one:6.3} {eight:6.3}");
        let cycles =
            |cycles: Option<PerByte>| cycles.map_or(String::new(), |cycles| format!(" ({} cycles)", pair(cycles)));
        let Format { rows, pinned, rows_cycles, pinned_cycles } = *format;
        let (rows, pinned) = (pair(rows) + &cycles(rows_cycles), pair(pinned) + &cycles(pinned_cycles));
        println!("  {name:12} a byte of rows {rows}, pinned {pinned}");
    }
    if !json {
        for (cache, product) in &costs.attention {
            println!("  {cache:12} a product in attention {product:.3}");
        }
        println!("  {:12} {:.3}\n  {:12} a byte {:.3}", "element", costs.element, "checksum", costs.checksum);
    }
}

/// The formats of the table in the engine's order.
pub(crate) fn in_order(costs: &Costs) -> impl Iterator<Item = (&'static str, &Format)> {
    WeightType::ALL.iter().filter_map(|ty| Some((ty.name(), costs.format.get(ty.name())?)))
}
