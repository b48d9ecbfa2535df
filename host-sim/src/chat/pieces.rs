//! A template as pieces, by which boards render prompts: derived from probe conversations, and verified on others.

use flashlet::text::{ChatPieces, Content, Markup, Segment, Trims, Turn};

use super::literals::literals;
use super::message::{ASSISTANT, Message, SYSTEM, USER};
use super::system::PROBES;

/// The pieces of a template; the engine's [`ChatPieces`] says what each is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    markup: [Option<String>; Markup::ALL.len()],
    trims: Trims,
    thoughts_end: Option<&'static str>,
}

/// Texts that end a model's thoughts.
const THOUGHT_ENDS: [&str; 2] = ["</think>", "[/THINK]"];

/// Contents that the pieces are verified on: with white space at their ends, empty, with thoughts, of other characters.
const CONTENTS: [&str; 13] = [
    "hi there",
    "  hi \n",
    "\n\ttwo words",
    "one line \n\n another\n",
    "",
    " ",
    "7",
    "{{ 1 + 1 }} {% if %} <b>&'\"</b>",
    "<think>\nhm, <b>\n</think>\n\ntwo\n",
    "hm</think> one</think>\n two",
    "<think>hm",
    "Grüße, 世界 🙂",
    "yes",
];

type Render<'r> = &'r dyn Fn(&[Message]) -> Result<String, String>;

impl Pieces {
    /// The pieces of the template `source`, which `render` evaluates.
    ///
    /// # Errors
    /// The reason why the template is not made of pieces, in words.
    pub(super) fn derived(source: &str, render: Render<'_>) -> Result<Pieces, String> {
        let mut pieces = Pieces::probed(render)?;
        if let Some(messages) = pieces.first_other(source, render, false) {
            return Err(otherwise(&messages));
        }
        if pieces.takes_system_text() && pieces.first_other(source, render, true).is_some() {
            pieces.forget_system();
        }
        Ok(pieces)
    }

    /// Finds the markup by which the template asks for an answer without thoughts, as `render` does now, if it can.
    pub(super) fn derive_without_thinking(&mut self, source: &str, render: Render<'_>) {
        let [_, user, ..] = PROBES;
        let Ok(text) = render(&[Message::new(USER, user)]) else { return };
        let Some((_, after_user)) = text.split_once(user) else { return };
        if self.at(Markup::AfterUser) == Some(after_user) {
            return;
        }
        let mut asking = self.clone();
        let earlier = self.at(Markup::AfterEarlierUser).or(self.at(Markup::AfterUser)).map(str::to_owned);
        asking.set(Markup::AfterEarlierUser, earlier);
        asking.set(Markup::AfterUser, Some(after_user.to_owned()));
        let is_whole = asking.first_other(source, render, false).is_none()
            && (!self.takes_system_text() || asking.first_other(source, render, true).is_none());
        self.set(Markup::AfterUserWithoutThinking, is_whole.then(|| after_user.to_owned()));
    }

    /// The first conversation that `render` renders otherwise, of those with or without a system text.
    fn first_other(&self, source: &str, render: Render<'_>, with_system: bool) -> Option<Vec<Message>> {
        let mut others = conversations(source).into_iter().filter(|messages| has_system_text(messages) == with_system);
        // What the template does not take has no rendering to compare with.
        others.find(|messages| render(messages).is_ok_and(|text| self.render(messages) != Some(text)))
    }

    /// The pieces as the probe conversations show them.
    fn probed(render: Render<'_>) -> Result<Pieces, String> {
        let [system, user, answer, second] = PROBES;
        let unlike = |what: &str| format!("it has no fixed markup {what}");
        let cut = |text: &str, at: &str, what: &str| match text.split_once(at) {
            Some((before, behind)) if !behind.contains(at) => Ok((before.to_owned(), behind.to_owned())),
            _ => Err(unlike(what)),
        };
        let asked = Message::new(USER, user);
        let mut pieces = Pieces::default();
        let (first, after_user) = cut(&render(core::slice::from_ref(&asked))?, user, "around a user's text")?;
        let (silent, _) = cut(&render(&[Message::system(""), asked.clone()])?, user, "in front of a user's text")?;
        let longer = [asked.clone(), Message::new(ASSISTANT, answer), Message::new(USER, second)];
        let (_, behind) = cut(&render(&longer)?, user, "around an earlier user's text")?;
        let (after_earlier_user, behind) = cut(&behind, answer, "around an answer")?;
        let (after_answer, _) = cut(&behind, second, "behind an answer")?;
        pieces.set(Markup::FirstWithoutSystem, (silent != first).then_some(silent));
        pieces.set(Markup::AfterEarlierUser, (after_earlier_user != after_user).then_some(after_earlier_user));
        pieces.set(Markup::First, Some(first));
        pieces.set(Markup::AfterUser, Some(after_user));
        pieces.set(Markup::AfterAnswer, Some(after_answer));
        let told = render(&[Message::new(SYSTEM, system), asked]).and_then(|text| cut(&text, system, ""));
        if let Ok((before, behind)) = told
            && let Ok((between, _)) = cut(&behind, user, "")
        {
            pieces.set(Markup::BeforeSystem, Some(before));
            pieces.set(Markup::AfterSystem, Some(between));
        }
        pieces.probe_trims(render)?;
        pieces.probe_thoughts(render);
        Ok(pieces)
    }

    /// Finds out which contents are trimmed.
    fn probe_trims(&mut self, render: Render<'_>) -> Result<(), String> {
        let [system, user, answer, second] = PROBES.map(|probe| format!(" \n{probe}\t\n"));
        let trimmed = |text: &str| text.trim().to_owned();
        let conversation = |content| match content {
            Content::System => vec![Message::new(SYSTEM, &system), Message::new(USER, trimmed(&user))],
            Content::UserAfterSystem => vec![Message::new(SYSTEM, trimmed(&system)), Message::new(USER, &user)],
            Content::User => vec![Message::new(USER, &user)],
            Content::Answer => vec![
                Message::new(USER, trimmed(&user)),
                Message::new(ASSISTANT, &answer),
                Message::new(USER, trimmed(&second)),
            ],
        };
        for content in [Content::User, Content::Answer, Content::System, Content::UserAfterSystem] {
            let is_told = matches!(content, Content::System | Content::UserAfterSystem);
            if is_told && !self.takes_system_text() {
                continue;
            }
            let messages = conversation(content);
            let text = render(&messages)?;
            let ways = [(false, false), (true, true), (true, false), (false, true)];
            let fitting = ways.into_iter().find(|&(start, end)| {
                self.trims = self.trims.with(content, start, end);
                self.render(&messages).as_ref() == Some(&text)
            });
            match fitting {
                Some(_) => {}
                None if is_told => self.forget_system(),
                None => return Err(otherwise(&messages)),
            }
        }
        Ok(())
    }

    /// Finds out whether earlier answers are rendered without thoughts.
    fn probe_thoughts(&mut self, render: Render<'_>) {
        let [_, user, answer, second] = PROBES;
        let rendered = |thoughts: String| {
            let answer = Message::new(ASSISTANT, thoughts + "\n\n" + answer);
            let messages = [Message::new(USER, user), answer, Message::new(USER, second)];
            let text = render(&messages).ok();
            (messages, text)
        };
        for end in THOUGHT_ENDS {
            let start = end.replacen('/', "", 1);
            let (messages, text) = rendered(format!("{start}\nhm\n{end}"));
            let keeping = self.clone();
            self.thoughts_end = Some(end);
            for trims in [self.trims, self.trims.with_line_breaks_after_thoughts()] {
                self.trims = trims;
                if text.is_some() && self.render(&messages) == text {
                    return;
                }
            }
            *self = keeping;
        }
    }

    /// True if there is a place for a stated system text.
    pub(crate) fn takes_system_text(&self) -> bool {
        self.at(Markup::BeforeSystem).is_some()
    }

    fn forget_system(&mut self) {
        self.set(Markup::BeforeSystem, None);
        self.set(Markup::AfterSystem, None);
        for content in [Content::System, Content::UserAfterSystem] {
            self.trims = self.trims.with(content, false, false);
        }
    }

    fn set(&mut self, markup: Markup, text: Option<String>) {
        self.markup[markup as usize] = text;
    }

    fn at(&self, markup: Markup) -> Option<&str> {
        self.markup[markup as usize].as_deref()
    }

    /// The keys of the pieces in a packed file with their values, without [`ChatPieces::PREFIX`].
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let markup = Markup::ALL.into_iter().filter_map(|markup| Some((markup.name(), self.at(markup)?)));
        markup.chain(self.thoughts_end.map(|end| (ChatPieces::THOUGHTS_END_NAME, end)))
    }

    /// The white space that is left out.
    pub(crate) fn trims(&self) -> Trims {
        self.trims
    }

    /// `messages` as the pieces render them, up to where the model's answer begins; `None` if they have no place for a system
    /// text.
    pub(super) fn render(&self, messages: &[Message]) -> Option<String> {
        let (system, turns) = match messages.split_first() {
            Some((first, rest)) if first.is_from(SYSTEM) => (Some(first.content.as_str()), rest),
            _ => (None, messages),
        };
        let mut out = String::new();
        for (i, turn) in turns.chunks(2).enumerate() {
            let [user, answer @ ..] = turn else { return None };
            for segment in self.trims.segments(&Turn { first: i == 0, system, user: &user.content }) {
                match segment {
                    Segment::Markup(markup) => out += self.at(markup).or_else(|| self.at(markup.substitute()?))?,
                    Segment::Text(text) => out += text,
                }
            }
            let markup = if answer.is_empty() { Markup::AfterUser } else { Markup::AfterEarlierUser };
            out += self.at(markup).or_else(|| self.at(markup.substitute()?))?;
            answer.iter().for_each(|answer| out += self.trims.answer(&answer.content, self.thoughts_end));
        }
        Some(out)
    }
}

fn has_system_text(messages: &[Message]) -> bool {
    messages.first().is_some_and(|first| first.is_from(SYSTEM) && !first.content.is_empty())
}

/// The reason that a conversation gives.
fn otherwise(messages: &[Message]) -> String {
    let contents: Vec<_> = messages.iter().map(|message| format!("{} {:?}", message.role, message.content)).collect();
    format!("it renders this conversation otherwise: {}", contents.join(", "))
}

/// Conversations of one to four turns, with and without a system text. The texts that the template compares contents with are
/// in them too, as far as it spells them out. Where a system text is stated, neither it nor the first user's text is blank:
/// templates that trim both together leave what is between them out, too.
fn conversations(source: &str) -> Vec<Vec<Message>> {
    let conversation = |system: Option<&str>, contents: &[&str]| {
        let turns = contents.iter().zip([USER, ASSISTANT].into_iter().cycle());
        let turns = turns.map(|(content, role)| Message::new(role, *content));
        system.map(Message::system).into_iter().chain(turns).collect::<Vec<_>>()
    };
    let mut out = vec![conversation(None, &["hi", "hello", "one", "two", "three", "four", "five"])];
    for content in CONTENTS {
        for system in [None, Some(""), Some("Be brief.")] {
            out.push(conversation(system, &[content]));
            out.push(conversation(system, &["one", content, "two"]));
            out.push(conversation(system, &[content, " two\n", " three", content, content]));
        }
        out.push(conversation(Some(content), &["one"]));
        out.push(conversation(Some(content), &[" one ", "two", "three"]));
    }
    let is_blank = |message: &Message| message.content.trim().is_empty();
    out.retain(|messages| !has_system_text(messages) || !messages.iter().take(2).any(is_blank));
    for content in literals(source) {
        out.push(conversation(None, &[&content]));
        out.push(conversation(None, &["one", &content, &content]));
        out.push(conversation(Some(&content), &["one"]));
    }
    out
}
