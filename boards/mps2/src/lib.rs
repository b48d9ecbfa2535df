//! flashlet on Arm's boards MPS2+ and MPS3, as QEMU emulates them. A program names its machine; the machines are rows of
//! the table of boards.
#![no_std]

use flashlet::flash::{Flash, SliceFlash};
use flashlet::kernels::detect;
use flashlet_board::memory::{image, ram};
use flashlet_board::uart::Cmsdk;
use flashlet_board::{board, clock, serve};

/// A machine, described for one of its programs.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// The program's name.
    name: &'static str,
    /// The processor's clock.
    hz: u32,
    /// The address of UART 0.
    uart: usize,
    model_at: usize,
    model_bytes: usize,
    /// The place of the model, for people.
    model_in: &'static str,
    /// Bytes of the arena.
    pub arena_bytes: usize,
    /// The arena's address, where it is not a static of the program.
    external_ram: Option<usize>,
}

include!(concat!(env!("OUT_DIR"), "/machines.rs"));

impl Machine {
    /// Answers prompts with the model used where it lies.
    #[inline]
    pub fn serve(&self, arena: &mut [u8]) -> ! {
        let image = self.image();
        self.serve_from(SliceFlash(image), Some(image), arena)
    }

    /// Answers prompts with the model used where it lies, and with the arena in RAM outside of the program.
    #[inline]
    pub fn serve_in_external_ram(&self) -> ! {
        let arena = match self.external_ram {
            // SAFETY: RAM that the program is not linked into; this never returns, so it is taken once.
            Some(address) => unsafe { ram(address, self.arena_bytes) },
            None => &mut [],
        };
        self.serve(arena)
    }

    /// Answers prompts with the model behind a flash chip's interface: it is read word by word through the arena, never
    /// used where it lies.
    #[inline]
    #[cfg(feature = "stream")]
    pub fn serve_streamed(&self, arena: &mut [u8]) -> ! {
        let chip = flashlet_board::nor::Chip(self.image());
        self.serve_from(flashlet::flash::NorFlash(chip), None, arena)
    }

    /// The model's image.
    fn image(&self) -> &'static [u8] {
        // SAFETY: memory that the program is not linked into, and that nothing writes while it runs.
        unsafe { image(self.model_at, self.model_bytes) }
    }

    fn serve_from<F: Flash>(&self, flash: F, mapped: Option<&[u8]>, arena: &mut [u8]) -> ! {
        clock::start(self.hz);
        // SAFETY: UART 0 is the program's.
        let uart = unsafe { Cmsdk::new(self.uart, self.hz / 115_200) };
        serve(&board(self.name, self.model_in, mapped, detect()), flash, uart, arena)
    }

    /// Runs the kernels' self-test.
    #[cfg(feature = "selftest")]
    pub fn selftest(&self) -> ! {
        clock::start(self.hz);
        flashlet_board::selftest(&[])
    }
}
