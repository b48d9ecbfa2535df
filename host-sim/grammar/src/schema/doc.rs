//! A JSON schema as values that are kept once each.

use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

use serde_json::Value;

/// A value's place among the others.
pub(super) type Id = usize;

/// A value whose parts are others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Val {
    Null,
    Bool(bool),
    /// A number as it is spelled.
    Number(Rc<str>),
    Str(Rc<str>),
    Array(Rc<[Id]>),
    Object(Rc<[(Rc<str>, Id)]>),
}

/// All values of a schema, and those that are made of it on the way. Equal values have one id.
#[derive(Debug)]
pub(super) struct Doc {
    vals: Vec<Val>,
    index: HashMap<Val, Id>,
    /// The first place of each value.
    paths: HashMap<Id, String>,
    /// Schemas by their `$id`, `id` or `$anchor`.
    names: HashMap<String, Id>,
    pub(super) root: Id,
    /// `$ref` hides what stands beside it, as it did up to draft 7.
    pub(super) refs_alone: bool,
}

impl Doc {
    pub(super) fn new(value: &Value) -> Doc {
        let mut doc = Doc {
            vals: Vec::new(),
            index: HashMap::new(),
            paths: HashMap::new(),
            names: HashMap::new(),
            root: 0,
            refs_alone: false,
        };
        doc.root = doc.read(value, &mut String::new());
        let draft = doc.text(doc.root, "$schema").unwrap_or_default();
        doc.refs_alone = ["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old));
        doc
    }

    fn read(&mut self, value: &Value, path: &mut String) -> Id {
        let len = path.len();
        let val = match value {
            Value::Null => Val::Null,
            Value::Bool(bool) => Val::Bool(*bool),
            Value::Number(number) => Val::Number(number.to_string().into()),
            Value::String(text) => Val::Str(text.as_str().into()),
            Value::Array(items) => {
                let mut ids = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    *path += &format!("/{at}");
                    ids.push(self.read(item, path));
                    path.truncate(len);
                }
                Val::Array(ids.into())
            }
            Value::Object(members) => {
                let mut ids = Vec::new();
                for (name, member) in members {
                    *path += &format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                    ids.push((name.as_str().into(), self.read(member, path)));
                    path.truncate(len);
                }
                Val::Object(ids.into())
            }
        };
        let id = self.keep(val);
        if matches!(value, Value::Object(_)) {
            self.paths.entry(id).or_insert_with(|| path.clone());
            for key in ["$id", "id", "$anchor"] {
                if let Some(name) = self.text(id, key) {
                    let name = if key == "$anchor" { format!("#{name}") } else { name.to_string() };
                    self.names.entry(name).or_insert(id);
                }
            }
        }
        id
    }

    /// The id of a value.
    pub(super) fn keep(&mut self, val: Val) -> Id {
        if let Some(&id) = self.index.get(&val) {
            return id;
        }
        self.vals.push(val.clone());
        self.index.insert(val, self.vals.len() - 1);
        self.vals.len() - 1
    }

    pub(super) fn val(&self, id: Id) -> Val {
        self.vals[id].clone()
    }

    /// The value's place in the schema.
    pub(super) fn path(&self, id: Id) -> &str {
        self.paths.get(&id).map_or("", String::as_str)
    }

    /// Member `name` of an object.
    pub(super) fn member(&self, id: Id, name: &str) -> Option<Id> {
        let Val::Object(members) = &self.vals[id] else { return None };
        members.iter().find(|(key, _)| &**key == name).map(|&(_, id)| id)
    }

    /// Member `name` of an object, if it is a text.
    pub(super) fn text(&self, id: Id, name: &str) -> Option<Rc<str>> {
        match &self.vals[self.member(id, name)?] {
            Val::Str(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn boolean(&mut self, value: bool) -> Id {
        self.keep(Val::Bool(value))
    }

    pub(super) fn string(&mut self, text: &str) -> Id {
        self.keep(Val::Str(text.into()))
    }

    pub(super) fn array(&mut self, items: &[Id]) -> Id {
        self.keep(Val::Array(items.into()))
    }

    pub(super) fn object(&mut self, members: &[(&str, Id)]) -> Id {
        let members: Vec<(Rc<str>, Id)> = members.iter().map(|&(name, id)| (name.into(), id)).collect();
        self.keep(Val::Object(members.into()))
    }

    /// The schema that a `$ref` names, if it is part of this one.
    pub(super) fn target(&self, reference: &str) -> Option<Id> {
        if let Some(&id) = self.names.get(reference) {
            return Some(id);
        }
        let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let base = match document {
            "" => self.root,
            _ => [document.to_owned(), format!("{document}#")].iter().find_map(|name| self.names.get(name).copied())?,
        };
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.names.get(&format!("#{fragment}")).copied();
        }
        let mut at = base;
        for part in fragment.split('/').skip(1) {
            let part = decoded(part)?.replace("~1", "/").replace("~0", "~");
            at = match &self.vals[at] {
                Val::Array(items) => *items.get(part.parse::<usize>().ok()?)?,
                _ => self.member(at, &part)?,
            };
        }
        Some(at)
    }
}

/// `text` with its percent-escapes undone.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(core::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}
