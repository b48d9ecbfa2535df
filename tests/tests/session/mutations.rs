//! Files with changed metadata and tensor directories: no panic, and finite logits or a typed error.

use super::device::Chip;
use super::edit::tensors;
use super::model::{Fixture, NAMES, Run, try_run};
use core::ops::Range;
use core::panic::AssertUnwindSafe;
use flashlet::weights::Residency;
use flashlet::{Options, kernels};
use flashlet_test_data::Rng;
use std::panic::catch_unwind;

/// Files made of each fixture, and the memory that one may take.
const FILES: usize = 300;
const ARENA_BYTES: usize = 4 << 20;

/// Numbers at which counts, widths, types and offsets are wrong in different ways.
const NUMBERS: [u32; 14] = [0, 1, 2, 3, 7, 12, 32, 33, 255, 65_536, 0x3f80_0000, 0x4120_0000, 0x7fff_ffff, u32::MAX];

/// The bytes of each key of the architecture, with its value; those of each entry of the tensor directory.
fn entries(fixture: &Fixture) -> [Vec<Range<usize>>; 2] {
    let file = &fixture.file;
    let tensors = tensors(file);
    let directory = tensors.iter().map(|tensor| tensor.name.offset as usize - 8).min().expect("there are tensors");
    let arch_end = file.windows(20).position(|w| w == b"general.architecture").expect("it is there") + 20 + 4 + 8;
    let arch_len = u64::from_le_bytes(file[arch_end - 8..arch_end].try_into().expect("eight bytes")) as usize;
    let prefix = [&file[arch_end..arch_end + arch_len], b"."].concat();
    let header = &file[..directory];
    let keys = (8..header.len() - prefix.len()).filter(|&at| header[at..].starts_with(&prefix)).map(|at| {
        let len = u64::from_le_bytes(header[at - 8..at].try_into().expect("eight bytes")) as usize;
        // The key's length, the key, the value's type and its first bytes, which are a number or a length.
        at - 8..at + len + 4 + 8
    });
    let tensors = tensors.iter().map(|tensor| {
        let end = (tensor.name.offset + tensor.name.len) as usize;
        tensor.name.offset as usize - 8..end + 4 + 8 * tensor.n_dims as usize + 4 + 8
    });
    [keys.collect(), tensors.collect()]
}

/// Changes some places of `file` that lie in `entries`.
fn mutate(file: &mut [u8], entries: &[Vec<Range<usize>>; 2], rng: &mut Rng) {
    for _ in 0..=rng.below(2) {
        // Most are values of keys: with another name, few files are read any further.
        let is_key = rng.below(4) > 0;
        let of_kind = &entries[usize::from(!is_key)];
        let entry = of_kind[rng.below(of_kind.len())].clone();
        let is_value = is_key && rng.below(8) > 0;
        let at = if is_value { entry.end - 8 + rng.below(4) } else { entry.start + rng.below(entry.len()) };
        match rng.below(3) {
            0 => file[at] ^= 1 << rng.below(8),
            1 => file[at] = rng.bits() as u8,
            _ => {
                let at = if is_value { entry.end - 8 } else { at };
                let number = NUMBERS[rng.below(NUMBERS.len())].to_le_bytes();
                file[at..at + 4].copy_from_slice(&number);
            }
        }
    }
}

#[test]
fn changed_files_never_panic() {
    let (mut refused, mut ran) = (0, 0);
    for name in NAMES {
        let mut fixture = Fixture::load(name);
        let (entries, original) = (entries(&fixture), fixture.file.clone());
        let mut rng = Rng(name.bytes().fold(1, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte)));
        for i in 0..FILES {
            fixture.file.copy_from_slice(&original);
            mutate(&mut fixture.file, &entries, &mut rng);
            let options = Options { ctx: 16, chunk: 4, tile_bytes: 4096, ..Options::default() };
            let mut setup = Run { options, arena_bytes: Some(ARENA_BYTES), ..Run::default() };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if i % 2 == 0 {
                    setup.kernels = kernels::detect();
                    try_run(fixture.mapped(), &fixture.ids[..6], &setup)
                } else {
                    setup.options.residency = Residency::Streamed;
                    try_run(Chip::<4>::source(&fixture.file, 0), &fixture.ids[..6], &setup)
                }
            }));
            assert!(outcome.is_ok(), "{name}: file {i} makes the engine panic");
            let logits = outcome.ok().and_then(Result::ok);
            refused += usize::from(logits.is_none());
            ran += usize::from(logits.is_some());
        }
    }
    println!("{refused} files were refused, {ran} gave logits");
    assert!(refused > 10 * NAMES.len() && ran > 10 * NAMES.len(), "{refused} were refused, {ran} gave logits");
}
