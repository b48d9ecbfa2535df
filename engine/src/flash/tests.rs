use super::*;
use core::cell::Cell;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, Waker};
use embedded_storage::nor_flash as blocking;
use embedded_storage_async::nor_flash as asynchronous;
use std::sync::Arc;
use std::task::Wake;

const SIZE: usize = 192;

fn pattern() -> [u8; SIZE] {
    core::array::from_fn(|i| (i * 7 + 3) as u8)
}

/// Refuses what real controllers refuse, and answers only at the second poll.
struct Strict<'a, const ALIGN: usize> {
    bytes: &'a [u8],
    pending: &'a Cell<u32>,
}

impl<const ALIGN: usize> Flash for Strict<'_, ALIGN> {
    const READ_ALIGN: usize = ALIGN;

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        assert_eq!(offset % ALIGN as u64, 0, "offset");
        assert_eq!(dst.len() % ALIGN, 0, "length");
        assert_eq!(dst.as_ptr().addr() % ALIGN, 0, "address");
        assert!(!dst.is_empty(), "empty transfer");
        dst.copy_from_slice(&self.bytes[offset as usize..offset as usize + dst.len()]);
        let mut polled = false;
        core::future::poll_fn(|_| if core::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
        self.pending.set(self.pending.get() + 1);
        Ok(())
    }
}

fn reads_every_range<const ALIGN: usize>() {
    let bytes = pattern();
    let pending = Cell::new(0);
    let mut source = Source::new(Strict::<ALIGN> { bytes: &bytes, pending: &pending });
    let mut idled = 0;
    for shift in 0..3 {
        for offset in 0..=SIZE {
            for end in offset..=SIZE {
                let mut buf = [0u8; SIZE + 3];
                let dst = &mut buf[shift..shift + end - offset];
                block_on(source.read(offset as u64, dst), || idled += 1).expect("inside the device");
                assert_eq!(dst, &bytes[offset..end], "align {ALIGN}, {offset}..{end}");
                assert!(buf[shift + end - offset..].iter().all(|&b| b == 0), "wrote past the destination");
            }
        }
    }
    assert_eq!(source.stats.reads, u64::from(pending.get()));
    assert_eq!(idled, pending.get());
    let error = block_on(source.read(SIZE as u64 - 1, &mut [0; 2]), || ()).expect_err("one past the end");
    assert_eq!(error, FlashError::OutOfBounds { offset: SIZE as u64 - 1, bytes: 2, size: SIZE as u64 });
    assert!(block_on(source.read(u64::MAX, &mut [0; 2]), || ()).is_err());
}

#[test]
fn widened_reads_are_aligned_everywhere() {
    reads_every_range::<1>();
    reads_every_range::<4>();
    reads_every_range::<64>();
}

#[test]
fn aligned_reads_are_one_transfer() {
    #[repr(align(64))]
    struct Aligned([u8; 128]);
    let bytes = pattern();
    let pending = Cell::new(0);
    let mut source = Source::new(Strict::<4> { bytes: &bytes, pending: &pending });
    let mut dst = Aligned([0; 128]);
    block_on(source.read(64, &mut dst.0), || ()).expect("inside");
    assert_eq!(source.stats, FlashStats { bytes_read: 128, reads: 1 });
}

#[test]
fn mapped_bytes_are_viewed_in_place_and_not_counted() {
    let bytes = pattern();
    // The mapping covers the first half only; the handle serves the rest.
    let mut source = Source::with_mapping(SliceFlash(&bytes), &bytes[..96]);
    let mut buf = [0u8; 16];
    let view = block_on(source.view(10, 20, &mut []), || ()).expect("mapped: no buffer needed");
    assert_eq!(view.as_ptr(), bytes[10..].as_ptr());
    let mut dst = [0u8; 20];
    block_on(source.read(10, &mut dst), || ()).expect("mapped");
    assert_eq!((&dst[..], source.stats.reads), (&bytes[10..30], 0));
    let view = block_on(source.view(90, 16, &mut buf), || ()).expect("read");
    assert_eq!(view, &bytes[90..106]);
    assert_eq!(source.stats, FlashStats { bytes_read: 16, reads: 1 });
    let error = block_on(source.view(90, 17, &mut buf), || ()).expect_err("buffer of 16");
    assert_eq!(error, FlashError::BufferTooSmall { need: 17, have: 16 });
}

/// An `embedded-storage` device of 4-byte words whose last word is broken off by `capacity`.
struct Chip<'a>(&'a [u8]);

impl blocking::ErrorType for Chip<'_> {
    type Error = blocking::NorFlashErrorKind;
}

impl blocking::ReadNorFlash for Chip<'_> {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        assert!(!bytes.is_empty(), "vendors' drivers panic, and so does this one");
        assert_eq!((offset as usize | bytes.len() | bytes.as_ptr().addr()) % 4, 0, "they do so here too");
        assert!(offset as usize + bytes.len() <= 188, "asked for what it does not have");
        if offset == 64 {
            return Err(blocking::NorFlashErrorKind::Other);
        }
        bytes.copy_from_slice(&self.0[offset as usize..offset as usize + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl asynchronous::ReadNorFlash for Chip<'_> {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        blocking::ReadNorFlash::read(self, offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

fn reads_chip(flash: impl Flash) {
    let bytes = pattern();
    let mut source = Source::new(flash);
    assert_eq!(source.size(), 188, "190 bytes are 47 whole words");
    let mut dst = [0u8; 7];
    block_on(source.read(181, &mut dst), || ()).expect("the last bytes");
    assert_eq!(dst, bytes[181..188]);
    assert!(matches!(
        block_on(source.read(182, &mut dst), || ()),
        Err(FlashError::OutOfBounds { offset: 182, bytes: 7, size: 188 })
    ));
    assert_eq!(block_on(source.read(65, &mut dst[..2]), || ()), Err(FlashError::Device { offset: 64 }));
}

#[test]
fn embedded_storage_devices_are_flash() {
    let bytes = pattern();
    reads_chip(NorFlash(Chip(&bytes[..190])));
    reads_chip(AsyncNorFlash(Chip(&bytes[..190])));
}

fn refuses_before_it_asks(mut flash: impl Flash) {
    let mut memory = [0u32; 48];
    let dst: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
    let mut read = |offset, dst: &mut [u8]| block_on(flash.read(offset, dst), || ());
    assert_eq!(read(0, &mut dst[..188]), Ok(()));
    assert_eq!(read(188, &mut []), Ok(()), "nothing at the end");
    for (offset, from, to) in [(2, 0, 4), (4, 0, 6), (4, 1, 5), (4, 2, 6)] {
        assert_eq!(read(offset, &mut dst[from..to]), Err(FlashError::Misaligned { offset }), "{offset}, {from}..{to}");
    }
    for (offset, bytes) in [(0, 192), (184, 8), (188, 4), (1 << 32, 4), (u64::MAX - 3, 4)] {
        let error = FlashError::OutOfBounds { offset, bytes: bytes as u64, size: 188 };
        assert_eq!(read(offset, &mut dst[..bytes]), Err(error));
    }
    assert_eq!(read(64, &mut dst[..4]), Err(FlashError::Device { offset: 64 }));
}

#[test]
fn what_a_driver_may_panic_at_does_not_reach_it() {
    let bytes = pattern();
    refuses_before_it_asks(NorFlash(Chip(&bytes[..190])));
    refuses_before_it_asks(AsyncNorFlash(Chip(&bytes[..190])));
}

/// Counts how often its waker was woken.
#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn a_yield_is_told_from_a_wait_and_from_the_yields_of_others() {
    let bytes = pattern();
    let pending = Cell::new(0);
    let mut source = Source::new(Strict::<1> { bytes: &bytes, pending: &pending });
    let (wakes, of_another) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let another = Waker::from(of_another.clone());
    let mut context = Context::from_waker(&another);
    let future = async {
        yield_now().await;
        let mut dst = [0; 8];
        for offset in 0..3 {
            source.read(offset, &mut dst).await.expect("inside the device");
            yield_now().await;
        }
    };
    let mut found = std::vec::Vec::new();
    block_on_with(future, &Waker::from(wakes.clone()), || {
        found.push(wakes.take());
        // Another pass of the same thread yields, and is pending when this one is polled again.
        assert!(pin!(yield_now()).poll(&mut context).is_pending());
        assert_eq!(of_another.take(), 1);
    });
    assert_eq!(found, [1, 0, 1, 0, 1, 0, 1], "yields and reads take turns");
}

/// Fails, or flips a bit, in the next so many reads.
struct Flaky<'a> {
    bytes: &'a [u8],
    failures: u32,
    flips: u32,
}

impl Flash for Flaky<'_> {
    const READ_RETRIES: u32 = 3;

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        if let Some(left) = self.failures.checked_sub(1) {
            self.failures = left;
            return Err(FlashError::Device { offset });
        }
        dst.copy_from_slice(&self.bytes[offset as usize..][..dst.len()]);
        if let Some(left) = self.flips.checked_sub(1) {
            self.flips = left;
            // Another bit each time: no two wrong reads agree.
            dst[0] ^= 1 << (left % 8);
        }
        Ok(())
    }
}

#[test]
fn failed_reads_are_made_again_as_often_as_the_device_says() {
    let bytes = pattern();
    for failures in 0..6 {
        let mut source = Source::new(Flaky { bytes: &bytes, failures, flips: 0 });
        let mut dst = [0; 8];
        let read = block_on(source.read(16, &mut dst), || ());
        assert_eq!(source.stats.reads, u64::from(failures.min(3)) + 1, "{failures} failures");
        if failures <= 3 {
            assert_eq!((read, &dst[..]), (Ok(()), &bytes[16..24]), "{failures} failures");
        } else {
            assert_eq!(read, Err(FlashError::Device { offset: 16 }), "{failures} failures");
        }
    }
}

/// A read and the one that confirms it make a pair; of four pairs one must agree.
#[cfg(feature = "checksums")]
#[test]
fn reads_that_differ_are_confirmed_as_often_as_the_device_says() {
    let bytes = pattern();
    for flips in 0..12 {
        let mut source = Source::new(Flaky { bytes: &bytes, failures: 0, flips });
        source.confirm = true;
        let mut dst = [0; 8];
        let read = block_on(source.read(16, &mut dst), || ());
        if flips < 7 {
            assert_eq!((read, &dst[..]), (Ok(()), &bytes[16..24]), "{flips} flips");
            // The pairs with a flip, and the one that agrees.
            assert_eq!(source.stats.reads, 2 * (u64::from(flips).div_ceil(2) + 1), "{flips} flips");
        } else {
            assert_eq!(read, Err(FlashError::Unstable { offset: 16 }), "{flips} flips");
        }
    }
}
