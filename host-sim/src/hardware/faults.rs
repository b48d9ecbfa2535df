//! A flash device with faults: flipped bits, failed reads, late answers.

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;

use flashlet::flash::{Flash, FlashError};

/// Counts of the faults so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Reads of which one bit was flipped.
    pub flips: u64,
    /// Reads that failed.
    pub failures: u64,
    /// Reads that came late.
    pub spikes: u64,
}

impl FaultCounts {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.flips + self.failures + self.spikes
    }
}

/// The faults of a device and their rates; shared by the device, which a session owns, and the test that looks on.
#[derive(Debug)]
pub struct Faults {
    /// One read in so many goes wrong, on average; 0 for none. Faults keep at least half of that apart.
    pub every: Cell<u32>,
    /// Weights of the kinds of faults: a flipped bit, a failed read, a late answer.
    pub kinds: Cell<[u32; 3]>,
    /// Reads in a row that fail at a fault.
    pub burst: Cell<u32>,
    /// Polls that a late answer takes more.
    pub spike_polls: Cell<u32>,
    counts: Cell<FaultCounts>,
    random: Cell<u64>,
    left: Cell<u32>,
    failing: Cell<u32>,
}

impl Faults {
    /// No faults yet; `seed` fixes all that will come.
    #[must_use]
    pub fn new(seed: u64) -> Faults {
        Faults {
            every: Cell::new(0),
            kinds: Cell::new([1; 3]),
            burst: Cell::new(1),
            spike_polls: Cell::new(100),
            counts: Cell::default(),
            random: Cell::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            left: Cell::new(0),
            failing: Cell::new(0),
        }
    }

    /// Counts of the faults so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.counts.get()
    }

    /// A number below `n`.
    pub fn below(&self, n: u64) -> u64 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x >> 11) % n.max(1)
    }

    /// The fault of the read that begins now, as an index into `kinds`, if it has one.
    fn strikes(&self) -> Option<usize> {
        if self.failing.get() > 0 {
            self.failing.set(self.failing.get() - 1);
            return Some(1);
        }
        let every = self.every.get();
        if every == 0 {
            return None;
        }
        if self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            return None;
        }
        self.left.set(every / 2 + self.below(u64::from(every) + 1) as u32);
        let kinds = self.kinds.get();
        let mut at = self.below(kinds.iter().map(|&n| u64::from(n)).sum());
        let kind = kinds.iter().position(|&n| {
            let here = at < u64::from(n);
            at = at.saturating_sub(n.into());
            here
        });
        if kind == Some(1) {
            self.failing.set(self.burst.get().saturating_sub(1));
        }
        kind
    }

    fn count(&self, add: impl FnOnce(&mut FaultCounts)) {
        let mut counts = self.counts.get();
        add(&mut counts);
        self.counts.set(counts);
    }
}

/// A flash that has `faults`.
#[derive(Clone, Copy, Debug)]
pub struct FaultyFlash<'f, F> {
    flash: F,
    faults: &'f Faults,
}

impl<'f, F: Flash> FaultyFlash<'f, F> {
    /// `flash` with `faults`.
    pub fn new(flash: F, faults: &'f Faults) -> Self {
        FaultyFlash { flash, faults }
    }
}

impl<F: Flash> Flash for FaultyFlash<'_, F> {
    const READ_ALIGN: usize = F::READ_ALIGN;

    fn size(&self) -> u64 {
        self.flash.size()
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        match self.faults.strikes() {
            Some(0) => {
                self.flash.read(offset, dst).await?;
                let bit = self.faults.below(8 * dst.len() as u64);
                if let Some(byte) = dst.get_mut((bit / 8) as usize) {
                    *byte ^= 1 << (bit % 8);
                    self.faults.count(|counts| counts.flips += 1);
                }
                Ok(())
            }
            Some(1) => {
                // What a failed transfer leaves behind is anything.
                dst.fill(0xa5);
                self.faults.count(|counts| counts.failures += 1);
                Err(FlashError::Device { offset })
            }
            Some(_) => {
                self.faults.count(|counts| counts.spikes += 1);
                let mut left = self.faults.spike_polls.get();
                poll_fn(|_| {
                    if left == 0 {
                        return Poll::Ready(());
                    }
                    left -= 1;
                    Poll::Pending
                })
                .await;
                self.flash.read(offset, dst).await
            }
            None => self.flash.read(offset, dst).await,
        }
    }
}
