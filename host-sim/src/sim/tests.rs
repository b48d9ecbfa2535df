//! The engine on simulated boards: what a pass takes, against what bus and processor take alone.

use flashlet::flash::FlashStats;
use flashlet::kernels::{Inline, Kernels, KvType, detect};
use flashlet::model::Want;
use flashlet::weights::{Residency, Verify};
use flashlet::{Model, Options, Session};

use core::time::Duration;

use super::clock::charge;
use super::{Charged, Resource, Spent, Stopwatch, Work, nanoseconds, spent, start, transfer, wait};
use crate::boards::Board;
use crate::hardware::source::ModelFile;

/// A Cortex-M4 at 100 MHz with a chip of these rates, for as long as the test runs.
fn board(bytes_per_s: f64, latency_us: f64) -> &'static Board {
    board_with("cores = 1", bytes_per_s, latency_us)
}

/// [`board`] with the fields `more`.
fn board_with(more: &str, bytes_per_s: f64, latency_us: f64) -> &'static Board {
    let profile = format!(
        r#"
        name = "test"
        what = ""
        arena = "1MiB"
        isa = "dsp"
        hz = 100e6
        cycles_per_instruction = 1
        {more}
        flash = {{ kind = "qspi", bytes = "1MiB", mapped = false, bytes_per_s = {bytes_per_s:?}, latency_us = {latency_us:?} }}"#
    );
    Box::leak(Box::new(toml::from_str(&profile).expect("a profile")))
}

/// Prefills 8 tokens and decodes 4 on `board`; what each of the last passes took, and what it read.
fn passes(board: &'static Board, residency: Residency, tile_bytes: usize) -> Vec<(Spent, FlashStats)> {
    let mut file = ModelFile::built_in();
    if residency == Residency::Mapped {
        file.map().expect("it is in memory");
    }
    let mut source = file.source();
    let model = wait(Model::open(&mut source)).expect("the built-in model");
    let options = Options {
        ctx: 64,
        kv: KvType::Q8_0,
        residency,
        chunk: 8,
        tile_bytes,
        act_form: board.isa().act_form(),
        verify: Verify::Never,
        ..Options::default()
    };
    let plan = wait(model.plan(&mut source, &options, None)).expect("it fits");
    let mut memory = vec![0_u64; plan.arena_bytes / 8 + 16];
    let bytes = bytemuck_bytes(&mut memory);
    let kernels = Charged::new(detect(), source.mapped);
    start(board);
    let mut progress = |_| {};
    let session = Session::new(source, model, plan, bytes, &kernels, &Inline, &mut progress);
    let mut session = wait(session).expect("it loads");
    let mut all = Vec::new();
    for ids in [&[300, 301, 302, 303, 304, 305, 306, 307][..], &[310], &[311], &[312], &[313]] {
        let before = (spent().expect("it is simulated"), session.flash_stats());
        wait(session.feed(ids, Want::Last, &mut |_, _, _| {})).expect("it computes");
        let after = session.flash_stats();
        let read =
            FlashStats { bytes_read: after.bytes_read - before.1.bytes_read, reads: after.reads - before.1.reads };
        all.push((spent().expect("it is simulated").since(&before.0), read));
    }
    all
}

/// The words as bytes, from the first that is a multiple of 64.
fn bytemuck_bytes(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: any bytes are words and the other way round; the length is theirs in bytes.
    let bytes = unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), size_of_val(words)) };
    let skip = bytes.as_ptr().align_offset(64);
    &mut bytes[skip..]
}

#[test]
fn a_streamed_pass_takes_little_more_than_the_slower_of_bus_and_processor() {
    // Two tiles of a fiftieth of what a pass reads. First the processor alone.
    let tile = 16 << 10;
    let alone = passes(board(1e15, 0.0), Residency::Streamed, tile);
    // The bus takes a quarter of the processor's time, as long, and four times as long; with latencies of memory-mapped
    // controllers, of chips that are given a command, and of cards.
    for (share, latency_us) in [(0.25, 0.1), (0.25, 2.0), (1.0, 0.1), (1.0, 2.0), (4.0, 0.1), (4.0, 2.0), (1.0, 100.0)]
    {
        let compute = alone[1].0.all_seconds()[2];
        let bytes_per_s = alone[1].1.bytes_read as f64 / (compute * share);
        for (i, (pass, read)) in passes(board(bytes_per_s, latency_us), Residency::Streamed, tile).iter().enumerate() {
            let bus = read.bytes_read as f64 / bytes_per_s + read.reads as f64 * latency_us * 1e-6;
            let [took, on_bus, computed, _] = pass.all_seconds();
            assert!((on_bus / bus - 1.0).abs() < 1e-3 && pass.bytes == read.bytes_read, "{on_bus} for {bus}");
            assert!((computed / alone[i].0.all_seconds()[2] - 1.0).abs() < 1e-6, "the processor does the same");
            let ratio = took / bus.max(computed);
            // Where both take as long, what takes longer to compute than to read does not hide: the head in Q6_K; the layers
            // for eight tokens, of which the head sees one.
            let most = if i == 0 {
                1.2
            } else if share == 1.0 {
                1.15
            } else {
                1.01
            };
            assert!((1.0..most).contains(&ratio), "pass {i}, bus {share} of compute, {latency_us} us: {ratio}");
        }
    }
}

#[test]
fn checksums_take_the_time_that_was_counted() {
    // 100 MHz, an instruction a cycle; in flash a byte takes a hundredth of a microsecond more.
    let board = board(100e6, 0.0);
    let bytes = vec![0x5A; 1 << 20];
    let computed = bytes.len() as f64 * board.costs().checksum / 100e6;
    for (mapped, seconds) in [(None, computed), (Some(&bytes[..]), computed + bytes.len() as f64 / 100e6)] {
        start(board);
        let charged = Charged::uncomputed(mapped, false);
        // The CRC-32C of a million bytes of 5A, computed bit by bit.
        let crc = bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 })
        });
        assert_eq!(charged.crc32c(0, &bytes), !crc);
        let [took, bus, ..] = spent().expect("it is simulated").all_seconds();
        assert!((took / seconds - 1.0).abs() < 1e-3 && bus == 0.0, "{took} s for a megabyte");
    }
}

#[test]
fn weights_used_in_place_wait_for_flash_and_pinned_ones_for_ram() {
    let chip = board(10e6, 5.0);
    let (mapped, _) = passes(chip, Residency::Mapped, 0)[1];
    let (pinned, read) = passes(chip, Residency::Pinned, 0)[1];
    assert_eq!((mapped.bus, pinned.bus, read.reads), (0, 0, 0), "nothing is read through the handle");
    assert_eq!(pinned.memory, 0, "the RAM is as fast as the kernels");
    // The built-in model's matrices and its head, once, at 10 MB/s; the embedding row is nothing beside them.
    let waited = mapped.all_seconds()[3];
    assert!((0.080..0.086).contains(&waited), "{waited} s for 0.83 MB");
    // Each of the charges is rounded to a picosecond.
    assert!((mapped.now - pinned.now).abs_diff(mapped.memory) < 1000);
    assert_eq!((mapped.bound_by(), pinned.bound_by()), (Resource::Memory, Resource::Compute));
}

#[test]
fn a_prefetcher_hides_the_shorter_of_memory_and_arithmetic() {
    let ram = |more: &str| {
        let profile = format!("cores = 1\nram_bytes_per_s = 50e6\n{more}");
        passes(board_with(&profile, 1e9, 0.0), Residency::Pinned, 0)[1].0
    };
    let (alone, _) = passes(board(1e9, 0.0), Residency::Pinned, 0)[1];
    let [waits, ahead] = ["", "prefetches = true"].map(ram);
    // The matrices and the head, once, at 50 MB/s.
    let read = waits.all_seconds()[3];
    assert!((0.016..0.0172).contains(&read), "{read} s for 0.83 MB");
    // Each of the charges is rounded to a picosecond.
    assert!((waits.now - alone.now).abs_diff(waits.memory) < 1000);
    assert!(alone.now <= ahead.now && ahead.now < waits.now && waits.memory <= ahead.now);
}

#[test]
fn what_the_engine_does_not_share_runs_on_one_core() {
    let [one, four] = ["cores = 1", "cores = 4"].map(|cores| {
        let (pass, _) = passes(board_with(cores, 1e9, 0.0), Residency::Pinned, 0)[1];
        pass.now as f64
    });
    assert!(four < one && one < 4.0 * four, "{one} on one, {four} on four");
}

#[test]
fn a_board_is_named_by_what_it_waits_for() {
    let spent = |bus, compute, memory| Spent { now: 100, bus, compute, memory, bytes: 0 };
    assert_eq!(spent(90, 50, 0).bound_by(), Resource::Flash);
    assert_eq!(spent(40, 90, 0).bound_by(), Resource::Compute);
    assert_eq!(spent(0, 90, 60).bound_by(), Resource::Memory);
    assert_eq!(spent(0, 0, 0).bound_by(), Resource::Compute);
}

#[test]
fn the_clock_neither_wraps_nor_stops_being_a_number() {
    // A million years, which are more nanoseconds than it tells, and more than any time beyond: no profile allows that.
    const LONG: f64 = 3e13;
    for (bytes_per_s, endless) in [(1.0 / LONG, false), (1e-300, true)] {
        start(board(bytes_per_s, 0.0));
        let watch = Stopwatch::start();
        let mut before = Spent::default();
        for pass in 1..=4 {
            wait(transfer(1));
            charge(Work::Product, if endless { f64::INFINITY } else { LONG }, f64::NAN);
            let now = spent().expect("it is simulated");
            let sum = 2.0 * LONG * f64::from(pass);
            if endless {
                assert_eq!((now.now, now.bus, now.compute), (u128::MAX, u128::MAX, u128::MAX));
            } else {
                assert!((now.all_seconds()[0] / sum - 1.0).abs() < 1e-9 && before.now < now.now, "{now:?}");
                assert!((watch.elapsed().as_secs_f64() / sum - 1.0).abs() < 1e-9);
            }
            assert!(now.all_seconds().iter().all(|seconds| seconds.is_finite()) && now.memory == 0, "{now:?}");
            before = now;
        }
        assert_eq!(nanoseconds(), u64::MAX);
        assert_eq!(watch.elapsed() == Duration::MAX, endless);
    }
}

#[test]
fn without_a_board_nothing_is_charged() {
    // Another test's thread may simulate one; this one does not.
    assert_eq!(spent(), None);
    wait(transfer(1 << 30));
    charge(Work::Product, 1.0, 1.0);
    let watch = Stopwatch::start();
    assert!(watch.spent().is_none() && watch.elapsed() < Duration::from_secs(1));
}
