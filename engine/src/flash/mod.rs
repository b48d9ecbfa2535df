//! The sources of model bytes: flash devices and mapped memory.
//!
//! A [`Source`] is what opening a flash device yields: the part that is memory-mapped, if any, and
//! a handle that reads. The mapping is independent of the handle, so mapped weights stay borrowed
//! while the handle reads others.

mod device;
mod nor;
pub(crate) mod poll;
mod slice;
mod source;
#[cfg(test)]
mod tests;
pub(crate) mod wait;

pub use device::{Flash, FlashError, MAX_READ_ALIGN};
pub use nor::{AsyncNorFlash, NorFlash};
pub use poll::{apart, apart_into, block_on, block_on_with, yield_now};
pub use slice::SliceFlash;
pub use source::{FlashStats, Source};
pub(crate) use wait::apart;
#[doc(inline)]
pub use wait::wait;
