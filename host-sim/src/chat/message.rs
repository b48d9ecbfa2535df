//! The messages of a conversation.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::io::input;

/// A message: who says what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub(crate) struct Message {
    pub(crate) role: String,
    /// Empty where calls are all that it has.
    pub(crate) content: String,
    /// Calls of functions in an answer, as templates take them: objects of the type `function`, whose arguments are objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<Value>,
    /// The function whose result it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The call whose result it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<String>,
    /// True for a system message by which the application asks for no system text at all, not even the template's own.
    #[serde(skip)]
    pub(crate) is_no_system: bool,
}

/// A message as files have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a message, an object")]
struct Written {
    role: String,
    content: Option<String>,
    tool_calls: Option<Vec<Value>>,
    name: Option<String>,
    tool_call_id: Option<String>,
}

/// The roles that every template knows.
pub(crate) const SYSTEM: &str = "system";
pub(crate) const USER: &str = "user";
pub(crate) const ASSISTANT: &str = "assistant";
/// The role of results of functions.
const TOOL: &str = "tool";

impl Message {
    pub(crate) fn new(role: &str, content: impl Into<String>) -> Message {
        Message { role: role.into(), content: content.into(), ..Message::default() }
    }

    /// A system message as the application states it. An empty text asks for no system text at all.
    pub(crate) fn system(text: &str) -> Message {
        Message { is_no_system: text.is_empty(), ..Message::new(SYSTEM, text) }
    }

    /// True for a message of a role that templates know.
    pub(super) fn has_usual_role(&self) -> bool {
        [SYSTEM, USER, ASSISTANT, TOOL].contains(&self.role.as_str())
    }

    /// True if `role` says it.
    pub(crate) fn is_from(&self, role: &str) -> bool {
        self.role == role
    }
}

impl TryFrom<Written> for Message {
    type Error = String;

    fn try_from(written: Written) -> Result<Message, String> {
        let Written { role, content, tool_calls, name, tool_call_id } = written;
        // Roles go into the markup: they are words, and never markers.
        if role.is_empty() || !role.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
            return Err(format!("a message has the role {role:?}, which is not a word"));
        }
        let tool_calls: Vec<Value> = tool_calls.unwrap_or_default().iter().map(call).collect::<Result<_, _>>()?;
        for (key, is_there, needed) in [
            ("tool_calls", !tool_calls.is_empty(), ASSISTANT),
            ("name", name.is_some(), TOOL),
            ("tool_call_id", tool_call_id.is_some(), TOOL),
        ] {
            if is_there && role != needed {
                return Err(format!("a message has {key:?}, which is for the role {needed:?}, not {role:?}"));
            }
        }
        if let Some(name) = [&name, &tool_call_id].into_iter().flatten().find(|name| !is_name(name)) {
            return Err(format!(
                "a message has the name {name:?}, which is not one of letters, digits, \"_\", \"-\" and \".\""
            ));
        }
        let content = content.or((!tool_calls.is_empty()).then(String::new)).ok_or("a message has no \"content\"")?;
        let is_no_system = role == SYSTEM && content.is_empty();
        Ok(Message { role, content, tool_calls, name, tool_call_id, is_no_system })
    }
}

/// True for what a function may be called. Names go into the markup.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// A call as templates take it, of one of that form, of the `function` in it, or of one whose arguments are JSON in a text.
fn call(value: &Value) -> Result<Value, String> {
    let function = value.get("function").unwrap_or(value);
    let name = function.get("name").and_then(Value::as_str).filter(|name| is_name(name));
    let name = name.ok_or("a message has a call without a \"name\" of letters, digits, \"_\", \"-\" and \".\"")?;
    let arguments: Result<Map<String, Value>, String> = match function.get("arguments") {
        None => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| format!(": {error}")),
        Some(_) => Err(String::new()),
    };
    let arguments =
        arguments.map_err(|why| format!("a message has a call of {name:?} whose \"arguments\" are no object{why}"))?;
    let mut call = json!({"type": "function", "function": {"name": name, "arguments": arguments}});
    if let (Some(id), Some(call)) = (value.get("id"), call.as_object_mut()) {
        let id = id.as_str().filter(|id| is_name(id)).ok_or(format!("a message has a call with the id {id}"))?;
        call.insert("id".into(), id.into());
    }
    Ok(call)
}

/// The conversation in the file at `path`: a JSON list of objects with `role` and `content`.
///
/// # Errors
/// A file that cannot be read or holds anything else.
pub(crate) fn conversation_file(path: &Path) -> Result<Vec<Message>, Failure> {
    parse(&input::closed_data_file(path)?).map_err(|error| Failure::about(path.display(), error))
}

/// The conversation in the file at `path`, which ends with a message of the user's or a function's result, to be answered.
///
/// # Errors
/// A file that cannot be read or holds anything else.
pub(crate) fn question_file(path: &Path) -> Result<Vec<Message>, Failure> {
    let messages = conversation_file(path)?;
    match messages.last().filter(|last| !last.is_from(USER) && !last.is_from(TOOL)) {
        None => Ok(messages),
        Some(last) => {
            let error =
                format!("the last message must be the user's or a tool's, to be answered: its role is {}", last.role);
            Err(Failure::about(path.display(), error))
        }
    }
}

fn parse(text: &str) -> Result<Vec<Message>, String> {
    let messages: Vec<Message> = serde_json::from_str(text)
        .map_err(|error| format!("a JSON list of messages with \"role\" and \"content\" is needed: {error}"))?;
    if messages.is_empty() { Err("there are no messages".into()) } else { Ok(messages) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_a_list_of_roles_and_contents() {
        let text = r#"[{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]"#;
        assert_eq!(parse(text), Ok(vec![Message::new(SYSTEM, "x"), Message::new(USER, "y")]));
        for (text, words) in [
            ("[]", "no messages"),
            ("{}", "a JSON list"),
            ("[{\"role\": \"user\"}]", "content"),
            (r#"[{"role": "user", "content": ["x"]}]"#, "a string"),
            ("[1]", "expected a message, an object at line 1"),
            (r#"[{"role": "user", "content": "x", "name": "y"}]"#, "name"),
            (r#"[{"role": "user", "content": "x", "nick": "y"}]"#, "nick"),
            (r#"[{"role": "user", "tool_calls": [{"name": "f"}]}]"#, "a message has \"tool_calls\""),
            (r#"[{"role": "assistant", "tool_calls": [{"name": "<s>"}]}]"#, "without a \"name\""),
            (r#"[{"role": "assistant", "tool_calls": [{"name": "f", "arguments": [1]}]}]"#, "no object"),
            (
                r#"[{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "x"}]}]"#,
                "no object: expected value",
            ),
            (
                r#"[{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{\"x\": 1e999}"}]}]"#,
                "no object: number out of range",
            ),
            (r#"[{"role": "assistant", "tool_calls": []}]"#, "content"),
            (r#"[{"role": "tool", "name": "a b", "content": "x"}]"#, "the name"),
            (r#"[{"role": "<|im_end|>", "content": "x"}, {"role": "user", "content": "x"}]"#, "not a word"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn calls_are_given_as_templates_take_them() {
        let call = json!({"type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": "x"}}});
        for text in [
            r#"{"name": "f", "arguments": {"b": 1, "a": "x"}}"#,
            r#"{"function": {"name": "f", "arguments": "{\"b\": 1, \"a\": \"x\"}"}, "type": "function"}"#,
        ] {
            let messages = parse(&format!(r#"[{{"role": "assistant", "content": null, "tool_calls": [{text}]}}]"#));
            let messages = messages.expect("it is a conversation");
            assert_eq!((messages[0].content.as_str(), &messages[0].tool_calls[..]), ("", core::slice::from_ref(&call)));
        }
        let text = r#"[{"role": "tool", "name": "f", "tool_call_id": "1", "content": "ok"}]"#;
        let messages = parse(text).expect("it is a conversation");
        assert_eq!(serde_json::to_value(&messages).expect("JSON")[0]["tool_call_id"], "1");
    }
}
