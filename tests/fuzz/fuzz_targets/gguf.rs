//! Opens arbitrary bytes as a GGUF and uses everything that the reader hands out. Beyond not
//! panicking: what `open` accepted is read without errors, tensors lie where they may, and
//! the ways to read (mapped, copied, in aligned words) agree.
#![no_main]

use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::gguf::{Array, Gguf, GgufError, Problem, Str, Value, ValueType};
use flashlet_fuzz::Words;
use libfuzzer_sys::fuzz_target;

/// A file of one-byte keys would make the walks below quadratic.
const MAX_LOOKUPS: u32 = 24;
const KEYS: &[&[&str]] =
    &[&["general.architecture"], &["llama", ".", "block_count"], &["tokenizer.ggml.tokens"], &["absent"], &[]];

/// What was seen, mixed together.
struct Digest(u64);

impl Digest {
    fn add(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let copied = block_on(explore(&mut Source::new(SliceFlash(bytes))), || ());
    let mapped = block_on(explore(&mut Source::with_mapping(SliceFlash(bytes), bytes)), || ());
    assert_eq!(copied, mapped);
    let whole = bytes.len() & !3;
    let words = block_on(explore(&mut Source::new(Words(bytes))), || ());
    if whole == bytes.len() {
        assert_eq!(copied, words);
    }
});

async fn explore<F: Flash>(source: &mut Source<'_, F>) -> Result<u64, GgufError> {
    let gguf = match Gguf::open(source).await {
        Ok(gguf) => gguf,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Err(error);
        }
    };
    let mut digest = Digest(0);
    walk_keys(source, &gguf, &mut digest).await.expect("open checked the keys");
    walk_tensors(source, &gguf, &mut digest).await.expect("open checked the tensors");
    Ok(digest.0)
}

async fn walk_keys<F: Flash>(source: &mut Source<'_, F>, gguf: &Gguf, digest: &mut Digest) -> Result<(), GgufError> {
    let (mut kvs, mut n) = (gguf.kvs(), 0);
    while let Some((key, value)) = kvs.next(source).await? {
        read_string(source, key, digest).await?;
        read_value(source, value, digest).await?;
        let mut buf = [0; 256];
        if n < MAX_LOOKUPS
            && let Ok(key) = key.read(source, &mut buf).await
            && let Ok(key) = core::str::from_utf8(key)
        {
            look_up(source, gguf, &[key], Some(value)).await?;
        }
        n += 1;
    }
    assert_eq!(n, gguf.n_kv());
    for parts in KEYS {
        look_up(source, gguf, parts, None).await?;
    }
    Ok(())
}

/// A key that is there is found, or is there twice.
async fn look_up<F: Flash>(
    source: &mut Source<'_, F>,
    gguf: &Gguf,
    parts: &[&str],
    expected: Option<Value>,
) -> Result<(), GgufError> {
    match gguf.find(source, parts).await {
        Ok(found) => {
            let (found, expected) = (format!("{found:?}"), expected.map(|value| format!("{:?}", Some(value))));
            assert!(expected.is_none_or(|expected| expected == found));
            Ok(())
        }
        Err(GgufError::Key { problem: Problem::DuplicateKey { .. }, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn read_value<F: Flash>(source: &mut Source<'_, F>, value: Value, digest: &mut Digest) -> Result<(), GgufError> {
    digest.add(value.as_uint().unwrap_or(1));
    digest.add(value.as_f32().map_or(2, |x| x.to_bits().into()));
    match value {
        Value::Str(string) => read_string(source, string, digest).await,
        Value::Array(array) => read_array(source, array, digest).await,
        _ => Ok(()),
    }
}

async fn read_array<F: Flash>(source: &mut Source<'_, F>, array: Array, digest: &mut Digest) -> Result<(), GgufError> {
    assert!(array.offset <= array.end && array.end <= source.size());
    digest.add(array.len);
    match array.elem {
        ValueType::Str => {
            let (mut walk, mut n) = (array.strings(), 0);
            while let Some(string) = walk.next(source).await? {
                if n < 8 {
                    read_string(source, string, digest).await?;
                }
                n += 1;
            }
            assert_eq!((n, walk.position().1), (array.len, array.end));
        }
        ValueType::Array => {
            let (mut walk, mut n) = (array.arrays(), 0);
            while let Some(inner) = walk.next(source).await? {
                Box::pin(read_array(source, inner, digest)).await?;
                n += 1;
            }
            assert_eq!(n, array.len);
        }
        _ => {
            for index in [0, array.len / 2, array.len.wrapping_sub(1), array.len, u64::MAX] {
                match array.scalar(source, index).await {
                    Ok(value) => digest.add(value.as_uint().unwrap_or(3)),
                    Err(error) => assert!(index >= array.len, "{error}"),
                }
            }
            let (mut walk, mut n) = (array.scalars(), 0);
            while walk.next(source).await?.is_some() {
                n += 1;
            }
            assert_eq!(n, array.len);
        }
    }
    Ok(())
}

async fn read_string<F: Flash>(source: &mut Source<'_, F>, string: Str, digest: &mut Digest) -> Result<(), GgufError> {
    let mut buf = [0; 300];
    match string.read(source, &mut buf).await {
        Ok(bytes) => {
            bytes.iter().for_each(|&b| digest.add(b.into()));
            let bytes = bytes.to_vec();
            assert!(string.eq(source, &bytes).await?);
            Ok(())
        }
        Err(GgufError::Value { problem: Problem::TooLong { .. }, .. }) if string.len > 300 => Ok(()),
        Err(error) => Err(error),
    }
}

async fn walk_tensors<F: Flash>(source: &mut Source<'_, F>, gguf: &Gguf, digest: &mut Digest) -> Result<(), GgufError> {
    let (mut walk, mut end) = (gguf.tensors(), gguf.data_offset());
    let mut n = 0;
    while let Some(info) = walk.next(source).await? {
        assert_eq!(info.index, n);
        assert!(info.offset >= end && info.offset.is_multiple_of(gguf.alignment().into()), "{info:?}");
        end = info.offset + info.bytes;
        assert!(info.bytes > 0 && end <= source.size(), "{info:?}");
        assert!(info.ne[0].is_multiple_of(info.ggml_type.block_elems().into()));
        assert!(core::str::from_utf8(&info.name_bytes).is_ok_and(|name| !name.is_empty()));
        digest.add(end);
        n += 1;
    }
    assert_eq!(n, gguf.n_tensors());
    Ok(())
}
