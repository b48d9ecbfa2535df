//! The committed table of costs.

use crate::paths::root;
use board_table::costs::{Costs, Format, PerByte, Table, parse};
use core::fmt::Write;
use flashlet::internal::quant::WeightType;
use std::fs;
use std::path::PathBuf;

/// The relative difference up to which a counted figure equals the one in the table. The compiler's choices depend on the folder that it
/// builds in: figures of the same source differed by up to 2.6 % on AArch64, and by up to 6 % on RISC-V.
const TOLERANCE: f64 = 0.1;

/// The relative difference up to which modelled cycles still belong to a kernel.
const SAME_CODE: f64 = 0.02;

const HEAD: &str = "\
# What kernels cost on the boards' processors, by QEMU's names of these. The simulator and boards/README.md take the figures
# from here. Instructions, counted under QEMU (-icount) by the boards' self-test:
#
#   format     a byte of weights in a product of 32 rows of 512, as [one token, each of eight]. The activations are prepared
#              before. `rows` lie as in a file, `pinned` ones as the kernels want them
#   attention  a product with a cached element, by the cache's format
#   element    an element of a vector in norms, sums, rotations, gates and the like, on average
#   checksum   a byte of weights that are compared with their checksum
#
# `rows_cycles` and `pinned_cycles` are what llvm-mca's model of the processor says to the instructions that ran. Nothing was
# measured on hardware, and neither QEMU nor the model charges what a load of a word at an odd address takes. A processor that is
# modelled but not emulated has the instruction counts of an emulated one with the same instruction set.
#
# Written by `cargo run --release -p board-runner -- cost --update`, with `--cycles` for the cycles too (boards/README.md).
";

/// The formats of the table in the engine's order.
pub(super) fn in_order(costs: &Costs) -> impl Iterator<Item = (&'static str, &Format)> {
    WeightType::ALL.iter().filter_map(|ty| Some((ty.name(), costs.format.get(ty.name())?)))
}

fn path() -> PathBuf {
    root().join("host-sim/costs.toml")
}

/// The table as it is now.
pub(crate) fn read() -> Result<Table, String> {
    let path = path();
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

pub(super) fn write(table: &Table) -> Result<(), String> {
    let path = path();
    fs::write(&path, format(table)).map_err(|error| format!("{}: {error}", path.display()))
}

fn format(table: &Table) -> String {
    // Writing to a string does not fail.
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "\ncompiler = {:?}\nmodel = {:?}", table.compiler, table.model);
    for (cpu, isas) in &table.cpu {
        for (isa, costs) in isas {
            let attention = costs.attention.iter().map(|(cache, product)| format!("{cache} = {product:.3}"));
            let attention = attention.collect::<Vec<_>>().join(", ");
            let Costs { element, checksum, .. } = costs;
            let _ = write!(text, "\n[cpu.{cpu}.{isa:?}]\nattention = {{ {attention} }}\nelement = {element:.3}\n");
            let _ = write!(text, "checksum = {checksum:.3}\n\n[cpu.{cpu}.{isa:?}.format]\n");
            for (name, format) in in_order(costs) {
                let parts = figures(format).into_iter().filter_map(|(name, cost)| Some((name, cost?)));
                let parts = parts.map(|(name, PerByte { one, eight })| format!("{name} = [{one:.3}, {eight:.3}]"));
                let _ = writeln!(text, "{name:6} = {{ {} }}", parts.collect::<Vec<_>>().join(", "));
            }
        }
    }
    text
}

/// A format's costs by their names in the table.
fn figures(format: &Format) -> [(&'static str, Option<PerByte>); 4] {
    let Format { rows, pinned, rows_cycles, pinned_cycles } = *format;
    [("rows", Some(rows)), ("pinned", Some(pinned)), ("rows_cycles", rows_cycles), ("pinned_cycles", pinned_cycles)]
}

/// Compares what was counted on a processor with the table. A figure that differs is an error, as is one that the table
/// has not; what another compiler built is not compared.
pub(super) fn check(table: &Table, compiler: &str, [cpu, isa]: [&str; 2], now: &Costs) -> Result<(), String> {
    if compiler != table.compiler {
        println!("   costs are not compared: those in the table are of {}", table.compiler);
        return Ok(());
    }
    let before = table.cpu.get(cpu).and_then(|isas| isas.get(isa));
    let before = before.ok_or(format!("the table of costs has no {isa} on {cpu}: board-runner cost --update"))?;
    let differ: Vec<_> = differences(before, now);
    if differ.is_empty() { Ok(()) } else { Err(format!("{}: board-runner cost --cycles --update", differ.join(", "))) }
}

fn differences(before: &Costs, now: &Costs) -> Vec<String> {
    let (before, now) = (instructions(before), instructions(now));
    let find = |name: &str| before.iter().find(|(other, _)| other == name).map(|(_, cost)| *cost);
    now.iter()
        .filter_map(|(name, now)| match find(name) {
            Some(before) if near(before, *now, TOLERANCE) => None,
            Some(before) => Some(format!("{name} costs {now:.3}, not {before:.3}")),
            None => Some(format!("the table has no {name}")),
        })
        .collect()
}

fn near(before: f64, now: f64, tolerance: f64) -> bool {
    (now / before - 1.0).abs() <= tolerance
}

/// All counted figures with their names.
fn instructions(costs: &Costs) -> Vec<(String, f64)> {
    let mut all = vec![("element".to_owned(), costs.element), ("checksum".to_owned(), costs.checksum)];
    all.extend(costs.attention.iter().map(|(cache, cost)| (format!("attention-{cache}"), *cost)));
    for (name, Format { rows, pinned, .. }) in &costs.format {
        for (layout, PerByte { one, eight }) in [("rows", rows), ("pinned", pinned)] {
            all.extend([(format!("{name} {layout}, one token"), *one), (format!("{name} {layout}, eight"), *eight)]);
        }
    }
    all
}

/// Gives `now` the modelled cycles of what costs the same as `before`; those of other code are dropped.
pub(super) fn keep_cycles(now: &mut Costs, before: &Costs) {
    let same = |a: PerByte, b: PerByte| near(a.one, b.one, SAME_CODE) && near(a.eight, b.eight, SAME_CODE);
    for (name, format) in &mut now.format {
        let Some(before) = before.format.get(name) else { continue };
        format.rows_cycles = before.rows_cycles.filter(|_| same(before.rows, format.rows));
        format.pinned_cycles = before.pinned_cycles.filter(|_| same(before.pinned, format.pinned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashlet::kernels::KvType;
    use std::collections::BTreeMap;

    fn costs(rows: [f64; 2]) -> Costs {
        let (rows, cycles) = (rows.into(), Some([9.0, 8.0].into()));
        let format = Format { rows, pinned: [2.0, 1.0].into(), rows_cycles: cycles, pinned_cycles: cycles };
        Costs {
            attention: BTreeMap::from([("f16".into(), 9.0)]),
            element: 30.0,
            checksum: 6.25,
            format: BTreeMap::from([("Q8_0".into(), format)]),
        }
    }

    #[test]
    fn every_format_and_every_cache_has_costs_on_every_processor() {
        let table = read().expect("the table is whole");
        let all = table.cpu.iter().flat_map(|(cpu, isas)| isas.iter().map(move |(isa, costs)| (cpu, isa, costs)));
        for (cpu, isa, costs) in all {
            let cpu = format!("{isa} on {cpu}");
            for ty in WeightType::ALL {
                assert!(costs.format.contains_key(ty.name()), "{cpu}: {}", ty.name());
            }
            for ty in KvType::ALL {
                assert!(costs.attention.contains_key(ty.name()), "{cpu}: {}", ty.name());
            }
            for (name, cost) in instructions(costs) {
                assert!(cost > 0.0 && cost.is_finite(), "{cpu}: {name} costs {cost}");
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let isas = [("scalar".to_owned(), costs([3.5, 2.25])), ("neon+i8mm".into(), costs([1.0, 1.0]))];
        let cpu = BTreeMap::from([("max".to_owned(), isas.into())]);
        let table = Table { compiler: "rustc-1".into(), model: "llvm-mca 1".into(), cpu };
        assert_eq!(parse(&format(&table)), Ok(table));
    }

    #[test]
    fn figures_that_moved_are_named() {
        let isas = BTreeMap::from([("dsp".to_owned(), costs([3.0, 2.0]))]);
        let cpu = BTreeMap::from([("cortex-m4".to_owned(), isas)]);
        let table = Table { compiler: "rustc-1".into(), model: String::new(), cpu };
        assert_eq!(check(&table, "rustc-1", ["cortex-m4", "dsp"], &costs([3.1, 2.0])), Ok(()));
        let error = check(&table, "rustc-1", ["cortex-m4", "dsp"], &costs([3.0, 1.7])).expect_err("it became less");
        assert!(error.starts_with("Q8_0 rows, eight costs 1.700, not 2.000"), "{error}");
        assert!(check(&table, "rustc-1", ["cortex-m7", "dsp"], &costs([3.0, 2.0])).is_err());
        assert_eq!(check(&table, "rustc-2", ["cortex-m4", "dsp"], &costs([9.0, 2.0])), Ok(()));
    }

    #[test]
    fn cycles_of_other_code_are_dropped() {
        let mut now = costs([3.0, 1.9]);
        keep_cycles(&mut now, &costs([3.0, 2.0]));
        let format = now.format["Q8_0"];
        assert_eq!((format.rows_cycles, format.pinned_cycles), (None, Some([9.0, 8.0].into())));
    }
}
