//! The engine and a stub flash, linked with nothing else: no std, no alloc, no allocator, no C library.
//!
//! `check.sh` builds this and reads its symbols. It is run as well, and exits with 0 when the engine
//! answered as it should; but what matters is that it links, and what is *not* in it.
#![no_std]
#![no_main]

#[cfg(feature = "planted-alloc")]
extern crate alloc;

mod freestanding;
mod stub;

use core::hint::black_box;
use flashlet::arena::{Arena, ArenaError, Region};
use flashlet::flash::{Flash, FlashError, SliceFlash, Source};
use stub::{StubFlash, block_on};

/// What the stub flash holds. The optimiser is kept from knowing.
static IMAGE: [u8; 4096] = [0x47; 4096];

/// A step of [`exercise`] that failed.
enum Failure {
    Arena,
    Flash,
    Bytes,
}

impl From<ArenaError> for Failure {
    fn from(_: ArenaError) -> Self {
        Failure::Arena
    }
}

impl From<FlashError> for Failure {
    fn from(_: FlashError) -> Self {
        Failure::Flash
    }
}

/// Uses every entry to the engine that firmware would, with values that the optimiser cannot see.
async fn exercise<F: Flash>(mut source: Source<'_, F>, arena: &mut [u8]) -> Result<(), Failure> {
    let mut arena = Arena::new(arena);
    let window: &mut [u8] = arena.carve(Region::Tiles, black_box(256))?;
    let words: &mut [u32] = arena.carve(Region::Logits, black_box(16))?;
    source.flash.read(black_box(64), window).await?;
    for (word, bytes) in words.iter_mut().zip(window.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |sum, &b| sum + u32::from(b));
    }
    let right = words.iter().all(|&w| w == 4 * 0x47) && source.size() == IMAGE.len() as u64;
    if right && arena.usage().total() == 320 { Ok(()) } else { Err(Failure::Bytes) }
}

/// The exit code: 0, or which failure came first.
fn run() -> u8 {
    let mut bytes = [0u8; 1024];
    let arena = black_box(&mut bytes[..]);
    let image = black_box(&IMAGE[..]);
    #[cfg(feature = "planted-panic")]
    black_box(black_box(7) / image[black_box(0)]);
    #[cfg(feature = "planted-alloc")]
    black_box(alloc::vec![image]);
    let streamed = block_on(exercise(Source::new(StubFlash::new(image)), arena));
    let mapped = block_on(exercise(Source::with_mapping(SliceFlash(image), image), arena));
    match streamed.and(mapped) {
        Ok(()) => 0,
        Err(Failure::Arena) => 1,
        Err(Failure::Flash) => 2,
        Err(Failure::Bytes) => 3,
    }
}
