//! What comes in: bytes as they are typed, made into lines.

use crate::output::{LineError, Output};
use embedded_io_async::{Error, ErrorKind, Read, Write};

/// The longest line, in bytes.
pub const MAX_LINE: usize = 512;

/// Bytes that are read at once, and bytes that may be typed while an answer is under way; more are lost.
const AT_ONCE: usize = 16;
const AHEAD: usize = 256;

const CTRL_C: u8 = 0x03;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7F;

/// What the user did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry<'l> {
    Line(&'l str),
    /// The line had this many bytes; it was read to its end and is lost.
    TooLong(usize),
    /// The line is no UTF-8 from this byte on.
    NotText(usize),
    /// Ctrl-C.
    Interrupt,
}

/// What a byte was.
#[derive(Clone, Copy)]
enum Key {
    Nothing,
    Character,
    /// This many characters are gone.
    RubbedOut(usize),
    End,
    Interrupt,
}

/// A line that is being typed.
pub(crate) type Buffer = heapless::Vec<u8, MAX_LINE>;

/// The incoming half of the line.
pub(crate) struct Input<R> {
    rx: R,
    ahead: heapless::Deque<u8, AHEAD>,
    /// The last line ended with a carriage return: a line feed after it is part of the same end.
    after_return: bool,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(rx: R) -> Self {
        Input { rx, ahead: heapless::Deque::new(), after_return: false }
    }

    /// Reads a line into `line`, with an echo of what is typed.
    pub(crate) async fn line<'l, W: Write>(
        &mut self,
        line: &'l mut Buffer,
        out: &mut Output<W>,
    ) -> Result<Entry<'l>, LineError> {
        line.clear();
        // Bytes of the line, those for which there is no room included.
        let mut len = 0;
        loop {
            let byte = match self.ahead.pop_front() {
                Some(byte) => byte,
                None => {
                    out.flush().await?;
                    self.receive().await?;
                    continue;
                }
            };
            let key = self.key(byte, line, &mut len);
            let typed = [byte];
            let (echo, times) = match key {
                Key::Nothing => (&[][..], 0),
                Key::Character => (&typed[..], 1),
                Key::RubbedOut(n) => (&b"\x08 \x08"[..], n),
                Key::End => (&b"\r\n"[..], 1),
                Key::Interrupt => (&b"^C\r\n"[..], 1),
            };
            for _ in 0..times {
                out.echo(echo).await?;
            }
            match key {
                Key::Interrupt => return Ok(Entry::Interrupt),
                Key::End if len > line.len() => return Ok(Entry::TooLong(len)),
                Key::End => {
                    return Ok(match core::str::from_utf8(line) {
                        Ok(line) => Entry::Line(line),
                        Err(error) => Entry::NotText(error.valid_up_to()),
                    });
                }
                _ => {}
            }
        }
    }

    /// Does what `byte` says to the line; `len` counts bytes for which there is no room too.
    fn key(&mut self, byte: u8, line: &mut Buffer, len: &mut usize) -> Key {
        let after_return = core::mem::replace(&mut self.after_return, byte == b'\r');
        match byte {
            b'\n' if after_return => Key::Nothing,
            b'\r' | b'\n' => Key::End,
            CTRL_C => Key::Interrupt,
            CTRL_U => {
                let mut n = 0;
                while rub_out(line) {
                    n += 1;
                }
                *len = 0;
                Key::RubbedOut(n)
            }
            BACKSPACE | DELETE if *len > line.len() => {
                *len -= 1;
                Key::Nothing
            }
            BACKSPACE | DELETE => {
                let n = usize::from(rub_out(line));
                *len = line.len();
                Key::RubbedOut(n)
            }
            b'\t' | 0x20.. => {
                *len += 1;
                if line.push(byte).is_ok() { Key::Character } else { Key::Nothing }
            }
            // Other control characters mean nothing.
            _ => Key::Nothing,
        }
    }

    /// Waits for Ctrl-C; what else is typed meanwhile is kept for the next line.
    pub(crate) async fn interrupt(&mut self) -> Result<(), LineError> {
        loop {
            if self.ahead.iter().any(|&byte| byte == CTRL_C) {
                self.ahead.clear();
                return Ok(());
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Result<(), LineError> {
        let mut bytes = [0; AT_ONCE];
        let n = self.rx.read(&mut bytes).await.map_err(|error| LineError(error.kind()))?;
        if n == 0 {
            return Err(LineError(ErrorKind::BrokenPipe));
        }
        for &byte in bytes.iter().take(n) {
            // What is typed too far ahead is lost, but for a Ctrl-C.
            if self.ahead.push_back(byte).is_err() && byte == CTRL_C {
                self.ahead.clear();
                let _ = self.ahead.push_back(byte);
            }
        }
        Ok(())
    }
}

/// Takes the last character off the line, if there is one.
fn rub_out(line: &mut Buffer) -> bool {
    while let Some(byte) = line.pop() {
        if byte & 0xC0 != 0x80 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use embassy_futures::block_on;
    use std::string::String;
    use std::vec::Vec;

    /// Types `bytes`; gives what became of each line, and the echo.
    fn typed(mut bytes: &[u8]) -> (Vec<String>, String) {
        let mut echo = [0; 4096];
        let total = echo.len();
        let mut rest = &mut echo[..];
        let mut entries = Vec::new();
        let mut output = Output::new(&mut rest);
        let mut input = Input::new(&mut bytes);
        let mut line = Buffer::new();
        while let Ok(entry) = block_on(input.line(&mut line, &mut output)) {
            entries.push(std::format!("{entry:?}"));
        }
        let left = rest.len();
        (entries, String::from_utf8_lossy(&echo[..total - left]).into_owned())
    }

    #[test]
    fn lines_end_in_either_way() {
        let (entries, echo) = typed(b"a\rb\nc\r\n\nd");
        assert_eq!(entries, [r#"Line("a")"#, r#"Line("b")"#, r#"Line("c")"#, r#"Line("")"#]);
        assert_eq!(echo, "a\r\nb\r\nc\r\n\r\nd");
    }

    #[test]
    fn characters_are_rubbed_out_whole() {
        assert_eq!(typed("aä\u{7f}\u{8}b\u{7f}\u{7f}\u{7f}c\n".as_bytes()).0, [r#"Line("c")"#]);
        assert_eq!(typed(b"abc\x15d\n").0, [r#"Line("d")"#]);
        assert_eq!(typed(b"ab\x03cd\n").0, ["Interrupt", r#"Line("cd")"#]);
        assert_eq!(typed(b"a\x1b\x00b\n").0, [r#"Line("ab")"#]);
        assert_eq!(typed(b"ab\xffc\n").0, ["NotText(2)"]);
    }

    #[test]
    fn a_line_of_the_full_length_is_taken_and_a_longer_one_is_not() {
        let full = "x".repeat(MAX_LINE);
        let (entries, _) = typed(std::format!("{full}\n{full}y\n{full}yz\u{7f}\u{7f}\n").as_bytes());
        assert_eq!(
            entries,
            [std::format!("Line({full:?})"), std::format!("TooLong({})", MAX_LINE + 1), std::format!("Line({full:?})")]
        );
    }

    #[test]
    fn an_interrupt_drops_what_was_typed_ahead() {
        let mut bytes = &b"early\n\x03late\n"[..];
        let mut input = Input::new(&mut bytes);
        assert!(block_on(input.interrupt()).is_ok());
        let mut echo = [0; 64];
        let mut rest = &mut echo[..];
        let mut output = Output::new(&mut rest);
        // All came at once, so `late` went with the rest.
        assert!(block_on(input.line(&mut Buffer::new(), &mut output)).is_err());
    }
}
