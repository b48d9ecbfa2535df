//! The parts of a board, played by this machine: a file is the flash, another the chip that keeps snapshots, a mapping is
//! the RAM, and threads are the cores.

pub mod faults;
pub mod memory;
pub mod nor;
pub mod pool;
pub(crate) mod processor;
pub mod source;

mod mapping;
