//! Output: messages, and text that is gathered.

use core::fmt;
use embedded_io_async::{Error, ErrorKind, Write};

/// The longest message, and the longest text of a token that comes out whole.
pub(crate) const MAX_MESSAGE: usize = 384;

/// The line failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineError(pub(crate) ErrorKind);

impl LineError {
    pub(crate) fn of(error: &impl Error) -> LineError {
        LineError(error.kind())
    }
}

/// Text that is cut where it does not fit.
#[derive(Debug, Default)]
pub(crate) struct Message(heapless::String<MAX_MESSAGE>);

impl Message {
    pub(crate) fn push(&mut self, text: &str) {
        let room = self.0.capacity() - self.0.len();
        let end = (0..=text.len().min(room)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        // It fits: that is how `end` was chosen.
        let _ = self.0.push_str(text.get(..end).unwrap_or(""));
    }
}

impl Message {
    /// The method that `write!` calls; a message takes everything.
    pub(crate) fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) {
        let _ = fmt::Write::write_fmt(self, arguments);
    }
}

impl fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// The outgoing half of the line. A line break goes out as carriage return and line feed.
pub(crate) struct Output<W> {
    tx: W,
    message: Message,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(tx: W) -> Self {
        Output { tx, message: Message::default() }
    }

    /// Sends message after message, each cut if it is too long: `write` writes number 0, 1 and so on, and says whether
    /// there was one.
    pub(crate) async fn say(&mut self, write: &mut dyn FnMut(usize, &mut Message) -> bool) -> Result<(), LineError> {
        let mut number = 0;
        while write(number, self.gather()) {
            self.send_gathered().await?;
            number += 1;
        }
        Ok(())
    }

    /// The message that gathers text for [`send_gathered`](Self::send_gathered).
    pub(crate) fn gather(&mut self) -> &mut Message {
        self.message.0.clear();
        &mut self.message
    }

    pub(crate) fn send_gathered(&mut self) -> impl Future<Output = Result<(), LineError>> {
        send(&mut self.tx, &self.message.0)
    }

    /// Sends `text`.
    pub(crate) fn send(&mut self, text: &str) -> impl Future<Output = Result<(), LineError>> {
        send(&mut self.tx, text)
    }

    /// Bytes as they are, without a flush.
    pub(crate) async fn echo(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.tx.write_all(bytes).await.map_err(|error| LineError::of(&error))
    }

    pub(crate) async fn flush(&mut self) -> Result<(), LineError> {
        self.tx.flush().await.map_err(|error| LineError::of(&error))
    }
}

async fn send<W: Write>(tx: &mut W, text: &str) -> Result<(), LineError> {
    for (i, part) in text.as_bytes().split(|&byte| byte == b'\n').enumerate() {
        if i > 0 {
            tx.write_all(b"\r\n").await.map_err(|error| LineError::of(&error))?;
        }
        if !part.is_empty() {
            tx.write_all(part).await.map_err(|error| LineError::of(&error))?;
        }
    }
    tx.flush().await.map_err(|error| LineError::of(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let mut message = Message::default();
        message.push(&"x".repeat(MAX_MESSAGE - 1));
        message.push("ä!");
        assert_eq!(message.0.len(), MAX_MESSAGE - 1);
        message.push("yz");
        assert!(message.0.ends_with("xy") && message.0.len() == MAX_MESSAGE);
    }
}
