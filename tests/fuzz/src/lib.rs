//! What the fuzz targets share.

use core::future::Future;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use flashlet::arena::ALIGN;
use flashlet::flash::{Flash, FlashError, SliceFlash};

/// Models of 20 to 130 kB: of two families in all kinds of number formats, then one of each architecture.
pub const MODELS: [&[u8]; 25] = [
    include_bytes!("../../fixtures/models/llama-f32-linear.gguf"),
    include_bytes!("../../fixtures/models/llama-mixed32.gguf"),
    include_bytes!("../../fixtures/models/gemma3-f16.gguf"),
    include_bytes!("../../fixtures/models/gemma3-q8_0.gguf"),
    include_bytes!("../../fixtures/models/arch-llama-biases.gguf"),
    include_bytes!("../../fixtures/models/arch-qwen2.gguf"),
    include_bytes!("../../fixtures/models/arch-qwen3.gguf"),
    include_bytes!("../../fixtures/models/arch-granite.gguf"),
    include_bytes!("../../fixtures/models/arch-minicpm.gguf"),
    include_bytes!("../../fixtures/models/arch-smollm3.gguf"),
    include_bytes!("../../fixtures/models/arch-phi3-long.gguf"),
    include_bytes!("../../fixtures/models/arch-gemma2.gguf"),
    include_bytes!("../../fixtures/models/arch-gemma3-array.gguf"),
    include_bytes!("../../fixtures/models/arch-olmo3.gguf"),
    include_bytes!("../../fixtures/models/arch-exaone4.gguf"),
    include_bytes!("../../fixtures/models/arch-ernie4_5.gguf"),
    include_bytes!("../../fixtures/models/arch-stablelm-parallel.gguf"),
    include_bytes!("../../fixtures/models/arch-gptneox.gguf"),
    include_bytes!("../../fixtures/models/arch-lfm2.gguf"),
    include_bytes!("../../fixtures/models/arch-mamba.gguf"),
    include_bytes!("../../fixtures/models/arch-mamba2.gguf"),
    include_bytes!("../../fixtures/models/arch-granite-hybrid.gguf"),
    include_bytes!("../../fixtures/models/arch-falcon-h1.gguf"),
    include_bytes!("../../fixtures/models/arch-rwkv7.gguf"),
    include_bytes!("../../fixtures/models/arch-gemma4.gguf"),
];

/// Vocabularies of byte-level BPE (the first six), SentencePiece and Gemma 4.
pub const VOCABULARIES: [&[u8]; 10] = [
    include_bytes!("../../fixtures/tokenizer/bpe-default.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-falcon.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-gpt-2.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-llama-bpe.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-qwen2.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-smollm.gguf"),
    include_bytes!("../../fixtures/tokenizer/spm-gemma.gguf"),
    include_bytes!("../../fixtures/tokenizer/spm-llama.gguf"),
    include_bytes!("../../fixtures/tokenizer/spm-phi3.gguf"),
    include_bytes!("../../fixtures/tokenizer/bpe-gemma4.gguf"),
];

/// An input that is taken apart from its front; past its end it is zeros.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// True at the end.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// The next `n` bytes, or as many as there are.
    pub fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        front
    }

    /// Changes some bytes of `file`: a count, then three bytes of offset and the new value of each. Returns true if there
    /// were any.
    pub fn change(&mut self, file: &mut [u8]) -> bool {
        let n = self.below(16);
        for _ in 0..n {
            let offset = (0..3).fold(0, |offset, _| offset << 8 | usize::from(self.byte()));
            let at = offset % file.len();
            file[at] = self.byte();
        }
        n > 0
    }
}

/// Memory for an arena.
pub struct Memory {
    bytes: Vec<u8>,
}

impl Memory {
    /// Memory of `bytes` bytes that held something else.
    pub fn new(bytes: usize) -> Self {
        Memory { bytes: vec![0x5a; bytes + ALIGN] }
    }

    /// The bytes from the first aligned one on.
    pub fn arena(&mut self) -> &mut [u8] {
        let skip = self.bytes.as_ptr().align_offset(ALIGN);
        let len = self.bytes.len() - ALIGN;
        &mut self.bytes[skip..][..len]
    }
}

/// A NOR flash in memory: words of 4 bytes, erase blocks of 4096.
pub struct Nor(pub Vec<u8>);

impl ErrorType for Nor {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Nor {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, dst: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        assert!(offset.is_multiple_of(4) && dst.len().is_multiple_of(4));
        dst.copy_from_slice(&self.0[offset as usize..][..dst.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Nor {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        assert!(from.is_multiple_of(4096) && to.is_multiple_of(4096));
        self.0[from as usize..to as usize].fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let words = &mut self.0[offset as usize..][..bytes.len()];
        assert!(words.iter().all(|&byte| byte == 0xff), "a word is written twice at {offset}");
        words.copy_from_slice(bytes);
        Ok(())
    }
}

/// Bytes behind a controller that only reads whole, aligned words of 4 bytes. What does not fill a
/// word at the end cannot be read.
pub struct Words<'a>(pub &'a [u8]);

impl Flash for Words<'_> {
    const READ_ALIGN: usize = 4;

    fn size(&self) -> u64 {
        (self.0.len() & !3) as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        assert!(offset.is_multiple_of(4) && dst.len().is_multiple_of(4) && dst.as_ptr().addr().is_multiple_of(4));
        assert!(offset + dst.len() as u64 <= self.size(), "read past the end");
        let bytes = self.0;
        async move { SliceFlash(bytes).read(offset, dst).await }
    }
}
