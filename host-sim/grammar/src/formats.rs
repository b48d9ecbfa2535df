//! Formats of strings that are enforced, as regular expressions. Others are annotations.

const DATE: &str = r"(?:(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])))";
const LEAP_DAY: &str = r"(?:(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)";
const TIME: &str =
    r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))";
const OCTET: &str = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
const LABEL: &str = "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)";
const H16: &str = "[0-9A-Fa-f]{1,4}";

/// The expression of the format `name`, if it is enforced. Each is a subset of what its standard allows.
pub(super) fn expression(name: &str) -> Option<String> {
    let date = format!("(?:{DATE}|{LEAP_DAY})");
    Some(match name {
        "date" => format!("^{date}$"),
        "time" => format!("^{TIME}$"),
        "date-time" => format!("^{date}T{TIME}$"),
        "duration" => "^P(?:[0-9]{1,9}W|(?:[0-9]{1,9}Y(?:[0-9]{1,9}M(?:[0-9]{1,9}D)?)?|[0-9]{1,9}M(?:[0-9]{1,9}D)?|[0-9]{1,9}D)(?:T(?:[0-9]{1,9}H(?:[0-9]{1,9}M(?:[0-9]{1,9}S)?)?|[0-9]{1,9}M(?:[0-9]{1,9}S)?|[0-9]{1,9}S))?|T(?:[0-9]{1,9}H(?:[0-9]{1,9}M(?:[0-9]{1,9}S)?)?|[0-9]{1,9}M(?:[0-9]{1,9}S)?|[0-9]{1,9}S))$".to_owned(),
        "email" | "idn-email" => format!(
            "^[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{LABEL}(?:\\.{LABEL})*$"
        ),
        "hostname" | "idn-hostname" => format!("^{LABEL}(?:\\.{LABEL})*$"),
        "ipv4" => format!("^{OCTET}\\.{OCTET}\\.{OCTET}\\.{OCTET}$"),
        "ipv6" => ipv6(),
        "uuid" => "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$".to_owned(),
        "uri" | "iri" => uri(),
        "uri-reference" | "iri-reference" => reference(),
        "json-pointer" => r"^(?:/(?:[^~/]|~[01])*)*$".to_owned(),
        // Their languages are not regular, or are expressions themselves.
        _ => return None,
    })
}

fn ipv6() -> String {
    let mut forms = vec![format!("(?:{H16}:){{7}}{H16}")];
    for before in 0..=7 {
        let after = 7 - before;
        let head = if before == 0 { String::new() } else { format!("{H16}(?::{H16}){{0,{}}}", before - 1) };
        let tail = if after == 0 { String::new() } else { format!("(?:{H16}(?::{H16}){{0,{}}})?", after - 1) };
        forms.push(format!("{head}::{tail}"));
    }
    format!("^(?:{})$", forms.join("|"))
}

/// Characters of a path, and escapes.
const PATH: &str = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})";

fn uri() -> String {
    let rest = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})";
    let user = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?";
    let host = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)";
    let place = format!("//{user}{host}(?::[0-9]*)?(?:/{PATH}*)?");
    let opaque = r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})".to_owned()
        + PATH
        + "*|/|"
        + r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
        + PATH
        + "*)?";
    format!("^[A-Za-z][A-Za-z0-9+.-]*:(?:{place}|{opaque})(?:\\?{rest}*)?(?:#{rest}*)?$")
}

fn reference() -> String {
    let rest = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})";
    let first = r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})";
    let relative = format!("(?:/{first}{PATH}*|/|{first}+(?:/{PATH}*)?)?(?:\\?{rest}*)?(?:#{rest}*)?");
    let absolute = uri();
    format!("{absolute}|^{relative}$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::matching;

    #[test]
    fn formats_are_what_their_standards_say() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            (
                "date",
                &["2024-02-29", "2000-02-29", "1999-12-31"],
                &["2023-02-29", "1900-02-29", "2024-12-", "2024-13-01", "2024-04-31"],
            ),
            (
                "date-time",
                &["2022-01-01T12:00:00Z", "2022-01-01T12:00:00.5+02:00"],
                &["2022-01-01 12:00:00", "2022-01-01T24:00:00Z", "2022-01-01T12:00:00", "2024-12-31T23:59:61Z"],
            ),
            ("email", &["jane.smith@example.com", "a@b"], &["Invalid Email", "a@", "@b", "a..b@c"]),
            ("ipv4", &["127.0.0.1"], &["256.1.1.1", "1.1.1", "01.1.1.1"]),
            (
                "ipv6",
                &["::", "::1", "1:2:3:4:5:6:7:8", "fe80::1", "1::"],
                &["1:2:3", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9"],
            ),
            (
                "uri",
                &["https://example.com/a?b#c", "urn:x:y", "file:///etc"],
                &[" ftp://example.com", "invalid uri", "/a", "a"],
            ),
            ("uri-reference", &["a/b", "/", "#x", "", "https://e.com"], &[" a", "a b", "%zz"]),
            ("duration", &["P1Y", "PT1H30M", "P2W", "P1DT5S"], &["P", "PT", "1D", "P1S"]),
        ];
        for (name, right, wrong) in cases {
            let dfa = matching(&expression(name).expect(name), false).expect(name);
            right.iter().for_each(|text| assert!(dfa.contains(text), "{name} {text}"));
            wrong.iter().for_each(|text| assert!(!dfa.contains(text), "{name} {text}"));
        }
    }
}
