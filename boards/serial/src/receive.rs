//! The receiving end of XMODEM-1K.
//!
//! The receiver says `C` until the sender starts; then each block is answered before the next one comes, so there is time
//! to erase and write. A block is `SOH` or `STX`, its number, the number's complement, 128 or 1024 bytes, and a CRC-16.
//! Source: Chuck Forsberg, "XMODEM/YMODEM Protocol Reference", 1988.

use core::fmt::Write as _;
use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use embedded_storage::nor_flash::NorFlash;

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;
const START: u8 = b'C';

const SHORT: usize = 128;
const LONG: usize = 1024;
/// Silent seconds or broken blocks in a row after which the receiver gives up.
const PATIENCE: u32 = 10;
/// Silent seconds before the first block.
const PATIENCE_AT_START: u32 = 300;

/// Why an image was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The serial line failed.
    Line,
    /// The sender gave up.
    Cancelled,
    /// The sender is silent, or its blocks arrive broken.
    NoAnswer,
    /// The sender skipped a block.
    Sequence {
        /// The number that was due, modulo 256.
        due: u8,
        /// The number that came.
        came: u8,
    },
    /// The image is longer than the flash.
    Full {
        /// Bytes of the flash.
        capacity: usize,
    },
    /// The flash failed.
    Flash {
        /// First byte of what could not be erased, written or read.
        offset: u32,
    },
    /// The flash holds something else than was written.
    Verify {
        /// First byte of the block.
        offset: u32,
    },
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Error::Line => write!(f, "the serial line failed"),
            Error::Cancelled => write!(f, "the sender gave up"),
            Error::NoAnswer => write!(f, "the sender is silent, or its blocks arrive broken"),
            Error::Sequence { due, came } => write!(f, "block {due} was due, block {came} came"),
            Error::Full { capacity } => write!(f, "the image is longer than the flash's {capacity} bytes"),
            Error::Flash { offset } => write!(f, "the flash failed at offset {offset}"),
            Error::Verify { offset } => write!(f, "the flash does not keep what is written at offset {offset}"),
        }
    }
}

impl core::error::Error for Error {}

/// Bytes that are aligned, because some controllers' DMA asks for it.
#[repr(align(4))]
struct Aligned<const N: usize>([u8; N]);

/// [`receive`] for people: asks for an image on the line, and says there what came of it.
///
/// # Errors
/// [`Error`], which has been said then.
pub async fn ask<F: NorFlash>(
    flash: &mut F,
    rx: impl Read,
    mut tx: impl Write,
    second: impl AsyncFnMut(),
) -> Result<u32, Error> {
    tx.write_all(b"send a GGUF file by XMODEM-1K\r\n").await.map_err(|_| Error::Line)?;
    let result = receive(flash, rx, &mut tx, second).await;
    // The longest of the errors has 60 characters; a line that is cut is one still.
    let mut line = heapless::String::<96>::new();
    let _ = match result {
        Ok(bytes) => write!(line, "\r\n{bytes} bytes received\r\n"),
        Err(error) => write!(line, "\r\nnothing received: {error}\r\n"),
    };
    tx.write_all(line.as_bytes()).await.map_err(|_| Error::Line)?;
    result
}

/// Receives an image into `flash` from its first byte on and compares what the flash then holds; returns how many bytes
/// were written, a multiple of 128: the sender pads the last block. `second` waits about a second.
///
/// # Errors
/// [`Error`]; what was written until then stays.
pub async fn receive<F: NorFlash>(
    flash: &mut F,
    mut rx: impl Read,
    mut tx: impl Write,
    mut second: impl AsyncFnMut(),
) -> Result<u32, Error> {
    const {
        assert!(SHORT.is_multiple_of(F::WRITE_SIZE) && SHORT.is_multiple_of(F::READ_SIZE));
        assert!(F::ERASE_SIZE.is_multiple_of(LONG));
    };
    let mut block = Aligned([0; LONG]);
    let mut due = 1u8;
    let mut image = Image { flash, written: 0, erased: 0 };
    let mut failures = 0;
    let mut answer = START;
    loop {
        say(&mut tx, answer).await?;
        let came = take(&mut rx, &mut second, &mut block.0).await?;
        answer = match came {
            Came::Block { number, data } if number == due => {
                let stored = image.store(data);
                if stored.is_err() {
                    cancel(&mut tx).await?;
                }
                stored?;
                due = due.wrapping_add(1);
                ACK
            }
            // The answer to it was lost, so it came again.
            Came::Block { number, .. } if number == due.wrapping_sub(1) && image.written > 0 => ACK,
            Came::Block { number, .. } => {
                cancel(&mut tx).await?;
                return Err(Error::Sequence { due, came: number });
            }
            Came::End if image.written > 0 => {
                say(&mut tx, ACK).await?;
                return Ok(image.written);
            }
            Came::Cancel => return Err(Error::Cancelled),
            Came::End | Came::Broken | Came::Nothing => {
                failures += 1;
                let started = image.written > 0;
                if failures >= if started { PATIENCE } else { PATIENCE_AT_START } {
                    cancel(&mut tx).await?;
                    return Err(Error::NoAnswer);
                }
                if started { NAK } else { START }
            }
        };
        if answer == ACK {
            failures = 0;
        }
    }
}

/// The image as far as it has been written.
struct Image<'a, F> {
    flash: &'a mut F,
    written: u32,
    erased: u32,
}

impl<F: NorFlash> Image<'_, F> {
    /// Appends `data`, erasing sectors as they are reached, and reads it back.
    fn store(&mut self, data: &[u8]) -> Result<(), Error> {
        let (offset, capacity) = (self.written, self.flash.capacity());
        let full = Error::Full { capacity };
        let end = offset.checked_add(data.len() as u32).ok_or(full)?;
        while self.erased < end {
            let next = self.erased.checked_add(F::ERASE_SIZE as u32).ok_or(full)?;
            if next as usize > capacity {
                return Err(full);
            }
            self.flash.erase(self.erased, next).map_err(|_| Error::Flash { offset: self.erased })?;
            self.erased = next;
        }
        self.flash.write(offset, data).map_err(|_| Error::Flash { offset })?;
        let mut held = Aligned([0; SHORT]);
        for (at, wrote) in (offset..).step_by(SHORT).zip(data.chunks_exact(SHORT)) {
            self.flash.read(at, &mut held.0).map_err(|_| Error::Flash { offset: at })?;
            if held.0 != wrote {
                return Err(Error::Verify { offset: at });
            }
        }
        self.written = end;
        Ok(())
    }
}

/// An event on the line.
enum Came<'a> {
    Block {
        number: u8,
        data: &'a [u8],
    },
    End,
    Cancel,
    /// Something that is no block; the line has been silent since.
    Broken,
    Nothing,
}

async fn take<'a>(
    rx: &mut impl Read,
    second: &mut impl AsyncFnMut(),
    block: &'a mut [u8; LONG],
) -> Result<Came<'a>, Error> {
    let mut head = [0; 1];
    if !fill(rx, second, &mut head).await? {
        return Ok(Came::Nothing);
    }
    let data = match head {
        [SOH] => &mut block[..SHORT],
        [STX] => &mut block[..],
        [EOT] => return Ok(Came::End),
        [CAN] => {
            // One alone may be noise.
            let twice = fill(rx, second, &mut head).await? && head == [CAN];
            return Ok(if twice { Came::Cancel } else { Came::Broken });
        }
        _ => return silence(rx, second).await,
    };
    let (mut numbers, mut sum) = ([0; 2], [0; 2]);
    let whole =
        fill(rx, second, &mut numbers).await? && fill(rx, second, data).await? && fill(rx, second, &mut sum).await?;
    let [number, complement] = numbers;
    if whole && number == !complement && crc16(data) == u16::from_be_bytes(sum) {
        Ok(Came::Block { number, data })
    } else {
        silence(rx, second).await
    }
}

/// Waits until the rest of what is broken has gone by.
async fn silence<'a>(rx: &mut impl Read, second: &mut impl AsyncFnMut()) -> Result<Came<'a>, Error> {
    while fill(rx, second, &mut [0]).await? {}
    Ok(Came::Broken)
}

/// Fills `buf`, or returns false: a second went by without a byte.
async fn fill(rx: &mut impl Read, second: &mut impl AsyncFnMut(), buf: &mut [u8]) -> Result<bool, Error> {
    let mut rest = buf;
    while !rest.is_empty() {
        match select(rx.read(&mut *rest), second()).await {
            Either::First(Ok(bytes @ 1..)) => rest = rest.get_mut(bytes..).unwrap_or_default(),
            Either::First(_) => return Err(Error::Line),
            Either::Second(()) => return Ok(false),
        }
    }
    Ok(true)
}

async fn say(tx: &mut impl Write, byte: u8) -> Result<(), Error> {
    tx.write_all(&[byte]).await.map_err(|_| Error::Line)?;
    tx.flush().await.map_err(|_| Error::Line)
}

async fn cancel(tx: &mut impl Write) -> Result<(), Error> {
    say(tx, CAN).await?;
    say(tx, CAN).await
}

/// CRC-16 with the polynomial 0x1021 and a start of 0, the high bit first.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}
