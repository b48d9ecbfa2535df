//! Devices that a session is run on: a flash with alignment, waits, a log and faults; threads.

use core::cell::{Cell, RefCell};
use core::pin::Pin;
use core::task::{Context, Poll};
use flashlet::flash::{Flash, FlashError, Source};
use flashlet::kernels::Executor;
use std::rc::Rc;

/// What happened, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Event {
    /// A transfer began: offset, and the addresses that it fills.
    Read { offset: u64, to: usize, bytes: usize },
    /// It ended.
    Done { to: usize },
    /// Weights at this address were computed with.
    Compute { at: usize },
}

/// A flash as a controller with DMA has it: it reads `ALIGN`ed words only, each transfer starts when
/// its future is first polled and takes `waits` polls more, and one may fail.
pub(crate) struct Chip<const ALIGN: usize> {
    bytes: Vec<u8>,
    pub(crate) waits: u32,
    pub(crate) log: Rc<RefCell<Vec<Event>>>,
    /// Reads to come until one fails.
    pub(crate) fails_after: Rc<Cell<Option<usize>>>,
}

impl<const ALIGN: usize> Chip<ALIGN> {
    pub(crate) fn new(file: &[u8], waits: u32) -> Self {
        let mut bytes = file.to_vec();
        bytes.resize(file.len().next_multiple_of(ALIGN), 0xee);
        Chip { bytes, waits, log: Rc::default(), fails_after: Rc::default() }
    }

    pub(crate) fn source(file: &[u8], waits: u32) -> Source<'static, Self> {
        Source::new(Self::new(file, waits))
    }
}

impl<const ALIGN: usize> Flash for Chip<ALIGN> {
    const READ_ALIGN: usize = ALIGN;
    // What fails here is to be reported.
    const READ_RETRIES: u32 = 0;

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        Transfer { chip: self, offset, dst, left: None }
    }
}

struct Transfer<'c, 'd, const ALIGN: usize> {
    chip: &'c mut Chip<ALIGN>,
    offset: u64,
    dst: &'d mut [u8],
    /// Polls until the end, once begun.
    left: Option<u32>,
}

impl<const ALIGN: usize> Future for Transfer<'_, '_, ALIGN> {
    type Output = Result<(), FlashError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (to, bytes) = (this.dst.as_ptr().addr(), this.dst.len());
        let left = match this.left {
            Some(left) => left,
            None => {
                assert!(bytes > 0, "an empty read");
                for n in [this.offset as usize, to, bytes] {
                    assert!(n.is_multiple_of(ALIGN), "{n} is not a multiple of {ALIGN}");
                }
                if let Some(n) = this.chip.fails_after.get() {
                    this.chip.fails_after.set(n.checked_sub(1));
                    if n == 0 {
                        this.dst.fill(0xff);
                        return Poll::Ready(Err(FlashError::Device { offset: this.offset }));
                    }
                }
                this.chip.log.borrow_mut().push(Event::Read { offset: this.offset, to, bytes });
                // Until the transfer is done, its target holds anything.
                this.dst.fill(0xff);
                this.chip.waits
            }
        };
        if left > 0 {
            this.left = Some(left - 1);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.dst.copy_from_slice(&this.chip.bytes[this.offset as usize..][..bytes]);
        this.chip.log.borrow_mut().push(Event::Done { to });
        Poll::Ready(Ok(()))
    }
}

/// Two threads that take every second piece, one of them backwards.
pub(crate) struct TwoThreads;

impl Executor for TwoThreads {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let (even, odd): (Vec<_>, Vec<_>) = y.chunks_mut(chunk).enumerate().partition(|(i, _)| i % 2 == 0);
        std::thread::scope(|scope| {
            scope.spawn(|| odd.into_iter().rev().for_each(|(i, piece)| f(i, piece)));
            even.into_iter().for_each(|(i, piece)| f(i, piece));
        });
    }

    fn threads(&self) -> usize {
        2
    }
}
