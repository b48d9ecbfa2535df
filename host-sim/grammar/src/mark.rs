//! Marks of values: what a grammar's author writes beside a rule whose text is a value.

use flashlet::text::values::{Action, Value, ValueError};

/// Reads `ACTION` or `ACTION LEAST..MOST`, such as `seconds 1s..24h` or `time 6:00..22:30`. The ends of the range are said as values are.
///
/// # Errors
/// The reason why it is no mark.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let (name, range) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let action = match name {
        "seconds" => Action::Seconds,
        "time" => Action::Time,
        _ => return Err(format!("a value's action is `seconds` or `time`, not `{name}`")),
    };
    let any = Value::any(action);
    if range.trim().is_empty() {
        return Ok(any);
    }
    let Some((least, most)) = range.split_once("..") else {
        return Err(format!("the range of a value is LEAST..MOST, not `{}`", range.trim()));
    };
    let read = |said: &str| any.read(said.as_bytes()).map_err(|error| reason(error, said));
    let value = Value { least: read(least)?, most: read(most)?, ..any };
    if value.least > value.most { Err(format!("the range `{}` is empty", range.trim())) } else { Ok(value) }
}

fn reason(error: ValueError, said: &str) -> String {
    format!("`{}`: {error}", said.trim())
}

/// The mark that reads as `value`.
#[must_use]
pub fn show(value: &Value) -> String {
    let time = |at: u32| match at % 60 {
        0 => format!("{:02}:{:02}", at / 3600, at / 60 % 60),
        second => format!("{:02}:{:02}:{second:02}", at / 3600, at / 60 % 60),
    };
    let Value { action, least, most } = *value;
    match action {
        Action::Seconds => format!("seconds {least}s..{most}s"),
        Action::Time => format!("time {}..{}", time(least), time(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_as_it_is_shown() {
        for (text, shown) in [
            ("seconds", "seconds 0s..4294967294s"),
            ("seconds 1s..a day", "seconds 1s..86400s"),
            (" time ", "time 00:00..23:59:59"),
            ("time  six am..half past ten pm", "time 06:00..22:30"),
        ] {
            let value = parse(text).expect(text);
            assert_eq!(show(&value), shown);
            assert_eq!(parse(shown), Ok(value));
        }
        for wrong in [
            "",
            "minutes",
            "seconds 5",
            "seconds 5..6",
            "seconds 2m..1m",
            "time 8:00..25:00",
            "time 8:00",
            "seconds ..",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
