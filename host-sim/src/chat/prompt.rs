//! The prompt that a template renders, in which the users' text is told from markup.
//!
//! A marker that a user wrote must not become a special token, and the template must see the user's text as it is, so far as it
//! looks at it. So a character that nobody writes, the *bar*, is put inside of every marker of the users' text, and at that
//! text's ends, before the template is rendered. Afterwards the bars are taken out again: where one lay inside of a marker, the
//! tokenizer may find no special token.

use std::collections::BTreeSet;

use minijinja::{Error, ErrorKind};
use serde_json::Value;

use super::markers::Markers;
use super::message::{ASSISTANT, Message};
use super::template::Template;

/// A rendered conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    /// Offsets in the text that no special token spans.
    pub(crate) barred: Vec<usize>,
}

/// Renders `messages` up to where the model's answer begins.
///
/// # Errors
/// The template's, of a conversation that it does not take.
pub(super) fn render(template: &Template, markers: &Markers, messages: &[Message]) -> Result<Prompt, Error> {
    let bars = Bars { template, markers, messages, bar: unused_character(messages)? };
    let everywhere = bars.render(true, |_| true)?;
    // The template looks at what it is given. Where it looks for markers in answers, as for the end of the model's thoughts,
    // they are markup there.
    let unbarred = bars.render(false, |_| false)?.text;
    if everywhere.text == unbarred {
        return Ok(everywhere);
    }
    let read = bars.read_markers(&unbarred)?;
    let inside = bars.render(false, |marker| !read.contains(marker))?;
    let at_ends = bars.render(true, |marker| !read.contains(marker))?;
    Ok(if at_ends.text == inside.text { at_ends } else { inside })
}

/// A character that neither the messages nor, as far as anybody knows, templates contain.
fn unused_character(messages: &[Message]) -> Result<char, Error> {
    let noncharacters = '\u{fdd0}'..='\u{fdef}';
    let private = '\u{f0000}'..='\u{ffffd}';
    let contains = |message: &Message, c: char| {
        message.content.contains(c) || message.tool_calls.iter().any(|call| call.to_string().contains(c))
    };
    let is_unused = |c: &char| messages.iter().all(|message| !contains(message, *c));
    let unused = noncharacters.chain(private).find(is_unused);
    unused.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the messages use all private characters"))
}

struct Bars<'m> {
    template: &'m Template,
    markers: &'m Markers,
    messages: &'m [Message],
    bar: char,
}

impl<'m> Bars<'m> {
    /// Renders the messages with bars inside of their markers, in answers of those alone that are `barred_in_answers`; and
    /// `at_ends` of contents.
    fn render(&self, at_ends: bool, barred_in_answers: impl Fn(&str) -> bool) -> Result<Prompt, Error> {
        let barred = self.messages.iter().map(|message| {
            let is_barred = |marker: &str| !message.is_from(ASSISTANT) || barred_in_answers(marker);
            let content = self.barred(&message.content, at_ends, is_barred);
            let tool_calls = message.tool_calls.iter().map(|call| self.barred_call(call, at_ends)).collect();
            Message { content, tool_calls, ..message.clone() }
        });
        let rendered = self.template.render(&barred.collect::<Vec<_>>(), true)?;
        Ok(self.take_out(&rendered))
    }

    /// The markers in answers that the template reads: with a bar in them, it renders something else than `unbarred`.
    fn read_markers(&self, unbarred: &str) -> Result<BTreeSet<&'m str>, Error> {
        let answers = self.messages.iter().filter(|message| message.is_from(ASSISTANT));
        let mut markers: BTreeSet<&str> =
            answers.flat_map(|answer| self.markers.find(&answer.content)).map(|(_, marker)| marker).collect();
        for marker in markers.clone() {
            if self.render(false, |other| other == marker)?.text == unbarred {
                markers.remove(marker);
            }
        }
        Ok(markers)
    }

    /// `call` with bars in the texts of its arguments, which are no markup.
    fn barred_call(&self, call: &Value, at_ends: bool) -> Value {
        let mut call = call.clone();
        if let Some(arguments) = call.pointer_mut("/function/arguments") {
            *arguments = self.barred_value(arguments, at_ends);
        }
        call
    }

    /// `value` with bars in its texts; in names, by which templates sort, at no end.
    fn barred_value(&self, value: &Value, at_ends: bool) -> Value {
        match value {
            Value::String(text) => self.barred(text, at_ends, |_| true).into(),
            Value::Array(items) => items.iter().map(|item| self.barred_value(item, at_ends)).collect(),
            Value::Object(members) => {
                let named = |name: &String| self.barred(name, false, |_| true);
                let member = |(name, value): (&String, &Value)| (named(name), self.barred_value(value, at_ends));
                Value::Object(members.iter().map(member).collect())
            }
            other => other.clone(),
        }
    }

    /// `content` with a bar behind the first character of every marker that `is_barred`, and `at_ends` around what is left
    /// without white space, which templates trim.
    fn barred(&self, content: &str, at_ends: bool, is_barred: impl Fn(&str) -> bool) -> String {
        let found = self.markers.find(content).filter(|(_, marker)| is_barred(marker));
        let mut offsets: BTreeSet<usize> =
            found.filter_map(|(at, marker)| Some(at + marker.chars().next()?.len_utf8())).collect();
        let trimmed = content.trim();
        if at_ends && !trimmed.is_empty() {
            let start = content.len() - content.trim_start().len();
            offsets.extend([start, start + trimmed.len()]);
        }
        let mut out = String::with_capacity(content.len() + offsets.len() * self.bar.len_utf8());
        let mut done = 0;
        for offset in offsets {
            out.push_str(&content[done..offset]);
            out.push(self.bar);
            done = offset;
        }
        out.push_str(&content[done..]);
        out
    }

    /// Takes the bars out of `rendered`; keeps the offsets of those inside of markers.
    fn take_out(&self, rendered: &str) -> Prompt {
        let mut text = String::with_capacity(rendered.len());
        let mut offsets = BTreeSet::new();
        for piece in rendered.split_inclusive(self.bar) {
            text.push_str(piece.trim_end_matches(self.bar));
            offsets.insert(text.len());
        }
        let inside =
            |(at, marker): (usize, &str)| offsets.range(at + 1..at + marker.len()).copied().collect::<Vec<_>>();
        let barred: BTreeSet<usize> = self.markers.find(&text).flat_map(inside).collect();
        Prompt { text, barred: barred.into_iter().collect() }
    }
}
