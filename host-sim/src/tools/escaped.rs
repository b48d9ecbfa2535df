//! Calls as FunctionGemma writes them: `call:NAME{key:value,...}`, in which strings stand between two `<escape>`.

use serde_json::{Map, Value};

use super::call::Call;
use flashlet_grammar::Notation;

/// Deepest nesting of values.
const MAX_DEPTH: usize = 64;

/// The call that `text` begins with, up to `end`; `None` if it is broken.
pub(super) fn call(text: &str, end: &str) -> Option<Call> {
    let (name, rest) = text.strip_prefix("call:")?.split_once('{')?;
    let mut reader = Reader { rest };
    let arguments = reader.members(MAX_DEPTH)?.into();
    reader.rest.starts_with(end).then(|| Call { name: name.to_owned(), arguments })
}

/// A reader of a call; `rest` is the text that it has not read.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// Takes `text`, if it comes next.
    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes everything in front of `mark`, and that.
    fn up_to(&mut self, mark: &str) -> Option<&'t str> {
        let (before, rest) = self.rest.split_once(mark)?;
        self.rest = rest;
        Some(before)
    }

    /// The members of an object, behind its first brace.
    fn members(&mut self, depth: usize) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        if self.takes("}") {
            return Some(members);
        }
        loop {
            let name = self.up_to(":")?.to_owned();
            members.insert(name, self.value(depth.checked_sub(1)?)?);
            if !self.takes(",") {
                return self.takes("}").then_some(members);
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if self.takes(Notation::ESCAPE) {
            return self.up_to(Notation::ESCAPE).map(Value::from);
        }
        if self.takes("{") {
            return self.members(depth).map(Value::from);
        }
        if !self.takes("[") {
            let (word, rest) = self.rest.split_at(self.rest.find([',', '}', ']'])?);
            self.rest = rest;
            return serde_json::from_str(word).ok();
        }
        let mut items = Vec::new();
        while !self.takes("]") {
            if !items.is_empty() && !self.takes(",") {
                return None;
            }
            items.push(self.value(depth.checked_sub(1)?)?);
        }
        Some(items.into())
    }
}
