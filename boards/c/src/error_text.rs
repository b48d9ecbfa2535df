//! Errors and their codes in words.

use crate::error::of_call;
use crate::session::{Control, flashlet_session_t};
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
    let meaning = of_call(code).unwrap_or_else(|| {
        let code = u16::try_from(code).unwrap_or(0);
        Error::codes().find(|(known, ..)| *known == code).map_or("", |(.., meaning)| meaning)
    });
    // Writing does not fail.
    let _ = text.write_str(meaning);
    text.finish()
}
