//! Power that is cut while a snapshot is saved leaves the old snapshot or the new one, whole.

use super::model::{Fixture, Logits, Memory, Run, assert_same, run};
use super::nor::Nor;
use super::rewind::ignore;
use super::snapshots::hash_of;
use flashlet::flash::{SliceFlash, block_on};
use flashlet::kernels::{Inline, KvType};
use flashlet::model::Want;
use flashlet::session::{ModelHash, NorOperation, Saved, SnapshotError, Snapshots};
use flashlet::simd::Scalar;
use flashlet::{Model, Options, Session};
use flashlet_sim::faults::Faults;

/// A prefix, and the logits of a token after it.
struct Prefix<'f> {
    ids: &'f [u32],
    next: Vec<f32>,
    /// It has seen the prefix, and no more.
    session: Session<'f, 'f, SliceFlash<'f>>,
}

/// The token after each prefix.
const NEXT: u32 = 9;

/// What was found after power cuts.
#[derive(Debug, Default)]
struct Counts {
    in_erase: u32,
    in_body: u32,
    in_header: u32,
    /// Saved in time.
    finished: u32,
    found_old: u32,
    found_new: u32,
    /// Nothing was there before, either.
    found_none: u32,
}

impl Counts {
    fn cuts(&self) -> u32 {
        self.in_erase + self.in_body + self.in_header
    }
}

/// Sessions over a model: some save, one restores.
struct Cuts<'f> {
    name: &'static str,
    prefixes: [Prefix<'f>; 3],
    hash: ModelHash,
    to: Session<'f, 'f, SliceFlash<'f>>,
    counts: Counts,
}

impl Cuts<'_> {
    /// Saves prefix `which` on `nor`, whose newest snapshot is `old`, and cuts power when `left` bytes of all that are erased
    /// and written are done. What is found then must be the old snapshot or the new one, and give its logits.
    fn cut<const READ: usize, const WRITE: usize, const ERASE: usize>(
        &mut self,
        nor: &mut Nor<READ, WRITE, ERASE>,
        which: usize,
        old: Option<Saved>,
        left: impl FnOnce(u64, u64) -> u64,
    ) -> Option<Saved> {
        let (Cuts { name, prefixes, hash, to, counts }, end) = (self, nor.bytes.len() as u32);
        let Prefix { ids, session: from, .. } = &prefixes[which];
        let bytes = Snapshots::<&mut Nor<READ, WRITE, ERASE>>::bytes_for(from);
        let erased = bytes.next_multiple_of(ERASE as u64);
        let all = erased + bytes;
        let left = left(erased, all);
        nor.left = Some(left);
        let mut snapshots = Snapshots::new(&mut *nor, 0..end, *hash, &Scalar).expect("the device will do");
        let saved = snapshots.save(from, ids);
        match left {
            n if n < erased => counts.in_erase += 1,
            n if n < all - 64 => counts.in_body += 1,
            n if n < all => counts.in_header += 1,
            _ => counts.finished += 1,
        }
        match saved {
            Ok(_) => assert!(left >= all, "{left} of {all} bytes"),
            Err(SnapshotError::Device { operation: NorOperation::Erase, .. }) => assert!(left < erased),
            Err(SnapshotError::Device { operation: NorOperation::Write, .. }) => assert!(left < all),
            Err(error) => unreachable!("{error}"),
        }

        nor.power_on();
        let mut snapshots = Snapshots::new(nor, 0..end, *hash, &Scalar).expect("the device will do");
        let found = snapshots.newest();
        let mut ids_found = [0; 96];
        let n = snapshots.ids(&mut ids_found).expect("they can be read").unwrap_or(0);
        let ids_found = &ids_found[..n];
        let restored = snapshots.restore(to, ids_found).expect("there is a snapshot that is whole, or none");
        assert_eq!(restored, found.map(|found| found.tokens));
        let Some(snapshot) = found else {
            assert!(old.is_none() && saved.is_err(), "{old:?} is gone after {left} of {all} bytes");
            counts.found_none += 1;
            return None;
        };
        let is_new = snapshot.sequence == old.map_or(0, |old| old.sequence.wrapping_add(1));
        assert!(if is_new { ids_found == *ids } else { found == old }, "{snapshot:?} after {old:?}");
        assert!(is_new || saved.is_err(), "what was saved is not found");
        *(if is_new { &mut counts.found_new } else { &mut counts.found_old }) += 1;
        let want = prefixes.iter().find(|prefix| prefix.ids == ids_found).expect("one of these was saved");
        let mut logits = Logits::new(1, want.next.len());
        let mut sink = |_: u32, first, l: &[f32]| logits.take(0, first, l);
        block_on(to.feed(&[NEXT], Want::Last, &mut sink), || ()).expect("the context has room");
        assert_same(core::slice::from_ref(&want.next), &logits.complete(), name);
        found
    }
}

/// Cuts power `random` times at random while snapshots are saved one after another on one device; then, from where that got
/// to, at every byte near the header and where erasing begins and ends.
fn cuts<const READ: usize, const WRITE: usize, const ERASE: usize>(
    name: &'static str,
    kv: KvType,
    corrects: bool,
    random: u32,
) -> u32 {
    let fixture = Fixture::load(name);
    let options = Options { ctx: 96, chunk: 4, kv, ..Options::default() };
    let mut source = fixture.mapped();
    let model = block_on(Model::open(&mut source), || ()).expect("the fixture is a model");
    let plan = block_on(model.plan(&mut source, &options, None), || ()).expect("it fits");
    let mut memory: [Memory; 4] = core::array::from_fn(|_| Memory::new(plan.arena_bytes));
    let [to, sessions @ ..] = memory.each_mut().map(|memory| {
        let (source, model) = (fixture.mapped(), model.clone());
        let mut progress = |_| ();
        let session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut progress);
        block_on(session, || ()).expect("the plan holds")
    });
    let mut ranges = [0..40, 20..37, 9..10].into_iter();
    let prefixes = sessions.map(|mut session| {
        let ids = &fixture.ids[ranges.next().expect("there are three")];
        let all = [ids, &[NEXT]].concat();
        let (logits, _) = run(fixture.mapped(), &all, &Run { options, ..Run::default() });
        block_on(session.feed(ids, Want::None, &mut ignore), || ()).expect("the context has room");
        Prefix { ids, next: logits[ids.len()].clone(), session }
    });
    let mut test = Cuts { name, prefixes, hash: hash_of(&fixture.file), to, counts: Counts::default() };
    let mut nor = Nor::<READ, WRITE, ERASE>::new(128 << 10);
    nor.corrects = corrects;
    let (dice, mut old) = (Faults::new(u64::from(random)), None);
    for _ in 0..random {
        // Now and then it is done in time.
        let which = dice.below(3) as usize;
        old = test.cut(&mut nor, which, old, |_, all| dice.below(all + all / 16));
    }
    let edge = 64 + 2 * WRITE as u64;
    for which in 0..3 {
        for n in 0..=edge {
            test.cut(&mut nor.clone(), which, old, |_, all| all - n);
            test.cut(&mut nor.clone(), which, old, |erased, _| erased - edge / 2 + n);
            test.cut(&mut nor.clone(), which, old, |_, _| n);
        }
    }
    let counts = &test.counts;
    println!(
        "{name}, {kv:?}, words of {WRITE}, blocks of {ERASE}: {} cuts, {counts:?}, erased {}..={} times",
        counts.cuts(),
        nor.erases.iter().min().expect("there are blocks"),
        nor.erases.iter().max().expect("there are blocks"),
    );
    // All kinds must have come, or nothing was tested.
    assert!(counts.in_erase.min(counts.in_body) > random / 4 && counts.in_header > 64);
    assert!(counts.found_old > random / 2 && counts.found_new > random / 40, "{counts:?}");
    counts.cuts()
}

#[test]
fn ten_thousand_power_cuts_and_no_broken_snapshot() {
    // As a QSPI chip; an STM32H7, its sectors made smaller, where words that were cut cannot be read; an nRF52.
    let cuts = cuts::<1, 1, 4096>("llama-f32-gqa", KvType::F16, false, 4000)
        + cuts::<1, 32, 2048>("gemma3-f16", KvType::F16, true, 3500)
        + cuts::<4, 4, 4096>("llama-mixed32", KvType::Q8_0, false, 3500);
    println!("{cuts} power cuts; each time the old or the new snapshot was there, whole");
    assert!(cuts >= 10_000);
}
