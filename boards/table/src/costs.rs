//! Costs of kernels on the boards' processors: the table `host-sim/costs.toml`, which `board-runner cost` writes.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The table's text as it was when this was compiled.
pub const TEXT: &str = include_str!("../../../host-sim/costs.toml");

/// The table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The compiler of the kernels that were counted.
    pub compiler: String,
    /// The program that modelled the cycles.
    #[serde(default)]
    pub model: String,
    /// Costs by the processor's name in QEMU, and by instruction set.
    #[serde(default)]
    pub cpu: BTreeMap<String, BTreeMap<String, Costs>>,
}

/// Costs of one instruction set's kernels on one processor, in instructions.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// A product with a cached element in attention, by the cache's format.
    pub attention: BTreeMap<String, f64>,
    /// An element of a vector in all that is neither a product nor attention, on average.
    pub element: f64,
    /// A byte of weights that are compared with their checksum.
    pub checksum: f64,
    /// Matrix products by the weights' format.
    pub format: BTreeMap<String, Format>,
}

/// Costs of a byte of weights in matrix products.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Instructions for rows as they lie in a file.
    pub rows: PerByte,
    /// Instructions for pinned rows.
    pub pinned: PerByte,
    /// Modelled cycles for rows as they lie in a file.
    pub rows_cycles: Option<PerByte>,
    /// Modelled cycles for pinned rows.
    pub pinned_cycles: Option<PerByte>,
}

/// The cost of a byte of weights: for one token, and for each of eight.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(from = "[f64; 2]")]
pub struct PerByte {
    /// One token.
    pub one: f64,
    /// Each of eight tokens.
    pub eight: f64,
}

impl From<[f64; 2]> for PerByte {
    fn from([one, eight]: [f64; 2]) -> Self {
        PerByte { one, eight }
    }
}

impl PerByte {
    /// The cost for `tokens` tokens together. Up to eight it grows in a straight line, as unpacked weights are shared;
    /// more take as much as eights of them.
    #[must_use]
    pub fn for_tokens(self, tokens: usize) -> f64 {
        let (tokens, all_eight) = (tokens as f64, 8.0 * self.eight);
        if tokens < 8.0 { self.one + (tokens - 1.0) * (all_eight - self.one) / 7.0 } else { tokens * self.eight }
    }
}

/// Parses the text of a table.
///
/// # Errors
/// The mistake, for people.
pub fn parse(text: &str) -> Result<Table, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tokens_between_one_and_eight_lie_on_a_line() {
        let cost = PerByte { one: 3.0, eight: 2.0 };
        let near = |tokens: usize, all: f64| assert!((cost.for_tokens(tokens) - all).abs() < 1e-9, "{tokens} tokens");
        near(1, 3.0);
        near(2, 3.0 + 13.0 / 7.0);
        near(8, 16.0);
        near(20, 40.0);
    }

    #[test]
    fn processors_that_run_the_self_test_have_costs_and_others_are_modelled() {
        let table = parse(TEXT).expect("the table is whole");
        let mut emulated = BTreeSet::new();
        for (board, qemu) in crate::emulated().filter(|(board, _)| board.firmware.selftest) {
            for cpu in &qemu.cpus {
                let costs = table.cpu.get(&cpu.name).expect("board-runner cost --update adds it");
                let isas: BTreeSet<_> = cpu.counted_isas().iter().collect();
                assert_eq!(costs.keys().collect::<BTreeSet<_>>(), isas, "{} of {}", cpu.name, board.name);
                emulated.insert(&*cpu.name);
            }
        }
        for (name, isas) in table.cpu.iter().filter(|(name, _)| !emulated.contains(&***name)) {
            let mut formats = isas.values().flat_map(|costs| costs.format.values());
            assert!(formats.all(|format| format.rows_cycles.is_some()), "{name} is neither emulated nor modelled");
        }
    }
}
