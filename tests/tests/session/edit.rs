//! Changed copies of fixtures: keys more, tensors less, other bytes in tensors.

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::{Gguf, GgufError, TensorInfo};
use flashlet::internal::quant::WeightType;

/// A metadata value with its type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'v> {
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    Str(&'v str),
    /// An array of `u32`.
    U32s(&'v [u32]),
}

/// A key with its value, as a file has them.
fn entry(key: &str, value: Value<'_>) -> Vec<u8> {
    let mut out = (key.len() as u64).to_le_bytes().to_vec();
    out.extend(key.as_bytes());
    let mut typed = |id: u32, bytes: &[u8]| {
        out.extend(id.to_le_bytes());
        out.extend(bytes);
    };
    match value {
        Value::U32(n) => typed(4, &n.to_le_bytes()),
        Value::I32(n) => typed(5, &n.to_le_bytes()),
        Value::F32(x) => typed(6, &x.to_le_bytes()),
        Value::Bool(b) => typed(7, &[u8::from(b)]),
        Value::Str(text) => typed(8, &[&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()),
        Value::U32s(ns) => {
            let elements: Vec<u8> = ns.iter().flat_map(|n| n.to_le_bytes()).collect();
            typed(9, &[&4u32.to_le_bytes()[..], &(ns.len() as u64).to_le_bytes(), &elements].concat());
        }
    }
    out
}

/// The tensors of a file.
pub(crate) fn tensors(file: &[u8]) -> Vec<TensorInfo> {
    let mut source = Source::with_mapping(SliceFlash(file), file);
    let future = async {
        let gguf = Gguf::open(&mut source).await?;
        let (mut walk, mut all) = (gguf.tensors(), Vec::new());
        while let Some(info) = walk.next(&mut source).await? {
            all.push(info);
        }
        Ok::<_, GgufError>(all)
    };
    block_on(future, || ()).expect("the file is good")
}

pub(crate) fn name(info: &TensorInfo) -> &str {
    info.name_bytes.as_str().expect("names are text")
}

/// Puts `keys` in front of a file's own, and one more that keeps the data aligned after `grown` other bytes were added to
/// the header.
fn put_keys(file: &mut Vec<u8>, keys: &[(&str, Value<'_>)], grown: i64) {
    let n_kv = u64::from_le_bytes(file[16..24].try_into().expect("eight bytes")) + keys.len() as u64 + 1;
    let mut added: Vec<u8> = keys.iter().flat_map(|(key, value)| entry(key, *value)).collect();
    // A file may be changed more than once.
    let name = format!("general.filler.{n_kv}");
    let filler = entry(&name, Value::Str("")).len();
    let padding = (-(grown + (added.len() + filler) as i64)).rem_euclid(32) as usize;
    added.extend(entry(&name, Value::Str(&"x".repeat(padding))));
    file[16..24].copy_from_slice(&n_kv.to_le_bytes());
    file.splice(24..24, added);
}

/// The file with `keys` in front of its own.
pub(crate) fn with_keys(file: &[u8], keys: &[(&str, Value<'_>)]) -> Vec<u8> {
    let mut out = file.to_vec();
    put_keys(&mut out, keys, 0);
    out
}

/// The file without the entry of a tensor in its directory; the tensor's data stay, as a gap.
pub(crate) fn without(file: &[u8], tensor: &TensorInfo) -> Vec<u8> {
    let name = tensor.name.offset as usize - 8..(tensor.name.offset + tensor.name.len) as usize;
    // Dimensions with their number, type and offset.
    let entry = name.start..name.end + 4 + 8 * tensor.n_dims as usize + 4 + 8;
    let mut out = file.to_vec();
    let n_tensors = u64::from_le_bytes(file[8..16].try_into().expect("eight bytes")) - 1;
    out[8..16].copy_from_slice(&n_tensors.to_le_bytes());
    out.drain(entry.clone());
    put_keys(&mut out, &[], -(entry.len() as i64));
    out
}

/// The file whose tensor has its dimensions written as `ne`.
pub(crate) fn with_dims(file: &[u8], tensor: &TensorInfo, ne: &[u64]) -> Vec<u8> {
    let at = (tensor.name.offset + tensor.name.len) as usize;
    let old = at..at + 4 + 8 * tensor.n_dims as usize;
    let mut new = (ne.len() as u32).to_le_bytes().to_vec();
    new.extend(ne.iter().flat_map(|n| n.to_le_bytes()));
    let grown = new.len() as i64 - old.len() as i64;
    let mut out = file.to_vec();
    out.splice(old, new);
    put_keys(&mut out, &[], grown);
    out
}

/// Makes row `row` of a tensor not a number, in all its elements or in the scales of its blocks; returns false for a format
/// that has no such scales.
pub(crate) fn poison(file: &mut [u8], tensor: &TensorInfo, row: usize) -> bool {
    let rows = (tensor.ne[1] * tensor.ne[2] * tensor.ne[3]) as usize;
    let bytes = tensor.bytes as usize / rows;
    let row = &mut file[tensor.offset as usize + row * bytes..][..bytes];
    match tensor.ggml_type.name() {
        "F32" => row.as_chunks_mut::<4>().0.iter_mut().for_each(|x| *x = f32::NAN.to_le_bytes()),
        "F16" => row.as_chunks_mut::<2>().0.iter_mut().for_each(|x| *x = 0x7e00u16.to_le_bytes()),
        "BF16" => row.as_chunks_mut::<2>().0.iter_mut().for_each(|x| *x = 0x7fc0u16.to_le_bytes()),
        _ => {
            let ty = WeightType::from_id(tensor.ggml_type.id()).expect("the fixtures' types are supported");
            let Some(&scale) = flashlet_test_data::scales(ty).first() else { return false };
            for block in row.chunks_exact_mut(ty.block_bytes()) {
                block[scale..scale + 2].copy_from_slice(&0x7e00u16.to_le_bytes());
            }
        }
    }
    true
}
