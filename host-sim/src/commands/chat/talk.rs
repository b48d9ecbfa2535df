//! A conversation with a model.

use std::io::Write;
use std::path::Path;

use flashlet::text::Encode;

use super::args::ChatArgs;
use crate::chat::{ASSISTANT, Chat, Message, SYSTEM, USER, conversation_file};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::generate::{Generator, Limits, StopReason, print_stats};
use crate::io::ctrl_c;
use crate::io::output::{Output, note};
use crate::io::output_file::OutputFile;

/// A conversation.
///
/// Every turn the whole conversation is rendered anew, as templates may write earlier turns differently: some leave the
/// model's thoughts out. What the engine was fed already and is still the same is not fed again.
pub(super) struct Talk<'a, 'b> {
    args: &'a ChatArgs,
    engine: Engine<'a>,
    chat: Chat,
    generator: Generator<'b>,
    system: Option<String>,
    /// All messages but the system message: the user's and the model's in turn.
    messages: Vec<Message>,
    /// The last prompt with its answer, and their tokens.
    answered: Option<(String, Vec<u32>)>,
    /// Every line is a conversation of its own: the built-in model was trained on no longer ones.
    one_turn: bool,
    /// The user knows that oldest messages are dropped.
    told_of_dropping: bool,
}

impl<'a, 'b> Talk<'a, 'b> {
    pub(super) fn new(
        args: &'a ChatArgs,
        engine: Engine<'a>,
        chat: Chat,
        generator: Generator<'b>,
        one_turn: bool,
    ) -> Talk<'a, 'b> {
        let (system, messages) = (args.system.clone(), Vec::new());
        let (answered, told_of_dropping) = (None, false);
        Talk { args, engine, chat, generator, system, messages, answered, one_turn, told_of_dropping }
    }

    /// Tokens of context.
    pub(super) fn ctx(&self) -> u32 {
        self.engine.session.plan().ctx
    }

    pub(super) fn print_stats(&self) {
        print_stats(&self.engine, &self.generator);
    }

    /// Forgets all messages but the system message.
    pub(super) fn reset(&mut self) {
        self.generator.rewind(&mut self.engine, 0);
        self.messages.clear();
        self.answered = None;
    }

    /// Sets the system message; none if `text` is empty.
    pub(super) fn set_system(&mut self, text: &str) {
        self.system = Some(text.to_owned());
    }

    /// Writes the conversation to the file at `path`.
    pub(super) fn save(&self, path: &Path) -> Result<(), Failure> {
        let conversation = self.conversation(0);
        if conversation.is_empty() {
            return Err(Failure::new("there is nothing to save yet"));
        }
        let mut output = OutputFile::create(path)?;
        let text = serde_json::to_string_pretty(&conversation).map_err(|error| Failure::about("JSON", error))?;
        let written = writeln!(output, "{text}");
        written.map_err(|error| output.failure(&error))?;
        output.commit()
    }

    /// Goes on with the conversation in the file at `path`; returns false if the user stopped an answer to it.
    pub(super) fn load(&mut self, path: &Path) -> Result<bool, Failure> {
        let mut messages = conversation_file(path)?;
        self.reset();
        self.system = match messages.first() {
            Some(first) if first.is_from(SYSTEM) => Some(messages.remove(0).content),
            _ => None,
        };
        let open = messages.pop_if(|last| last.is_from(USER));
        self.messages = messages;
        open.map_or(Ok(true), |message| self.say(&message.content))
    }

    /// Answers `text`; returns false if the user stopped the answer.
    pub(super) fn say(&mut self, text: &str) -> Result<bool, Failure> {
        if self.one_turn {
            self.reset();
        }
        let before = self.messages.clone();
        self.messages.push(Message::new(USER, text));
        let answer = self.prompt().and_then(|(prompt, ids)| self.answer(prompt, ids));
        if answer.is_err() {
            // The message was not answered: it is as if it had not been said.
            self.messages = before;
            let fed = self.engine.session.position() as usize;
            self.generator.rewind(&mut self.engine, fed);
        }
        match answer {
            Err(Failure::Interrupted) => {
                ctrl_c::take();
                note("(stopped)\n");
                Ok(false)
            }
            answer => answer.map(|reason| reason != StopReason::Interrupted),
        }
    }

    /// The system message, and all others from message `first` on.
    fn conversation(&self, first: usize) -> Vec<Message> {
        let system = self.system.iter().map(|text| Message::system(text));
        system.chain(self.messages.iter().skip(first).cloned()).collect()
    }

    /// The conversation as the template renders it, and its tokens; without the oldest messages where the context has no room
    /// for them and an answer.
    fn prompt(&mut self) -> Result<(String, Vec<u32>), Failure> {
        let ctx = self.ctx() as usize;
        // An answer by a grammar has all the room that it may need.
        let longest = self.generator.longest().map_or(0, |tokens| tokens as usize);
        let answer = (self.args.n_predict as usize).min(longest.max(ctx / 4));
        let fits = |(_, ids): &(String, Vec<u32>)| ids.len() + answer <= ctx;
        let (mut first, mut prompt) = (0, self.rendered(0)?);
        if fits(&prompt) {
            return Ok(prompt);
        }
        // A turn goes as a whole: templates want the user to speak first. Not one after another, as each time all others would be
        // rendered.
        let turns: Vec<_> = (1..self.messages.len()).filter(|&i| self.messages[i].is_from(USER)).collect();
        let last = turns.last().copied().unwrap_or(0);
        let (mut low, mut high) = (0, turns.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let shorter = self.rendered(turns[middle])?;
            let is_enough = fits(&shorter);
            // The last message may be answered in less room: there is nothing left to forget.
            if is_enough || turns[middle] == last {
                (first, prompt) = (turns[middle], shorter);
            }
            (low, high) = if is_enough { (low, middle) } else { (middle + 1, high) };
            if ctrl_c::is_pressed() {
                return Err(Failure::Interrupted);
            }
        }
        let tokens = prompt.1.len();
        if tokens > ctx {
            return Err(Failure::new(format!(
                "the message takes {tokens} tokens, the context has room for {ctx}: --ctx gives it more room"
            )));
        }
        self.messages.drain(..first);
        if first > 0 && !core::mem::replace(&mut self.told_of_dropping, true) {
            note("(the context is full: the oldest messages are forgotten from now on, --ctx gives it more room)\n");
        }
        Ok(prompt)
    }

    /// The conversation from message `first` on as the template renders it, and its tokens. Where it goes on from the last answer, the
    /// tokens that the model chose for that are kept: the same text may have others.
    fn rendered(&mut self, first: usize) -> Result<(String, Vec<u32>), Failure> {
        let prompt = self.chat.prompt(&self.conversation(first))?;
        if let Some((text, ids)) = &self.answered
            && let Some(rest) = prompt.text.strip_prefix(text.as_str())
            && self.chat.has_marker(&prompt, text.len())
        {
            let barred: Vec<_> = prompt.barred.iter().filter_map(|at| at.checked_sub(text.len())).collect();
            let options = Encode { special: true, continues: true, barred: &barred, ..Encode::default() };
            let rest = self.engine.encode(rest, options)?;
            let ids = ids.iter().copied().chain(rest).collect();
            return Ok((prompt.text, ids));
        }
        let ids = self.engine.encode_prompt(&prompt)?;
        Ok((prompt.text, ids))
    }

    /// Answers the conversation, which is `prompt` with the tokens `prompt_ids`, and remembers the answer.
    fn answer(&mut self, prompt: String, prompt_ids: Vec<u32>) -> Result<StopReason, Failure> {
        let args = self.args;
        let limits = Limits::new(args.n_predict.max(1), &args.end);
        let options = limits.options(true, false);
        let known = self.generator.history().iter().zip(&prompt_ids).take_while(|(a, b)| a == b).count();
        // The last token's logits are needed.
        let known = known.min(prompt_ids.len().saturating_sub(1));
        let known = self.generator.rewind(&mut self.engine, known);
        let mut generation = self.generator.begin(&mut self.engine, &prompt_ids[known..], &options)?;
        generation.prefill()?;
        let (mut out, mut text) = (Output::new(), String::new());
        let reason = generation.finish(&mut |piece| {
            text.push_str(piece);
            out.write(piece);
            out.check()
        })?;
        let mut ids = self.generator.answer().to_vec();
        out.end_line();
        out.check()?;
        self.remark(&text, reason);
        if reason == StopReason::Eos {
            ids.pop();
        }
        // The template writes the end of an answer, however that ended. Text and tokens differ behind a --stop text, and where an
        // answer was refused or is held back.
        let is_held = reason == StopReason::Interrupted && text.is_empty();
        let differ = matches!(reason, StopReason::Stop | StopReason::Unsure) || is_held;
        self.answered = (!differ).then(|| (prompt + &text, [prompt_ids, ids].concat()));
        self.messages.push(Message::new(ASSISTANT, text));
        if args.end.stats {
            self.print_stats();
        }
        Ok(reason)
    }

    /// Says what there is to say of an answer that ended for `reason`.
    fn remark(&self, text: &str, reason: StopReason) {
        if reason == StopReason::Interrupted {
            ctrl_c::take();
            note("(stopped)\n");
        } else if text.is_empty() {
            note(&format!("(no text: {})\n", reason.why_nothing_came()));
        } else if reason == StopReason::Context {
            note("(the context is full: --ctx gives it more room)\n");
        }
    }
}
