//! The functions of a file, checked.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::chat::is_name;
use crate::failure::Failure;
use crate::io::input;
use flashlet_grammar::{Kind, Refused, check_numbers};

/// Bytes of a file of tools, at most.
const MAX_BYTES: u64 = 1 << 20;

/// A function that may be called.
#[derive(Clone, Debug, PartialEq)]
struct Tool {
    name: String,
    /// The schema of its arguments, an object.
    parameters: Value,
}

/// The functions of a file.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// The file's path.
    path: PathBuf,
    tools: Vec<Tool>,
    /// The list as templates take it.
    shown: Value,
}

impl Tools {
    /// The functions in the file at `path`: a JSON list of objects with `name`, `description` and `parameters`, each alone or as
    /// the `function` of an object.
    ///
    /// # Errors
    /// A file that cannot be read or holds anything else.
    pub(crate) fn read(path: &Path) -> Result<Tools, Failure> {
        let text = input::data_file(path, MAX_BYTES)?;
        Tools::parse(path, &text).map_err(|error| Failure::about(path.display(), error))
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Tools, String> {
        let list: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| format!("a JSON list of functions with \"name\" and \"parameters\" is needed: {error}"))?;
        check_numbers(text).map_err(|error| error.to_string())?;
        let mut tools: Vec<Tool> = Vec::new();
        let mut shown = Vec::new();
        for (i, value) in (1..).zip(list) {
            let function = value.get("function").unwrap_or(&value);
            let tool = Tool::of(function).map_err(|error| format!("function {i}: {error}"))?;
            if tools.iter().any(|other| other.name == tool.name) {
                return Err(format!("function {i}: there is another {:?} before it", tool.name));
            }
            tools.push(tool);
            shown.push(json!({"type": "function", "function": function}));
        }
        if tools.is_empty() {
            return Err("there are no functions".into());
        }
        Ok(Tools { path: path.to_owned(), tools, shown: shown.into() })
    }

    /// The failure of the schema of calls with `arguments`, told of the function whose arguments it is about.
    pub(super) fn failure(&self, error: &Refused, arguments: &str) -> Failure {
        let error = error.to_string();
        let found = self.tools.iter().enumerate().find_map(|(i, tool)| {
            // The place ends the number with a slash, so function 1 is not taken for function 10.
            let place = place(i, arguments);
            error.contains(&place).then(|| format!("the parameters of {:?}: {}", tool.name, error.replace(&place, "#")))
        });
        Failure::about(self.path.display(), found.unwrap_or(error))
    }

    /// The list as templates take it: objects of the type `function`.
    pub(crate) fn shown(&self) -> &Value {
        &self.shown
    }

    /// A schema of calls whose arguments are their member `arguments`, and the one kind of them.
    pub(super) fn calls(&self, arguments: &str) -> (Value, Vec<Kind>) {
        (self.schema(arguments), vec![Kind { head: String::new(), schema: "#".into() }])
    }

    /// The same schema, and the arguments of each function as a kind, with the name in front.
    pub(super) fn kinds(&self, arguments: &str) -> (Value, Vec<Kind>) {
        let kind =
            |(i, tool): (usize, &Tool)| Kind { head: format!("call:{}", tool.name), schema: place(i, arguments) };
        (self.schema(arguments), self.tools.iter().enumerate().map(kind).collect())
    }

    fn schema(&self, arguments: &str) -> Value {
        let calls = self.tools.iter().enumerate().map(|(i, tool)| {
            let mut parameters = tool.parameters.clone();
            // References into a function's own schema lead there from the root of this one.
            refer_below(&mut parameters, &place(i, arguments));
            let mut properties = Map::new();
            properties.insert("name".into(), json!({"const": tool.name}));
            properties.insert(arguments.into(), parameters);
            json!({"type": "object", "properties": properties, "required": ["name", arguments], "additionalProperties": false})
        });
        json!({"anyOf": calls.collect::<Vec<_>>()})
    }
}

/// The place of the arguments of function `i` in the schema of calls.
fn place(i: usize, arguments: &str) -> String {
    format!("#/anyOf/{i}/properties/{arguments}")
}

impl Tool {
    fn of(function: &Value) -> Result<Tool, String> {
        let name = function.get("name").and_then(Value::as_str).ok_or("it has no \"name\"")?;
        if !is_name(name) {
            return Err(format!("its name {name:?} is not one of letters, digits, \"_\", \"-\" and \".\""));
        }
        let mut parameters = match function.get("parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(schema)) => schema.clone(),
            Some(_) => return Err("its \"parameters\" are no schema".into()),
        };
        let is_object = match parameters.get("type") {
            Some(Value::Array(types)) => types.contains(&json!("object")),
            Some(of_one) => *of_one == json!("object"),
            None => true,
        };
        if !is_object {
            return Err("its \"parameters\" are not the schema of an object".into());
        }
        // Arguments are what the schema names, unless it says more.
        parameters.entry("type").or_insert(json!("object"));
        for (key, value) in [("properties", json!({})), ("additionalProperties", json!(false))] {
            if !["$ref", "anyOf", "oneOf", "allOf"].iter().any(|other| parameters.contains_key(*other)) {
                parameters.entry(key).or_insert(value);
            }
        }
        Ok(Tool { name: name.to_owned(), parameters: parameters.into() })
    }
}

/// Puts `root` in front of the references inside of a schema.
fn refer_below(schema: &mut Value, root: &str) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| refer_below(item, root)),
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    // Anchors mean the same anywhere.
                    Value::String(place) if key == "$ref" && (place == "#" || place.starts_with("#/")) => {
                        *place = format!("{root}{}", &place[1..]);
                    }
                    value => refer_below(value, root),
                }
            }
        }
        _ => {}
    }
}
