//! Snapshots on devices that rot, that flip bits on the bus, or that read and write in units which do not fit.

use super::model::{Fixture, Logits, assert_same};
use super::nor::Nor;
use super::rewind::{ignore, session};
use super::snapshots::{Qspi, snapshots};
use flashlet::flash::Flash;
use flashlet::kernels::KvType;
use flashlet::model::Want;
use flashlet::session::{ModelHash, SnapshotError, Snapshots};
use flashlet::simd::Scalar;
use flashlet::{Error, Options, Session};

/// A chip with a snapshot of 10 tokens, and then one of 20.
async fn saved_twice<F: Flash>(session: &mut Session<'_, '_, F>, fixture: &Fixture) -> Result<Qspi, Error> {
    let mut nor = Qspi::new(1 << 18);
    for n in [10, 20] {
        session.reset();
        session.feed(&fixture.ids[..n], Want::None, &mut ignore).await?;
        snapshots(&mut nor, fixture).save(session, &fixture.ids[..n])?;
    }
    Ok(nor)
}

/// A snapshot that rots is passed over for the one before it, and is the next to be overwritten.
#[test]
fn a_broken_snapshot_gives_way_to_the_one_before() {
    let fixture = Fixture::load("llama-f32-gqa");
    let ids = &fixture.ids;
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        let mut nor = saved_twice(session, &fixture).await?;
        let newest = snapshots(&mut nor, &fixture).newest().expect("there are two");
        let mut rotten = nor.clone();
        // In the ids, too: they differ from the prompt then, which is no reason to refuse it.
        for at in [64, 500, newest.bytes as usize - 1] {
            rotten.bytes[newest.offset as usize + at] ^= 4;
            let mut snapshots = snapshots(&mut rotten, &fixture);
            assert_eq!(snapshots.restore(session, ids)?, Some(10));
            assert_eq!(snapshots.newest().map(|saved| saved.tokens), Some(10));
            let saved = snapshots.save(session, &ids[..10])?;
            assert_eq!((saved.offset, saved.sequence), (newest.offset, 2));
            rotten = nor.clone();
        }
        for offset in [0, newest.offset as usize] {
            rotten.bytes[offset + 300] ^= 1;
        }
        let error = snapshots(&mut rotten, &fixture).restore(session, ids).expect_err("both are broken");
        assert_eq!(error, SnapshotError::Broken { offset: newest.offset });
        session.feed(&ids[..5], Want::None, &mut ignore).await?;
        let saved = snapshots(&mut rotten, &fixture).save(session, &ids[..5])?;
        assert_eq!((saved.tokens, saved.sequence), (5, 2));
        assert_eq!(snapshots(&mut rotten, &fixture).restore(session, ids)?, Some(5));
        // A bit that cannot be written, in the payload and in the header: what was there stays.
        session.reset();
        session.feed(&ids[..7], Want::None, &mut ignore).await?;
        let mut sound = nor.clone();
        assert_eq!(snapshots(&mut sound, &fixture).save(session, &ids[..7])?.offset, 0);
        let odd =
            |from: usize| from + sound.bytes[from..].iter().position(|byte| byte & 1 == 1).expect("there are some");
        for at in [odd(1000), odd(64), odd(0)] {
            let mut worn = nor.clone();
            worn.stuck = Some(at);
            let error = snapshots(&mut worn, &fixture).save(session, &ids[..7]).expect_err("it is stuck");
            assert_eq!(error, SnapshotError::NotWritten { offset: 0 });
            assert_eq!(snapshots(&mut worn, &fixture).newest(), Some(newest));
        }
        Ok(())
    });
}

/// What is in flash is whole, and what comes over the bus is not always: nothing is lost, and nothing wrong is restored.
#[test]
fn bits_that_flip_on_the_bus_cost_no_snapshot() {
    let fixture = Fixture::load("llama-f32-gqa");
    let ids = &fixture.ids;
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        let mut nor = saved_twice(session, &fixture).await?;
        // A whole reading of a snapshot fits between two flips, wherever the first of them falls.
        let reads = nor.reads;
        assert_eq!(snapshots(&mut nor, &fixture).restore(session, ids)?, Some(20));
        assert!(snapshots(&mut nor, &fixture).newest().is_some());
        let apart = nor.reads - reads;
        session.feed(&ids[20..30], Want::None, &mut ignore).await?;
        for first in 0..2 * apart {
            let mut bus = nor.clone();
            (bus.flips, bus.reads) = (2 * apart, first);
            let mut read = [0; 20];
            assert_eq!(snapshots(&mut bus, &fixture).ids(&mut read).expect("it is whole"), Some(20));
            assert_eq!(read, ids[..20]);
            (bus.flips, bus.reads) = (2 * apart, first);
            let saved = snapshots(&mut bus, &fixture).save(session, &ids[..30])?;
            assert_eq!((saved.offset, saved.sequence), (0, 2), "the newest is kept");
        }
        for first in 0..2 * apart {
            let mut bus = nor.clone();
            (bus.flips, bus.reads) = (2 * apart, first);
            assert_eq!(snapshots(&mut bus, &fixture).restore(session, ids)?, Some(20));
        }
        let mut after = Logits::new(1, session.n_vocab() as usize);
        session.feed(&ids[20..21], Want::Last, &mut |_, first, l| after.take(0, first, l)).await?;
        let mut want = Logits::new(1, session.n_vocab() as usize);
        session.reset();
        session.feed(&ids[..21], Want::Last, &mut |_, first, l| want.take(0, first, l)).await?;
        assert_same(&want.complete(), &after.complete(), "restored over a bus that flips bits");
        Ok(())
    });
}

#[test]
fn devices_that_will_not_do_are_refused() {
    fn new<const READ: usize, const WRITE: usize, const ERASE: usize>(
        bytes: usize,
        range: core::ops::Range<u32>,
    ) -> Result<u32, SnapshotError> {
        let nor = Nor::<READ, WRITE, ERASE>::new(bytes);
        Snapshots::new(nor, range, ModelHash(0), &Scalar).map(|snapshots| snapshots.slot_bytes())
    }
    assert_eq!(new::<1, 1, 4096>(1 << 16, 0..1 << 16), Ok(1 << 15));
    assert_eq!(new::<1, 1, 4096>(1 << 16, 4096..12288), Ok(4096));
    assert_eq!(new::<1, 1, 4096>(1 << 16, 4096..20480), Ok(8192));
    assert_eq!(new::<1, 32, { 128 << 10 }>(1 << 20, 0..1 << 20), Ok(512 << 10));
    assert_eq!(new::<4, 4, 4096>(1 << 16, 0..20480), Ok(8192));
    for (read, write, result) in [
        (3, 1, new::<3, 1, 4096>(1 << 16, 0..1 << 16)),
        (1, 256, new::<1, 256, 4096>(1 << 16, 0..1 << 16)),
        (128, 64, new::<128, 64, 4096>(1 << 16, 0..1 << 16)),
    ] {
        assert_eq!(result, Err(SnapshotError::Units { read, write, erase: 4096 }));
    }
    // A header's bytes could be written, but not a block that is 4 bytes longer.
    assert_eq!(new::<1, 16, 40>(80, 0..80), Err(SnapshotError::Units { read: 1, write: 16, erase: 40 }));
    #[expect(clippy::reversed_empty_ranges, reason = "as a caller may get it wrong")]
    for range in [0..4096, 1..16385, 0..8191, 4096..1 << 17, 8192..4096, 0..0] {
        let (start, end) = (range.start, range.end);
        let error = SnapshotError::Range { start, end, erase: 4096, capacity: 1 << 16 };
        assert_eq!(new::<1, 1, 4096>(1 << 16, range), Err(error));
    }
    // Blocks of a q8_0 cache are whole words of 32 bytes, but not of 64.
    let fixture = Fixture::load("llama-mixed32");
    session(fixture.mapped(), &Options { ctx: 96, kv: KvType::Q8_0, ..Options::default() }, async |session| {
        session.feed(&fixture.ids[..20], Want::None, &mut ignore).await?;
        let ids = &fixture.ids[..20];
        let mut h7 = Nor::<32, 32, { 128 << 10 }>::new(256 << 10);
        snapshots(&mut h7, &fixture).save(session, ids)?;
        assert_eq!(snapshots(&mut h7, &fixture).restore(session, ids)?, Some(20));
        let mut coarse = Nor::<64, 64, 4096>::new(1 << 18);
        let error = SnapshotError::Units { read: 64, write: 64, erase: 4096 };
        assert_eq!(snapshots(&mut coarse, &fixture).save(session, ids), Err(error));
        // What can be read in such units cannot be written in them.
        let mut coarse_writes = Nor::<1, 64, 4096>::new(1 << 18);
        let error = SnapshotError::Units { read: 1, write: 64, erase: 4096 };
        assert_eq!(snapshots(&mut coarse_writes, &fixture).save(session, ids), Err(error));
        assert_eq!((coarse.worked, coarse_writes.worked), (0, 0), "nothing was erased");
        Ok(())
    });
}
