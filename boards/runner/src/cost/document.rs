//! The tables of costs in `boards/README.md`.

use super::table::in_order;
use board_table::costs::{Costs, Format, PerByte, Table};
use core::fmt::Write;

/// The table of instructions.
pub(crate) fn instructions_table(table: &Table) -> String {
    columns(table, |costs| {
        let products = in_order(costs).map(|(name, format)| (name.to_owned(), cell(format.rows, format.pinned)));
        let attention =
            costs.attention.iter().map(|(cache, product)| (format!("attention, {cache}"), number(*product)));
        let rest = [("element", costs.element), ("checksum", costs.checksum)];
        products.chain(attention).chain(rest.map(|(name, cost)| (name.to_owned(), number(cost)))).collect()
    })
}

/// The table of modelled cycles, of the processors that have them.
pub(crate) fn cycles_table(table: &Table) -> String {
    let modelled = |format: &Format| Some(cell(format.rows_cycles?, format.pinned_cycles?));
    columns(table, |costs| {
        in_order(costs).filter_map(|(name, format)| Some((name.to_owned(), modelled(format)?))).collect()
    })
}

/// A table with a column for each processor that has cells, one for those with the same cells. All have the first one's rows.
fn columns(table: &Table, cells: impl Fn(&Costs) -> Vec<(String, String)>) -> String {
    let mut columns: Vec<(String, Vec<(String, String)>)> = vec![];
    for (cpu, isa, costs) in best(table) {
        let cells = cells(costs);
        match columns.iter_mut().find(|(_, other)| *other == cells) {
            Some((head, _)) => *head = format!("{cpu}, {head}"),
            None if !cells.is_empty() => columns.push((format!("{cpu}: {isa}"), cells)),
            None => {}
        }
    }
    let heads: Vec<_> = columns.iter().map(|(head, _)| &**head).collect();
    let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (row, (name, _)) in columns.first().map(|(_, cells)| cells).into_iter().flatten().enumerate() {
        let cells: Vec<_> = columns.iter().map(|(_, cells)| cells.get(row).map_or("", |(_, cell)| &**cell)).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

/// The costs of each processor's best instruction set, in the order of the table of boards.
fn best(table: &Table) -> impl Iterator<Item = (&'static str, &'static str, &Costs)> {
    let tested = board_table::emulated().filter(|(board, _)| board.firmware.selftest);
    tested.flat_map(|(_, qemu)| &qemu.cpus).filter_map(|cpu| {
        let (name, isa) = (cpu.name.as_str(), cpu.best_isa());
        Some((name, isa, table.cpu.get(name)?.get(isa)?))
    })
}

fn cell(rows: PerByte, pinned: PerByte) -> String {
    let pair = |PerByte { one, eight }: PerByte| format!("{} ({})", number(one), number(eight));
    if rows == pinned { pair(rows) } else { format!("{}; pinned {}", pair(rows), pair(pinned)) }
}

fn number(cost: f64) -> String {
    if cost < 10.0 { format!("{cost:.3}") } else { format!("{cost:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn processors_with_the_same_costs_share_a_column() {
        let format = |rows: [f64; 2], cycles: Option<[f64; 2]>| {
            let cycles = cycles.map(PerByte::from);
            Format { rows: rows.into(), pinned: [2.0, 1.0].into(), rows_cycles: cycles, pinned_cycles: cycles }
        };
        let costs = |format: Format| Costs {
            attention: BTreeMap::from([("f16".into(), 9.0)]),
            element: 30.0,
            checksum: 6.25,
            format: BTreeMap::from([("Q8_0".into(), format)]),
        };
        let cpu = [
            ("cortex-m3", "scalar", format([20.0, 2.5], None)),
            ("cortex-m4", "dsp", format([2.0, 1.0], Some([3.0, 2.0]))),
            ("cortex-m7", "dsp", format([2.0, 1.0], Some([1.5, 1.25]))),
        ];
        let cpu = cpu.map(|(cpu, isa, format)| (cpu.to_owned(), [(isa.to_owned(), costs(format))].into())).into();
        let table = Table { compiler: String::new(), model: String::new(), cpu };
        let head = "| | cortex-m3: scalar | cortex-m7, cortex-m4: dsp |\n|---|---|---|\n";
        let rows = "| Q8_0 | 20.0 (2.500); pinned 2.000 (1.000) | 2.000 (1.000) |\n| attention, f16 | 9.000 | 9.000 |\n\
            | element | 30.0 | 30.0 |\n| checksum | 6.250 | 6.250 |\n";
        assert_eq!(instructions_table(&table), format!("{head}{rows}"));
        let rows = "| Q8_0 | 3.000 (2.000) | 1.500 (1.250) |\n";
        assert_eq!(cycles_table(&table), format!("| | cortex-m4: dsp | cortex-m7: dsp |\n|---|---|---|\n{rows}"));
    }
}
