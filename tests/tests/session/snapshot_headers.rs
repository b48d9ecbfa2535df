//! Snapshot headers are checked in every field, and the cost of a model's hash is known.

use super::device::Chip;
use super::edit;
use super::integrity::packed;
use super::model::Fixture;
use super::nor::Nor;
use super::rewind::{ignore, session};
use super::snapshots::hash_of;
use flashlet::flash::block_on;
use flashlet::kernels::Kernels;
use flashlet::model::Want;
use flashlet::session::{ModelHash, SnapshotError, Snapshots};
use flashlet::simd::Scalar;
use flashlet::{Error, Model, Options};
use flashlet_sim::pack;

type Qspi = Nor<1, 1, 4096>;

/// Tokens of the snapshots.
const TOKENS: usize = 20;
/// Bytes of the device, whose second half is the second slot.
const BYTES: u32 = 1 << 18;

fn snapshots<'n>(nor: &'n mut Qspi, fixture: &Fixture) -> Snapshots<'static, &'n mut Qspi> {
    Snapshots::new(nor, 0..BYTES, hash_of(&fixture.file), &Scalar).expect("the device will do")
}

/// A device with `n` snapshots of the fixture's first tokens, saved one after another.
fn saved(fixture: &Fixture, n: usize) -> Qspi {
    let mut nor = Qspi::new(BYTES as usize);
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        session.feed(&fixture.ids[..TOKENS], Want::None, &mut ignore).await?;
        for _ in 0..n {
            snapshots(&mut nor, fixture).save(session, &fixture.ids[..TOKENS])?;
        }
        Ok(())
    });
    nor
}

/// Overwrites a field of the header at `slot`, whose checksum is in its last four bytes.
fn set(nor: &mut Qspi, slot: usize, field: usize, value: &[u8]) {
    let header = &mut nor.bytes[slot..slot + 64];
    header[field..field + value.len()].copy_from_slice(value);
    let crc = Scalar.crc32c(0, &header[..60]);
    header[60..].copy_from_slice(&crc.to_le_bytes());
}

const VERSION: usize = 8;
const PAYLOAD_BYTES: usize = 32;

fn restored(nor: &mut Qspi, fixture: &Fixture) -> Result<Option<u32>, SnapshotError> {
    let mut result = Ok(None);
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        result = snapshots(nor, fixture).restore(session, &fixture.ids);
        Ok(())
    });
    result
}

#[test]
fn snapshots_of_another_version_are_told_from_none() {
    let fixture = Fixture::load("llama-f32-gqa");
    let mut nor = saved(&fixture, 2);
    assert_eq!(restored(&mut nor, &fixture), Ok(Some(TOKENS as u32)));
    // The second slot has the newer one: the older is restored, as long as this version reads it.
    let second = BYTES as usize / 2;
    set(&mut nor, second, VERSION, &1u32.to_le_bytes());
    assert_eq!(restored(&mut nor, &fixture), Ok(Some(TOKENS as u32)));
    for version in [1u32, 2, 4] {
        set(&mut nor, 0, VERSION, &version.to_le_bytes());
        let error = restored(&mut nor, &fixture).expect_err("neither is read");
        let SnapshotError::OtherVersion { saved, have } = error else { unreachable!("{error}") };
        assert!([1, version].contains(&saved) && have == 3, "{error}");
        assert!(error.to_string().contains("version"), "{error}");
        assert_eq!(snapshots(&mut nor, &fixture).newest(), None);
    }
    // They are overwritten like none.
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        session.feed(&fixture.ids[..TOKENS], Want::None, &mut ignore).await?;
        snapshots(&mut nor, &fixture).save(session, &fixture.ids[..TOKENS])?;
        Ok(())
    });
    assert_eq!(restored(&mut nor, &fixture), Ok(Some(TOKENS as u32)));
}

/// Keys and values of 20 tokens have so many bytes, and no others are taken for them.
#[test]
fn a_payload_of_another_length_is_broken() {
    let fixture = Fixture::load("llama-f32-gqa");
    let sound = saved(&fixture, 1);
    let field = sound.bytes[PAYLOAD_BYTES..PAYLOAD_BYTES + 8].try_into().expect("eight bytes");
    let bytes = u64::from_le_bytes(field);
    // Two layers, two key heads of 8 halves that take a group of 16, two blocks of 16 positions, keys and values.
    assert_eq!(bytes, 2 * 2 * (16 * 2) * (2 * 16) * 2);
    for wrong in [0, 1, bytes / 2, bytes - 1, bytes + 1, 2 * bytes, u64::from(BYTES), u64::MAX] {
        let mut nor = sound.clone();
        set(&mut nor, 0, PAYLOAD_BYTES, &wrong.to_le_bytes());
        assert_eq!(restored(&mut nor, &fixture), Err(SnapshotError::Broken { offset: 0 }), "{wrong} bytes");
    }
}

/// CRC-32C of the header with metadata and directory, and of all tensors' data one after another.
#[test]
fn the_hash_is_of_all_bytes_and_costs_what_it_says() {
    for name in ["llama-mixed32", "gemma3-f16"] {
        let file = Fixture::load(name).file;
        let tensors = edit::tensors(&file);
        let hash_bytes = |file: &[u8]| {
            let mut source = Chip::<4>::source(file, 0);
            let (hash, bytes, read) = block_on(
                async {
                    let model = Model::open(&mut source).await?;
                    let before = source.stats.bytes_read;
                    let hash = model.hash(&mut source, &Scalar).await?;
                    Ok::<_, Error>((hash, model.hash_bytes(), source.stats.bytes_read - before))
                },
                || (),
            )
            .expect("a model");
            // A walk over the directory, and what is read to whole words.
            assert!(read >= bytes && read < bytes + 8192, "{name}: {read} bytes read, {bytes} named");
            (hash, bytes)
        };
        let data = tensors[0].offset;
        let of = |crc, bytes: &[u8]| Scalar.crc32c(crc, bytes);
        let all =
            |crc, t: &flashlet::gguf::TensorInfo| of(crc, &file[t.offset as usize..(t.offset + t.bytes) as usize]);
        let weights = tensors.iter().fold(0, all);
        let want = ModelHash(u64::from(of(0, &file[..data as usize])) << 32 | u64::from(weights));
        let bytes = data + tensors.iter().map(|t| t.bytes).sum::<u64>();
        assert_eq!(hash_bytes(&file), (want, bytes), "{name}");
        // Checksums stand for the data.
        let packed = packed(&file, &pack::Options::default());
        assert_eq!(hash_bytes(&packed).1, edit::tensors(&packed)[0].offset, "{name}");
    }
}
