//! The tables of costs in `boards/README.md`.

use super::cycles::models;
use super::table::in_order;
use board_table::costs::{Costs, Format, PerByte, Table};
use core::fmt::Write;

/// A row of a column: its name and its figures, a pair for rows as in a file and one for pinned rows, or a single one.
type Row = (String, Vec<f64>);

/// The difference of two figures that are shown as one.
const SAME: f64 = 0.002;

/// The table of instructions.
pub(crate) fn instructions_table(table: &Table) -> String {
    columns(table, emulated(), |costs| {
        let products = in_order(costs).map(|(name, format)| (name.to_owned(), pairs(format.rows, format.pinned)));
        let attention = costs.attention.iter().map(|(cache, product)| (format!("attention, {cache}"), vec![*product]));
        let rest = [("element", costs.element), ("checksum", costs.checksum)];
        products.chain(attention).chain(rest.map(|(name, cost)| (name.to_owned(), vec![cost]))).collect()
    })
}

/// The table of modelled cycles, of the processors that have them.
pub(crate) fn cycles_table(table: &Table) -> String {
    let cycles = |format: &Format| Some(pairs(format.rows_cycles?, format.pinned_cycles?));
    columns(table, modelled(), |costs| {
        in_order(costs).filter_map(|(name, format)| Some((name.to_owned(), cycles(format)?))).collect()
    })
}

/// A table with a column for each processor that has figures; those of one set with equal figures share a column.
fn columns(
    table: &Table,
    processors: impl Iterator<Item = (&'static str, &'static str)>,
    rows: impl Fn(&Costs) -> Vec<Row>,
) -> String {
    let mut columns: Vec<(Vec<&str>, &str, Vec<Row>)> = vec![];
    for (cpu, isa) in processors {
        let Some(costs) = table.cpu.get(cpu).and_then(|isas| isas.get(isa)) else { continue };
        let rows = rows(costs);
        match columns.iter_mut().find(|(_, of, other)| *of == isa && same(other, &rows)) {
            Some((cpus, ..)) => cpus.push(cpu),
            None if !rows.is_empty() => columns.push((vec![cpu], isa, rows)),
            None => {}
        }
    }
    let heads: Vec<_> = columns.iter().map(|(cpus, isa, _)| format!("{}: {isa}", cpus.join(", "))).collect();
    let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (row, (name, _)) in columns.first().map(|(.., rows)| rows).into_iter().flatten().enumerate() {
        let cells: Vec<_> = columns.iter().map(|(.., rows)| rows.get(row).map_or(String::new(), cell)).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

fn same(a: &[Row], b: &[Row]) -> bool {
    let figures = |rows: &[Row]| rows.iter().flat_map(|(_, figures)| figures.clone()).collect::<Vec<_>>();
    let (a, b) = (figures(a), figures(b));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (b / a - 1.0).abs() <= SAME)
}

/// Emulated processors with their best instruction set, in the order of the table of boards.
fn emulated() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tested = board_table::emulated().filter(|(board, _)| board.firmware.selftest);
    tested.flat_map(|(_, qemu)| &qemu.cpus).map(|cpu| (cpu.name.as_str(), cpu.best_isa()))
}

/// The processors that have a model, some of which no emulator has.
fn modelled() -> impl Iterator<Item = (&'static str, &'static str)> {
    emulated().flat_map(|(cpu, isa)| models(cpu).map(move |model| (model.cpu, isa)))
}

fn pairs(rows: PerByte, pinned: PerByte) -> Vec<f64> {
    let pinned = if rows == pinned { vec![] } else { vec![pinned.one, pinned.eight] };
    [vec![rows.one, rows.eight], pinned].concat()
}

fn cell((_, figures): &Row) -> String {
    let pair = |one: f64, eight: f64| format!("{} ({})", number(one), number(eight));
    match figures[..] {
        [one, eight] => pair(one, eight),
        [one, eight, pinned, pinned_eight] => format!("{}; pinned {}", pair(one, eight), pair(pinned, pinned_eight)),
        _ => figures.iter().map(|figure| number(*figure)).collect(),
    }
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
        let format = |rows: [f64; 2], pinned: [f64; 2], cycles: Option<[f64; 2]>| {
            let cycles = cycles.map(PerByte::from);
            Format { rows: rows.into(), pinned: pinned.into(), rows_cycles: cycles, pinned_cycles: cycles }
        };
        let costs = |format: Format| Costs {
            attention: BTreeMap::from([("f16".into(), 9.0)]),
            element: 30.0,
            checksum: 6.25,
            format: BTreeMap::from([("Q8_0".into(), format)]),
        };
        let cpu = [
            ("cortex-m3", "scalar", format([20.0, 2.5], [2.0, 1.0], None)),
            ("cortex-m4", "dsp", format([2.0, 1.0], [2.0, 1.0], Some([3.0, 2.0]))),
            ("cortex-m7", "dsp", format([2.001, 1.0], [2.001, 1.0], Some([1.5, 1.25]))),
        ];
        let cpu = cpu.map(|(cpu, isa, format)| (cpu.to_owned(), [(isa.to_owned(), costs(format))].into())).into();
        let table = Table { compiler: String::new(), model: String::new(), cpu };
        let head = "| | cortex-m3: scalar | cortex-m4, cortex-m7: dsp |\n|---|---|---|\n";
        let rows = "| Q8_0 | 20.0 (2.500); pinned 2.000 (1.000) | 2.000 (1.000) |\n| attention, f16 | 9.000 | 9.000 |\n\
            | element | 30.0 | 30.0 |\n| checksum | 6.250 | 6.250 |\n";
        assert_eq!(instructions_table(&table), format!("{head}{rows}"));
        let rows = "| Q8_0 | 3.000 (2.000) | 1.500 (1.250) |\n";
        assert_eq!(cycles_table(&table), format!("| | cortex-m4: dsp | cortex-m7: dsp |\n|---|---|---|\n{rows}"));
    }
}
