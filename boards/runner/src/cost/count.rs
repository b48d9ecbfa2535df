//! Instructions, as the self-test counts them on an emulated processor.

use crate::emulator::{self, Emulated};
use board_table::Cpu;
use board_table::costs::{Costs, Format, PerByte};
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;

const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Counts what an instruction set's kernels cost on a processor, with the self-test's program.
pub(crate) fn count((board, qemu): Emulated, cpu: &Cpu, isa: &str, elf: &Path) -> Result<Costs, String> {
    let command = emulator::with_program(board, qemu, cpu, elf);
    parse(&emulator::run_quietly(command, &format!("cost {isa}"), TIME_LIMIT)?, isa)
}

/// The costs in what the self-test says; they must be those of `isa`.
fn parse(output: &str, isa: &str) -> Result<Costs, String> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("cost "));
    let mut lines: Vec<_> =
        lines.map(|line| Line::parse(line).ok_or(format!("{line:?}: no costs"))).collect::<Result<_, _>>()?;
    if let Some(other) = lines.iter().find(|line| line.isa != isa) {
        return Err(format!("the costs are those of {}, not of {isa}", other.isa));
    }
    let mut take = |name: &str| {
        let at =
            lines.iter().position(|line| line.name == name).ok_or(format!("it does not say the cost of {name}"))?;
        Ok::<f64, String>(lines.remove(at).values[0])
    };
    let (element, checksum) = (take("element")?, take("checksum")?);
    let (mut attention, mut format) = (BTreeMap::new(), BTreeMap::new());
    for Line { name, values, .. } in lines {
        if let Some(cache) = name.strip_prefix("attention-") {
            attention.insert(cache.to_owned(), values[0]);
            continue;
        }
        let (rows, pinned) = match values[..] {
            [one, eight] => ([one, eight], [one, eight]),
            [one, eight, pinned_one, pinned_eight] => ([one, eight], [pinned_one, pinned_eight]),
            _ => return Err(format!("{name}: {} costs", values.len())),
        };
        let (rows, pinned) = (PerByte::from(rows), PerByte::from(pinned));
        format.insert(name.to_owned(), Format { rows, pinned, rows_cycles: None, pinned_cycles: None });
    }
    Ok(Costs { attention, element, checksum, format })
}

/// A line of the self-test.
pub(super) struct Line<'a> {
    isa: &'a str,
    pub(super) name: &'a str,
    /// At least one.
    pub(super) values: Vec<f64>,
}

impl Line<'_> {
    pub(super) fn parse(line: &str) -> Option<Line<'_>> {
        let mut words = line.split_whitespace();
        let (isa, name) = (words.next()?, words.next()?);
        let values: Vec<f64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        (!values.is_empty()).then_some(Line { isa, name, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "noise\ncost dsp Q4_0 3.5 2.25\ncost dsp Q8_0 1.5 1.25 1.125 1\ncost dsp attention-f16 9.5\n\
        cost dsp element 30\ncost dsp checksum 6.25\nselftest: ends";

    #[test]
    fn lines_become_costs() {
        let costs = parse(GOOD, "dsp").expect("whole");
        assert_eq!((costs.element, costs.checksum, costs.attention["f16"]), (30.0, 6.25, 9.5));
        let [plain, interleaved] = ["Q4_0", "Q8_0"].map(|name| costs.format[name]);
        assert_eq!((plain.rows, plain.pinned), ([3.5, 2.25].into(), [3.5, 2.25].into()));
        assert_eq!((interleaved.rows, interleaved.pinned), ([1.5, 1.25].into(), [1.125, 1.0].into()));
        assert_eq!(costs.format.len(), 2);
    }

    #[test]
    fn what_is_missing_or_of_another_set_is_refused() {
        assert!(parse(GOOD, "scalar").is_err());
        assert!(parse(&GOOD.replace("checksum", "check"), "dsp").is_err());
        assert!(parse(&GOOD.replace("1.25 1.125 1", "1.25 1.125"), "dsp").is_err());
        assert!(parse(&GOOD.replace("6.25", ""), "dsp").is_err());
        assert!(parse(&GOOD.replace("9.5", "many"), "dsp").is_err());
    }
}
