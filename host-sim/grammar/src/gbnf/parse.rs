//! Reads GBNF.

use flashlet::text::values::Value;
use foldhash::{HashMap, HashMapExt};

use super::part::Part;
use crate::mark;
use crate::refused::Refused;

/// Deepest nesting of groups.
const MAX_GROUPS: usize = 100;

/// Most times that something is repeated.
const MAX_REPEATS: usize = 65_535;

/// Most parts of a grammar.
const MAX_PARTS: usize = 100_000;

/// Begins a comment that marks a rule as a value: `#!value RULE ACTION [LEAST..MOST]`.
const MARK: &str = "#!value ";

/// The rules of a grammar, of which the first is `root`, each with the value that it is marked as.
pub(super) fn parse(text: &str) -> Result<Vec<(Part, Option<Value>)>, Refused> {
    let mut parser = Parser { text, at: 0, names: HashMap::from_iter([("root".to_owned(), 0)]), groups: 0, parts: 0 };
    let mut values = marks(text)?;
    let mut rules: HashMap<usize, Part> = HashMap::new();
    parser.skip(true);
    while parser.peek().is_some() {
        let name = parser.name()?;
        parser.skip(false);
        if !parser.take("::=") {
            return Err(parser.error("`::=` is expected behind the name of a rule"));
        }
        parser.skip(true);
        let rule = parser.alternatives()?;
        if rules.insert(name, rule).is_some() {
            return Err(parser.error("the rule has been defined before"));
        }
        parser.skip(true);
    }
    let mut names: Vec<_> = parser.names.iter().collect();
    names.sort_by_key(|&(_, index)| index);
    let rule = |(name, index): (&String, &usize)| {
        let rule = rules.remove(index).ok_or_else(|| Refused::new(format!("rule \"{name}\" is not defined")))?;
        Ok((rule, values.remove(name.as_str())))
    };
    let all = names.into_iter().map(rule).collect::<Result<Vec<_>, Refused>>()?;
    match values.keys().min() {
        Some(name) => Err(Refused::new(format!("rule \"{name}\" is marked as a value, and is not defined"))),
        None => Ok(all),
    }
}

/// The values that rules are marked as, by the rules' names. A mark is a line of its own.
fn marks(text: &str) -> Result<HashMap<&str, Value>, Refused> {
    let mut values = HashMap::new();
    for (n, line) in (1..).zip(text.lines()) {
        let Some(rest) = line.trim_start().strip_prefix(MARK) else { continue };
        let (name, mark) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let value = mark::parse(mark).map_err(|reason| Refused::new(format!("line {n}: {reason}")))?;
        if values.insert(name, value).is_some() {
            return Err(Refused::new(format!("line {n}: the rule has been marked before")));
        }
    }
    Ok(values)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    names: HashMap<String, usize>,
    groups: usize,
    parts: usize,
}

impl Parser<'_> {
    fn error(&self, reason: &str) -> Refused {
        let line = self.text[..self.at].matches('\n').count() + 1;
        Refused::new(format!("line {line}: {reason}"))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space and comments, over the ends of lines or to one.
    fn skip(&mut self, lines: bool) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' => self.at += 1,
                '\n' | '\r' if lines => self.at += 1,
                '#' => self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |end| self.at + end),
                _ => return,
            }
        }
    }

    fn name(&mut self) -> Result<usize, Refused> {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        if len == 0 {
            return Err(self.error("the name of a rule is expected"));
        }
        let name = rest[..len].to_owned();
        self.at += len;
        let next = self.names.len();
        Ok(*self.names.entry(name).or_insert(next))
    }

    fn alternatives(&mut self) -> Result<Part, Refused> {
        let mut all = vec![self.sequence()?];
        while self.take("|") {
            self.skip(true);
            all.push(self.sequence()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Part::Alternatives(all) })
    }

    fn sequence(&mut self) -> Result<Part, Refused> {
        let mut parts = Vec::new();
        while let Some(part) = self.part()? {
            self.parts += 1;
            if self.parts > MAX_PARTS {
                return Err(self.error("so many parts are not supported"));
            }
            let part = self.repeats(part)?;
            parts.push(part);
            self.skip(self.groups > 0);
        }
        Ok(Part::Sequence(parts))
    }

    fn part(&mut self) -> Result<Option<Part>, Refused> {
        Ok(Some(match self.peek() {
            Some('"') => self.literal()?,
            Some('[') => self.class()?,
            Some('.') => {
                self.at += 1;
                Part::Class(Vec::new(), true)
            }
            Some('(') => {
                self.at += 1;
                self.groups += 1;
                if self.groups > MAX_GROUPS {
                    return Err(self.error("groups that nest so deep are not supported"));
                }
                self.skip(true);
                let inside = self.alternatives()?;
                if !self.take(")") {
                    return Err(self.error("`)` is expected"));
                }
                self.groups -= 1;
                inside
            }
            Some(c) if c.is_ascii_alphanumeric() => Part::Rule(self.name()?),
            None | Some('|' | ')' | '\n' | '\r') => return Ok(None),
            Some(c) => return Err(self.error(&format!("`{c}` is not expected here"))),
        }))
    }

    fn repeats(&mut self, part: Part) -> Result<Part, Refused> {
        let mut part = part;
        // Each operator nests the part one deeper.
        for _ in 0..=MAX_GROUPS {
            self.skip(self.groups > 0);
            let (min, max) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => {
                    let Some((inside, _)) = self.text[self.at + 1..].split_once('}') else {
                        return Err(self.error("`}` is expected"));
                    };
                    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|&n| n <= MAX_REPEATS);
                    let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
                    let min = if low.trim().is_empty() && low.len() < inside.len() { Some(0) } else { number(low) };
                    let max = if high.trim().is_empty() { Some(None) } else { number(high).map(Some) };
                    let (Some(min), Some(max)) = (min, max) else {
                        return Err(self.error("one or two numbers up to 65535 are expected in braces"));
                    };
                    if max.is_some_and(|max| max < min) {
                        return Err(self.error("the second number is below the first"));
                    }
                    self.at += inside.len() + 1;
                    (min, max)
                }
                _ => return Ok(part),
            };
            self.at += 1;
            part = Part::Repeated(Box::new(part), min, max);
        }
        Err(self.error("so many repeats of one part are not supported"))
    }

    fn literal(&mut self) -> Result<Part, Refused> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(Part::Literal(text)),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
                None => return Err(self.error("`\"` is expected at the end of the literal")),
            }
        }
    }

    fn class(&mut self) -> Result<Part, Refused> {
        self.at += 1;
        let negated = self.take("^");
        let mut ranges = Vec::new();
        loop {
            let low = match self.next() {
                Some(']') => return Ok(Part::Class(ranges, negated)),
                Some('\\') => self.escape()?,
                Some(c) => c,
                None => return Err(self.error("`]` is expected at the end of the class")),
            };
            let rest = &self.text[self.at..];
            if !rest.starts_with('-') || rest.starts_with("-]") {
                ranges.push((low, low));
                continue;
            }
            self.at += 1;
            let high = match self.next() {
                Some('\\') => self.escape()?,
                Some(c) => c,
                None => return Err(self.error("`]` is expected at the end of the class")),
            };
            if high < low {
                return Err(self.error("the range ends before it begins"));
            }
            ranges.push((low, high));
        }
    }

    fn escape(&mut self) -> Result<char, Refused> {
        let Some(c) = self.next() else { return Err(self.error("something is expected behind `\\`")) };
        let n = match c {
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            '\\' | '"' | '[' | ']' | '-' | '^' => return Ok(c),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Err(self.error(&format!("the escape `\\{c}` is not supported"))),
        };
        let digits = self.text.get(self.at..self.at + n).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(c) = code.and_then(char::from_u32) else {
            return Err(self.error(&format!("{n} digits of a character are expected behind `\\{c}`")));
        };
        self.at += n;
        Ok(c)
    }
}
