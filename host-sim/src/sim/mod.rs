//! A board's time: a clock that flash transfers and computation move, so that the engine, run as it is on this machine,
//! tells how long it would take on the board.
//!
//! One board is simulated at a time, on the thread that drives the engine. A transfer starts at its first poll and runs
//! by itself, as DMA does; a computation moves the clock when its kernel is called; waiting moves it to the end of the
//! transfer under way. Nothing here depends on how fast this machine is.

mod clock;
mod compute;
mod spent;
#[cfg(test)]
mod tests;
mod trace;

pub(crate) use clock::{
    Stopwatch, nanoseconds, record, recorded, skip_tokens, skip_weights, skips, spent, start, transfer, wait,
};
pub(crate) use compute::Charged;
pub(crate) use spent::{Resource, Spent, Time};
pub(crate) use trace::{Busy, Interval, Recording, Work};
