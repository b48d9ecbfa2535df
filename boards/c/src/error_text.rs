//! Errors and their codes in words.

use crate::session::{Control, flashlet_session_t};
use crate::types::{
    FLASHLET_ERROR_ALIGNMENT, FLASHLET_ERROR_ARENA_TOO_SMALL, FLASHLET_ERROR_BUSY, FLASHLET_ERROR_FEATURE_OFF,
    FLASHLET_ERROR_MODEL, FLASHLET_ERROR_NO_ANSWER, FLASHLET_ERROR_NO_GRAMMAR, FLASHLET_ERROR_NOT_OPEN,
    FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_ERROR_SESSION, FLASHLET_ERROR_UTF8,
};
use core::ffi::c_char;
use core::fmt::{self, Write};
use engine::Error;

/// Text that goes into a caller's buffer, as far as that reaches; it is counted beyond.
struct Out<'o> {
    room: &'o mut [u8],
    written: usize,
    needed: usize,
}

impl<'o> Out<'o> {
    /// # Safety
    /// `out` is NULL, or `bytes` bytes there may be written.
    unsafe fn new(out: *mut c_char, bytes: usize) -> Self {
        let room: &mut [u8] = if out.is_null() || bytes > isize::MAX as usize {
            &mut []
        } else {
            // SAFETY: the caller's promise.
            unsafe { core::slice::from_raw_parts_mut(out.cast(), bytes) }
        };
        Out { room, written: 0, needed: 0 }
    }

    /// Ends the text with a zero, behind a whole character; returns the bytes that all of it has.
    fn finish(self) -> usize {
        let Out { room, written, needed } = self;
        if let Some(end) = room.get_mut(written) {
            *end = 0;
        }
        needed
    }
}

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // A text that was cut takes no more: there would be a gap in it.
        let is_whole = self.written == self.needed;
        let left = self.room.len().saturating_sub(self.written + 1);
        let mut fits = if is_whole { left.min(text.len()) } else { 0 };
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        let place = self.room.get_mut(self.written..self.written + fits);
        if let (Some(place), Some(part)) = (place, text.as_bytes().get(..fits)) {
            place.copy_from_slice(part);
        }
        self.written += fits;
        self.needed += text.len();
        Ok(())
    }
}

/// Writes what the last failed call on `session` says of its failure, with the numbers and names in it, and a zero at the end; nothing
/// but the zero if none has failed. What does not fit is cut behind a whole character. Returns the bytes of the whole text, without
/// the zero, or 0 where `session` is none. `out` may be NULL if `out_bytes` is 0.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open, and no other call runs on it; `out_bytes` bytes at `out` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_error_text(
    session: *const flashlet_session_t,
    out: *mut c_char,
    out_bytes: usize,
) -> usize {
    // SAFETY: the caller's promise.
    let mut text = unsafe { Out::new(out, out_bytes) };
    // SAFETY: the caller's promise.
    if let Some(failure) = unsafe { Control::last_failure(session) } {
        // Writing does not fail.
        let _ = write!(text, "{failure}");
    }
    text.finish()
}

/// Writes the meaning of a code, with a zero at the end, as flashlet_error_text writes; nothing but the zero for a number that is none.
/// Programs that do not call it have none of these texts in them.
///
/// # Safety
/// `out_bytes` bytes at `out` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_code_text(code: i32, out: *mut c_char, out_bytes: usize) -> usize {
    // SAFETY: the caller's promise.
    let mut text = unsafe { Out::new(out, out_bytes) };
    let meaning = match code {
        FLASHLET_ERROR_NULL => "a pointer is NULL that must not be",
        FLASHLET_ERROR_SESSION => "this is no session",
        FLASHLET_ERROR_ALIGNMENT => "the arena is not aligned",
        FLASHLET_ERROR_ARENA_TOO_SMALL => "the arena is smaller than what a session takes besides the model",
        FLASHLET_ERROR_MODEL => "the model has neither bytes in memory nor a function that reads",
        FLASHLET_ERROR_OPTION => "a number or a flag is none of those that are allowed",
        FLASHLET_ERROR_BUSY => "another call runs on the session",
        FLASHLET_ERROR_NOT_OPEN => "the session could not be opened",
        FLASHLET_ERROR_NO_ANSWER => "there is no answer to go on with",
        FLASHLET_ERROR_UTF8 => "a text is not UTF-8",
        FLASHLET_ERROR_FEATURE_OFF => "the library was built without the feature that this takes",
        FLASHLET_ERROR_NO_GRAMMAR => "the file carries no grammar",
        _ => {
            let code = u16::try_from(code).unwrap_or(0);
            Error::codes().find(|(known, ..)| *known == code).map_or("", |(.., meaning)| meaning)
        }
    };
    // Writing does not fail.
    let _ = text.write_str(meaning);
    text.finish()
}
