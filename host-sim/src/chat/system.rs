//! System messages: the ways in which templates take them, found by probe conversations.

use minijinja::Error;

use super::message::{ASSISTANT, Message, SYSTEM, USER};
use super::prompt::Prompt;
use super::template::{Template, explained};

/// Texts of probe conversations, which no template writes by itself.
pub(super) const PROBES: [&str; 4] = ["Probe-Qzj-0", "Probe-Qzj-1", "Probe-Qzj-2", "Probe-Qzj-3"];

/// The way in which a template takes a system message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SystemRole {
    /// A message.
    Message {
        /// The rendered turn of a system message that says the first probe, where a template writes a turn of its own if it
        /// gets none. It follows the text of this many bytes.
        turn: Option<(usize, String)>,
    },
    /// Not at all: it goes in front of the first text of the user.
    InFront,
}

/// Finds out how `template` takes contents and system messages.
///
/// # Errors
/// The reason why it cannot be rendered, in words.
pub(super) fn probed(template: Template) -> Result<(Template, SystemRole), String> {
    let [system, user, ..] = PROBES;
    let with_system = [Message::new(SYSTEM, system), Message::new(USER, user)];
    let has_user = |template: &Template| {
        let conversations = [&with_system[1..], &with_system[..]];
        conversations.iter().any(|messages| template.render(messages, true).is_ok_and(|text| text.contains(user)))
    };
    let error = template.render(&with_system[1..], true).err();
    let template = if has_user(&template) { template } else { template.typed() };
    if !has_user(&template) {
        return Err(error.map_or("it leaves the user's text out".into(), |error| explained(&error)));
    }
    let role = match template.render(&with_system, true) {
        Ok(text) if text.contains(system) => SystemRole::Message { turn: own_turn(&template, &text) },
        _ => SystemRole::InFront,
    };
    Ok((template, role))
}

/// The turn of a system message in `rendered`, a conversation of a system message and a user's, if the template writes one
/// also where it gets none; with the bytes in front of it.
fn own_turn(template: &Template, rendered: &str) -> Option<(usize, String)> {
    let [system, user, answer, second] = PROBES;
    let conversation = [Message::new(USER, user), Message::new(ASSISTANT, answer), Message::new(USER, second)];
    let answered = template.render(&conversation[..2], false).ok()?;
    let asked_again = template.render(&conversation, false).ok()?;
    // Behind an answer comes what closes it, then what opens the user's turn.
    let (_, close) = answered.split_once(answer)?;
    let (_, next) = asked_again.split_once(answer)?;
    let (open, _) = next.strip_prefix(close)?.split_once(second)?;
    // The marker that opens a turn may be the model's BOS token, too.
    let has_bos = rendered.starts_with(template.bos()) && !open.starts_with(template.bos());
    let start = if has_bos { template.bos().len() } else { 0 };
    let alone = template.render(&conversation[..1], true).ok()?;
    if alone.get(start..)?.starts_with(&format!("{open}{user}")) {
        return None;
    }
    let (before, behind) = rendered.split_once(system)?;
    let (between, _) = behind.split_once(user)?;
    let turn = format!("{}{system}{}", before.get(start..)?, between.strip_suffix(open)?);
    Some((start, turn))
}

impl SystemRole {
    /// Renders `messages`, a system message in front of which goes where the template takes it.
    ///
    /// # Errors
    /// Those of `render`.
    pub(super) fn arranged(
        &self,
        messages: &[Message],
        render: impl Fn(&[Message]) -> Result<Prompt, Error>,
    ) -> Result<Prompt, Error> {
        let Some((system, rest)) = messages.split_first().filter(|(first, _)| first.is_from(SYSTEM)) else {
            return render(messages);
        };
        match self {
            SystemRole::Message { .. } if !system.is_no_system => render(messages),
            SystemRole::Message { turn: None } => render(rest),
            SystemRole::Message { turn: Some((start, turn)) } => {
                let probe = Message::new(SYSTEM, PROBES[0]);
                let conversation: Vec<_> = [probe].into_iter().chain(rest.iter().cloned()).collect();
                let prompt = render(&conversation)?;
                without(prompt, *start, turn).map_or_else(|| render(messages), Ok)
            }
            SystemRole::InFront => {
                let mut rest = rest.to_vec();
                if let Some(first) = rest.iter_mut().find(|message| message.is_from(USER))
                    && !system.content.is_empty()
                {
                    first.content = format!("{}\n{}", system.content, first.content);
                }
                render(&rest)
            }
        }
    }
}

/// `prompt` without `turn`, which begins at byte `start`; `None` if something else lies there.
fn without(prompt: Prompt, start: usize, turn: &str) -> Option<Prompt> {
    let rest = prompt.text.get(start..)?.strip_prefix(turn)?;
    let text = format!("{}{rest}", prompt.text.get(..start)?);
    let barred = prompt.barred.into_iter().map(|at| at.checked_sub(turn.len())).collect::<Option<_>>()?;
    Some(Prompt { text, barred })
}
