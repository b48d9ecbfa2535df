//! The time that a simulated board has spent, and on which of its parts.

use core::fmt;

/// Picoseconds: fine enough for a cycle, and so many that no board and no model within their limits overflows them.
pub(crate) type Time = u128;

const SECOND: f64 = 1e12;

/// The time of so many seconds: none of what is negative or no number, and all there is of what is infinite.
pub(super) fn time(seconds: f64) -> Time {
    (seconds * SECOND) as Time
}

/// A board's time, by the parts that were busy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// The time on the clock.
    pub(crate) now: Time,
    /// The bus was transferring.
    pub(crate) bus: Time,
    /// The processor was computing.
    pub(crate) compute: Time,
    /// The part of `compute` in which the processor waited for weights that it reads in place, from flash or from RAM.
    pub(crate) memory: Time,
    /// Bytes over the bus.
    pub(crate) bytes: u64,
}

impl Spent {
    /// The time spent since `before`.
    pub(crate) fn since(&self, before: &Spent) -> Spent {
        Spent {
            now: self.now - before.now,
            bus: self.bus - before.bus,
            compute: self.compute - before.compute,
            memory: self.memory - before.memory,
            bytes: self.bytes - before.bytes,
        }
    }

    /// The seconds of the clock, the bus and the processor, and those of the processor that were spent waiting for weights.
    pub(crate) fn all_seconds(&self) -> [f64; 4] {
        [self.now, self.bus, self.compute, self.memory].map(|time| time as f64 / SECOND)
    }

    /// The part that was busy for most of the time.
    pub(crate) fn bound_by(&self) -> Resource {
        let arithmetic = self.compute - self.memory;
        if self.bus.max(self.memory) > arithmetic {
            if self.bus >= self.memory { Resource::Flash } else { Resource::Memory }
        } else {
            Resource::Compute
        }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: Time| part as f64 * 100.0 / (self.now.max(1)) as f64;
        write!(
            f,
            "bound by {}; the bus is busy {:.0} %, the processor {:.0} %, of which {:.0} % waiting for weights",
            self.bound_by().name(),
            share(self.bus),
            share(self.compute),
            share(self.memory)
        )
    }
}

/// The part of a board that limits the speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// The flash bus, streaming.
    Flash,
    /// Reading weights where they lie.
    Memory,
    /// The processor's arithmetic.
    Compute,
}

impl Resource {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Resource::Flash => "flash",
            Resource::Memory => "memory",
            Resource::Compute => "compute",
        }
    }
}
