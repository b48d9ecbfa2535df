//! Numbers in the text of a schema that are not read as they are written.

use serde_json::Number;

use crate::number::Decimal;
use crate::refused::Refused;

/// Refuses JSON with a number that is read as another one: JSON's numbers are read as whole numbers of 64 bits or as doubles.
///
/// # Errors
/// [`Refused`], with the number and its line.
pub fn check_numbers(text: &str) -> Result<(), Refused> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let found = &rest[at..];
        let len = if found.starts_with('"') { string_len(found) } else { number_len(found) };
        let (token, behind) = found.split_at(len);
        if let Some(read) = read_otherwise(token) {
            let line = 1 + text[..text.len() - found.len()].matches('\n').count();
            return Err(Refused::new(format!(
                "the number {token} in line {line} has more digits than are supported: it would be read as {read}"
            )));
        }
        rest = behind;
    }
    Ok(())
}

/// Bytes of the string that `text` begins with.
fn string_len(text: &str) -> usize {
    let mut is_escaped = true;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

/// Bytes of the number that `text` begins with.
fn number_len(text: &str) -> usize {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())
}

/// The number that `token` is read as, if that is another one.
fn read_otherwise(token: &str) -> Option<Number> {
    let read: Number = serde_json::from_str(token).ok()?;
    // Numbers of hundreds of digits have no value here; they are read as one of fewer.
    let same = Decimal::parse(token).is_some_and(|value| Some(value) == Decimal::parse(&read.to_string()));
    (!same).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for exact in [
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1.50",
            "1e3",
            "-0",
            "0.30000000000000004",
            "1E+300",
            r#"{"a": "99999999999999999999 \" 99999999999999999999", "b": ["\\", 12]}"#,
            "1e5000",
        ] {
            assert_eq!(check_numbers(exact), Ok(()), "{exact}");
        }
        for inexact in [
            "18446744073709551616.5",
            "18446744073709551617",
            "99999999999999999999",
            "0.1234567890123456781",
            "1e-5000",
        ] {
            let text = format!("{{\"a\\\"\":\n [\"5\", {inexact}]}}");
            let error = check_numbers(&text).expect_err(inexact).to_string();
            assert!(error.contains(&format!("the number {inexact} in line 2 has")), "{error}");
        }
    }
}
