//! Regular expressions of schemas (ECMA 262) as automata.
//!
//! Dialects differ, such as in what `\d` is beyond ASCII: a set is either what all of them match or what any of them does.

use foldhash::{HashMap, HashMapExt};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

use super::dfa::{Dfa, TooLarge};

/// Bytes that an expression's automaton may take on the way: one that takes more is refused within a few seconds.
const MAX_BYTES: usize = 2 << 20;

/// Bytes that it may take before it is made deterministic. Classes of Unicode are large.
const MAX_NFA_BYTES: usize = 4 << 20;

/// Texts in which `pattern` matches somewhere, in every dialect or, if it is `wide`, in any.
///
/// # Errors
/// The reason why the expression is not supported.
pub(crate) fn matching(pattern: &str, wide: bool) -> Result<Dfa, String> {
    automaton(&translate(pattern, wide)?)
}

/// The texts of `dfa`, or any, that do not contain `mark`.
///
/// # Errors
/// They take too many states.
pub(crate) fn without(dfa: Option<&Dfa>, mark: &str) -> Result<Dfa, TooLarge> {
    let with = automaton(mark).map_err(|_| TooLarge)?;
    Ok(dfa.map_or_else(|| Dfa::any().minus(&with), |dfa| dfa.minus(&with))?.minimal())
}

/// One character of `ranges`, or any other.
///
/// # Errors
/// The reason why that is not supported.
pub(crate) fn characters(ranges: &[(char, char)], others: bool) -> Result<Dfa, String> {
    let range = |&(low, high): &(char, char)| format!("\\x{{{:X}}}-\\x{{{:X}}}", u32::from(low), u32::from(high));
    let inside: String = ranges.iter().map(range).collect();
    automaton(&match (ranges.is_empty(), others) {
        (true, true) => r"\A[\s\S]\z".to_owned(),
        (true, false) => return Err("an empty class is not supported".to_owned()),
        (false, true) => format!(r"\A[^{inside}]\z"),
        (false, false) => format!(r"\A[{inside}]\z"),
    })
}

/// Texts in which an expression of the crate `regex-syntax` matches somewhere.
fn automaton(expression: &str) -> Result<Dfa, String> {
    let syntax = syntax::Config::new().unicode(true).utf8(true).nest_limit(64);
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_BYTES))
        .determinize_size_limit(Some(MAX_BYTES));
    let dense = dense::Builder::new()
        .syntax(syntax)
        .thompson(regex_automata::nfa::thompson::Config::new().nfa_size_limit(Some(MAX_NFA_BYTES)))
        .configure(config)
        .build(expression)
        .map_err(|error| reason(&error))?;
    walk(&dense)
}

fn reason(error: &dyn core::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // A syntax error is a drawing whose last line says what is wrong.
    let text = innermost.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The automaton of the texts in which `dense` finds a match.
fn walk(dense: &dense::DFA<Vec<u32>>) -> Result<Dfa, String> {
    let too_large = || "it needs too many states".to_owned();
    let config = start::Config::new().anchored(Anchored::No);
    let first = dense.start_state(&config).map_err(|error| error.to_string())?;
    // State 1 has matched: whatever follows is accepted.
    let (mut rows, mut accepting) = (vec![[0u16; 256], [1; 256]], vec![false, true]);
    let (mut index, mut states) = (HashMap::new(), Vec::new());
    let mut id_of = |state, states: &mut Vec<_>| {
        if dense.is_match_state(state) {
            return 1;
        }
        *index.entry(state).or_insert_with(|| {
            states.push(state);
            states.len() + 1
        })
    };
    let start = id_of(first, &mut states);
    let mut at = 0;
    while at < states.len() {
        let state = states[at];
        let mut row = [0u16; 256];
        for byte in 0..=255u8 {
            let to = dense.next_state(state, byte);
            if !dense.is_dead_state(to) {
                row[usize::from(byte)] = u16::try_from(id_of(to, &mut states)).map_err(|_| too_large())?;
            }
        }
        rows.push(row);
        accepting.push(dense.is_match_state(dense.next_eoi_state(state)));
        at += 1;
        if at > super::dfa::MAX_STATES {
            return Err(too_large());
        }
    }
    let all = Dfa::from_rows(&rows, accepting, start as u16);
    Ok(all.and(&Dfa::any()).map_err(|_| too_large())?.minimal())
}

/// `pattern` in the syntax of the crate `regex-syntax`.
fn translate(pattern: &str, wide: bool) -> Result<String, String> {
    let (mut out, mut class) = (String::new(), None);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', _) => escape(&mut chars, class, wide, &mut out)?,
            ('(', None) if chars.peek() == Some(&'?') => {
                chars.next();
                match chars.next() {
                    Some(':') => out.push_str("(?:"),
                    Some('<') if !matches!(chars.peek(), Some('=' | '!')) => out.push_str("(?<"),
                    Some('=' | '!' | '<') => return Err("look-around is not supported".into()),
                    Some(other) => return Err(format!("a group that begins with `(?{other}` is not supported")),
                    None => return Err("it ends in `(?`".into()),
                }
            }
            ('[', None) => {
                let negated = chars.next_if_eq(&'^').is_some();
                out.push_str(if negated { "[^" } else { "[" });
                if chars.peek() == Some(&']') {
                    return Err("an empty class is not supported".into());
                }
                class = Some(negated);
            }
            (']', Some(_)) => {
                out.push(']');
                class = None;
            }
            // These mean something to the crate alone.
            ('[' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            ('-', Some(_)) if chars.peek() == Some(&'-') => return Err("the range `--` is not supported".into()),
            ('.', None) if wide => out.push_str(r"[^\n]"),
            ('.', None) => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            // One dialect lets a line break stand behind the end.
            ('$', None) if wide => out.push_str(r"(?:\n?$)"),
            (']' | '}', None) if !closes_repetition(&out, c) => out.extend(['\\', c]),
            ('{', None) if !begins_repetition(chars.clone()) => out.push_str(r"\{"),
            _ => out.push(c),
        }
    }
    Ok(out)
}

fn begins_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take_while(|&c| c != '}').collect();
    let (low, high) = inside.split_once(',').unwrap_or((&inside, ""));
    !low.is_empty() && [low, high].iter().all(|part| part.chars().all(|c| c.is_ascii_digit()))
}

/// True if `c`, a brace, ends the repetition that `out` ends in.
fn closes_repetition(out: &str, c: char) -> bool {
    let digits = out.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',');
    c == '}' && digits.len() < out.len() && digits.ends_with('{') && !digits.ends_with(r"\{")
}

/// Translates what follows a backslash. In a negated class a set becomes the largest that a dialect has if the whole is to be
/// narrow, elsewhere the smallest; the other way round if it is to be wide.
fn escape(
    chars: &mut core::iter::Peekable<core::str::Chars<'_>>,
    class: Option<bool>,
    wide: bool,
    out: &mut String,
) -> Result<(), String> {
    let c = chars.next().ok_or("it ends in a backslash")?;
    let largest = (class == Some(true)) != wide;
    let set = match (c, largest) {
        ('d', false) => "0-9",
        ('d', true) => r"\p{Nd}",
        ('w', false) => "0-9A-Za-z_",
        ('w', true) => r"\w",
        ('s', false) => r"\x20\t\n\r\x0B\x0C\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}",
        ('s', true) => r"\s\x1C-\x1F\x{FEFF}",
        ('D', false) => r"\P{Nd}",
        ('W', false) => r"\W",
        ('D' | 'W' | 'S', true) if class.is_some() => return Err(format!("\\{c} in such a class is not supported")),
        ('D', true) => {
            out.push_str("[^0-9]");
            return Ok(());
        }
        ('W', true) => {
            out.push_str("[^0-9A-Za-z_]");
            return Ok(());
        }
        ('S', _) if class.is_some() => return Err("\\S in a class is not supported".into()),
        ('S', _) => {
            out.push_str(if wide { r"[^ \t\n\r\x0B\x0C]" } else { r"[^\s\x1C-\x1F\x{FEFF}]" });
            return Ok(());
        }
        _ => "",
    };
    if !set.is_empty() {
        out.push_str(&if class.is_some() { set.to_owned() } else { format!("[{set}]") });
        return Ok(());
    }
    match c {
        'n' | 'r' | 't' | 'v' | 'f' => out.extend(['\\', c]),
        'b' if class.is_some() => out.push_str(r"\x08"),
        'u' | 'x' => {
            let n = if c == 'u' { 4 } else { 2 };
            let digits: String = chars.by_ref().take(n).collect();
            if digits.len() != n || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                return Err(format!("\\{c} without {n} digits is not supported"));
            }
            out.push_str(&format!("\\x{{{digits}}}"));
        }
        'p' | 'P' if chars.peek() == Some(&'{') => {
            out.extend(['\\', c]);
            for c in chars.by_ref() {
                out.push(c);
                if c == '}' {
                    break;
                }
            }
        }
        _ if c.is_ascii_alphanumeric() => return Err(format!("\\{c} is not supported")),
        '-' if class.is_some() => out.push_str(r"\-"),
        _ if c.is_ascii_punctuation() => out.extend(['\\', c]),
        _ => out.push(c),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, right: &[&str], wrong: &[&str]) {
        let dfa = matching(pattern, false).expect(pattern);
        right.iter().for_each(|text| assert!(dfa.contains(text), "{pattern} {text}"));
        wrong.iter().for_each(|text| assert!(!dfa.contains(text), "{pattern} {text}"));
    }

    #[test]
    fn wide_sets_hold_what_any_dialect_matches() {
        for (pattern, text) in [(r"^\d$", "٣"), ("^.$", "\r"), ("^a$", "a\n"), (r"^[^\d]$", "٣"), (r"^\W$", "é")] {
            assert!(matching(pattern, true).expect(pattern).contains(text), "{pattern}");
            assert!(!matching(pattern, false).expect(pattern).contains(text), "{pattern}");
        }
    }

    #[test]
    fn expressions_match_as_ecma_says() {
        check("b+c", &["abbcd", "bc"], &["b", "acb", ""]);
        check("^a|b$", &["ax", "xb", "a"], &["xa", "bx", ""]);
        check(r"^\d{2,3}$", &["12", "123"], &["1", "1234", "١٢", "12\n"]);
        check(r"^[^\d\s]$", &["é", "x"], &["٣", "3", " ", "\u{85}", "xy"]);
        check(r"^\/[\w.\-]+\/$", &["/a-b.c/"], &["/é/", "//"]);
        check(r"^[a[&&b]{1}$", &["[", "&", "a", "b"], &["c", "ab"]);
        check("^.$", &["x", "😀"], &["\n", "\u{2028}", "xy", ""]);
        check(r"^{a}\u00e9$", &["{a}é"], &["é"]);
        check(r"^\p{Lu}[\p{Ll}-]+$", &["Éa-b"], &["éa", "E1", "p{Lu}a"]);
        check("", &["", "x"], &[]);
        for refused in ["(?=a)", "(?!a)b", r"(a)\1", r"\bword", "(", "[z-a]", "a{1000}{1000}{1000}"] {
            assert!(matching(refused, false).is_err(), "{refused}");
        }
    }
}
