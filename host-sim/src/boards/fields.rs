//! Numbers of a file's fields, and the range in which each makes sense.

use core::fmt;

use crate::size::show;

/// A number of a `P`, as a field of the file that describes one.
#[derive(Debug)]
pub(super) struct Field<P> {
    pub(super) name: &'static str,
    range: Range,
    /// Its value, unless there is none.
    pub(super) of: fn(&P) -> Option<f64>,
}

/// The least and the most that a number may be.
#[derive(Clone, Copy, Debug)]
struct Range {
    unit: Unit,
    least: f64,
    most: f64,
}

/// The way in which a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Bytes, as text: "16MiB".
    Size,
    Number,
}

impl<P> Field<P> {
    pub(super) const fn number(name: &'static str, [least, most]: [f64; 2], of: fn(&P) -> Option<f64>) -> Field<P> {
        Field { name, range: Range { unit: Unit::Number, least, most }, of }
    }

    pub(super) const fn size(name: &'static str, of: fn(&P) -> Option<f64>) -> Field<P> {
        const KIB: f64 = 1024.0;
        Field { name, range: Range { unit: Unit::Size, least: KIB, most: 64.0 * KIB * KIB * KIB * KIB }, of }
    }

    /// Refuses a `profile` whose number is out of range.
    pub(super) fn check(&self, profile: &P) -> Result<(), OutOfRange> {
        let Field { name, range, of } = self;
        match of(profile) {
            Some(value) if !(range.least..=range.most).contains(&value) => {
                Err(OutOfRange { name, value, range: *range })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, most] = [self.least, self.most].map(|bound| self.unit.show(bound));
        match self.unit {
            Unit::Size => write!(f, "a size in quotes, from {least} to {most}, is needed"),
            Unit::Number => write!(f, "a number from {least} to {most} is needed"),
        }
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Size => show(value as u64),
            Unit::Number if value == 0.0 || (1e-3..1e4).contains(&value.abs()) => value.to_string(),
            Unit::Number => format!("{value:e}"),
        }
    }
}

/// A number that makes no sense.
#[derive(Debug)]
pub(super) struct OutOfRange {
    name: &'static str,
    value: f64,
    range: Range,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OutOfRange { name, value, range } = self;
        write!(f, "{name} = {}: {range}", range.unit.show(*value))
    }
}

/// The name and the range of the field whose value the TOML `text` has at `error`; `None` if no field of `fields` is there.
pub(super) fn requirement_at<P>(fields: &[Field<P>], text: &str, error: &toml::de::Error) -> Option<String> {
    let before = text.get(..error.span()?.start)?.trim_end().strip_suffix('=')?.trim_end();
    let key = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()?;
    let field = fields.iter().find(|field| field.name.rsplit('.').next() == Some(key))?;
    Some(format!("{}: {}", field.name, field.range))
}

#[cfg(test)]
mod tests {
    use super::super::of_text;

    /// Reads the profile of a slow board with `new` in place of `old`; returns the error, or the board's name.
    fn said(old: &str, new: &str) -> String {
        let profile = include_str!("../../tests/slow_flash.toml");
        assert_eq!(profile.matches(old).count(), 1, "{old}");
        of_text(&profile.replace(old, new), "mine.toml").map_or_else(|error| error, |board| board.name)
    }

    /// Numbers of the slow board, with the least and the most, and values beyond them, as they are shown.
    const NUMBERS: [(&str, &str, [&str; 2], [&str; 2]); 6] = [
        ("hz", "hz = 1e11", ["1e4", "1e11"], ["9999", "1.1e11"]),
        ("cores", "cores = 1", ["1", "1024"], ["0", "1025"]),
        ("cycles_per_instruction", "cycles_per_instruction = 1", ["0.01", "1000"], ["0.009", "1001"]),
        ("flash.bytes_per_s", "bytes_per_s = 1e5", ["1000", "1e13"], ["999", "1e14"]),
        ("flash.latency_us", "latency_us = 0", ["0", "1e6"], ["-1", "1.1e6"]),
        // The board has none: it stands in front of another.
        ("ram_bytes_per_s", "cores", ["1000", "1e13"], ["NaN", "-inf"]),
    ];

    #[test]
    fn numbers_that_make_no_sense_are_refused_with_their_range() {
        for (name, old, [least, most], beyond) in NUMBERS {
            let key = name.trim_start_matches("flash.");
            let with = |value: &str| match old.starts_with(key) {
                true => format!("{key} = {value}"),
                false => format!("{key} = {value}\n{old}"),
            };
            for value in [least, most] {
                assert_eq!(said(old, &with(value)), "mine", "{name} = {value}");
            }
            for value in beyond {
                let want = format!("mine.toml: {name} = {value}: a number from {least} to {most} is needed");
                assert_eq!(said(old, &with(&value.to_lowercase())), want);
            }
        }
        let want = "mine.toml: arena = 1023 B: a size in quotes, from 1.0 KiB to 64.0 TiB, is needed";
        assert_eq!(said("1MiB", "1023"), want);
    }

    #[test]
    fn what_is_no_number_is_refused_with_the_range_too() {
        let long = "9".repeat(400);
        for value in
            ["9223372036854775808", "99999999999999999999999999", &long, "1e400", "\"fast\"", "true", "[1]", "hz"]
        {
            for (name, old, [least, most], _) in &NUMBERS[..5] {
                let (key, _) = old.split_once(" = ").expect("a number");
                let message = said(old, &format!("{key} = {value}"));
                assert!(message.starts_with("mine.toml: "), "{message}");
                let last = message.lines().last().unwrap_or_default().trim_start_matches("mine.toml: ");
                assert!(last.starts_with(name), "{value}: {message}");
                assert!(last.ends_with(&format!(": a number from {least} to {most} is needed")), "{value}: {message}");
            }
        }
        for value in ["5", "\"99999999999999999999\"", "\"big\""] {
            let message = said("\"1MiB\"", value);
            assert!(message.ends_with("\narena: a size in quotes, from 1.0 KiB to 64.0 TiB, is needed"), "{message}");
        }
        // Other mistakes have no range.
        assert!(!said("cores", "kernels").contains("needed"));
    }
}
