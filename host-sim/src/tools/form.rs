//! The forms in which families of models write calls.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::grammar::{Compiled, DEFAULT_DEPTH, Frame, compile_framed};

use super::list::Tools;

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// A form of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `<tool_call>\n{"name": ..., "arguments": ...}\n</tool_call>`, one or several: Hermes, Qwen and others.
    Tagged,
    /// `{"name": ..., "parameters": ...}`, one: Llama 3.
    Bare,
}

impl Form {
    /// The form that `template` writes earlier calls in.
    ///
    /// # Errors
    /// A template of another family.
    pub(crate) fn of(template: &str) -> Result<Form, Failure> {
        let has = |text: &str| template.contains(text);
        match () {
            () if has("<tool_call>") && has("</tool_call>") && has("arguments") => Ok(Form::Tagged),
            () if has("<|start_header_id|>") && has("\"parameters\": ") => Ok(Form::Bare),
            () => Err(Failure::new(
                "the model's chat template writes calls of tools in a form that is not supported: those of Qwen (Hermes) and Llama 3 are",
            )),
        }
    }

    /// The member of a call that holds its arguments.
    fn arguments(self) -> &'static str {
        match self {
            Form::Tagged => "arguments",
            Form::Bare => "parameters",
        }
    }

    fn frame(self) -> Frame {
        match self {
            Form::Tagged => Frame { before: "<tool_call>\n", after: "\n</tool_call>", between: Some("\n") },
            Form::Bare => Frame { before: "", after: "", between: None },
        }
    }

    /// The grammar of answers that call functions of `tools`.
    ///
    /// # Errors
    /// A schema of arguments that is not supported.
    pub(crate) fn grammar(self, tools: &Tools) -> Result<Compiled, Failure> {
        let compiled = compile_framed(&tools.schema(self.arguments()), &self.frame(), DEFAULT_DEPTH);
        compiled.map_err(|error| Failure::new(format!("the tools' arguments: {error}")))
    }

    /// The calls in an answer, in order. Other text, and broken calls, are left out.
    pub(crate) fn calls(self, answer: &str) -> Vec<Call> {
        let one = |text: &str| {
            let value: Value = serde_json::from_str(text.trim()).ok()?;
            let name = value.get("name")?.as_str()?.to_owned();
            Some(Call { name, arguments: value.get(self.arguments())?.clone() })
        };
        match self {
            Form::Tagged => {
                answer.split("<tool_call>").skip(1).filter_map(|rest| one(rest.split_once("</tool_call>")?.0)).collect()
            }
            Form::Bare => one(answer).into_iter().collect(),
        }
    }
}
