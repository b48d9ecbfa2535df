//! The clock of the simulated board.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, OnceLock};
use std::task::Wake;
use std::time::Instant;

use flashlet::flash::block_on_with;

use super::spent::{Spent, Time, time};
use super::trace::{Busy, Interval, Recording, Work};
use crate::boards::{Board, FlashChip};

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
        self.spent().map_or_else(|| self.began.elapsed(), |spent| seconds(spent.all_seconds()[0]))
    }

    /// The board's time since the start, if one is simulated.
    pub(crate) fn spent(&self) -> Option<Spent> {
        self.board.and_then(|before| spent().map(|now| now.since(&before)))
    }
}

/// A duration of so many seconds, or the longest.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// The clock of the board that is simulated.
#[derive(Debug)]
struct Clock {
    board: Board,
    spent: Cell<Spent>,
    /// The time at which the bus is free again.
    bus_free: Cell<Time>,
    /// The end of the transfer that a future waits for.
    awaited: Cell<Option<Time>>,
    /// Reads from this offset on take their time, but bring no bytes.
    weights_from: Cell<u64>,
    /// Tokens that count as seen before the first that was fed.
    skipped_tokens: Cell<usize>,
    /// The busy times of the board's parts, while they are recorded.
    trace: RefCell<Option<Recording>>,
}

impl Clock {
    fn note(&self, from: Time, to: Time, busy: Busy) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            trace.intervals.push(Interval { from, to, busy });
        }
    }
}

thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

fn with<T>(f: impl FnOnce(&Clock) -> T) -> Option<T> {
    CLOCK.with_borrow(|clock| clock.as_ref().map(f))
}

/// Simulates `board` on this thread from now on; the clock begins at 0.
pub(crate) fn start(board: &Board) {
    let clock = Clock {
        board: board.clone(),
        spent: Cell::default(),
        bus_free: Cell::default(),
        awaited: Cell::default(),
        weights_from: Cell::new(u64::MAX),
        skipped_tokens: Cell::default(),
        trace: RefCell::default(),
    };
    CLOCK.set(Some(clock));
}

/// Hands the board to `f`, if one is simulated.
pub(super) fn of_board<T>(f: impl FnOnce(&Board) -> T) -> Option<T> {
    with(|clock| f(&clock.board))
}

/// The board's time so far, if one is simulated.
pub(crate) fn spent() -> Option<Spent> {
    with(|clock| clock.spent.get())
}

/// Nanoseconds of the simulated board, or else of this machine since this was asked first; they stop at the largest number.
pub(crate) fn nanoseconds() -> u64 {
    /// Picoseconds, the board's unit, of a nanosecond.
    const PS: Time = 1000;
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let nanoseconds =
        spent().map_or_else(|| BEGAN.get_or_init(Instant::now).elapsed().as_nanos(), |spent| spent.now / PS);
    nanoseconds.try_into().unwrap_or(u64::MAX)
}

/// Skips reads from `offset` on until the next start: they take their time but bring no bytes, for kernels that do not compute.
pub(crate) fn skip_weights(offset: u64) {
    with(|clock| clock.weights_from.set(offset));
}

/// True if a read at `offset` is skipped.
pub(crate) fn skips(offset: u64) -> bool {
    with(|clock| offset >= clock.weights_from.get()).unwrap_or(false)
}

/// Counts `n` tokens as seen before the first that was fed, until the next start: attention takes the time that it takes
/// behind them. For kernels that do not compute, which need no keys of theirs.
pub(crate) fn skip_tokens(n: usize) {
    with(|clock| clock.skipped_tokens.set(n));
}

/// The number of tokens that count as seen but were not fed.
pub(super) fn skipped_tokens() -> usize {
    with(|clock| clock.skipped_tokens.get()).unwrap_or(0)
}

/// Records the busy times of the board's parts from now on.
pub(crate) fn record() {
    with(|clock| *clock.trace.borrow_mut() = Some(Recording::default()));
}

/// Ends the recording; returns what was busy since [`record`].
pub(crate) fn recorded() -> Recording {
    with(|clock| clock.trace.borrow_mut().take()).flatten().unwrap_or_default()
}

/// Notes that a section of a pass ends now.
pub(super) fn end_section() {
    with(|clock| {
        if let Some(trace) = &mut *clock.trace.borrow_mut() {
            trace.section_ends.push(clock.spent.get().now);
        }
    });
}

/// Lets a transfer of `bytes` from flash take its time. At once where no board is simulated.
pub(crate) async fn transfer(bytes: usize) {
    let ends = with(|clock| {
        let mut spent = clock.spent.get();
        let starts = spent.now.max(clock.bus_free.get());
        let takes = clock.board.flash.time(bytes as u64);
        let ends = starts.saturating_add(takes);
        (spent.bus, spent.bytes) = (spent.bus.saturating_add(takes), spent.bytes + bytes as u64);
        clock.spent.set(spent);
        clock.bus_free.set(ends);
        clock.note(starts, ends, Busy::Bus { bytes: bytes as u64 });
        ends
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

/// Lets time pass until the awaited transfer ends. Called when every future waits.
fn idle() {
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
    let idle = || {
        if !yielded.0.swap(false, Ordering::Relaxed) {
            idle();
        }
    };
    block_on_with(future, &Waker::from(yielded.clone()), idle)
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
pub(super) fn charge(work: Work, seconds: f64, memory: f64) {
    let (takes, memory) = (time(seconds), time(memory));
    with(|clock| {
        let mut spent = clock.spent.get();
        let ends = spent.now.saturating_add(takes);
        clock.note(spent.now, ends, Busy::Processor { work, memory });
        spent.now = ends;
        spent.compute = spent.compute.saturating_add(takes);
        spent.memory = spent.memory.saturating_add(memory);
        clock.spent.set(spent);
    });
}

impl FlashChip {
    /// The time of a read of `bytes`.
    fn time(&self, bytes: u64) -> Time {
        time(self.latency_us * 1e-6 + bytes as f64 / self.bytes_per_s)
    }
}
