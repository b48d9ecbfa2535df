//! The trust in a profile: where its numbers come from, and how far each may be off.

use serde::Deserialize;

/// The source of a number, the surest first.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    /// Measured on this board, by somebody who says how.
    Measured,
    /// Stated by the maker, or by somebody who does not say how it was measured.
    Published,
    /// Computed: from clocks and protocols, from a similar board, from a model of the processor.
    Derived,
    /// An estimate.
    Guess,
}

impl Class {
    /// The factor by which a rate of this class may be off, either way. The one place that says so; host-sim/README.md
    /// explains it.
    pub(crate) const fn spread(self) -> f64 {
        match self {
            Class::Measured => 1.15,
            Class::Published => 1.25,
            Class::Derived => 1.4,
            Class::Guess => 2.0,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Class::Measured => "measured",
            Class::Published => "published",
            Class::Derived => "derived",
            Class::Guess => "guess",
        }
    }
}

/// The source of some of a profile's numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The numbers, by their fields' names.
    pub(super) of: Vec<String>,
    pub(super) class: Class,
    /// The document, or the computation.
    #[serde(rename = "from")]
    pub(super) text: String,
}

/// A number of a profile that decides its speeds, and that may be off. Clocks, cores and sizes are settings: they are what the
/// profile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    RamBandwidth,
    FlashBandwidth,
    FlashLatency,
    Cycles,
}

impl Assumption {
    pub(crate) const ALL: [Assumption; 4] =
        [Assumption::RamBandwidth, Assumption::FlashBandwidth, Assumption::FlashLatency, Assumption::Cycles];

    /// Its field in a profile.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Assumption::RamBandwidth => "ram_bytes_per_s",
            Assumption::FlashBandwidth => "flash.bytes_per_s",
            Assumption::FlashLatency => "flash.latency_us",
            Assumption::Cycles => "cycles_per_instruction",
        }
    }

    /// Its name in a sentence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Assumption::RamBandwidth => "the RAM's bandwidth",
            Assumption::FlashBandwidth => "the flash's bandwidth",
            Assumption::FlashLatency => "the flash's latency",
            Assumption::Cycles => "the cycles of the kernels",
        }
    }
}

/// The class of an assumption: a guess where there is no source.
pub(super) fn class(sources: &[Source], assumption: Assumption) -> Class {
    let field = assumption.field();
    let source = sources.iter().find(|source| source.of.iter().any(|of| of == field));
    source.map_or(Class::Guess, |source| source.class)
}

/// Checks that every source is of `numbers`, the fields that a profile has, and that none has two.
pub(super) fn check(sources: &[Source], numbers: &[&str]) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for source in sources {
        if source.of.is_empty() || source.text.is_empty() {
            return Err("sources: one is empty".into());
        }
        for of in source.of.iter().map(String::as_str) {
            if !numbers.contains(&of) {
                return Err(format!("sources: {of:?} is no number of the board"));
            }
            if seen.contains(&of) {
                return Err(format!("sources: {of:?} has two"));
            }
            seen.push(of);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::{FIELDS, all};

    #[test]
    fn every_number_of_every_board_has_one_source() {
        for board in all() {
            let mut named: Vec<&str> = board.sources.iter().flat_map(|source| &source.of).map(|of| &**of).collect();
            let fields = FIELDS.iter().filter(|field| (field.of)(board).is_some());
            let mut fields: Vec<&str> = fields.map(|field| field.name).collect();
            named.sort_unstable();
            fields.sort_unstable();
            assert_eq!(named, fields, "{}", board.name);
        }
    }

    #[test]
    fn sources_of_no_number_or_of_one_that_has_another_are_refused() {
        let source = |of: &str| Source { of: vec![of.into()], class: Class::Published, text: "a data sheet".into() };
        let refused = |sources: &[Source]| check(sources, &["hz", "cores"]).err().unwrap_or_default();
        assert_eq!(refused(&[source("hz"), source("cores")]), "");
        assert!(refused(&[source("hz"), source("hz")]).contains("two"));
        assert!(
            refused(&[source("colour")]).contains("no number")
                && refused(&[source("ram_bytes_per_s")]).contains("no number")
        );
        assert!(refused(&[Source { text: String::new(), ..source("hz") }]).contains("empty"));
    }

    #[test]
    fn surer_numbers_spread_less() {
        let all = [Class::Measured, Class::Published, Class::Derived, Class::Guess];
        assert!(all.is_sorted_by(|a, b| 1.0 < a.spread() && a.spread() < b.spread()));
    }

    #[test]
    fn the_readme_has_the_spreads() {
        let readme = include_str!("../../README.md");
        for class in [Class::Measured, Class::Published, Class::Derived, Class::Guess] {
            let row = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", class.name()))).expect("a row");
            assert!(row.ends_with(&format!("| {} |", class.spread())), "{row}");
        }
    }

    #[test]
    fn a_number_without_a_source_is_a_guess() {
        assert!(Assumption::ALL.iter().all(|assumption| class(&[], *assumption) == Class::Guess));
        let measured = Source { of: vec!["flash.latency_us".into()], class: Class::Measured, text: "a scope".into() };
        assert_eq!(class(&[measured], Assumption::FlashLatency), Class::Measured);
    }
}
