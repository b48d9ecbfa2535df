//! Packed files on flash that flips bits, fails and dawdles: nothing that is wrong passes for right.

use super::edit;
use super::model::{Fixture, Logits, Memory, Run, assert_same, run};
use super::rewind::{ignore, session};
use core::cell::Cell;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::{self, Inline};
use flashlet::model::Want;
use flashlet::simd::Scalar;
use flashlet::text::{Detokenizer, Encode};
use flashlet::weights::{PassError, Residency, Role, Verify, WeightError};
use flashlet::{Error, Model, Options, Session};
use flashlet_sim::faults::{Faults, FaultyFlash};
use flashlet_sim::pack::{self, pack};

pub(crate) fn packed(file: &[u8], options: &pack::Options) -> Vec<u8> {
    let mut out = Vec::new();
    let mut source = Source::with_mapping(SliceFlash(file), file);
    pack(&mut source, options, &mut out, &mut |_, _| {}).expect("a fixture can be packed");
    out
}

/// Where a tensor's data lie in a file.
pub(crate) fn tensor(file: &[u8], name: &str) -> core::ops::Range<usize> {
    let tensor = edit::tensors(file).into_iter().find(|info| edit::name(info) == name).expect("it is there");
    tensor.offset as usize..(tensor.offset + tensor.bytes) as usize
}

pub(crate) fn checked(residency: Residency, verify: Verify) -> Options {
    Options { ctx: 96, chunk: 16, residency, verify, ..Options::default() }
}

/// Opens, loads and feeds.
pub(crate) fn outcome(file: &[u8], ids: &[u32], options: Options) -> Result<Vec<Vec<f32>>, Error> {
    let mapped = matches!(options.residency, Residency::Mapped);
    let mut source = Source::new(SliceFlash(file));
    source.mapped = mapped.then_some(file);
    super::model::try_run(source, ids, &Run { options, kernels: kernels::detect(), ..Run::default() }).map(|r| r.0)
}

#[test]
fn a_flipped_bit_names_its_tensor() {
    let fixture = Fixture::load("llama-mixed32");
    let ids = &fixture.ids[..3];
    let file = packed(&fixture.file, &pack::Options::default());
    let (want, _) = run(fixture.mapped(), ids, &Run::default());
    for (residency, verify, tile_bytes) in [
        (Residency::Mapped, Verify::All, 0),
        (Residency::Pinned, Verify::Reads, 0),
        (Residency::Streamed, Verify::Reads, 0),
        (Residency::Streamed, Verify::All, 0),
        // The least that there can be: matrices come in several parts.
        (Residency::Streamed, Verify::Reads, 1),
    ] {
        let options = Options { tile_bytes, ..checked(residency, verify) };
        assert_same(&want, &outcome(&file, ids, options).expect("the file is whole"), "packed");
        for name in [
            "token_embd.weight",
            "output_norm.weight",
            "blk.0.attn_norm.weight",
            "blk.0.attn_q.weight",
            "blk.0.ffn_up.weight",
            "blk.1.ffn_gate.weight",
            "blk.1.ffn_down.weight",
        ] {
            let place = tensor(&file, name);
            for at in [place.start, place.start + place.len() / 2, place.end - 1] {
                let mut broken = file.clone();
                broken[at] ^= 0x10;
                let error = outcome(&broken, ids, options).expect_err("a bit is wrong");
                let typed = matches!(
                    error,
                    Error::Weight(WeightError::Checksum { .. }) | Error::Pass(PassError::Checksum { .. })
                );
                assert!(typed && error.to_string().contains(name), "{residency:?}: {name}: {error}");
            }
        }
        // A row that is used.
        let (embd, vocab) = (tensor(&file, "token_embd.weight"), want[0].len());
        let row = embd.len() / vocab;
        let mut broken = file.clone();
        broken[embd.start + row * ids[1] as usize + 1] ^= 1;
        let error = outcome(&broken, ids, options).expect_err("a bit is wrong");
        assert!(error.to_string().contains("token_embd.weight"), "{error}");
    }
}

/// A head of its own is told from the embedding, and progress counts all that is compared.
#[test]
fn a_flipped_bit_in_the_head_names_it() {
    let fixture = Fixture::load("llama-mixed256");
    let file = packed(&fixture.file, &pack::Options::default());
    let mut broken = file.clone();
    broken[tensor(&file, "output.weight").start] ^= 1;
    for (residency, verify) in [(Residency::Mapped, Verify::All), (Residency::Pinned, Verify::Reads)] {
        let error = outcome(&broken, &fixture.ids[..1], checked(residency, verify)).expect_err("a bit is wrong");
        assert_eq!(error, Error::Weight(WeightError::Checksum { role: Role::Output }));
    }
}

/// Where the head does not pass, the rows of a tied embedding are compared one by one.
#[test]
fn an_embedding_row_is_checked_when_it_is_read() {
    let fixture = Fixture::load("llama-mixed32");
    let (used, not_used) = fixture.ids.split_at(3);
    let file = packed(&fixture.file, &pack::Options::default());
    let embedding = tensor(&file, "token_embd.weight");
    let row_bytes = embedding.len() / fixture.logits[0].len();
    for (id, fails) in [(used[0], true), (used[2], true), (not_used[0], used.contains(&not_used[0]))] {
        let mut broken = file.clone();
        broken[embedding.start + row_bytes * id as usize] ^= 1;
        let options = checked(Residency::Streamed, Verify::Reads);
        session(Source::new(SliceFlash(&broken)), &options, async |session| {
            let fed = session.feed(used, Want::None, &mut ignore).await;
            assert_eq!(
                matches!(fed, Err(Error::Pass(PassError::Checksum { role: Role::TokenEmbd }))),
                fails,
                "{fed:?}"
            );
            Ok(())
        });
    }
}

#[test]
fn nothing_is_checked_unasked_and_all_needs_checksums() {
    let fixture = Fixture::load("llama-mixed32");
    let ids = &fixture.ids[..3];
    let error = outcome(&fixture.file, ids, checked(Residency::Streamed, Verify::All)).expect_err("no checksums");
    assert_eq!(error, Error::NoChecksums);
    assert!(error.to_string().contains("`flashlet pack`"), "{error}");
    let plain = outcome(&fixture.file, ids, checked(Residency::Streamed, Verify::Reads)).expect("nothing to check");
    let mut file = packed(&fixture.file, &pack::Options::default());
    // The high byte of a scale.
    let at = tensor(&file, "blk.1.ffn_down.weight").start + 1;
    file[at] ^= 4;
    let never = outcome(&file, ids, checked(Residency::Streamed, Verify::Never)).expect("nothing is checked");
    assert!(plain != never);
    // The checksum of the metadata itself, behind its key, the value's type and its elements' type and number.
    let key = b"flashlet.crc32c.metadata";
    let mut other = packed(&fixture.file, &pack::Options::default());
    let at = other.windows(key.len()).position(|w| w == key).expect("the key is there") + key.len() + 4 + 4 + 8;
    other[at] ^= 1;
    let never = outcome(&other, ids, checked(Residency::Streamed, Verify::Never)).expect("nothing is checked");
    assert_same(&plain, &never, "unchecked");
    let error = outcome(&other, ids, checked(Residency::Streamed, Verify::Reads)).expect_err("the checksum is wrong");
    assert_eq!(error, Error::Weight(WeightError::MetadataChecksum));
    // A tensor more or less, and the checksums are for another file.
    let file = packed(&fixture.file, &pack::Options::default());
    let key = b"flashlet.crc32c.tensors";
    let at = file.windows(key.len()).position(|w| w == key).expect("the key is there");
    let mut renamed = file.clone();
    renamed[at + 9] = b'x';
    let error = outcome(&renamed, ids, checked(Residency::Streamed, Verify::Reads)).expect_err("one is missing");
    assert_eq!(error, Error::Weight(WeightError::BadChecksums));
    // Elements of another type, which follows the value's own.
    let mut signed = file.clone();
    signed[at + key.len() + 4] = 5;
    // A tensor less, without which the embedding is the head.
    let untied = packed(&Fixture::load("llama-f16-mqa").file, &pack::Options::default());
    let head =
        edit::tensors(&untied).into_iter().find(|info| edit::name(info) == "output.weight").expect("there is one");
    for file in [signed, edit::without(&untied, &head)] {
        let error = outcome(&file, ids, checked(Residency::Streamed, Verify::Reads)).expect_err("not for this file");
        assert_eq!(error, Error::Weight(WeightError::BadChecksums));
    }
}

/// Bits that are wrong for good, anywhere: an error, unless they only pad tensors.
#[test]
fn rotten_files_are_noticed() {
    let fixture = Fixture::load("llama-f32-gqa");
    let ids = &fixture.ids[..2];
    let file = packed(&fixture.file, &pack::Options { page: Some(256), ..pack::Options::default() });
    let tensors = edit::tensors(&file);
    let data = tensors.iter().map(|t| t.offset).min().expect("there are tensors");
    let pads = |byte: u64| byte >= data && !tensors.iter().any(|t| (t.offset..t.offset + t.bytes).contains(&byte));
    let random = Faults::new(3);
    let mut padding = 0;
    for residency in [Residency::Mapped, Residency::Pinned, Residency::Streamed] {
        let options = checked(residency, Verify::All);
        let want = outcome(&file, ids, options).expect("the file is whole");
        for _ in 0..150 {
            let mut broken = file.clone();
            let bit = random.below(8 * broken.len() as u64);
            broken[bit as usize / 8] ^= 1 << (bit % 8);
            match outcome(&broken, ids, options) {
                Ok(have) => {
                    assert!(pads(bit / 8), "{residency:?}: bit {bit} is wrong, and nobody noticed");
                    assert_same(&want, &have, "rotten");
                    padding += 1;
                }
                Err(error) => assert!(!pads(bit / 8), "{residency:?}: bit {bit} only pads: {error}"),
            }
        }
    }
    println!("{padding} of 450 bits only pad tensors");
    assert!((1..45).contains(&padding));
}

/// Feeds the prompt and answers greedily until `n` tokens are there, once on sound flash and again and again on flash with
/// faults: what is not an error is what sound flash gives.
fn torture(name: &'static str, wanted: u64, seed: u64) {
    const TOKENS: usize = 12;
    let file = packed(&Fixture::load(name).file, &pack::Options::default());
    let faults = Faults::new(seed);
    faults.kinds.set([4, 1, 1]);
    let errors = Cell::new([0u64; 3]);
    let future = async {
        let mut source = Source::new(FaultyFlash::new(SliceFlash(&file), &faults));
        source.confirm = true;
        let model = Model::open(&mut source).await?;
        let options = Options { tile_bytes: 4096, ..checked(Residency::Streamed, Verify::All) };
        let plan = model.plan(&mut source, &options, None).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut |_| {}).await?;
        let n_vocab = session.n_vocab() as usize;
        let failed = |kind: usize| {
            let mut counts = errors.get();
            counts[kind] += 1;
            errors.set(counts);
        };
        let mut golden: Option<(Vec<u32>, Vec<Vec<f32>>, String)> = None;
        while faults.counts().flips + faults.counts().failures < wanted {
            faults.every.set(if golden.is_some() { 40 } else { 0 });
            // A device that fails once is asked again; one that fails four times in a row is given up.
            faults.burst.set([1, 1, 4, 9][faults.below(4) as usize]);
            session.reset();
            let mut ids = [0; 64];
            let n = loop {
                match session
                    .encode(
                        "hello there, this is the thing in the ring",
                        Encode { bos: true, ..Encode::default() },
                        &mut ids,
                    )
                    .await
                {
                    Ok(n) => break n,
                    Err(error) if golden.is_none() => return Err(error),
                    Err(_) => failed(0),
                }
            };
            let mut ids = ids[..n].to_vec();
            let mut logits = Vec::new();
            let mut text = String::new();
            let mut detokenizer = Detokenizer::new();
            while ids.len() < n + TOKENS {
                let row = loop {
                    let mut row = Logits::new(1, n_vocab);
                    // Chunks of the prompt that were finished before an error count.
                    let now = &ids[session.position() as usize..];
                    match session.feed(now, Want::Last, &mut |_, first, l| row.take(0, first, l)).await {
                        Ok(()) => break row.complete().remove(0),
                        Err(_) => failed(1),
                    }
                };
                let best = (0..n_vocab).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("there are logits");
                logits.push(row);
                ids.push(best as u32);
                loop {
                    let mut piece = String::new();
                    let mut trial = detokenizer;
                    match session.decode(best as u32, &mut trial, &mut |t| piece.push_str(t)).await {
                        Ok(()) => {
                            (detokenizer, text) = (trial, text + &piece);
                            break;
                        }
                        Err(_) => failed(2),
                    }
                }
            }
            match &golden {
                None => golden = Some((ids, logits, text)),
                Some((want_ids, want_logits, want_text)) => {
                    assert_eq!((want_ids, want_text), (&ids, &text), "{name}: a wrong token without an error");
                    assert_same(want_logits, &logits, name);
                }
            }
        }
        Ok::<_, Error>(())
    };
    block_on(future, || ()).expect("the session survives");
    let (counts, [encode, feed, decode]) = (faults.counts(), errors.get());
    println!("{name}: {counts:?}; errors: {encode} of encode, {feed} of feed, {decode} of decode; no wrong token");
    assert!(counts.flips > wanted / 3 && counts.failures > wanted / 3 && counts.spikes > 0 && feed > wanted / 20);
}

#[test]
fn ten_thousand_faults_and_no_wrong_token() {
    torture("llama-mixed32", 5000, 1);
    torture("gemma3-q8_0", 5000, 2);
}
