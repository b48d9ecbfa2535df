//! The forms in which families of models write calls.

use serde_json::Value;

use crate::failure::Failure;
use flashlet_grammar::{Compiled, DEFAULT_DEPTH, Frame, Notation, compile_framed};

use super::call::Call;
use super::escaped;
use super::list::Tools;

/// A form of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `<tool_call>\n{"name": ..., "arguments": ...}\n</tool_call>`, one or several: Hermes, Qwen and others.
    Tagged,
    /// `{"name": ..., "parameters": ...}`, one: Llama 3.
    Bare,
    /// `<start_function_call>call:NAME{...}<end_function_call>`, one or several: FunctionGemma.
    Escaped,
}

/// The marks of a call of FunctionGemma.
const CALL: &str = "<start_function_call>";
const CALL_END: &str = "<end_function_call>";

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
            () if has(CALL) && has(Notation::ESCAPE) => Ok(Form::Escaped),
            () => Err(Failure::new(
                "the model's chat template writes calls of tools in a form that is not supported: those of Qwen (Hermes), Llama 3 and FunctionGemma are",
            )),
        }
    }

    /// The member of a call that holds its arguments.
    fn arguments(self) -> &'static str {
        match self {
            Form::Tagged | Form::Escaped => "arguments",
            Form::Bare => "parameters",
        }
    }

    fn frame(self) -> Frame {
        let (before, after, between) = match self {
            Form::Tagged => ("<tool_call>\n", "\n</tool_call>", Some("\n")),
            Form::Bare => ("", "", None),
            Form::Escaped => (CALL, CALL_END, Some("")),
        };
        let notation = if self == Form::Escaped { Notation::Escaped } else { Notation::Json };
        Frame { before, after, between, end: self.end(), notation }
    }

    /// The text by which a model asks for the results of its calls; `None` where the end of the answer does that.
    pub(crate) fn end(self) -> Option<&'static str> {
        (self == Form::Escaped).then_some("<start_function_response>")
    }

    /// The grammar of answers that call functions of `tools`.
    ///
    /// # Errors
    /// A schema of arguments that is not supported.
    pub(crate) fn grammar(self, tools: &Tools) -> Result<Compiled, Failure> {
        let (schema, kinds) = match self {
            Form::Escaped => tools.kinds(self.arguments()),
            Form::Tagged | Form::Bare => tools.calls(self.arguments()),
        };
        let compiled = compile_framed(&schema, &kinds, &self.frame(), DEFAULT_DEPTH);
        compiled.map_err(|error| tools.failure(&error, self.arguments()))
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
            Form::Escaped => answer.split(CALL).skip(1).filter_map(|rest| escaped::call(rest, CALL_END)).collect(),
        }
    }
}
