//! Conversations as a model's own chat template writes them.
//!
//! A template is a program in Jinja that a model file carries. It is [evaluated](template) for each conversation as a whole;
//! [`Prompt`] is its text, in which markup is told from what users wrote. Boards, which evaluate nothing, take the [`Pieces`]
//! that most templates are made of.

mod clock;
mod json;
mod literals;
mod markers;
mod message;
mod named;
mod pieces;
mod prompt;
mod system;
mod template;
#[cfg(test)]
mod tests;

use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, GgufError, Str, Value};
use flashlet::text::{ChatFormat, TokenizerSpec};

pub(crate) use message::{ASSISTANT, Message, SYSTEM, USER, conversation_file, is_name, question_file};
pub(crate) use pieces::Pieces;
pub(crate) use prompt::Prompt;

use crate::failure::Failure;
use crate::sim::wait;
use markers::Markers;
use system::SystemRole;
use template::{Template, explained};

/// The key of a file's chat template.
const KEY: &str = "tokenizer.chat_template";

/// Bytes of the longest template.
const MAX_BYTES: u64 = 16 << 20;

/// A model's chat template, ready to render conversations.
pub(crate) struct Chat {
    template: Template,
    markers: Markers,
    system: SystemRole,
}

impl Chat {
    /// The template of the file that `gguf` describes, or the one called `asked`; `None` if there is neither.
    ///
    /// # Errors
    /// A template that cannot be rendered, flash failures.
    pub(crate) fn open<F: Flash>(
        gguf: &Gguf,
        spec: &TokenizerSpec,
        source: &mut Source<'_, F>,
        asked: Option<ChatFormat>,
    ) -> Result<Option<Chat>, Failure> {
        let failed = |error: GgufError| Failure::new(error.to_string());
        let own = wait(gguf.find(source, &[KEY])).map_err(failed)?;
        let text = match (asked, own) {
            (Some(format), _) => named::template(format),
            (None, None) => return Ok(None),
            (None, Some(Value::Str(text))) if text.len <= MAX_BYTES => string(source, text)?,
            (None, Some(_)) => return Err(unusable("it is no text, or a very long one")),
        };
        let markers = Markers::read(gguf, source, &text).map_err(failed)?;
        let mut token = |id: Option<u32>| id.map_or(Ok(String::new()), |id| token_text(gguf, source, id));
        let template = Template::new(&text, token(spec.bos())?, token(spec.eos())?);
        let template = template.map_err(|error| unusable(&explained(&error)))?;
        Chat::new(template, markers).map(Some)
    }

    fn new(template: Template, markers: Markers) -> Result<Chat, Failure> {
        let (template, system) = system::probed(template).map_err(|error| unusable(&error))?;
        Ok(Chat { template, markers, system })
    }

    /// Renders `messages` up to where the model's answer begins.
    ///
    /// # Errors
    /// A conversation that the template does not take, or leaves a message out of whose role it does not know.
    pub(crate) fn prompt(&self, messages: &[Message]) -> Result<Prompt, Failure> {
        let prompt = self.rendered(messages).map_err(|error| unusable(&error))?;
        let is_left_out =
            |message: &&Message| !message.has_usual_role() && !prompt.text.contains(message.content.trim());
        match messages.iter().find(is_left_out) {
            Some(Message { role, .. }) => {
                Err(Failure::new(format!("the model's chat template leaves out messages of the role {role:?}")))
            }
            None => Ok(prompt),
        }
    }

    fn rendered(&self, messages: &[Message]) -> Result<Prompt, String> {
        let prompt = self.system.arranged(messages, |messages| prompt::render(&self.template, &self.markers, messages));
        prompt.map_err(|error| explained(&error))
    }

    /// The same template, which shows the model `tools` in every conversation: a JSON list of functions that it may call.
    ///
    /// # Errors
    /// A template that leaves them out.
    pub(crate) fn with_tools(mut self, tools: &serde_json::Value) -> Result<Chat, Failure> {
        let question = Chat::first(None, "x");
        let without = self.prompt(&question)?;
        self.template.set_tools(minijinja::value::Serde(tools).into());
        match self.prompt(&question)? == without {
            true => Err(Failure::new(
                "the chat template has no place for tools (--json-schema holds answers to JSON without them)",
            )),
            false => Ok(self),
        }
    }

    /// The template as it is written.
    pub(crate) fn template(&self) -> &str {
        self.template.source()
    }

    /// The pieces that the template is made of.
    ///
    /// # Errors
    /// The reason why it is not made of pieces, in words.
    pub(crate) fn pieces(&self) -> Result<Pieces, String> {
        let text = |messages: &[Message]| self.rendered(messages).map(|prompt| prompt.text);
        let mut pieces = Pieces::derived(self.template.source(), &text)?;
        self.template.set_without_thinking(true);
        pieces.derive_without_thinking(self.template.source(), &text);
        self.template.set_without_thinking(false);
        Ok(pieces)
    }

    /// True if the template writes the date.
    pub(crate) fn is_dated(&self) -> bool {
        self.template.is_dated()
    }

    /// True if `prompt` has markup at byte `at` that begins with a marker.
    pub(crate) fn has_marker(&self, prompt: &Prompt, at: usize) -> bool {
        let rest = prompt.text.get(at..).unwrap_or_default();
        let mut here = self.markers.find(rest).take_while(|(offset, _)| *offset == 0);
        let next = prompt.barred.get(prompt.barred.partition_point(|&barred| barred <= at));
        here.any(|(_, marker)| next.is_none_or(|&barred| barred >= at + marker.len()))
    }

    /// The messages of a conversation that begins with `system`, if that is stated, and `user`.
    pub(crate) fn first(system: Option<&str>, user: &str) -> Vec<Message> {
        system.map(Message::system).into_iter().chain([Message::new(USER, user)]).collect()
    }
}

/// The failure of a template, and the way round it.
fn unusable(why: &str) -> Failure {
    Failure::new(format!(
        "the chat template cannot be rendered: {why} (--raw uses the prompt as it is, --chat-format NAME another template)"
    ))
}

/// The text of token `id`.
fn token_text<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>, id: u32) -> Result<String, Failure> {
    let failed = |error: GgufError| Failure::new(error.to_string());
    let tokens = wait(gguf.find(source, &["tokenizer.ggml.tokens"])).map_err(failed)?;
    let Some(tokens) = tokens.and_then(|value| value.as_array()) else { return Ok(String::new()) };
    let mut walk = tokens.strings();
    let mut i = 0;
    while let Some(text) = wait(walk.next(source)).map_err(failed)? {
        if i == id {
            return string(source, text);
        }
        i += 1;
    }
    Ok(String::new())
}

/// A string of the file.
fn string<F: Flash>(source: &mut Source<'_, F>, Str { offset, len }: Str) -> Result<String, Failure> {
    let mut bytes = vec![0; usize::try_from(len.min(MAX_BYTES)).unwrap_or(0)];
    wait(source.read(offset, &mut bytes)).map_err(|error| Failure::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
