//! Sessions while they are made: progress, and reads that are confirmed.

use super::integrity::packed;
use super::model::{Fixture, Memory};
use super::rewind::session;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::Inline;
use flashlet::session::{Progress, Stage};
use flashlet::simd::Scalar;
use flashlet::text::{Detokenizer, Encode};
use flashlet::weights::{Residency, Verify};
use flashlet::{Error, Model, Options, Plan, Session};
use flashlet_sim::pack;

/// Makes a session: its plan, the bytes that were read for it, and its progress.
fn load(source: Source<'_, SliceFlash<'_>>, options: &Options) -> (Plan, u64, Vec<Progress>) {
    let mut progress = Vec::new();
    let future = async {
        let mut source = source;
        let model = Model::open(&mut source).await?;
        let plan = model.plan(&mut source, options, None).await?;
        let before = source.stats.bytes_read;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut report = |step| progress.push(step);
        let session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut report).await?;
        Ok::<_, Error>((plan, session.flash_stats().bytes_read - before))
    };
    let (plan, read) = block_on(future, || ()).expect("the session is made");
    (plan, read, progress)
}

fn options(residency: Residency, verify: Verify) -> Options {
    Options { ctx: 96, residency, verify, ..Options::default() }
}

#[test]
fn progress_ends_at_its_end() {
    let fixture = Fixture::load("llama-mixed32");
    let file = packed(&fixture.file, &pack::Options::default());
    for (residency, verify) in [(Residency::Mapped, Verify::All), (Residency::Pinned, Verify::Reads)] {
        let (plan, _, progress) = load(Source::with_mapping(SliceFlash(&file), &file), &options(residency, verify));
        let stages = [
            (Stage::Index, "vocabulary", fixture.logits[0].len() as u64),
            (Stage::Pin, "weights", plan.residency.pinned_bytes),
            (Stage::Check, "checksums", plan.residency.mapped_bytes),
        ];
        for (stage, name, total) in stages {
            assert_eq!(stage.name(), name);
            let steps: Vec<_> = progress.iter().filter(|step| step.stage == stage).collect();
            assert!(steps.windows(2).all(|pair| pair[0].done <= pair[1].done), "{steps:?}");
            let last = steps.last().map_or((0, 0), |step| (step.done, step.total));
            assert_eq!(last, (total, total), "{residency:?}, {name}");
        }
    }
}

#[test]
fn what_no_checksum_covers_is_read_twice_where_reads_are_confirmed() {
    let plain = Fixture::load("llama-mixed32").file;
    let packed = packed(&plain, &pack::Options::default());
    let read = |file: &[u8], confirm| {
        let mut source = Source::new(SliceFlash(file));
        source.confirm = confirm;
        load(source, &options(Residency::Pinned, Verify::Reads)).1
    };
    assert_eq!(read(&plain, true), 2 * read(&plain, false));
    assert!(2 * read(&packed, true) < 3 * read(&packed, false));
}

/// The fixture's vocabulary is `<unk> <s> </s> <0x0A> t4 t5 t6 ..`.
#[test]
fn a_session_encodes_and_decodes() {
    let fixture = Fixture::load("llama-mixed32");
    session(fixture.mapped(), &options(Residency::Auto, Verify::Reads), async |session| {
        let mut ids = [0; 8];
        let n = session.encode("\n", Encode { bos: true, ..Encode::default() }, &mut ids).await?;
        assert_eq!((ids[0], ids[n - 1]), (1, 3));
        let (mut text, mut detokenizer) = (String::new(), Detokenizer::new());
        for id in [4, 3, 127] {
            session.decode(id, &mut detokenizer, &mut |piece| text.push_str(piece)).await?;
        }
        assert_eq!(text, "t4\nt127");
        let ends: Vec<u32> = (0..session.n_vocab()).filter(|&id| session.is_end(id)).collect();
        assert_eq!(ends, [2]);
        Ok(())
    });
}

/// A packed file's checksums and its index of the vocabulary are used as far as they can be.
#[test]
fn what_pack_adds_is_found() {
    let fixture = Fixture::load("llama-mixed32");
    let file = packed(&fixture.file, &pack::Options::default());
    let plan = |file: &[u8], mapped: usize| {
        let mut source = Source::with_mapping(SliceFlash(file), &file[..mapped]);
        let future = async {
            let model = Model::open(&mut source).await?;
            let options = options(Residency::Pinned, Verify::Reads);
            Ok::<_, Error>((model.checksums().is_some(), model.plan(&mut source, &options, None).await?))
        };
        block_on(future, || ()).expect("it fits")
    };
    let (no_checksums, plain) = plan(&fixture.file, fixture.file.len());
    let (checksums, whole) = plan(&file, file.len());
    let (_, cut) = plan(&file, 64);
    assert_eq!((no_checksums, checksums), (false, true));
    assert_eq!((plain.index_bytes_in_flash, cut.index_bytes_in_flash), (0, 0));
    assert!(whole.index_bytes_in_flash > 0);
    assert_eq!(whole.arena_bytes + whole.index_bytes_in_flash, cut.arena_bytes);
}
