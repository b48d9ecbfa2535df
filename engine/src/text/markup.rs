//! The parts that chat templates are made of: markup, and the contents around which it stands.

use super::chat::Turn;

/// Most bytes of the text that ends thoughts.
pub(super) const MAX_THOUGHTS_END: usize = 64;

/// A piece of a template's markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// In front of the first user's text.
    First,
    /// The same where the system text is stated to be empty.
    FirstWithoutSystem,
    /// In front of a stated system text.
    BeforeSystem,
    /// Between a stated system text and the first user's text.
    AfterSystem,
    /// Between a user's text and the answer that the model is to give.
    AfterUser,
    /// Between a user's text and an earlier answer.
    AfterEarlierUser,
    /// Between an answer and the next user's text.
    AfterAnswer,
    /// Between a user's text and an answer that the model is to give without thinking first.
    AfterUserWithoutThinking,
}

impl Markup {
    /// All pieces, in the order of their numbers.
    pub const ALL: [Markup; 8] = [
        Markup::First,
        Markup::FirstWithoutSystem,
        Markup::BeforeSystem,
        Markup::AfterSystem,
        Markup::AfterUser,
        Markup::AfterEarlierUser,
        Markup::AfterAnswer,
        Markup::AfterUserWithoutThinking,
    ];

    /// The name of the piece's key, after [`ChatPieces::PREFIX`](super::ChatPieces::PREFIX).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Markup::First => "first",
            Markup::FirstWithoutSystem => "first_without_system",
            Markup::BeforeSystem => "before_system",
            Markup::AfterSystem => "after_system",
            Markup::AfterUser => "after_user",
            Markup::AfterEarlierUser => "after_earlier_user",
            Markup::AfterAnswer => "after_answer",
            Markup::AfterUserWithoutThinking => "after_user_without_thinking",
        }
    }

    /// The piece that stands for this one where a template has no such piece.
    #[must_use]
    pub const fn substitute(self) -> Option<Markup> {
        match self {
            Markup::FirstWithoutSystem => Some(Markup::First),
            Markup::AfterEarlierUser | Markup::AfterUserWithoutThinking => Some(Markup::AfterUser),
            _ => None,
        }
    }
}

/// A content of a conversation, as far as templates treat its white space differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A system text.
    System,
    /// A user's text that follows a stated system text.
    UserAfterSystem,
    /// Any other text of a user.
    User,
    /// An earlier answer.
    Answer,
}

/// The contents whose white space a template leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trims(u32);

impl Trims {
    /// Those that `bits` name; `None` if there are unknown ones.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Trims> {
        if bits < 2 * Self::AFTER_THOUGHTS { Some(Trims(bits)) } else { None }
    }

    /// The bit for line breaks behind thoughts.
    const AFTER_THOUGHTS: u32 = 1 << 8;

    /// Two bits for each [`Content`] in order, 1 if white space at its start is left out and 2 at its end; 256 if line breaks
    /// behind thoughts are.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The same with the white space of `content` left out at its `start` and at its `end`.
    #[must_use]
    pub const fn with(self, content: Content, start: bool, end: bool) -> Trims {
        let shift = 2 * content as u32;
        Trims(self.0 & !(3 << shift) | (start as u32 | (end as u32) << 1) << shift)
    }

    /// The same with line breaks behind thoughts left out.
    #[must_use]
    pub const fn with_line_breaks_after_thoughts(self) -> Trims {
        Trims(self.0 | Self::AFTER_THOUGHTS)
    }

    /// The part of `answer` that is rendered in a later turn, if thoughts up to `thoughts_end` are left out.
    #[must_use]
    pub fn answer<'t>(self, answer: &'t str, thoughts_end: Option<&str>) -> &'t str {
        match thoughts_end.and_then(|end| answer.rsplit_once(end)) {
            Some((_, rest)) => self.rest_of_answer(rest, true),
            None => self.rest_of_answer(answer, false),
        }
    }

    /// The part of an answer's `rest` that is rendered in a later turn, where thoughts before it may be left out.
    pub(super) fn rest_of_answer(self, rest: &str, is_behind_thoughts: bool) -> &str {
        let strips = is_behind_thoughts && self.0 & Self::AFTER_THOUGHTS != 0;
        self.apply(Content::Answer, if strips { rest.trim_start_matches('\n') } else { rest })
    }

    /// `text`, which is a `content`, without the white space that is left out.
    #[must_use]
    pub fn apply(self, content: Content, text: &str) -> &str {
        match self.0 >> (2 * content as u32) & 3 {
            0 => text,
            1 => text.trim_start(),
            2 => text.trim_end(),
            _ => text.trim(),
        }
    }
}

/// A piece of a turn: markup, or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Markup of the template.
    Markup(Markup),
    /// Text of a user or of the system.
    Text(&'t str),
}

impl Trims {
    /// The pieces of `turn`, in order, up to its user's text: [`Markup::AfterUser`] follows, or
    /// [`Markup::AfterEarlierUser`] and an answer.
    #[must_use]
    pub fn segments<'t>(self, turn: &Turn<'t>) -> heapless::Vec<Segment<'t>, 4> {
        let text = |content, text| Segment::Text(self.apply(content, text));
        let mut out = heapless::Vec::new();
        // There is room for four.
        let _ = match (turn.first, turn.system) {
            (true, Some(system)) if !system.is_empty() => out.extend_from_slice(&[
                Segment::Markup(Markup::BeforeSystem),
                text(Content::System, system),
                Segment::Markup(Markup::AfterSystem),
                text(Content::UserAfterSystem, turn.user),
            ]),
            (first, system) => out.extend_from_slice(&[
                Segment::Markup(match (first, system) {
                    (true, None) => Markup::First,
                    (true, Some(_)) => Markup::FirstWithoutSystem,
                    (false, _) => Markup::AfterAnswer,
                }),
                text(Content::User, turn.user),
            ]),
        };
        out
    }
}
