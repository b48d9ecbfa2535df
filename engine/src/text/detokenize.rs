//! Bytes of tokens in, whole characters out.

/// A decoder of tokens, which keeps the start of a character between them, at most.
///
/// Invalid UTF-8 comes out as U+FFFD, one for each maximal prefix of a character, as soon as it is
/// known to be invalid.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detokenizer {
    pending: [u8; 4],
    len: usize,
    /// Text was decoded already, so that no leading space is to be dropped.
    started: bool,
    show_special: bool,
}

impl Detokenizer {
    /// For the start of a text: the space that some models put in front is dropped.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For what goes on from a text, such as an answer to a raw prompt: a leading space stays.
    #[must_use]
    pub fn continuing() -> Self {
        Detokenizer { started: true, ..Self::default() }
    }

    /// Control tokens come out as their names, not as nothing.
    #[must_use]
    pub fn with_special(self) -> Self {
        Detokenizer { show_special: true, ..self }
    }

    pub(super) fn shows_special(&self) -> bool {
        self.show_special
    }

    /// True for the first text.
    pub(super) fn start(&mut self) -> bool {
        !core::mem::replace(&mut self.started, true)
    }

    /// Takes bytes, hands out the characters that are complete.
    pub fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&str)) {
        let mut rest = bytes;
        while self.len > 0 {
            let Some((&byte, after)) = rest.split_first() else { return };
            let Some(slot) = self.pending.get_mut(self.len) else { break };
            *slot = byte;
            self.len += 1;
            let pending = self.pending.get(..self.len).unwrap_or_default();
            match core::str::from_utf8(pending) {
                Ok(text) => out(text),
                Err(error) if error.error_len().is_none() => {
                    rest = after;
                    continue;
                }
                Err(_) => {
                    // The character broke off before this byte, which starts anew.
                    self.flush(out);
                    break;
                }
            }
            self.len = 0;
            rest = after;
        }
        loop {
            let error = match core::str::from_utf8(rest) {
                Ok("") => return,
                Ok(text) => return out(text),
                Err(error) => error,
            };
            let (valid, after) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
            match core::str::from_utf8(valid) {
                Ok("") | Err(_) => {}
                Ok(text) => out(text),
            }
            let Some(invalid) = error.error_len() else {
                for (slot, &byte) in self.pending.iter_mut().zip(after) {
                    *slot = byte;
                }
                self.len = after.len().min(self.pending.len());
                return;
            };
            out("\u{fffd}");
            rest = after.get(invalid..).unwrap_or_default();
        }
    }

    /// Ends the text: a character that was begun comes out as U+FFFD.
    pub fn flush(&mut self, out: &mut dyn FnMut(&str)) {
        if core::mem::take(&mut self.len) > 0 {
            out("\u{fffd}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn cutting_bytes_anywhere_gives_what_the_standard_library_gives() {
        let samples: [&[u8]; 8] = [
            "aé漢🙂z".as_bytes(),
            b"\xff\xfe",
            b"\xe2\x96",
            b"\xe2\x96a\xe2",
            b"\xf0\x9f\x99\xf0\x9f\x99\x82",
            b"\xc0\x80\xed\xa0\x80x",
            b"\x80\xe2\x28\xa1\xf4\x90\x80\x80",
            b"",
        ];
        for bytes in samples {
            let expected = String::from_utf8_lossy(bytes);
            for step in 1..=bytes.len().max(1) {
                let mut text = String::new();
                let mut detokenizer = Detokenizer::new();
                for piece in bytes.chunks(step) {
                    detokenizer.push(piece, &mut |s| text.push_str(s));
                }
                detokenizer.flush(&mut |s| text.push_str(s));
                assert_eq!(text, expected, "{bytes:x?} by {step}");
            }
        }
    }

    #[test]
    fn a_character_comes_out_with_its_last_byte() {
        let mut detokenizer = Detokenizer::new();
        let mut text = String::new();
        for &byte in "🙂".as_bytes() {
            assert!(text.is_empty());
            detokenizer.push(&[byte], &mut |s| text.push_str(s));
        }
        assert_eq!(text, "🙂");
    }
}
