//! Blocks against the goldens in `fixtures/quant`, which `fixtures/make_quant.py` describes.

use core::mem::size_of;
use std::{collections::BTreeSet, fs, path::Path};

use flashlet::internal::quant::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quant").join(name);
    fs::read(path).expect(name)
}

fn floats(name: &str) -> Vec<f32> {
    let bytes = fixture(name);
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect()
}

/// One line of the index.
struct Entry {
    name: String,
    id: u32,
    elems: usize,
    bytes: usize,
    edge_blocks: usize,
}

fn index() -> Vec<Entry> {
    let text = String::from_utf8(fixture("index.txt")).expect("the index is text");
    let number = |field: Option<&str>| field.and_then(|f| f.parse().ok()).expect("a number in the index");
    let entry = |line: &str| {
        let mut fields = line.split_whitespace();
        let name = fields.next().expect("a name in the index").to_owned();
        let [id, elems, bytes, edge_blocks] = [(); 4].map(|()| number(fields.next()));
        Entry { name, id: id as u32, elems, bytes, edge_blocks }
    };
    text.lines().map(entry).collect()
}

/// Dequantises `file` and compares with the goldens, which may cover its first blocks only.
/// Returns how many blocks were compared.
fn compare<B: Block>(file: &str) -> usize {
    let bytes = fixture(file);
    let golden = floats(&format!("{file}.f32"));
    assert_eq!(bytes.len() % size_of::<B>(), 0, "{file}");
    assert_eq!(golden.len() % B::ELEMS, 0, "{file}");
    // off by one byte, as tensors in a file may lie
    let shifted: Vec<u8> = core::iter::once(0).chain(bytes).collect();
    let blocks: &[B] = bytemuck::try_cast_slice(&shifted[1..]).expect("alignment 1");
    let n_compared = golden.len() / B::ELEMS;
    assert!(n_compared <= blocks.len(), "{file}");
    for (b, (block, golden)) in blocks.iter().zip(golden.chunks_exact(B::ELEMS)).enumerate() {
        // NaN, which no golden holds, where nothing is written
        let mut out = vec![f32::NAN; B::ELEMS];
        block.dequantise(&mut out);
        for (i, (got, want)) in out.iter().zip(golden).enumerate() {
            assert_eq!(got.to_bits(), want.to_bits(), "{file}: block {b}, element {i}: {got:e}, expected {want:e}");
        }
    }
    n_compared
}

fn check<B: Block>(index: &[Entry], seen: &mut BTreeSet<String>) {
    let entry = index.iter().find(|entry| entry.name == B::NAME).expect("every type has goldens");
    assert_eq!((B::ID, B::ELEMS, size_of::<B>()), (entry.id, entry.elems, entry.bytes), "{}", B::NAME);
    assert_eq!(compare::<B>(&format!("{}.rows", B::NAME)), 512 / B::ELEMS);
    assert_eq!(compare::<B>(&format!("{}.edge", B::NAME)), entry.edge_blocks);

    // an `out` of another length neither panics nor is overrun
    let block = B::zeroed();
    for len in [0, 1, B::ELEMS / 2 + 1, B::ELEMS + 1] {
        let mut out = vec![7.0; len];
        block.dequantise(&mut out);
        assert!(out.iter().skip(B::ELEMS).all(|&y| y == 7.0), "{}", B::NAME);
    }
    seen.insert(entry.name.clone());
}

#[test]
fn dequantise_is_bit_exact() {
    let index = index();
    let mut seen = BTreeSet::new();
    macro_rules! check_all {
        ($($block:ty),+) => { $(check::<$block>(&index, &mut seen);)+ };
    }
    check_all!(F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2K, Q3K, Q4K, Q5K, Q6K, Q8K, IQ4NL, IQ4XS);
    check_all!(TQ1_0, TQ2_0, MXFP4);
    assert_eq!(seen.len(), index.len(), "a type of the index was not checked");
}
