//! The reader against files written, and described, by PyPI `gguf` (`fixtures/make_gguf.py`).

use core::fmt::Write;
use core::future::Future;
use core::pin::Pin;
use flashlet::flash::{Flash, FlashError, SliceFlash, Source, block_on};
use flashlet::gguf::{Array, Gguf, GgufError, Str, Value, ValueType};
use std::path::Path;

/// Flash that only reads aligned words, as a QSPI controller does; the end is padded.
struct Words(Vec<u8>);

impl Flash for Words {
    const READ_ALIGN: usize = 4;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        assert!(offset.is_multiple_of(4) && dst.len().is_multiple_of(4) && dst.as_ptr().addr().is_multiple_of(4));
        let from = &self.0[offset as usize..][..dst.len()];
        dst.copy_from_slice(from);
        core::future::ready(Ok(()))
    }
}

async fn text<F: Flash>(source: &mut Source<'_, F>, string: Str) -> Result<String, GgufError> {
    let mut buf = [0; 1024];
    let hex: String = string.read(source, &mut buf).await?.iter().map(|b| format!("{b:02x}")).collect();
    Ok(if hex.is_empty() { "-".into() } else { hex })
}

fn number(value: Value) -> String {
    match value {
        Value::U8(n) => n.to_string(),
        Value::I8(n) => n.to_string(),
        Value::U16(n) => n.to_string(),
        Value::I16(n) => n.to_string(),
        Value::U32(n) => n.to_string(),
        Value::I32(n) => n.to_string(),
        Value::U64(n) => n.to_string(),
        Value::I64(n) => n.to_string(),
        Value::F32(x) => format!("{:08x}", x.to_bits()),
        Value::F64(x) => format!("{:016x}", x.to_bits()),
        Value::Bool(b) => u8::from(b).to_string(),
        other => format!("{other:?} is no number"),
    }
}

/// The type of the array, and its leaves in `out`.
fn leaves<'f, F: Flash>(
    source: &'f mut Source<'_, F>,
    array: Array,
    out: &'f mut String,
) -> Pin<Box<dyn Future<Output = Result<String, GgufError>> + 'f>> {
    Box::pin(async move {
        let mut elem = array.elem.name().to_string();
        match array.elem {
            ValueType::Array => {
                let mut walk = array.arrays();
                while let Some(inner) = walk.next(source).await? {
                    elem = leaves(source, inner, out).await?;
                }
            }
            ValueType::Str => {
                let mut walk = array.strings();
                while let Some(string) = walk.next(source).await? {
                    write!(out, " {}", text(source, string).await?).expect("a String");
                }
            }
            _ => {
                let mut walk = array.scalars();
                for index in 0..array.len {
                    let value = walk.next(source).await?;
                    assert_eq!(value, Some(array.scalar(source, index).await?));
                    write!(out, " {}", value.map_or_else(String::new, number)).expect("a String");
                }
                assert_eq!(walk.next(source).await?, None);
            }
        }
        Ok(format!("array<{elem}>"))
    })
}

/// The same lines that the script writes, from our reader.
async fn describe<F: Flash>(source: &mut Source<'_, F>) -> Result<String, GgufError> {
    let gguf = Gguf::open(source).await?;
    let mut out =
        format!("version {}\nalignment {}\ndata_offset {}\n", gguf.version(), gguf.alignment(), gguf.data_offset());
    let mut kvs = gguf.kvs();
    while let Some((key, value)) = kvs.next(source).await? {
        let mut buf = [0; 128];
        let key = String::from_utf8_lossy(key.read(source, &mut buf).await?).into_owned();
        let (head, tail) = key.split_at(key.len() / 2);
        assert_eq!(gguf.find(source, &[head, tail]).await?, Some(value), "{key} is found where the walk saw it");
        let (kind, values) = match value {
            Value::Str(string) => ("string".into(), format!(" {}", text(source, string).await?)),
            Value::Array(array) => {
                let mut values = String::new();
                (leaves(source, array, &mut values).await?, values)
            }
            other => (other.value_type().name().into(), format!(" {}", number(other))),
        };
        writeln!(out, "kv {key} {kind}{values}").expect("a String");
    }
    let mut tensors = gguf.tensors();
    while let Some(info) = tensors.next(source).await? {
        let mut data = vec![0; info.bytes as usize];
        source.read(info.offset, &mut data).await?;
        let sum: u64 = data.iter().map(|&b| u64::from(b)).sum();
        write!(out, "tensor {} {}", info.name_bytes, info.ggml_type).expect("a String");
        for n in &info.ne[..info.n_dims as usize] {
            write!(out, " {n}").expect("a String");
        }
        writeln!(out, " {} {} {sum}", info.offset, info.bytes).expect("a String");
    }
    Ok(out)
}

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gguf");
    let mut file = std::fs::read(folder.join(name).with_extension("gguf")).expect("a fixture");
    let expected = std::fs::read_to_string(folder.join(name).with_extension("txt")).expect("its description");
    let read = block_on(describe(&mut Source::new(SliceFlash(&file))), || ()).expect("a good file");
    for (ours, theirs) in read.lines().zip(expected.lines()) {
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(read.lines().count(), expected.lines().count(), "{name}");
    let mapped = block_on(describe(&mut Source::with_mapping(SliceFlash(&file), &file)), || ());
    assert_eq!(mapped.as_ref(), Ok(&read));
    file.resize(file.len().next_multiple_of(4), 0xff);
    assert_eq!(block_on(describe(&mut Source::new(Words(file))), || ()), Ok(read));
}

#[test]
fn every_type_of_value() {
    check("values");
}

#[test]
fn nested_arrays() {
    check("nested");
}

#[test]
fn every_type_of_tensor() {
    check("tensors");
}

#[test]
fn alignment_64() {
    check("aligned");
}

#[test]
fn version_2() {
    check("version2");
}
