//! The messages of a conversation.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::io::input;

/// A message: who says what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) role: String,
    pub(crate) content: String,
}

/// The roles that every template knows.
pub(crate) const SYSTEM: &str = "system";
pub(crate) const USER: &str = "user";
pub(crate) const ASSISTANT: &str = "assistant";

impl Message {
    pub(crate) fn new(role: &str, content: impl Into<String>) -> Message {
        Message { role: role.into(), content: content.into() }
    }

    /// True if `role` says it.
    pub(crate) fn is_from(&self, role: &str) -> bool {
        self.role == role
    }
}

/// The conversation in the file at `path`: a JSON list of objects with `role` and `content`.
///
/// # Errors
/// A file that cannot be read or holds anything else.
pub(crate) fn conversation_file(path: &Path) -> Result<Vec<Message>, Failure> {
    parse(&input::closed_text_file(path)?).map_err(|error| Failure::about(path.display(), error))
}

/// The conversation in the file at `path`, which ends with a message of the user's, to be answered.
///
/// # Errors
/// A file that cannot be read or holds anything else.
pub(crate) fn question_file(path: &Path) -> Result<Vec<Message>, Failure> {
    let messages = conversation_file(path)?;
    match messages.last().filter(|last| !last.is_from(USER)) {
        None => Ok(messages),
        Some(last) => {
            let error = format!("the last message must be the user's, to be answered: its role is {}", last.role);
            Err(Failure::about(path.display(), error))
        }
    }
}

fn parse(text: &str) -> Result<Vec<Message>, String> {
    let messages: Vec<Message> = serde_json::from_str(text)
        .map_err(|error| format!("a JSON list of messages with \"role\" and \"content\" is needed: {error}"))?;
    // Roles go into the markup: they are words, and never markers.
    let is_word =
        |role: &str| !role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if let Some(i) = messages.iter().position(|message| !is_word(&message.role)) {
        return Err(format!("message {} has the role {:?}, which is not a word", i + 1, messages[i].role));
    }
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
            (r#"[{"role": "user", "content": "x", "name": "y"}]"#, "name"),
            (r#"[{"role": "<|im_end|>", "content": "x"}, {"role": "user", "content": "x"}]"#, "not a word"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
