//! Threads that share the rows of one operation.
//!
//! A token makes some hundreds of calls of a few microseconds each, so a call must cost about one.
//! Workers persist; a job lies on its caller's stack; whoever is awake claims pieces from one
//! counter and the caller takes part. A worker *enters* a job before it looks at it and *leaves* it
//! afterwards, and the caller waits only for those inside: a worker whose core is busy elsewhere
//! delays nobody. Waiting threads spin for a few microseconds and then park.
//!
//! A worker that loses its core to another program *while inside* holds its piece until it gets the
//! core back, some milliseconds later. So a call that has to wait that long makes the next calls run
//! on the caller's thread alone, for a time that doubles as long as this goes on.

use core::any::Any;
use core::hint::spin_loop;
use core::panic::AssertUnwindSafe;
use core::ptr;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
use core::time::Duration;
use std::io;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use flashlet::kernels::Executor;

/// The time that a thread spins before it parks. Waking a parked one costs about as much.
const SPIN: Duration = Duration::from_micros(20);

/// A wait for the workers is a stall if it is longer than this and than several pieces took the caller.
const STALL: Duration = Duration::from_micros(300);
/// The number of pieces in the definition of a stall.
const STALL_PIECES: u32 = 4;
/// The time that calls run alone after a stall, at first and at most.
const ALONE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(640));

// The state word: who is inside, three flags, and above them the number of the job.
const INSIDE: u64 = 0xffff_ffff;
/// A job can be entered.
const OPEN: u64 = 1 << 32;
/// The caller is parked until the last worker has left.
const WAITING: u64 = 1 << 33;
/// The pool is being dropped.
const STOP: u64 = 1 << 34;
const ONE_JOB: u64 = 1 << 35;

/// A pool of threads. The calling thread counts as one of them.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the call that uses the workers; other calls meanwhile run on their own thread.
    busy: AtomicBool,
    solitude: Solitude,
}

/// A time in which calls run on their own thread alone, because workers stalled.
struct Solitude {
    epoch: Instant,
    /// Microseconds after `epoch`; 0 if there is no reason.
    until: AtomicU64,
    /// Microseconds that the next stall costs.
    next: AtomicU64,
}

impl Solitude {
    fn new() -> Solitude {
        Solitude { epoch: Instant::now(), until: AtomicU64::new(0), next: AtomicU64::new(micros(ALONE.0)) }
    }

    /// True if a call that begins now runs alone.
    fn lasts(&self) -> bool {
        let until = self.until.load(Relaxed);
        until != 0 && micros(self.epoch.elapsed()) < until
    }

    /// A stall has just ended. Soon after the last one it weighs more.
    fn stalled(&self) {
        let (now, last) = (micros(self.epoch.elapsed()), self.until.load(Relaxed));
        let again = last != 0 && now < last + 2 * micros(ALONE.0);
        let alone = if again { self.next.load(Relaxed) } else { micros(ALONE.0) };
        self.until.store(now + alone, Relaxed);
        self.next.store((2 * alone).min(micros(ALONE.1)), Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

struct Shared {
    state: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    asleep: Vec<AtomicBool>,
    /// The caller, while [`WAITING`].
    waiter: Mutex<Option<Thread>>,
    /// The first panic of a worker in this job.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// One call of `for_rows`.
struct Job<'a> {
    f: &'a (dyn Fn(usize, &mut [f32]) + Sync),
    y: *mut f32,
    len: usize,
    chunk: usize,
    pieces: usize,
    /// The next piece that nobody has claimed.
    next: AtomicUsize,
}

impl Pool {
    /// A pool of `threads` threads, the calling one included.
    ///
    /// # Errors
    /// The system's refusal to start a thread.
    pub fn new(threads: usize) -> io::Result<Pool> {
        let extra = threads.saturating_sub(1);
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            job: AtomicPtr::new(ptr::null_mut()),
            asleep: (0..extra).map(|_| AtomicBool::new(false)).collect(),
            waiter: Mutex::new(None),
            panic: Mutex::new(None),
        });
        let mut pool = Pool {
            shared,
            workers: Vec::with_capacity(extra),
            busy: AtomicBool::new(false),
            solitude: Solitude::new(),
        };
        for i in 0..extra {
            let shared = Arc::clone(&pool.shared);
            let worker = thread::Builder::new().name(format!("flashlet-{}", i + 1)).spawn(move || shared.work(i))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }
}

impl Executor for Pool {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let chunk = chunk.max(1);
        let pieces = y.len().div_ceil(chunk);
        let alone = pieces < 2 || self.workers.is_empty() || self.solitude.lasts();
        if alone || self.busy.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            y.chunks_mut(chunk).enumerate().for_each(|(i, piece)| f(i, piece));
            return;
        }
        let job = Job { f, y: y.as_mut_ptr(), len: y.len(), chunk, pieces, next: AtomicUsize::new(0) };
        self.shared.open(&job);
        let mut closing = Closing { pool: self, job: &job, finished: false };
        self.shared.wake(&self.workers, pieces - 1);
        let start = Instant::now();
        let done = job.run();
        let own = start.elapsed();
        closing.finished = true;
        drop(closing);
        let a_piece = own / u32::try_from(done).unwrap_or(u32::MAX).max(1);
        if start.elapsed().saturating_sub(own) > STALL + STALL_PIECES * a_piece {
            self.solitude.stalled();
        }
        let panic = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.busy.store(false, SeqCst);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn threads(&self) -> usize {
        self.workers.len() + 1
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state.fetch_or(STOP, SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker catches what its jobs throw; it has nothing left to report.
            let _ = worker.join();
        }
    }
}

/// Ends a job on every way out of the call, a panic of the caller's own piece included: the job and
/// the rows live no longer than the call.
struct Closing<'p, 'j> {
    pool: &'p Pool,
    job: &'j Job<'j>,
    /// Set when the caller's own share came to its end; if not, it panicked.
    finished: bool,
}

impl Drop for Closing<'_, '_> {
    fn drop(&mut self) {
        // After a panic pieces may be left: nobody shall start them.
        self.job.next.store(self.job.pieces, Relaxed);
        self.pool.shared.close();
        if !self.finished {
            *self.pool.shared.panic.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.pool.busy.store(false, SeqCst);
        }
    }
}

impl Shared {
    /// Publishes `job`. Nobody is inside: the last call waited for that.
    fn open(&self, job: &Job<'_>) {
        self.job.store(ptr::from_ref(job).cast_mut().cast(), Relaxed);
        let before = self.state.load(Relaxed);
        // SeqCst: a worker either sees the open job or is seen asleep by `wake`.
        self.state.store((before & !(INSIDE | WAITING)).wrapping_add(ONE_JOB) | OPEN, SeqCst);
    }

    /// Wakes up to `n` sleeping workers.
    fn wake(&self, workers: &[JoinHandle<()>], n: usize) {
        let asleep = self.asleep.iter().zip(workers).filter(|(asleep, _)| asleep.load(SeqCst));
        for (asleep, worker) in asleep.take(n) {
            asleep.store(false, Relaxed);
            worker.thread().unpark();
        }
    }

    /// Lets nobody else in and waits for those inside to leave.
    fn close(&self) {
        self.state.fetch_and(!OPEN, AcqRel);
        let empty = || self.state.load(Acquire) & INSIDE == 0;
        if spin_until(empty) {
            return;
        }
        *self.waiter.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        self.state.fetch_or(WAITING, AcqRel);
        while !empty() {
            thread::park();
        }
    }

    /// A worker's life.
    fn work(&self, index: usize) {
        let mut last_job = 0;
        loop {
            let state = self.next_job(index, last_job);
            if state & STOP != 0 {
                return;
            }
            if self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_err() {
                continue;
            }
            last_job = state / ONE_JOB;
            // SAFETY: this thread has entered, which the state allows only while the job is open;
            // `close` returns, and the job's stack frame ends, only after this thread has left.
            let job = unsafe { &*self.job.load(Relaxed) };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.run())) {
                job.next.store(job.pieces, Relaxed);
                self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
            }
            // From here on `job` may be gone.
            let left = self.state.fetch_sub(1, AcqRel);
            if left & WAITING != 0 && left & INSIDE == 1 {
                // Not taken: this may already be the waiter of a later job, who then wakes for nothing.
                let waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner);
                waiter.iter().for_each(Thread::unpark);
            }
        }
    }

    /// Waits for a job other than `last_job`, or for the end; the state that said so.
    fn next_job(&self, index: usize, last_job: u64) -> u64 {
        let look = || {
            let state = self.state.load(SeqCst);
            (state & STOP != 0 || state & OPEN != 0 && state / ONE_JOB != last_job).then_some(state)
        };
        loop {
            let mut found = None;
            spin_until(|| {
                found = look();
                found.is_some()
            });
            if let Some(state) = found {
                return state;
            }
            let Some(asleep) = self.asleep.get(index) else { return STOP };
            asleep.store(true, SeqCst);
            // Once more after saying so: a job opened in between would wake nobody.
            if look().is_none() {
                thread::park();
            }
            asleep.store(false, SeqCst);
        }
    }
}

impl Job<'_> {
    /// Claims and computes pieces until none is left; how many.
    fn run(&self) -> usize {
        for done in 0.. {
            let i = self.next.fetch_add(1, Relaxed);
            if i >= self.pieces {
                return done;
            }
            let start = i * self.chunk;
            let len = self.chunk.min(self.len - start);
            // SAFETY: `y` points at `len` elements that the caller of `for_rows` borrows mutably until
            // the job is closed. Pieces do not overlap, and the counter gives each to one thread.
            let piece = unsafe { core::slice::from_raw_parts_mut(self.y.add(start), len) };
            (self.f)(i, piece);
        }
        self.pieces
    }
}

/// Spins for [`SPIN`] at most; whether `done` came true.
fn spin_until(mut done: impl FnMut() -> bool) -> bool {
    // Most waits are shorter than one look at the clock.
    for _ in 0..32 {
        if done() {
            return true;
        }
        spin_loop();
    }
    let start = Instant::now();
    while start.elapsed() < SPIN {
        for _ in 0..16 {
            if done() {
                return true;
            }
            spin_loop();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element is visited once, by the piece it belongs to.
    fn check(pool: &Pool, len: usize, chunk: usize) {
        let mut y = vec![0.0; len];
        pool.for_rows(&mut y, chunk, &|i, piece| {
            for (j, x) in piece.iter_mut().enumerate() {
                *x += (i * chunk.max(1) + j + 1) as f32;
            }
        });
        for (i, x) in y.iter().enumerate() {
            assert_eq!(*x, (i + 1) as f32, "element {i} of {len}, chunk {chunk}, {} threads", pool.threads());
        }
    }

    #[test]
    fn visits_every_row_once() {
        for threads in [0, 1, 2, 3, 8] {
            let pool = Pool::new(threads).expect("threads start");
            assert_eq!(pool.threads(), threads.max(1));
            for len in [0, 1, 2, 7, 64, 1000] {
                for chunk in [0, 1, 3, 64, 1000, 5000] {
                    check(&pool, len, chunk);
                }
            }
        }
    }

    #[test]
    fn survives_many_calls_and_pauses() {
        let pool = Pool::new(3).expect("threads start");
        for round in 0..20_000 {
            check(&pool, 40, 4);
            if round % 1000 == 0 {
                // Long enough for the workers to park.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn workers_take_part() {
        let pool = Pool::new(2).expect("threads start");
        let seen = Mutex::new(std::collections::HashSet::new());
        pool.for_rows(&mut [0.0; 2], 1, &|_, _| {
            seen.lock().expect("no panic").insert(thread::current().id());
            let start = Instant::now();
            // Waits for the other thread, so that one alone cannot claim both pieces.
            while seen.lock().expect("no panic").len() < 2 && start.elapsed() < Duration::from_secs(10) {
                thread::yield_now();
            }
        });
        assert_eq!(seen.into_inner().expect("no panic").len(), 2);
    }

    #[test]
    fn a_slow_piece_is_waited_for() {
        let pool = Pool::new(4).expect("threads start");
        for slow in 0..4 {
            let mut y = [0.0; 4];
            pool.for_rows(&mut y, 1, &|i, piece| {
                if i == slow {
                    thread::sleep(Duration::from_millis(5));
                }
                piece.fill(1.0);
            });
            assert_eq!(y, [1.0; 4]);
        }
    }

    #[test]
    fn nested_and_concurrent_calls_run() {
        let pool = Pool::new(3).expect("threads start");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|_| check(&pool, 100, 7)));
            }
        });
        let mut y = [0.0; 8];
        pool.for_rows(&mut y, 1, &|_, piece| {
            check(&pool, 50, 3);
            piece.fill(1.0);
        });
        assert_eq!(y, [1.0; 8]);
    }

    #[test]
    fn panics_propagate_and_the_pool_goes_on() {
        let pool = Pool::new(2).expect("threads start");
        for bad in 0..16 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.for_rows(&mut [0.0; 16], 1, &|i, _| {
                    thread::sleep(Duration::from_micros(100));
                    assert_ne!(i, bad, "on purpose");
                });
            }));
            assert!(result.is_err(), "piece {bad}");
            check(&pool, 100, 9);
        }
    }
}
