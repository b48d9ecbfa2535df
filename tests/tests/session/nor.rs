//! A NOR flash that insists on its rules, counts, and loses power in the middle of what it does.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use flashlet_sim::faults::Faults;

/// Reads, writes and erases whole units of so many bytes. Bits only go from 1 to 0, a word is written once, and erased bytes
/// are 0xff.
#[derive(Clone)]
pub(crate) struct Nor<const READ: usize, const WRITE: usize, const ERASE: usize> {
    pub(crate) bytes: Vec<u8>,
    words: Vec<Word>,
    /// Times that each block was erased.
    pub(crate) erases: Vec<u32>,
    /// Bytes that were erased or written.
    pub(crate) worked: u64,
    /// Bytes to be erased or written until power is cut.
    pub(crate) left: Option<u64>,
    /// A byte whose lowest bit cannot be 1.
    pub(crate) stuck: Option<usize>,
    /// Whether words that were cut while they were written cannot be read, as with error correction.
    pub(crate) corrects: bool,
    /// Each how manyth read brings a flipped bit, 0 for none.
    pub(crate) flips: u64,
    pub(crate) reads: u64,
    on: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Erased,
    Written,
    /// Erasing or writing it was cut.
    Torn,
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> Nor<READ, WRITE, ERASE> {
    /// A device of `bytes` that holds anything.
    pub(crate) fn new(bytes: usize) -> Self {
        Nor {
            bytes: (0..bytes).map(|i| (i * 31 + 7) as u8).collect(),
            words: vec![Word::Written; bytes / WRITE],
            erases: vec![0; bytes / ERASE],
            worked: 0,
            left: None,
            stuck: None,
            corrects: false,
            flips: 0,
            reads: 0,
            on: true,
        }
    }

    pub(crate) fn power_on(&mut self) {
        (self.on, self.left) = (true, None);
    }

    /// How many of `bytes` are done before power is cut.
    fn work(&mut self, bytes: usize) -> usize {
        let done = self.left.map_or(bytes, |left| bytes.min(left as usize));
        self.worked += done as u64;
        self.left = self.left.map(|left| left - done as u64);
        self.on = done == bytes;
        done
    }

    fn wear(&mut self) {
        if let Some(stuck) = self.stuck {
            self.bytes[stuck] &= 0xfe;
        }
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ErrorType for Nor<READ, WRITE, ERASE> {
    type Error = NorFlashErrorKind;
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ReadNorFlash for Nor<READ, WRITE, ERASE> {
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, dst: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        assert!(self.on, "reads without power");
        let (start, end) = (offset as usize, offset as usize + dst.len());
        assert!(!dst.is_empty() && end <= self.bytes.len(), "{start}..{end}");
        for n in [start, end, dst.as_ptr().addr()] {
            assert!(n.is_multiple_of(READ), "read of {n}, in units of {READ}");
        }
        if self.corrects && self.words[start / WRITE..end.div_ceil(WRITE)].contains(&Word::Torn) {
            dst.fill(0);
            return Err(NorFlashErrorKind::Other);
        }
        dst.copy_from_slice(&self.bytes[start..end]);
        self.reads += 1;
        if self.flips > 0 && self.reads.is_multiple_of(self.flips) {
            let bit = (self.reads * 37) as usize % (dst.len() * 8);
            dst[bit / 8] ^= 1 << (bit % 8);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> NorFlash for Nor<READ, WRITE, ERASE> {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        assert!(self.on && from < to && to as usize <= self.bytes.len(), "{from}..{to}");
        assert!((from as usize).is_multiple_of(ERASE) && (to as usize).is_multiple_of(ERASE), "{from}..{to}");
        for block in from as usize / ERASE..to as usize / ERASE {
            let done = self.work(ERASE);
            self.erases[block] += 1;
            let (start, end) = (block * ERASE, (block + 1) * ERASE);
            self.bytes[start..start + done].fill(0xff);
            self.words[start / WRITE..end / WRITE].fill(if self.on { Word::Erased } else { Word::Torn });
            self.wear();
            if !self.on {
                // Some bits are erased, and some read as anything.
                let random = Faults::new(self.worked);
                for byte in &mut self.bytes[start + done..end] {
                    match random.below(4) {
                        0 => *byte = random.below(256) as u8,
                        1 => *byte |= random.below(256) as u8,
                        2 => *byte = 0xff,
                        _ => {}
                    }
                }
                return Err(NorFlashErrorKind::Other);
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, src: &[u8]) -> Result<(), NorFlashErrorKind> {
        let (start, end) = (offset as usize, offset as usize + src.len());
        assert!(self.on && !src.is_empty() && end <= self.bytes.len(), "{start}..{end}");
        for n in [start, end, src.as_ptr().addr()] {
            assert!(n.is_multiple_of(WRITE), "write of {n}, in units of {WRITE}");
        }
        let done = self.work(src.len());
        for (i, word) in src.chunks(WRITE).enumerate() {
            let at = start + i * WRITE;
            assert!(self.words[at / WRITE] == Word::Erased, "the word at {at} is written without being erased");
            if (i + 1) * WRITE <= done {
                self.bytes[at..at + WRITE].copy_from_slice(word);
                self.words[at / WRITE] = Word::Written;
            } else {
                // Any of its bits may have been programmed.
                let random = Faults::new(self.worked);
                for (j, (to, from)) in self.bytes[at..at + WRITE].iter_mut().zip(word).enumerate() {
                    *to &= if i * WRITE + j < done { *from } else { from | random.below(256) as u8 };
                }
                self.words[at / WRITE] = Word::Torn;
                break;
            }
        }
        self.wear();
        if self.on { Ok(()) } else { Err(NorFlashErrorKind::Other) }
    }
}
