#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use super::*;
use crate::flash::{FlashError, MAX_READ_ALIGN, SliceFlash, block_on};
use core::fmt::Write;
use std::string::ToString;

mod names;

/// A file written by hand: each call appends what its name says.
#[derive(Clone, Default)]
struct File(heapless::Vec<u8, 8192>);

impl File {
    fn new(n_tensors: u64, n_kv: u64) -> Self {
        File::default().bytes(b"GGUF").u32(3).u64(n_tensors).u64(n_kv)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes).expect("test files are small");
        self
    }

    fn u32(self, n: u32) -> Self {
        self.bytes(&n.to_le_bytes())
    }

    fn u64(self, n: u64) -> Self {
        self.bytes(&n.to_le_bytes())
    }

    fn str(self, s: &[u8]) -> Self {
        self.u64(s.len() as u64).bytes(s)
    }

    fn kv(self, key: &str, value_type: u32, value: &[u8]) -> Self {
        self.str(key.as_bytes()).u32(value_type).bytes(value)
    }

    fn array(self, key: &str, elem: u32, len: u64) -> Self {
        self.str(key.as_bytes()).u32(9).u32(elem).u64(len)
    }

    fn tensor(self, name: &str, ne: &[u64], ggml_type: u32, offset: u64) -> Self {
        let dims = self.str(name.as_bytes()).u32(ne.len() as u32);
        ne.iter().fold(dims, |file, &n| file.u64(n)).u32(ggml_type).u64(offset)
    }

    /// Pads to `alignment` and appends `n` bytes of data.
    fn data(mut self, alignment: usize, n: usize) -> Self {
        let end = self.0.len().next_multiple_of(alignment) + n;
        self.0.resize(end, 0xdd).expect("test files are small");
        self
    }

    fn open(&self) -> Result<Gguf, GgufError> {
        block_on(Gguf::open(&mut self.source()), || ())
    }

    fn source(&self) -> Source<'_, SliceFlash<'_>> {
        Source::new(SliceFlash(&self.0))
    }

    /// Opens, and takes the problem out of the error.
    fn problem(&self) -> Problem {
        match self.open().expect_err("a bad file") {
            GgufError::Flash(error) => unreachable!("{error}"),
            GgufError::Header { problem, .. }
            | GgufError::Key { problem, .. }
            | GgufError::Tensor { problem, .. }
            | GgufError::Value { problem, .. } => problem,
        }
    }
}

/// Bytes behind a controller that only reads whole, aligned words.
struct Words<'a, const ALIGN: usize>(&'a [u8]);

impl<const ALIGN: usize> Flash for Words<'_, ALIGN> {
    const READ_ALIGN: usize = ALIGN;

    fn size(&self) -> u64 {
        (self.0.len() & !(ALIGN - 1)) as u64
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        assert!(offset.is_multiple_of(ALIGN as u64), "offset");
        assert!(dst.len().is_multiple_of(ALIGN) && dst.as_ptr().addr().is_multiple_of(ALIGN), "destination");
        SliceFlash(self.0).read(offset, dst).await
    }
}

fn sample() -> File {
    File::new(2, 4)
        .kv("general.architecture", 8, &[5, 0, 0, 0, 0, 0, 0, 0, b'l', b'l', b'a', b'm', b'a'])
        .kv("llama.block_count", 4, &30_u32.to_le_bytes())
        .array("tokenizer.ggml.tokens", 8, 3)
        .str(b"<s>")
        .str(b"")
        .str("é".as_bytes())
        .array("llama.ratios", 6, 2)
        .bytes(&1.5_f32.to_le_bytes())
        .bytes(&(-0.25_f32).to_le_bytes())
        .tensor("a.weight", &[32, 3], 2, 0)
        .tensor("b.weight", &[5], 0, 64)
        .data(32, 64 + 20)
}

#[test]
fn reads_keys_values_and_tensors() {
    let file = sample();
    let mut source = file.source();
    let gguf = file.open().expect("a good file");
    assert_eq!((gguf.version(), gguf.n_kv(), gguf.n_tensors(), gguf.alignment()), (3, 4, 2, 32));
    block_on(
        async {
            let mut buf = [0; 8];
            let arch = gguf.find(&mut source, &["general.architecture"]).await?.and_then(|v| v.as_str());
            let arch = arch.expect("present");
            assert_eq!(arch.read(&mut source, &mut buf).await?, b"llama");
            assert!(arch.eq(&mut source, b"llama").await? && !arch.eq(&mut source, b"lama").await?);
            assert!(!arch.eq(&mut source, b"llamb").await?);
            let too_long = arch.read(&mut source, &mut buf[..4]).await.expect_err("4 bytes for 5");
            let problem = Problem::TooLong { need: 5, have: 4 };
            assert_eq!(too_long, GgufError::Value { offset: arch.offset, problem });

            let blocks = gguf.find(&mut source, &["lla", "", "ma.block", "_count"]).await?;
            assert_eq!(blocks, Some(Value::U32(30)));
            for absent in ["llama.block_coun", "llama.block_count\0", "llama.block_counu", ""] {
                assert_eq!(gguf.find(&mut source, &[absent]).await?, None, "{absent:?}");
            }

            assert_eq!(gguf.find(&mut source, &["lamma", ".block_count"]).await?, None, "only the last part matches");

            let tokens = gguf.find(&mut source, &["tokenizer.ggml.tokens"]).await?.and_then(|v| v.as_array());
            let tokens = tokens.expect("an array");
            let mut walk = tokens.strings();
            assert_eq!(walk.next_prefix(&mut source, &mut buf).await?.expect("1st").1, b"<s>");
            let second = walk.position();
            assert_eq!(walk.next(&mut source).await?.expect("2nd").len, 0);
            let (third, prefix) = walk.next_prefix(&mut source, &mut buf[..1]).await?.expect("3rd");
            assert_eq!((third.len, prefix), (2, &[0xc3][..]));
            assert_eq!(walk.next(&mut source).await?, None);
            let mut walk = tokens.strings_from(second.0, second.1);
            assert_eq!(walk.next(&mut source).await?.expect("2nd").len, 0);
            assert_eq!(walk.next(&mut source).await?, Some(third));
            assert!(tokens.scalar(&mut source, 0).await.is_err(), "strings are no scalars");
            assert!(tokens.scalars().next(&mut source).await.is_err());

            let ratios = gguf.find(&mut source, &["llama.ratios"]).await?.and_then(|v| v.as_array());
            let ratios = ratios.expect("an array");
            assert_eq!(ratios.scalar(&mut source, 1).await?, Value::F32(-0.25));
            let error = ratios.scalar(&mut source, 2).await.expect_err("2 elements");
            assert_eq!(error, GgufError::Value { offset: ratios.offset, problem: Problem::Index { index: 2, len: 2 } });
            let mut walk = ratios.scalars();
            assert_eq!(walk.next(&mut source).await?, Some(Value::F32(1.5)));
            assert_eq!(walk.next(&mut source).await?, Some(Value::F32(-0.25)));
            assert_eq!(walk.next(&mut source).await?, None);
            assert!(ratios.strings().next(&mut source).await.is_err(), "scalars are no strings");

            let mut tensors = gguf.tensors();
            let a = tensors.next(&mut source).await?.expect("1st");
            assert_eq!((a.index, &a.name_bytes[..], a.n_dims, a.ne), (0, &b"a.weight"[..], 2, [32, 3, 1, 1]));
            assert_eq!(std::format!("{:?}", a.name_bytes), "\"a.weight\"");
            assert_eq!((a.ggml_type, a.offset, a.bytes), (GgmlType::Q4_0, gguf.data_offset(), 54));
            let b = tensors.next(&mut source).await?.expect("2nd");
            assert_eq!((b.ggml_type, b.offset, b.bytes), (GgmlType::F32, gguf.data_offset() + 64, 20));
            assert_eq!(b.offset + b.bytes, file.0.len() as u64);
            assert_eq!(tensors.next(&mut source).await?, None);
            Ok::<_, GgufError>(())
        },
        || (),
    )
    .expect("the file is good");
}

#[test]
fn no_prefix_of_a_file_is_a_file() {
    let file = sample();
    for len in 0..file.0.len() {
        let error = block_on(Gguf::open(&mut Source::new(SliceFlash(&file.0[..len]))), || ()).expect_err("cut");
        assert!(!matches!(error, GgufError::Flash(_)), "{len}: {error} is not explained");
    }
}

#[test]
fn windows_and_alignment_change_nothing() {
    async fn walk<F: Flash>(source: &mut Source<'_, F>) -> Result<(u64, usize), GgufError> {
        let gguf = Gguf::open(source).await?;
        let array = gguf.find(source, &["strings"]).await?.and_then(|v| v.as_array()).expect("present");
        let (mut strings, mut seen) = (array.strings(), 0);
        let mut buf = [0; 4096];
        while let Some((string, bytes)) = strings.next_prefix(source, &mut buf).await? {
            assert!(string.len == bytes.len() as u64 && bytes.iter().all(|&b| usize::from(b) == seen), "{seen}");
            seen += 1;
        }
        let long = gguf.find(source, &[core::str::from_utf8(&[b'k'; 1500]).expect("ascii")]).await?;
        assert_eq!(long, Some(Value::U8(7)));
        Ok((gguf.data_offset(), seen))
    }
    // Lengths around the window's, so that every field straddles its end in some file.
    for shift in 0..24 {
        let lens = [0, 1, WINDOW_BYTES - 17 + shift, WINDOW_BYTES, 3 * WINDOW_BYTES + shift, 2];
        let mut file = File::new(0, 2).array("strings", 8, lens.len() as u64);
        for (i, &len) in lens.iter().enumerate() {
            file = file.str(&[i as u8; 4096][..len]);
        }
        let file = file.str(&[b'k'; 1500]).u32(0).bytes(&[7]).data(MAX_READ_ALIGN, 0);
        let expected = (file.0.len() as u64 - 63, file.0.len() as u64);
        let plain = block_on(walk(&mut file.source()), || ()).expect("good");
        assert_eq!(plain.1, lens.len());
        assert!((expected.0..=expected.1).contains(&plain.0));
        let mapped = block_on(walk(&mut Source::with_mapping(SliceFlash(&file.0), &file.0)), || ());
        assert_eq!(mapped, Ok(plain));
        assert_eq!(block_on(walk(&mut Source::new(Words::<4>(&file.0))), || ()), Ok(plain));
        assert_eq!(block_on(walk(&mut Source::new(Words::<64>(&file.0))), || ()), Ok(plain));
    }
}

#[test]
fn large_arrays_are_walked_once() {
    // More arrays of strings than are remembered: the largest is.
    let small = (0..9).fold(File::new(0, 12), |file, i| file.array(&i.to_string(), 8, 1).str(b"x"));
    let mut file = small.array("tokens", 8, 400);
    for _ in 0..400 {
        file = file.str(b"token");
    }
    let file = file.array("flags", 7, 2000).bytes(&[1; 2000]).kv("last", 0, &[9]);
    let mut source = file.source();
    let gguf = block_on(Gguf::open(&mut source), || ()).expect("good");
    let opened = source.stats.bytes_read;
    assert!(opened >= file.0.len() as u64, "open checks everything");
    let last = block_on(gguf.find(&mut source, &["last"]), || ()).expect("good");
    assert_eq!(last, Some(Value::U8(9)));
    assert!(source.stats.bytes_read - opened <= 4 * WINDOW_BYTES as u64);
}

#[test]
fn nesting_is_bounded() {
    // Elements: [[[[7]]]] as far as `depth` goes.
    let nested = |depth: usize| {
        let mut file = File::new(0, 1).str(b"n").u32(9);
        for _ in 1..depth {
            file = file.u32(9).u64(1);
        }
        file.u32(0).u64(1).bytes(&[7])
    };
    for depth in 1..=MAX_NESTING {
        let file = nested(depth);
        let mut source = file.source();
        let gguf = file.open().expect("shallow enough");
        let value = block_on(gguf.find(&mut source, &["n"]), || ()).expect("good");
        assert_eq!(value.and_then(|v| v.as_array()).expect("array").end, file.0.len() as u64);
    }
    assert_eq!(nested(MAX_NESTING + 1).problem(), Problem::Nesting);
    assert_eq!(nested(300).problem(), Problem::Nesting);
    // Two inner arrays of different types and lengths, one empty, then a sibling key.
    let file = File::new(0, 2).array("n", 9, 3).u32(1).u64(2).bytes(&[1, 2]).u32(8).u64(1).str(b"x").u32(12).u64(0);
    let file = file.kv("k", 7, &[1]);
    let value = block_on(file.open().expect("good").find(&mut file.source(), &["k"]), || ());
    assert_eq!(value, Ok(Some(Value::Bool(true))));
}

#[test]
fn bad_headers_are_refused() {
    let header = |magic: &[u8], version: u32, n_tensors: u64, n_kv: u64| {
        File::default().bytes(magic).u32(version).u64(n_tensors).u64(n_kv)
    };
    assert!(header(b"GGUF", 2, 0, 0).open().is_ok());
    assert_eq!(header(b"ggjt", 3, 0, 0).problem(), Problem::Magic(*b"ggjt"));
    for version in [0, 1, 4, 0x10003] {
        assert_eq!(header(b"GGUF", version, 0, 0).problem(), Problem::Version(version));
    }
    assert_eq!(header(b"GGUF", 3_u32.swap_bytes(), 0, 0).problem(), Problem::BigEndian);
    for (n_tensors, n_kv) in [(1, 0), (0, 1), (1 << 32, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX / 33 + 1, 0)] {
        let problem = header(b"GGUF", 3, n_tensors, n_kv).problem();
        assert_eq!(problem, Problem::Counts { n_kv, n_tensors, size: 24 });
    }
    // A key takes 14 bytes at least, a tensor 33: with as many the counts are believed.
    for (n_tensors, n_kv, bytes) in [(0, 1, 14), (0, 2, 28), (1, 0, 33), (2, 0, 66), (2, 3, 108)] {
        let counts = |bytes| header(b"GGUF", 3, n_tensors, n_kv).bytes(&[0; 108][..bytes]).problem();
        assert!(matches!(counts(bytes - 1), Problem::Counts { .. }), "{n_tensors} tensors, {n_kv} keys");
        assert!(!matches!(counts(bytes), Problem::Counts { .. }), "{n_tensors} tensors, {n_kv} keys");
    }
}

#[test]
fn bad_keys_are_refused() {
    let one = |key: &[u8]| File::new(0, 1).str(key);
    assert_eq!(File::new(0, 1).u64(65536).data(1, 99).problem(), Problem::KeyLength(65536));
    let longest = [&File::new(0, 1).u64(65535).0[..], &[b'k'; 65535], &[0; 5]].concat();
    assert!(block_on(Gguf::open(&mut Source::new(SliceFlash(&longest))), || ()).is_ok());
    assert_eq!(one(b"k").u32(13).u64(0).problem(), Problem::ValueType(13));
    assert_eq!(one(b"k").u32(9).u32(99).u64(0).problem(), Problem::ValueType(99));
    assert_eq!(one(b"k").u32(7).bytes(&[2]).data(1, 8).problem(), Problem::Bool(2));
    assert_eq!(one(b"k").u32(9).u32(7).u64(3).bytes(&[0, 1, 2]).problem(), Problem::Bool(2));
    assert_eq!(one(b"k").u32(9).u32(9).u64(1).u32(7).u64(1).bytes(&[3]).problem(), Problem::Bool(3));
    assert_eq!(one(b"k").u32(8).u64(9).bytes(b"8 bytes.").problem(), Problem::Truncated { need: 9, size: 53 });
    assert_eq!(one(b"k").u32(8).u64(u64::MAX).problem(), Problem::Truncated { need: u64::MAX, size: 45 });
    // The count, times the element's bytes, wraps or passes the end.
    for (elem, len) in [(10, (1 << 61) + 1), (0, 9), (8, 2), (9, 1), (8, 1 << 61), (9, u64::MAX / 12 + 1)] {
        let file = one(b"k").u32(9).u32(elem).u64(len).bytes(&[0; 8]);
        assert_eq!(file.problem(), Problem::ArrayLength { len, size: 57 }, "{elem} {len}");
    }
}

#[test]
fn alignment_is_checked_and_honoured() {
    let with = |value_type: u32, value: &[u8]| File::new(0, 1).kv("general.alignment", value_type, value).data(1, 8);
    for bad in [0, 1, 4, 24, 33, 1 << 25, 1 << 31, u32::MAX] {
        assert_eq!(with(4, &bad.to_le_bytes()).problem(), Problem::Alignment(bad));
    }
    assert_eq!(with(5, &32_u32.to_le_bytes()).problem(), Problem::AlignmentType(ValueType::I32));
    assert_eq!(with(10, &32_u64.to_le_bytes()).problem(), Problem::AlignmentType(ValueType::U64));
    assert_eq!(with(4, &64_u32.to_le_bytes()).open().expect("good").alignment(), 64);

    let file = |first: bool, offset: u64| {
        let file = File::new(2, 2);
        let file = if first { file } else { file.kv("x", 0, &[0]) };
        let file = file.kv("general.alignment", 4, &256_u32.to_le_bytes());
        let file = if first { file.kv("x", 0, &[0]) } else { file };
        file.tensor("a", &[1], 0, 0).tensor("b", &[2], 0, offset).data(256, 256 + 8)
    };
    for first in [true, false] {
        assert_eq!(file(first, 256).open().expect("good").data_offset(), 256);
        assert_eq!(file(first, 32).problem(), Problem::Unaligned { start: 32, alignment: 256 });
    }
    let key = ["general.alignment"; 2];
    let twice = File::new(0, 2).kv(key[0], 4, &64_u32.to_le_bytes()).kv(key[1], 4, &64_u32.to_le_bytes());
    assert_eq!(twice.problem(), Problem::DuplicateKey { first: 0 });
}

#[test]
fn bad_tensors_are_refused() {
    let one = |ne: &[u64], ggml_type: u32, offset: u64| File::new(1, 0).tensor("t", ne, ggml_type, offset).data(32, 64);
    assert!(one(&[16], 0, 0).open().is_ok());
    let outside = |start, bytes, size| Problem::OutsideFile { start, bytes, size };
    assert_eq!(one(&[17], 0, 0).problem(), outside(64, 68, 128));
    assert_eq!(one(&[9], 0, 32).problem(), outside(96, 36, 128));
    assert_eq!(one(&[1], 0, u64::MAX - 31).problem(), outside(u64::MAX, 4, 128));
    assert_eq!(one(&[1], 0, 1 << 32).problem(), outside((1 << 32) + 64, 4, 128));
    assert_eq!(one(&[1], 0, 16).problem(), Problem::Unaligned { start: 16, alignment: 32 });
    assert_eq!(one(&[], 0, 0).problem(), Problem::Dims(0));
    assert_eq!(one(&[1; 5], 0, 0).problem(), Problem::Dims(5));
    assert_eq!(one(&[4, 0], 0, 0).problem(), Problem::ZeroDim { dim: 1 });
    for id in [42, 43, u32::MAX] {
        assert_eq!(one(&[32], id, 0).problem(), Problem::GgmlType(id));
    }
    // Gaps in ggml.h's `enum ggml_type`, with the names that stood there.
    let withdrawn = [
        (4, "Q4_2"),
        (5, "Q4_3"),
        (31, "Q4_0_4_4"),
        (32, "Q4_0_4_8"),
        (33, "Q4_0_8_8"),
        (36, "IQ4_NL_4_4"),
        (37, "IQ4_NL_4_8"),
        (38, "IQ4_NL_8_8"),
    ];
    for (id, name) in withdrawn {
        let problem = one(&[32], id, 0).problem();
        assert_eq!(problem, Problem::GgmlType(id));
        let message = problem.to_string();
        assert_eq!(message, std::format!("element type {id} ({name}) was withdrawn from ggml"));
    }
    assert_eq!(one(&[33], 2, 0).problem(), Problem::Row { elems: 33, ggml_type: GgmlType::Q4_0 });
    assert_eq!(one(&[128, 2], 12, 0).problem(), Problem::Row { elems: 128, ggml_type: GgmlType::Q4K });
    // Element counts and byte sizes that wrap, together or only one of them.
    for ne in [&[u64::MAX, 2][..], &[1 << 62, 4], &[4, 1 << 30, 1 << 32], &[1 << 61, 1, 1, 8], &[1 << 61]] {
        assert_eq!(one(ne, 0, 0).problem(), Problem::TensorSize, "{ne:?}");
    }
    let q4_0 = ((1 << 63) / 18 + 1) * 32;
    assert_eq!(one(&[q4_0], 2, 0).problem(), Problem::TensorSize);

    let two = |second: u64| File::new(2, 0).tensor("a", &[9], 0, 0).tensor("b", &[1], 0, second).data(32, 160);
    assert!(two(64).open().is_ok() && two(96).open().is_ok(), "gaps are fine");
    for start in [0, 32] {
        assert_eq!(two(start).problem(), Problem::Overlap { start, end: 36 });
    }

    let named = |name: &[u8]| File::new(1, 0).str(name).u32(1).u64(1).u32(0).u64(0).data(32, 4);
    assert!(named(&[b'n'; 64]).open().is_ok());
    assert_eq!(named(&[b'n'; 65]).problem(), Problem::NameLength(65));
    assert_eq!(named(b"").data(1, 9).problem(), Problem::NameLength(0));
    assert_eq!(named(&[0xff, 0xfe]).problem(), Problem::NameUtf8);
}

#[test]
fn errors_say_what_and_where() {
    struct Named(GgufError, Name);
    impl core::fmt::Display for Named {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            self.0.write(f, &self.1)
        }
    }
    let text = |file: &File| {
        let error = file.open().expect_err("a bad file");
        let name = block_on(error.name().read(&mut file.source()), || ());
        let mut text = heapless::String::<256>::new();
        write!(text, "{}", Named(error, name)).expect("short");
        text
    };
    let file = File::new(2, 0).tensor("ok", &[1], 0, 0).tensor("blk.0.\nq\u{7f}", &[31], 8, 32).data(32, 64);
    let error = file.open().expect_err("31 is no multiple of 32");
    assert!(matches!(error, GgufError::Tensor { index: 1, offset: 79, .. }), "{error:?}");
    assert_eq!(
        text(&file).as_str(),
        "tensor 1 (blk.0.\u{fffd}q\u{fffd}) at offset 79: a row of 31 elements is not whole Q8_0 blocks of 32"
    );
    assert!(error.to_string().starts_with("tensor 1 at offset 79: a row of 31"), "{error}");
    let file = File::new(0, 1).str(&[b'k'; 71]).u32(77).data(1, 9);
    let error = text(&file);
    assert!(error.starts_with("key 0 (kkkk") && error.ends_with("k) at offset 103: unknown value type 77"), "{error}");
    assert_eq!(text(&File::default()).as_str().split(':').next(), Some("header at offset 0"));
}

#[test]
fn flash_failures_pass_through() {
    struct Broken;
    impl Flash for Broken {
        fn size(&self) -> u64 {
            1 << 20
        }
        async fn read(&mut self, offset: u64, _: &mut [u8]) -> Result<(), FlashError> {
            Err(FlashError::Device { offset })
        }
    }
    let error = block_on(Gguf::open(&mut Source::new(Broken)), || ()).expect_err("broken");
    assert_eq!(error, GgufError::Flash(FlashError::Device { offset: 0 }));
    let source = core::error::Error::source(&error).expect("the flash's error");
    assert_eq!(source.to_string(), FlashError::Device { offset: 0 }.to_string());
    assert!(core::error::Error::source(&File::default().open().expect_err("no file")).is_none());
}
