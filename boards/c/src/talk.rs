//! The conversation between answers.

use crate::answer::end_number;
use crate::error::Failure;
use crate::plan::sampling;
use crate::session::{CConversation, CSession, Control, flashlet_session_t};
use crate::types::{FLASHLET_ERROR_NULL, flashlet_sampling_t, flashlet_stats_t};
use core::ffi::c_char;
use core::fmt::{self, Write};

/// The library's version, with a zero at the end, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn flashlet_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The parts of a session, after its answer has ended.
///
/// # Safety
/// The session is open, and until the call on it has ended nothing else borrows its parts.
unsafe fn parts<'p>(control: *mut Control) -> (&'p mut CSession, &'p mut CConversation) {
    // SAFETY: the answer goes, and with it what it has borrowed; both parts are the caller's.
    unsafe {
        (*control).answer = None;
        ((*control).session.assume_init_mut(), (*control).conversation.assume_init_mut())
    }
}

/// Forgets all tokens and begins the random numbers of the seed anew; an answer that is being made ends. `picks` says how tokens are
/// picked from now on; NULL leaves that as it is.
///
/// Errors: FLASHLET_ERROR_OPTION for a number in `picks` out of its range, after which all is as it was.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `picks` is NULL or points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_reset(session: *mut flashlet_session_t, picks: *const flashlet_sampling_t) -> i32 {
    // SAFETY: the caller's promise.
    let picks = unsafe { picks.as_ref() };
    let call = |control: *mut Control| {
        let picks = picks.map(sampling).transpose()?;
        // SAFETY: nothing else borrows the parts, and nothing the settings.
        let ((session, conversation), own) = unsafe { (parts(control), &mut (*control).sampling) };
        *own = picks.unwrap_or(*own);
        session.reset();
        conversation.restart(*own);
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { Control::enter(session, call) }
}

/// Takes the conversation back to its first `tokens` tokens, or to none where the model's caches have moved on; an answer that is being
/// made ends. `*left` is the number of tokens that are left. The next prompt begins behind them as if there had been no answer. `left`
/// may be NULL.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `left` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_rewind(session: *mut flashlet_session_t, tokens: u32, left: *mut u32) -> i32 {
    let call = |control: *mut Control| {
        // SAFETY: nothing else borrows the parts.
        let (session, conversation) = unsafe { parts(control) };
        let now = conversation.rewind(session, tokens);
        if !left.is_null() {
            // SAFETY: the caller's promise.
            unsafe { left.write(now) };
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { Control::enter(session, call) }
}

/// Writes the figures of a session and of its last answer. It may be called while an answer is being made.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `stats` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_stats(session: *mut flashlet_session_t, stats: *mut flashlet_stats_t) -> i32 {
    let call = |control: *mut Control| {
        if stats.is_null() {
            return Err(Failure::Call(FLASHLET_ERROR_NULL));
        }
        // SAFETY: while there is an answer, both parts are looked at through it, else where they lie.
        let told = unsafe {
            match &(*control).answer {
                Some(answer) => figures(answer.session(), answer.conversation()),
                None => figures((*control).session.assume_init_ref(), (*control).conversation.assume_init_ref()),
            }
        };
        // SAFETY: the caller's promise.
        unsafe { stats.write(told) };
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { Control::enter(session, call) }
}

fn figures(session: &CSession, conversation: &CConversation) -> flashlet_stats_t {
    let (answer, flash) = (conversation.stats(), session.flash_stats());
    let mut hash = Digits([0; 17], 0);
    if let Some(all) = &answer.hash {
        // Sixteen digits fit.
        let _ = write!(hash, "{all}");
    }
    #[cfg(feature = "probabilities")]
    let logprob = answer.logprob.unwrap_or(0.0);
    #[cfg(not(feature = "probabilities"))]
    let logprob = 0.0;
    flashlet_stats_t {
        position: session.position(),
        ctx: session.plan().ctx,
        prompt_tokens: answer.prompt_tokens as u32,
        tokens: answer.tokens as u32,
        end: end_number(answer.end),
        passes: session.passes(),
        drafted: answer.drafted as u32,
        drafted_right: answer.drafted_right as u32,
        reads: flash.reads,
        bytes_read: flash.bytes_read,
        logprob,
        hash: hash.0,
    }
}

/// Digits, and a zero behind them.
struct Digits([c_char; 17], usize);

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if let Some(place) = self.0.get_mut(self.1).filter(|_| self.1 < 16) {
                *place = byte as c_char;
                self.1 += 1;
            }
        }
        Ok(())
    }
}
