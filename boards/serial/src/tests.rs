extern crate std;

use crate::receive::{Error, ask, crc16, receive};
use crate::steady::Steady;
use core::cell::RefCell;
use core::future::{pending, poll_fn};
use core::task::Poll;
use embassy_futures::block_on;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_storage::nor_flash::{self, NorFlash, NorFlashErrorKind, ReadNorFlash};
use std::collections::VecDeque;
use std::vec::Vec;
use std::{vec, vec::IntoIter};

const SECTOR: usize = 4096;

/// NOR flash that checks what a real one asks for: bits only fall, words are aligned.
struct Chip {
    bytes: Vec<u8>,
    erased: Vec<u32>,
    /// A byte that stays zero.
    broken: Option<usize>,
}

impl Chip {
    fn new(sectors: usize) -> Chip {
        Chip { bytes: vec![0x5A; sectors * SECTOR], erased: Vec::new(), broken: None }
    }
}

impl nor_flash::ErrorType for Chip {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        nor_flash::check_read(self, offset, bytes.len())?;
        assert_eq!(bytes.as_ptr().addr() % 4, 0);
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        nor_flash::check_erase(self, from, to)?;
        self.erased.extend((from..to).step_by(SECTOR));
        self.bytes[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        nor_flash::check_write(self, offset, bytes.len())?;
        assert_eq!(bytes.as_ptr().addr() % 4, 0);
        for (i, byte) in bytes.iter().enumerate() {
            self.bytes[offset as usize + i] &= byte;
        }
        if let Some(i) = self.broken {
            self.bytes[i] = 0;
        }
        Ok(())
    }
}

/// A sender on a wire: it gives each thing in turn, when the receiver's answer lets it.
struct Wire {
    to_receiver: VecDeque<u8>,
    script: IntoIter<Vec<u8>>,
    last: Vec<u8>,
    answers: Vec<u8>,
}

impl Wire {
    fn new(script: Vec<Vec<u8>>) -> RefCell<Wire> {
        RefCell::new(Wire {
            to_receiver: VecDeque::new(),
            script: script.into_iter(),
            last: Vec::new(),
            answers: Vec::new(),
        })
    }
}

struct Tx<'a>(&'a RefCell<Wire>);
struct Rx<'a>(&'a RefCell<Wire>);

impl ErrorType for Tx<'_> {
    type Error = ErrorKind;
}

impl Write for Tx<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let mut wire = self.0.borrow_mut();
        wire.answers.push(bytes[0]);
        match bytes[0] {
            b'C' | 0x06 => wire.last = wire.script.next().unwrap_or_default(),
            0x15 => {}
            _ => wire.last.clear(),
        }
        let last = wire.last.clone();
        wire.to_receiver.extend(last);
        Ok(1)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl ErrorType for Rx<'_> {
    type Error = ErrorKind;
}

impl Read for Rx<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let bytes = {
            let mut wire = self.0.borrow_mut();
            // In parts, as a UART's buffer would.
            let bytes = wire.to_receiver.len().min(buf.len()).min(100);
            for (to, from) in buf.iter_mut().zip(wire.to_receiver.drain(..bytes)) {
                *to = from;
            }
            bytes
        };
        if bytes == 0 { pending().await } else { Ok(bytes) }
    }
}

fn block(number: u8, data: &[u8]) -> Vec<u8> {
    let mut block = vec![if data.len() == 128 { 1 } else { 2 }, number, !number];
    block.extend(data);
    block.extend(crc16(data).to_be_bytes());
    block
}

fn image(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i * 31 + i / 251) as u8).collect()
}

fn script(image: &[u8]) -> Vec<Vec<u8>> {
    let blocks = image.chunks(1024).flat_map(|c| if c.len() == 1024 { c.chunks(1024) } else { c.chunks(128) });
    let mut script: Vec<_> = (1u32..).zip(blocks).map(|(i, data)| block(i as u8, data)).collect();
    script.push(vec![4]);
    script
}

fn run(chip: &mut Chip, script: Vec<Vec<u8>>) -> (Result<u32, Error>, Vec<u8>) {
    let wire = Wire::new(script);
    let result = block_on(receive(chip, Rx(&wire), Tx(&wire), async || ()));
    let answers = wire.borrow().answers.clone();
    (result, answers)
}

#[test]
fn the_sum_is_the_published_one() {
    assert_eq!(crc16(b"123456789"), 0x31C3);
}

#[test]
fn an_image_arrives_whole_and_erases_only_what_it_needs() {
    // More blocks than a number's 256 values, and short ones at the end.
    let image = image(300 * 1024 + 3 * 128);
    let mut chip = Chip::new(80);
    let (result, answers) = run(&mut chip, script(&image));
    assert_eq!(result, Ok(image.len() as u32));
    assert!(chip.bytes[..image.len()] == image);
    assert_eq!(chip.erased, (0..76).map(|i| i * SECTOR as u32).collect::<Vec<_>>());
    assert!(chip.bytes[76 * SECTOR..].iter().all(|&b| b == 0x5A));
    assert_eq!(answers.len(), 1 + 303 + 1);
}

#[test]
fn broken_and_repeated_blocks_are_put_right() {
    let image = image(4 * 1024);
    let mut script = script(&image);
    let mut torn = script[1].clone();
    torn.truncate(700);
    let mut flipped = script[2].clone();
    flipped[500] ^= 1;
    // The wire repeats what it gave last at a NAK, so each broken thing is followed by an answer that asks anew.
    let wire_order = [vec![0x7F, 0x7F], script[0].clone(), script[0].clone(), script[1].clone()];
    script.splice(0..2, wire_order);
    let (result, answers) = run(&mut Chip::new(1), script.clone());
    assert_eq!(result, Ok(4096));
    assert_eq!(answers[..3], [b'C', b'C', 6]);
    for broken in [torn, flipped] {
        let mut chip = Chip::new(1);
        let wire = Wire::new(vec![script[1].clone(), broken.clone()]);
        // It stays broken, so the receiver gives up after asking for it again and again.
        let result = block_on(receive(&mut chip, Rx(&wire), Tx(&wire), async || ()));
        assert_eq!(result, Err(Error::NoAnswer));
        let wire = wire.borrow();
        assert_eq!(wire.answers, [&b"C\x06"[..], &[0x15; 9], &[0x18; 2]].concat());
        assert!(chip.bytes[..1024] == image[..1024] && chip.bytes[1024..].iter().all(|&b| b == 0xFF));
    }
}

#[test]
fn what_goes_wrong_is_said() {
    let long = image(2 * SECTOR);
    let (result, answers) = run(&mut Chip::new(1), script(&long));
    assert_eq!(result, Err(Error::Full { capacity: SECTOR }));
    assert!(answers.ends_with(&[6, 0x18, 0x18]), "the sender is told");

    let mut chip = Chip::new(1);
    chip.broken = Some(2100);
    assert_eq!(run(&mut chip, script(&long)).0, Err(Error::Verify { offset: 2048 }));

    let skips = vec![block(1, &long[..1024]), block(3, &long[..1024])];
    assert_eq!(run(&mut Chip::new(1), skips).0, Err(Error::Sequence { due: 2, came: 3 }));
    assert_eq!(run(&mut Chip::new(1), vec![block(1, &long[..128]), vec![0x18, 0x18]]).0, Err(Error::Cancelled));
    let (result, answers) = run(&mut Chip::new(1), Vec::new());
    assert_eq!(result, Err(Error::NoAnswer));
    assert_eq!(answers.iter().filter(|&&a| a == b'C').count(), 300);
    let (result, _) = run(&mut Chip::new(1), vec![vec![4]]);
    assert_eq!(result, Err(Error::NoAnswer), "an end without a block is no image");
}

/// Takes what is said, and never says anything.
#[derive(Default)]
struct Paper(Vec<u8>);

impl ErrorType for Paper {
    type Error = ErrorKind;
}

impl Write for Paper {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.extend(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

#[test]
fn what_came_of_it_is_said_on_the_line() {
    let image = image(1024);
    let said = |chip: &mut Chip, script: Vec<Vec<u8>>| {
        // All of it lies on the wire already: no answer is needed for it to come.
        let wire = Wire::new(Vec::new());
        wire.borrow_mut().to_receiver.extend(script.concat());
        let mut paper = Paper::default();
        let result = block_on(ask(chip, Rx(&wire), &mut paper, async || ()));
        (result, paper.0)
    };
    let (result, paper) = said(&mut Chip::new(1), script(&image));
    assert_eq!(result, Ok(1024));
    assert!(paper.starts_with(b"send a GGUF file by XMODEM-1K\r\nC"));
    assert!(paper.ends_with(b"\r\n1024 bytes received\r\n"));
    let (result, paper) = said(&mut Chip::new(0), script(&image));
    assert_eq!(result, Err(Error::Full { capacity: 0 }));
    assert!(paper.ends_with(b"nothing received: the image is longer than the flash's 0 bytes\r\n"));
}

#[test]
fn a_steady_line_reads_on_after_errors() {
    struct Noisy(u32);
    impl ErrorType for Noisy {
        type Error = ErrorKind;
    }
    impl Read for Noisy {
        async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
            self.0 += 1;
            let turn = self.0;
            let answer = if turn.is_multiple_of(3) { Ok(1) } else { Err(ErrorKind::Other) };
            poll_fn(|_| Poll::Ready(())).await;
            buf[0] = turn as u8;
            answer
        }
    }
    let mut line = Steady(Noisy(0));
    let mut buf = [0];
    for turn in [3, 6] {
        assert_eq!(block_on(line.read(&mut buf)), Ok(1));
        assert_eq!(buf, [turn]);
    }
}
