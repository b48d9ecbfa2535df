//! A Winbond W25Q flash chip on QUADSPI, read over four lines. No DMA that this driver knows serves QUADSPI on this part,
//! so a read occupies the core.

use embassy_stm32::mode::Blocking;
use embassy_stm32::peripherals::QUADSPI;
use embassy_stm32::qspi::enums::{
    AddressSize, ChipSelectHighTime, DummyCycles, FIFOThresholdLevel, MemorySize, QspiWidth, SampleShifting,
};
use embassy_stm32::qspi::{Config, Qspi, TransferConfig};
use embassy_time::{Duration, Instant};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

const READ_ID: u8 = 0x9F;
const READ_STATUS: u8 = 0x05;
const READ_STATUS_2: u8 = 0x35;
const WRITE_STATUS_2: u8 = 0x31;
const WRITE_ENABLE: u8 = 0x06;
const READ_QUAD_OUTPUT: u8 = 0x6B;
const PAGE_PROGRAM: u8 = 0x02;
const SECTOR_ERASE: u8 = 0x20;
const WRITING: u8 = 1;
const QUAD_ENABLE: u8 = 1 << 1;
const PAGE: usize = 256;
const SECTOR: usize = 4096;
/// An erase takes at most 400 ms.
const PATIENCE: Duration = Duration::from_secs(1);

/// An error of the chip.
#[derive(Clone, Copy, Debug, defmt::Format)]
pub(crate) enum Fault {
    /// Another chip answers, or none does.
    Id([u8; 3]),
    /// It does not finish a command.
    Busy,
    /// Beyond the chip's end, or not aligned.
    Range(#[defmt(Debug2Format)] NorFlashErrorKind),
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Fault::Range(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// The bus at 200 MHz / 3: 33 MB/s over four lines.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.memory_size = MemorySize::_16MiB;
    config.address_size = AddressSize::_24bit;
    config.prescaler = 2;
    config.fifo_threshold = FIFOThresholdLevel::_4Bytes;
    config.cs_high_time = ChipSelectHighTime::_5Cycle;
    config.sample_shifting = SampleShifting::HalfCycle;
    config
}

/// The chip.
pub(crate) struct W25q<'d> {
    bus: Qspi<'d, QUADSPI, Blocking>,
    capacity: usize,
}

impl<'d> W25q<'d> {
    /// A chip whose identity has not been read; until then its size is 0.
    pub(crate) fn new(bus: Qspi<'d, QUADSPI, Blocking>) -> Self {
        W25q { bus, capacity: 0 }
    }

    /// Reads the chip's identity and enables its four data lines, if that has not been done.
    pub(crate) fn start(&mut self) -> Result<(), Fault> {
        let mut id = [0; 3];
        self.bus.blocking_read(&mut id, command(READ_ID, QspiWidth::SING));
        // Winbond's, and 64 KiB to 16 MiB, which three bytes of address reach.
        let (0xEF, size @ 16..=24) = (id[0], id[2]) else { return Err(Fault::Id(id)) };
        let mut status = [0; 1];
        self.bus.blocking_read(&mut status, command(READ_STATUS_2, QspiWidth::SING));
        if status[0] & QUAD_ENABLE == 0 {
            self.bus.blocking_command(command(WRITE_ENABLE, QspiWidth::NONE));
            self.bus.blocking_write(&[status[0] | QUAD_ENABLE], command(WRITE_STATUS_2, QspiWidth::SING));
            self.wait()?;
        }
        self.capacity = 1 << size;
        Ok(())
    }

    /// Maps the chip into the processor's address space; from now on the chip is only read there.
    #[cfg(feature = "mapped")]
    pub(crate) fn map(mut self) -> &'static [u8] {
        self.bus.enable_memory_map(&read(0));
        let capacity = self.capacity;
        // Dropping the bus would reset the controller.
        core::mem::forget(self.bus);
        // SAFETY: the controller shows the chip at this address, nothing writes to it any more, and the bus is gone.
        unsafe { core::slice::from_raw_parts(0x9000_0000 as *const u8, capacity) }
    }

    fn wait(&mut self) -> Result<(), Fault> {
        let start = Instant::now();
        let mut status = [WRITING];
        while status[0] & WRITING != 0 {
            if start.elapsed() > PATIENCE {
                return Err(Fault::Busy);
            }
            self.bus.blocking_read(&mut status, command(READ_STATUS, QspiWidth::SING));
        }
        Ok(())
    }
}

/// An instruction without an address.
fn command(instruction: u8, data: QspiWidth) -> TransferConfig {
    TransferConfig { iwidth: QspiWidth::SING, dwidth: data, instruction, ..TransferConfig::default() }
}

/// An instruction with an address, all on one line.
fn at(instruction: u8, address: u32, data: QspiWidth) -> TransferConfig {
    TransferConfig { awidth: QspiWidth::SING, address: Some(address), ..command(instruction, data) }
}

fn read(address: u32) -> TransferConfig {
    TransferConfig { dummy: DummyCycles::_8, ..at(READ_QUAD_OUTPUT, address, QspiWidth::QUAD) }
}

impl ErrorType for W25q<'_> {
    type Error = Fault;
}

impl ReadNorFlash for W25q<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        check_read(self, offset, bytes.len()).map_err(Fault::Range)?;
        if !bytes.is_empty() {
            self.bus.blocking_read(bytes, read(offset));
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

impl NorFlash for W25q<'_> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        check_erase(self, from, to).map_err(Fault::Range)?;
        for sector in (from..to).step_by(SECTOR) {
            self.bus.blocking_command(command(WRITE_ENABLE, QspiWidth::NONE));
            self.bus.blocking_command(at(SECTOR_ERASE, sector, QspiWidth::NONE));
            self.wait()?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        check_write(self, offset, bytes.len()).map_err(Fault::Range)?;
        let (mut to, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let (page, tail) = rest.split_at(rest.len().min(PAGE - to as usize % PAGE));
            self.bus.blocking_command(command(WRITE_ENABLE, QspiWidth::NONE));
            self.bus.blocking_write(page, at(PAGE_PROGRAM, to, QspiWidth::SING));
            self.wait()?;
            (to, rest) = (to + page.len() as u32, tail);
        }
        Ok(())
    }
}
