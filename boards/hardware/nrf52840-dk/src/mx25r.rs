//! The board's flash chip, a Macronix MX25R6435F of 8 MiB.

use embassy_nrf::qspi::{Config, Error, Frequency, Qspi, ReadOpcode, WriteOpcode};
use embassy_time::Timer;

const READ_ID: u8 = 0x9F;
const READ_STATUS: u8 = 0x05;
const READ_CONFIGURATION: u8 = 0x15;
const WRITE_STATUS: u8 = 0x01;
const ID: [u8; 3] = [0xC2, 0x28, 0x17];
const WRITING: u8 = 1;
const QUAD_ENABLE: u8 = 1 << 6;
/// Bit of the second configuration register that allows up to 80 MHz; the factory's setting is limited to 8 MHz on four lines.
const HIGH_PERFORMANCE: u8 = 1 << 1;

/// The controller's settings: four lines at 32 MHz, 16 MB/s.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.capacity = 8 << 20;
    config.frequency = Frequency::M32;
    config.read_opcode = ReadOpcode::Read4io;
    config.write_opcode = WriteOpcode::Pp4io;
    config
}

/// Why the chip cannot be used.
#[derive(Clone, Copy, Debug, defmt::Format)]
pub(crate) enum Fault {
    /// Another chip answers, or none does.
    Id([u8; 3]),
    /// It does not finish writing its settings.
    Busy,
    /// The controller refuses.
    Controller(Error),
}

/// Checks that the chip answers, and enables its four data lines if that has not been done: the setting outlives a reset.
pub(crate) async fn start(chip: &mut Qspi<'_>) -> Result<(), Fault> {
    let mut id = [0; 3];
    chip.custom_instruction(READ_ID, &[], &mut id).await.map_err(Fault::Controller)?;
    if id != ID {
        return Err(Fault::Id(id));
    }
    let (mut status, mut settings) = ([0; 1], [0; 2]);
    chip.custom_instruction(READ_STATUS, &[], &mut status).await.map_err(Fault::Controller)?;
    chip.custom_instruction(READ_CONFIGURATION, &[], &mut settings).await.map_err(Fault::Controller)?;
    if status[0] & QUAD_ENABLE != 0 && settings[1] & HIGH_PERFORMANCE != 0 {
        return Ok(());
    }
    let write = [status[0] | QUAD_ENABLE, settings[0], settings[1] | HIGH_PERFORMANCE];
    chip.custom_instruction(WRITE_STATUS, &write, &mut []).await.map_err(Fault::Controller)?;
    // The data sheet's most is 30 ms.
    for _ in 0..100 {
        Timer::after_millis(1).await;
        chip.custom_instruction(READ_STATUS, &[], &mut status).await.map_err(Fault::Controller)?;
        if status[0] & WRITING == 0 {
            return Ok(());
        }
    }
    Err(Fault::Busy)
}
