//! The division of the caller's arena.

use crate::session::Control;
use core::mem::size_of;
use engine::Lane;
use engine::arena::ALIGN;
#[cfg(feature = "grammar")]
use engine::text::Follower;

/// A session's room in the arena besides the engine's own: itself, then the buffers of its conversation.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// Tokens that are remembered.
    pub(crate) tokens: usize,
    /// Samplers of guessed tokens.
    pub(crate) drafts: usize,
    /// Bytes of text.
    pub(crate) text: usize,
    /// Bytes of a turn with its markup.
    pub(crate) turn: usize,
    /// Answers may follow a grammar.
    #[cfg_attr(not(feature = "grammar"), allow(dead_code, reason = "no grammar takes room then"))]
    pub(crate) grammar: bool,
}

/// The places of all of it, none of which overlaps another.
pub(crate) struct Places {
    pub(crate) lanes: *mut Lane,
    pub(crate) tokens: *mut u32,
    #[cfg(feature = "grammar")]
    pub(crate) follower: *mut Follower,
    pub(crate) text: *mut u8,
    pub(crate) turn: *mut u8,
    /// The engine's arena.
    pub(crate) rest: *mut u8,
    pub(crate) rest_bytes: usize,
}

const fn whole(bytes: usize) -> usize {
    bytes.saturating_add(ALIGN - 1) / ALIGN * ALIGN
}

impl Room {
    /// Bytes of each: the session, samplers, tokens, the grammar's follower, text, a turn. Whole multiples of the alignment, so that
    /// each starts at one.
    fn sizes(&self) -> [usize; 6] {
        #[cfg(feature = "grammar")]
        let follower = if self.grammar { size_of::<Follower>() } else { 0 };
        #[cfg(not(feature = "grammar"))]
        let follower = 0;
        let lanes = self.drafts.saturating_add(1).saturating_mul(size_of::<Lane>());
        let tokens = self.tokens.saturating_mul(size_of::<u32>());
        [size_of::<Control>(), lanes, tokens, follower, self.text, self.turn].map(whole)
    }

    /// Bytes of all.
    pub(crate) fn bytes(&self) -> usize {
        self.sizes().into_iter().fold(0, usize::saturating_add)
    }

    /// Divides `bytes` bytes at `arena`, an aligned address; `None` if they are too few.
    pub(crate) fn divide(&self, arena: *mut u8, bytes: usize) -> Option<Places> {
        let rest_bytes = bytes.checked_sub(self.bytes())?;
        let [session, lanes, tokens, follower, text, turn] = self.sizes();
        // All of the offsets lie within the arena, as the sum of the sizes does.
        let mut at = arena.wrapping_add(session);
        let mut next = |bytes: usize| {
            let place = at;
            at = at.wrapping_add(bytes);
            place
        };
        let (lanes, tokens, follower) = (next(lanes).cast(), next(tokens).cast(), next(follower));
        #[cfg(not(feature = "grammar"))]
        let _ = follower;
        Some(Places {
            lanes,
            tokens,
            #[cfg(feature = "grammar")]
            follower: follower.cast(),
            text: next(text),
            turn: next(turn),
            rest: next(0),
            rest_bytes,
        })
    }
}
