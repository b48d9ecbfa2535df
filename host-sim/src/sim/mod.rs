//! A board's time: a clock that flash transfers and computation move, so that the engine, run as it is on this machine,
//! tells how long it would take on the board.
//!
//! One board is simulated at a time, on the thread that drives the engine. A transfer starts at its first poll and runs
//! by itself, as DMA does; a computation moves the clock when its kernel is called; waiting moves it to the end of the
//! transfer under way. Nothing here depends on how fast this machine is.

mod compute;
#[cfg(test)]
mod tests;
mod trace;

pub(crate) use compute::{Charged, Uncomputed};
pub(crate) use trace::{Busy, Interval, Work, record, recorded};

use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use flashlet::flash::block_on_with;

use crate::boards::{Board, FlashChip};

/// Picoseconds: fine enough for a cycle, and half a year until they overflow.
pub(crate) type Time = u64;

const SECOND: f64 = 1e12;

/// Where a board's time goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// What the clock shows.
    pub(crate) now: Time,
    /// The bus was transferring.
    pub(crate) bus: Time,
    /// The processor was computing.
    pub(crate) compute: Time,
    /// Of that, it waited for weights that it reads in place, from flash or from RAM.
    pub(crate) memory: Time,
    /// Bytes over the bus.
    pub(crate) bytes: u64,
}

impl Spent {
    /// What was spent since `before`.
    pub(crate) fn since(&self, before: &Spent) -> Spent {
        Spent {
            now: self.now - before.now,
            bus: self.bus - before.bus,
            compute: self.compute - before.compute,
            memory: self.memory - before.memory,
            bytes: self.bytes - before.bytes,
        }
    }

    /// The clock, the bus, the processor, and what of that was spent waiting for weights, in seconds.
    pub(crate) fn all_seconds(&self) -> [f64; 4] {
        [self.now, self.bus, self.compute, self.memory].map(|time| time as f64 / SECOND)
    }

    /// What most of the time went to.
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

/// Measures time: the simulated board's, or else this machine's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    board: Option<Spent>,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch { began: Instant::now(), board: spent() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.spent().map_or_else(|| self.began.elapsed(), |spent| Duration::from_secs_f64(spent.all_seconds()[0]))
    }

    /// What the board has spent meanwhile.
    pub(crate) fn spent(&self) -> Option<Spent> {
        self.board.and_then(|before| spent().map(|now| now.since(&before)))
    }
}

/// What limits the speed.
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

/// The clock of the board that is simulated.
#[derive(Debug)]
struct Clock {
    chip: FlashChip,
    spent: Cell<Spent>,
    /// When the bus is free again.
    bus_free: Cell<Time>,
    /// When the transfer that something waits for ends.
    awaited: Cell<Option<Time>>,
    /// Reads from this offset on take their time, but bring nothing.
    weights_from: Cell<u64>,
    /// What was busy, and when, if that is to be known.
    trace: RefCell<Option<Vec<Interval>>>,
}

thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

fn with<T>(f: impl FnOnce(&Clock) -> T) -> Option<T> {
    CLOCK.with_borrow(|clock| clock.as_ref().map(f))
}

/// Simulates `board` on this thread from now on.
pub(crate) fn start(board: &Board) {
    let clock = Clock {
        chip: board.flash,
        spent: Cell::default(),
        bus_free: Cell::default(),
        awaited: Cell::default(),
        weights_from: Cell::new(u64::MAX),
        trace: RefCell::default(),
    };
    CLOCK.set(Some(clock));
}

/// What the board has spent so far, if one is simulated.
pub(crate) fn spent() -> Option<Spent> {
    with(|clock| clock.spent.get())
}

/// From now on, until the next start, reads from `offset` on bring nothing: for kernels that do not compute.
pub(crate) fn skip_weights(offset: u64) {
    with(|clock| clock.weights_from.set(offset));
}

/// Whether a read at `offset` brings nothing.
pub(crate) fn skips(offset: u64) -> bool {
    with(|clock| offset >= clock.weights_from.get()).unwrap_or(false)
}

/// Lets a transfer of `bytes` from flash take its time. At once where no board is simulated.
pub(crate) async fn transfer(bytes: usize) {
    let ends = with(|clock| {
        let mut spent = clock.spent.get();
        let starts = spent.now.max(clock.bus_free.get());
        let takes = clock.chip.time(bytes as u64);
        (spent.bus, spent.bytes) = (spent.bus + takes, spent.bytes + bytes as u64);
        clock.spent.set(spent);
        clock.bus_free.set(starts + takes);
        clock.note(starts, starts + takes, Busy::Bus { bytes: bytes as u64 });
        starts + takes
    });
    let Some(ends) = ends else { return };
    poll_fn(|_| {
        with(|clock| {
            let over = clock.spent.get().now >= ends;
            clock.awaited.set((!over).then_some(ends));
            if over { Poll::Ready(()) } else { Poll::Pending }
        })
        .unwrap_or(Poll::Ready(()))
    })
    .await;
}

/// Lets time pass until the awaited transfer ends. Called when everything waits.
pub(crate) fn idle() {
    let waited = with(|clock| {
        if let Some(ends) = clock.awaited.take() {
            let mut spent = clock.spent.get();
            spent.now = spent.now.max(ends);
            clock.spent.set(spent);
        }
    });
    if waited.is_none() {
        core::hint::spin_loop();
    }
}

/// Runs an engine future to its end. A file's reads are done when they return; a simulated board's take their time.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let yielded = Arc::new(Yielded::default());
    let idle_unless_yielded = || {
        if !yielded.0.swap(false, Ordering::Relaxed) {
            idle();
        }
    };
    block_on_with(future, &Waker::from(yielded.clone()), idle_unless_yielded)
}

/// Set by a future that is pending only to let others run: no time passes then.
#[derive(Default)]
struct Yielded(AtomicBool);

impl Wake for Yielded {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Charges `work` of `seconds`, `memory` of which it waits for memory.
fn charge(work: Work, seconds: f64, memory: f64) {
    let ps = |seconds: f64| (seconds * SECOND) as Time;
    with(|clock| {
        let mut spent = clock.spent.get();
        clock.note(spent.now, spent.now + ps(seconds), Busy::Processor { work, memory: ps(memory) });
        spent.now += ps(seconds);
        spent.compute += ps(seconds);
        spent.memory += ps(memory);
        clock.spent.set(spent);
    });
}

impl FlashChip {
    /// How long a read of `bytes` takes.
    fn time(&self, bytes: u64) -> Time {
        ((self.latency_us * 1e-6 + bytes as f64 / self.bytes_per_s) * SECOND) as Time
    }
}
