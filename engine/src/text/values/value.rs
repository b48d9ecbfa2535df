//! A value of a grammar: what it becomes, and its range.

use super::clock;
use super::error::ValueError;
use super::said::{self, Said};
use super::span::{self, Sign};

/// The conversion of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A span of time, in seconds.
    Seconds,
    /// A time of day.
    Time,
}

/// A value: what it becomes, and the range that it must lie in, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// The conversion.
    pub action: Action,
    /// The least value, in seconds; of a time since midnight.
    pub least: u32,
    /// The greatest value.
    pub most: u32,
}

/// A value as it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    bytes: [u8; Written::MOST],
    len: usize,
}

impl Written {
    /// Bytes of the longest, at most.
    pub const MOST: usize = 10;

    /// The bytes, all of them ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            (*slot, self.len) = (byte, self.len + 1);
        }
    }

    /// Writes `number` with at least as many digits as `least` has.
    #[inline(never)]
    fn number(&mut self, number: u32, least: u32) {
        let mut place = 1_000_000_000;
        while place > 0 {
            if number >= place || place <= least {
                self.push(b'0' + (number / place % 10) as u8);
            }
            place /= 10;
        }
    }
}

impl Value {
    /// A value that may be any.
    #[must_use]
    pub const fn any(action: Action) -> Value {
        let most = match action {
            Action::Seconds => said::TOO_MUCH - 1,
            Action::Time => clock::DAY - 1,
        };
        Value { action, least: 0, most }
    }

    /// The seconds of what was `said`; of a time, those since midnight.
    ///
    /// # Errors
    /// [`ValueError`]: it cannot be read, or is out of range.
    pub fn read(&self, said: &[u8]) -> Result<u32, ValueError> {
        let mut said = Said::new(said);
        let span = |said: &mut Said<'_>| match span::span(said) {
            Some(said::TOO_MUCH) => Err(ValueError::OutOfRange),
            Some(seconds) => Ok(seconds),
            None => Err(ValueError::Unreadable),
        };
        let mut value = match self.action {
            Action::Seconds => span(&mut said)?,
            Action::Time => clock::time(&mut said)?,
        };
        while let Some(sign) = span::sign(&mut said) {
            let change = span(&mut said)?;
            value = match (self.action, sign) {
                (Action::Time, _) => clock::moved(value, sign, change)?,
                (Action::Seconds, Sign::Plus) => value.saturating_add(change),
                (Action::Seconds, Sign::Minus) => value.checked_sub(change).ok_or(ValueError::OutOfRange)?,
            };
        }
        if !said.is_at_end() {
            return Err(ValueError::Unreadable);
        }
        if value < self.least || value > self.most { Err(ValueError::OutOfRange) } else { Ok(value) }
    }

    /// The text that replaces `said`: [`read`](Self::read), formatted.
    ///
    /// # Errors
    /// The errors of [`read`](Self::read).
    pub fn write(&self, said: &[u8]) -> Result<Written, ValueError> {
        let inside = said.strip_prefix(b"\"").and_then(|said| said.strip_suffix(b"\""));
        let value = self.read(inside.unwrap_or(said))?;
        let mut written = Written::default();
        match self.action {
            Action::Seconds => written.number(value, 1),
            Action::Time => {
                let quote = |written: &mut Written| inside.iter().for_each(|_| written.push(b'"'));
                quote(&mut written);
                written.number(value / 3600, 10);
                written.push(b':');
                written.number(value / 60 % 60, 10);
                if value % 60 > 0 {
                    written.push(b':');
                    written.number(value % 60, 10);
                }
                quote(&mut written);
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn written(value: &Value, said: &[u8]) -> String {
        match value.write(said) {
            Ok(written) => core::str::from_utf8(written.as_bytes()).expect("it is ASCII").into(),
            Err(ValueError::Unreadable) => "unreadable".into(),
            Err(ValueError::OutOfRange) => "range".into(),
            Err(ValueError::TooLong) => "too long".into(),
        }
    }

    #[test]
    fn what_was_said_is_what_pythons_datetime_says() {
        let lines = include_str!("../../../../tests/fixtures/values.tsv");
        for line in lines.lines() {
            let (action, rest) = line.split_once('\t').expect("an action");
            let (said, want) = rest.rsplit_once('\t').expect("a value");
            let action = if action == "time" { Action::Time } else { Action::Seconds };
            assert_eq!(written(&Value::any(action), said.as_bytes()), want, "{said}");
        }
        assert!(lines.lines().count() > 4000);
    }

    #[test]
    fn both_ends_of_a_range_are_in_it() {
        let value = Value { action: Action::Seconds, least: 60, most: 120 };
        for (said, want) in [("59s", "range"), ("1m", "60"), ("90s", "90"), ("2m", "120"), ("2m 1s", "range")] {
            assert_eq!(written(&value, said.as_bytes()), want);
        }
        let value = Value { action: Action::Time, least: 6 * 3600, most: 22 * 3600 };
        for (said, want) in [("5:59", "range"), ("6am", "06:00"), ("10pm", "22:00"), ("10pm+1s", "range")] {
            assert_eq!(written(&value, said.as_bytes()), want);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let words = [
            "half",
            "a",
            "an",
            "quarter",
            "three",
            "past",
            "to",
            "six",
            "twenty",
            "12",
            "8",
            "15",
            "99999999999999999999",
            ":",
            "-",
            "+",
            ".",
            "h",
            "m",
            "and",
            "of",
            "pm",
            "o'clock",
            "noon",
            "\"",
            "\u{e9}",
            " ",
            ",",
            "plus",
            "seconds",
        ];
        let mut state = 1u64;
        for _ in 0..200_000 {
            let mut said = String::new();
            for _ in 0..state % 9 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                said.push_str(words[(state >> 33) as usize % words.len()]);
                if state >> 60 & 1 == 0 {
                    said.push(' ');
                }
            }
            state = state.wrapping_add(1);
            let most = Value::any(Action::Time).most;
            if let Ok(at) = Value::any(Action::Time).read(said.as_bytes()) {
                assert!(at <= most, "{said}");
            }
            let _ = Value::any(Action::Seconds).write(said.as_bytes());
        }
    }
}
