//! Input: bytes as they are typed, made into lines.

use crate::output::{LineError, Output};
use embedded_io_async::{Error, ErrorKind, Read, Write};

/// The longest line, in bytes.
pub const MAX_LINE: usize = 512;

/// Bytes that are read at once, and bytes that may be typed while an answer is under way. What comes behind those is refused, to
/// the end of its line.
const AT_ONCE: usize = 16;
const AHEAD: usize = 256;

/// Bytes in `ahead` with which the sender is asked to wait, and to go on again. What is sent before it has understood is room
/// for: the rest.
#[cfg(feature = "flow-control")]
const HOLD_AT: usize = AHEAD * 3 / 4;
#[cfg(feature = "flow-control")]
const GO_ON_AT: usize = AHEAD / 4;

/// The character that asks a terminal to wait.
pub const XOFF: u8 = 0x13;
/// The character that asks a terminal to go on.
pub const XON: u8 = 0x11;

const CTRL_C: u8 = 0x03;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const ESCAPE: u8 = 0x1B;
const DELETE: u8 = 0x7F;

/// An action of the user.
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

/// The kind of a byte.
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

/// A sequence of bytes that a key such as an arrow sends, as far as it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    /// The escape character: one byte follows, unless that opens a longer sequence.
    Escape,
    /// `ESC O`: one more byte follows.
    OneMore,
    /// `ESC [`: parameters follow, then a letter or `~`.
    Parameters,
}

impl Sequence {
    /// Takes `byte`, if it is part of a sequence. Control characters end a sequence and count by themselves.
    fn takes(&mut self, byte: u8) -> bool {
        let (taken, next) = match (*self, byte) {
            (_, ESCAPE) => (true, Sequence::Escape),
            (Sequence::None, _) | (_, ..0x20) => (false, Sequence::None),
            (Sequence::Escape, b'[') => (true, Sequence::Parameters),
            (Sequence::Escape, b'O') => (true, Sequence::OneMore),
            (Sequence::Parameters, 0x20..0x40) => (true, Sequence::Parameters),
            _ => (true, Sequence::None),
        };
        *self = next;
        taken
    }
}

/// The sender's state, where it can be asked to wait.
struct Hold<'h> {
    #[cfg_attr(not(feature = "flow-control"), expect(dead_code, reason = "nobody is asked"))]
    ask: Option<&'h dyn Fn(bool)>,
    #[cfg_attr(not(feature = "flow-control"), expect(dead_code, reason = "nobody is asked"))]
    held: bool,
}

impl Hold<'_> {
    /// Asks the sender to wait if much is typed ahead, `n` bytes, and to go on if that was read.
    #[cfg(feature = "flow-control")]
    fn update(&mut self, n: usize) {
        let held = if self.held { n > GO_ON_AT } else { n >= HOLD_AT };
        if let Some(ask) = self.ask.filter(|_| held != self.held) {
            self.held = held;
            ask(held);
        }
    }

    #[cfg(not(feature = "flow-control"))]
    #[expect(clippy::unused_self, reason = "nobody is asked")]
    fn update(&mut self, _n: usize) {}
}

/// The incoming half of the line.
pub(crate) struct Input<'h, R> {
    rx: R,
    hold: Hold<'h>,
    ahead: heapless::Deque<u8, AHEAD>,
    /// Bytes that came behind those in `ahead` and were lost, and the last of them.
    lost: usize,
    last_lost: u8,
    /// Bytes of the line that `ahead` ends which were lost: it is refused.
    refused: usize,
    sequence: Sequence,
    /// The last line ended with a carriage return: a line feed after it is part of the same end.
    after_return: bool,
}

impl<'h, R: Read> Input<'h, R> {
    pub(crate) fn new(rx: R, hold: Option<&'h dyn Fn(bool)>) -> Self {
        Input {
            rx,
            hold: Hold { ask: hold, held: false },
            ahead: heapless::Deque::new(),
            lost: 0,
            last_lost: 0,
            refused: 0,
            sequence: Sequence::None,
            after_return: false,
        }
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
            self.hold.update(self.ahead.len());
            let byte = match self.ahead.pop_front() {
                Some(byte) => byte,
                None => {
                    if !self.end_lost(self.last_lost) {
                        out.flush().await?;
                        self.receive().await?;
                    }
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
                Key::End if self.refused > 0 || len > line.len() => {
                    return Ok(Entry::TooLong(len + core::mem::take(&mut self.refused)));
                }
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
        if self.sequence.takes(byte) {
            return Key::Nothing;
        }
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
                (self.lost, self.refused) = (0, 0);
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
            if byte == CTRL_C && (self.lost > 0 || self.ahead.is_full()) {
                self.ahead.clear();
                (self.lost, self.refused) = (0, 0);
            }
            let ends_lost = self.lost > 0 && self.ahead.is_empty() && self.end_lost(byte);
            if !ends_lost && (self.lost > 0 || self.ahead.push_back(byte).is_err()) {
                self.lost = self.lost.saturating_add(1);
                self.last_lost = byte;
            }
        }
        self.hold.update(self.ahead.len());
        Ok(())
    }

    /// Ends what was lost, if it ends with `byte`, the end of a line: that line is refused, and the next one counts.
    fn end_lost(&mut self, byte: u8) -> bool {
        let ends = self.lost > 0 && matches!(byte, b'\r' | b'\n');
        if ends {
            self.refused = core::mem::take(&mut self.lost);
            // There is room: all that came before was taken.
            let _ = self.ahead.push_back(byte);
        }
        ends
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
    use core::cell::Cell;
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
        let mut input = Input::new(&mut bytes, None);
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
    fn sequences_of_keys_are_no_text() {
        // Arrows, Home, Delete, F1, F5 with Shift, Alt-b.
        assert_eq!(typed(b"a\x1b[A\x1b[1;5Cb\x1b[3~\x1bOPc\x1b[15;2~\x1bbd\n").0, [r#"Line("abcd")"#]);
        assert_eq!(typed(b"a\x1b[1\nb\x1b\nc\n").0, [r#"Line("a")"#, r#"Line("b")"#, r#"Line("c")"#]);
        assert_eq!(typed(b"a\x1b[\x03b\n").0, ["Interrupt", r#"Line("b")"#]);
    }

    /// Reads lines that arrived during an answer; returns them as the prompt takes them.
    fn typed_ahead(bytes: &[u8]) -> Vec<String> {
        let mut rest = bytes;
        let mut input = Input::new(&mut rest, None);
        assert!(block_on(input.interrupt()).is_err(), "the line is closed at the end");
        let mut echo = [0; 4096];
        let mut screen = &mut echo[..];
        let mut output = Output::new(&mut screen);
        let mut line = Buffer::new();
        let mut entries = Vec::new();
        while let Ok(entry) = block_on(input.line(&mut line, &mut output)) {
            entries.push(std::format!("{entry:?}"));
        }
        entries
    }

    #[test]
    fn what_has_no_room_is_refused_with_its_whole_line() {
        let line = "x".repeat(AHEAD - 1);
        assert_eq!(typed_ahead(b"a\nb\n"), [r#"Line("a")"#, r#"Line("b")"#]);
        // The second line has no room for its last bytes, a third one none at all.
        for end in ["\n", "\r\n"] {
            let all = std::format!("a{end}{line}{end}bcd{end}");
            let entries = typed_ahead(all.as_bytes());
            assert_eq!((entries.len(), &*entries[0]), (2, r#"Line("a")"#), "{entries:?}");
            assert!(entries[1].starts_with("TooLong"), "{entries:?}");
        }
    }

    #[test]
    fn a_line_that_goes_on_after_it_was_refused_is_not_glued_to_the_next() {
        let mut first = &[b'x'; AHEAD + 40][..];
        let mut input = Input::new(&mut first, None);
        assert!(block_on(input.interrupt()).is_err());
        let Input { ahead, lost, last_lost, .. } = input;
        let mut second = &b"yy\nnext\n"[..];
        let mut input = Input { ahead, lost, last_lost, ..Input::new(&mut second, None) };
        let mut echo = [0; 4096];
        let mut screen = &mut echo[..];
        let mut output = Output::new(&mut screen);
        let mut line = Buffer::new();
        let entry = block_on(input.line(&mut line, &mut output)).ok();
        assert_eq!(entry, Some(Entry::TooLong(AHEAD + 42)));
        assert_eq!(block_on(input.line(&mut line, &mut output)).ok(), Some(Entry::Line("next")));
    }

    /// A sender that waits when it is asked to, which a reader takes for the end of the line.
    struct Waiting<'w> {
        bytes: &'w [u8],
        waits: &'w Cell<bool>,
    }

    impl embedded_io_async::ErrorType for Waiting<'_> {
        type Error = core::convert::Infallible;
    }

    impl Read for Waiting<'_> {
        async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
            let n = if self.waits.get() { 0 } else { buffer.len().min(self.bytes.len()) };
            let (now, rest) = self.bytes.split_at(n);
            buffer[..n].copy_from_slice(now);
            self.bytes = rest;
            Ok(n)
        }
    }

    #[test]
    fn a_sender_that_waits_loses_nothing() {
        let text = "a line of a paste\n".repeat(100);
        let waits = Cell::new(false);
        let ask = |wait| waits.set(wait);
        let mut input = Input::new(Waiting { bytes: text.as_bytes(), waits: &waits }, Some(&ask));
        let mut echo = [0; 4096];
        let mut screen = &mut echo[..];
        let mut output = Output::new(&mut screen);
        let mut line = Buffer::new();
        let mut asked = 0;
        // An answer follows each line.
        for _ in 0..100 {
            assert_eq!(block_on(input.line(&mut line, &mut output)).ok(), Some(Entry::Line("a line of a paste")));
            assert!(block_on(input.interrupt()).is_err(), "nobody presses Ctrl-C");
            asked += usize::from(waits.get());
        }
        assert!(asked > 10 && !waits.get() && input.lost == 0);
    }

    #[test]
    fn an_interrupt_drops_what_was_typed_ahead() {
        let mut bytes = &b"early\n\x03late\n"[..];
        let mut input = Input::new(&mut bytes, None);
        assert!(block_on(input.interrupt()).is_ok());
        let mut echo = [0; 64];
        let mut rest = &mut echo[..];
        let mut output = Output::new(&mut rest);
        // All came at once, so `late` went with the rest.
        assert!(block_on(input.line(&mut Buffer::new(), &mut output)).is_err());
    }
}
