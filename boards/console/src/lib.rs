//! A prompt over a serial line, for any board.
//!
//! A board hands over what it has, and [`run`] does the rest: it finds the model in flash, says how it will use the
//! memory, and answers line by line.
//!
//! ```no_run
//! # use flashlet::flash::SliceFlash;
//! # use flashlet::kernels::{self, Inline};
//! # use flashlet::Options;
//! # async fn f(rx: impl embedded_io_async::Read, tx: impl embedded_io_async::Write, xip: &[u8], arena: &mut [u8]) {
//! use flashlet_console::{Board, run};
//!
//! let board = Board {
//!     name: "my board",
//!     model_at: "flash at 0x08020000",
//!     mapped: Some(xip), // the same bytes as the flash's, where the processor can address them; else None
//!     kernels: kernels::detect(),
//!     executor: &Inline,
//!     options: Options::default(), // ctx 0: the model's, or as much as fits
//!     now_ns: || 0,                // the board's clock
//!     stack_peak: None,
//!     hold: None, // asks the sender to wait, where the line can
//! };
//! run(&board, SliceFlash(xip), rx, tx, arena).await; // returns when the line fails
//! # }
//! ```
//!
//! `rx` and `tx` are the two halves of the line: a UART's, a USB serial port's. Without an executor,
//! [`flashlet::flash::block_on`] drives it. The engine computes between two polls of the future for as long as one
//! matrix product takes, and looks at `rx` each time, so `rx` needs a buffer of some bytes or flow control.
//!
//! # Memory
//! The engine's is `arena`. The future itself holds a line, its tokens, the sampler and the session: about 10 KB, and 10 KB more of
//! samplers with the feature `drafts`. There is no heap.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod answer;
mod board;
mod chat;
mod command;
mod input;
mod load;
mod log;
mod output;
mod talk;

pub use board::Board;
pub use input::{MAX_LINE, XOFF, XON};

use embedded_io_async::{ErrorKind, Read, Write};
use flashlet::flash::Flash;

/// Answers prompts for ever: reads the model from `flash`, from its first byte on, puts all that changes into `arena`,
/// and talks over `rx` and `tx`. What is wrong with the model or with a prompt is said on the line, and the next line
/// is read. Returns when the line itself fails: a board may wait for it and start anew.
///
/// A serial error that passes, such as a byte lost in an overrun, is for the board's `rx` to swallow.
pub async fn run<F, R, W>(board: &Board<'_, '_>, mut flash: F, rx: R, tx: W, arena: &mut [u8]) -> ErrorKind
where
    F: Flash,
    R: Read,
    W: Write,
{
    let mut line = talk::Line::new(rx, tx, board.hold);
    match talk::talk(board, &mut flash, &mut line, arena).await {
        Err(output::LineError(kind)) => kind,
        Ok(never) => match never {},
    }
}
