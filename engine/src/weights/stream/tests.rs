//! Random models, tiles and alignments: every row arrives once, in order, whole, where it should.

use super::super::role::LayerMatrix;
use super::super::shapes::Shapes;
use super::super::store::{PINNED, STREAMED, Slot, WeightStore, slot_index};
use super::*;
use crate::arena::Arena;
use crate::flash::{FlashError, Source, block_on};
use crate::simd::Scalar;
use std::{vec, vec::Vec};

/// A xorshift generator; what it makes need not be good, only varied.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// Aligned reads only; a byte is a hash of its offset.
struct Hashed<const ALIGN: usize>;

fn byte_at(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

impl<const ALIGN: usize> Flash for Hashed<ALIGN> {
    const READ_ALIGN: usize = ALIGN;

    fn size(&self) -> u64 {
        1 << 40
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        assert!(!dst.is_empty(), "an empty read");
        for n in [offset as usize, dst.len(), dst.as_ptr().addr()] {
            assert!(n.is_multiple_of(ALIGN), "{n} is not a multiple of {ALIGN}");
        }
        for (byte, offset) in dst.iter_mut().zip(offset..) {
            *byte = byte_at(offset);
        }
        Ok(())
    }
}

fn shapes(random: &mut Random) -> Shapes {
    let mut n = |most: u64| 1 + random.below(most) as u32;
    Shapes {
        n_layer: n(3),
        n_embd: n(70),
        n_head: n(4),
        n_head_kv: 1,
        head_dim: n(40),
        n_ff: n(100),
        n_vocab: n(150),
        n_rot: 2,
        extra_vectors: &[],
    }
}

/// Fills the slots: rows of any length, side by side in flash or apart, streamed or not.
fn fill(store: &mut WeightStore<'_, '_>, random: &mut Random) {
    let mut offset = random.below(1000);
    let layers = (0..store.shapes.n_layer).flat_map(|l| LayerMatrix::ALL.map(|m| Role::Matrix(l, m)));
    let tied = random.below(2) == 0;
    for role in [Role::TokenEmbd, Role::Output].into_iter().chain(layers) {
        if role == Role::Output && tied {
            continue;
        }
        let [cols, rows] = store.shapes.of(role).expect("the model has it");
        let unit = random.of(&[1, 2, 18, 34, 110, 144]);
        let row_bytes = unit * (1 + random.below(5) as u32);
        let place = random.of(&[STREAMED, STREAMED, STREAMED, PINNED]);
        let slot = Slot { offset, pinned_at: 0, row_bytes, cols, rows, ty: 0, place };
        store.slots[slot_index(role).expect("a matrix")] = slot;
        offset += u64::from(row_bytes) * u64::from(rows);
        offset += random.of(&[0, 0, 1, 31, 32, 4096]);
    }
}

/// The rows of a pass, in order of use; gate and up in the steps in which `parts` gives them.
fn expected(store: &WeightStore<'_, '_>, ids: &[u32], with_head: bool, parts: &[Part]) -> Vec<(Role, u32)> {
    let streamed = |role| store.streamed_row_bytes(role).is_some();
    let rows = |role: Role| 0..store.shapes.of(role).expect("the model has it")[1];
    let mut all = Vec::new();
    if streamed(Role::TokenEmbd) {
        all.extend(ids.iter().map(|&id| (Role::TokenEmbd, id)));
    }
    let whole = |role: Role| rows(role).map(move |row| (role, row));
    for layer in 0..store.shapes.n_layer {
        let [q, k, v, out, gate, up, down] = LayerMatrix::ALL.map(|m| Role::Matrix(layer, m));
        all.extend([q, k, v, out].into_iter().filter(|&role| streamed(role)).flat_map(whole));
        match (streamed(gate), streamed(up)) {
            (true, true) => {
                for step in parts.iter().filter(|p| p.role == gate) {
                    let rows = step.first_row..step.first_row + step.rows;
                    all.extend(rows.clone().map(|row| (gate, row)).chain(rows.map(|row| (up, row))));
                }
            }
            (true, false) => all.extend(whole(gate)),
            (false, true) => all.extend(whole(up)),
            (false, false) => {}
        }
        all.extend(Some(down).into_iter().filter(|&role| streamed(role)).flat_map(whole));
    }
    if with_head && streamed(store.head()) {
        all.extend(whole(store.head()));
    }
    all
}

fn check<const ALIGN: usize>(seed: u64) {
    let random = &mut Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let mut memory = vec![0u8; 1 << 16];
    let shapes = shapes(random);
    let mut store = WeightStore::take(shapes, None, 0, 0, &mut Arena::new(&mut memory));
    fill(&mut store, random);
    let ids: Vec<u32> = (0..random.below(20)).map(|_| random.below(shapes.n_vocab.into()) as u32).collect();
    let with_head = random.below(4) > 0;

    // The least that a plan would choose, or somewhat more, in steps of the arena's alignment.
    let row_bytes = |role| store.streamed_row_bytes(role).unwrap_or(0);
    let pair = |layer| [LayerMatrix::Gate, LayerMatrix::Up].map(|m| row_bytes(Role::Matrix(layer, m)));
    let gated = (0..shapes.n_layer).map(|l| pair(l).iter().sum()).max().unwrap_or(0);
    let widest = store.slots.iter().map(|s| s.row_bytes as usize).max().unwrap_or(0).max(gated);
    let least = Schedule::tile_bytes_for(widest, ALIGN).next_multiple_of(64);
    let tile_bytes = least + 64 * random.of(&[0, 0, 1, 3, 17, 120]);

    let schedule = Schedule::new(&store, &ids, with_head, tile_bytes, ALIGN);
    let parts: Vec<Part> = schedule.clone().collect();
    let rows: Vec<_> =
        parts.iter().flat_map(|p| (p.first_row..p.first_row + p.rows).map(|row| (p.role, row))).collect();
    assert_eq!(rows, expected(&store, &ids, with_head, &parts), "seed {seed}");
    for (i, part) in parts.iter().enumerate() {
        assert!(part.rows > 0 && (part.role == Role::TokenEmbd || part.first_row.is_multiple_of(16)), "seed {seed}");
        assert!(i > 0 || part.starts_tile, "seed {seed}");
        assert!((part.at + part.bytes).next_multiple_of(ALIGN) <= tile_bytes, "seed {seed}: {part:?}");
        // The rows of up join the gate's, which are still being used.
        if let Role::Matrix(layer, LayerMatrix::Up) = part.role
            && row_bytes(Role::Matrix(layer, LayerMatrix::Gate)) > 0
        {
            let gate = &parts[i - 1];
            assert_eq!(
                (gate.first_row, gate.rows, part.starts_tile),
                (part.first_row, part.rows, false),
                "seed {seed}"
            );
        }
    }

    // A tile ends where the next sixteen rows, or the last ones, have no room in it.
    for (before, part) in parts.iter().zip(parts.iter().skip(1)).filter(|(_, part)| part.starts_tile) {
        let (width, rows) = match part.role {
            Role::TokenEmbd => (part.bytes, 1),
            Role::Matrix(layer, LayerMatrix::Gate | LayerMatrix::Up) => (pair(layer).iter().sum(), shapes.n_ff),
            role => (row_bytes(role), shapes.of(role).expect("the model has it")[1]),
        };
        let least = width * rows.saturating_sub(part.first_row).clamp(1, 16) as usize;
        assert!(before.at + before.bytes + least + 4 * ALIGN > tile_bytes, "seed {seed}: {before:?}, {part:?}");
    }

    let mut tiles = vec![0u64; tile_bytes / 4 + 8];
    let tiles: &mut [u8] = bytemuck::cast_slice_mut(&mut tiles);
    let skip = tiles.as_ptr().align_offset(64);
    let tiles = Tiles::new(&mut tiles[skip..skip + 2 * tile_bytes]);
    let mut source = Source::new(Hashed::<ALIGN>);
    let mut feed = Feed::new(&tiles, schedule.clone(), &Scalar);
    let pass = async {
        for (i, part) in parts.iter().enumerate() {
            assert_eq!(feed.next_of(part.role).await, Ok(*part), "seed {seed}");
            let earlier = parts[..i].iter().rev().take_while(|_| !part.starts_tile).take(1);
            for part in [part].into_iter().chain(earlier) {
                let bytes = feed.bytes(part);
                assert_eq!(bytes.len(), part.bytes, "seed {seed}");
                assert!(bytes.iter().zip(part.offset..).all(|(&b, at)| b == byte_at(at)), "seed {seed}: {part:?}");
            }
        }
        Ok::<_, FlashError>(())
    };
    block_on(join(read_ahead(&mut source, &tiles, schedule), pass), || ()).expect("nothing fails");
}

#[test]
fn rows_that_no_tile_holds_end_a_schedule() {
    let mut memory = vec![0u8; 1 << 16];
    let mut store = WeightStore::take(shapes(&mut Random(1)), None, 0, 0, &mut Arena::new(&mut memory));
    fill(&mut store, &mut Random(1));
    store.slots.iter_mut().for_each(|slot| slot.place = STREAMED);
    let rows_of_parts = |tile_bytes| {
        Schedule::new(&store, &[], true, tile_bytes, 1).take(1000).map(|part| part.rows).collect::<Vec<_>>()
    };
    assert_eq!(rows_of_parts(8), []);
    let rows = rows_of_parts(1 << 20);
    assert!(rows.len() < 1000 && rows.iter().all(|&rows| rows > 0), "{rows:?}");
}

#[test]
fn every_row_arrives_once_and_in_order() {
    for seed in 0..2000 {
        check::<1>(seed);
        check::<4>(seed);
        check::<64>(seed);
    }
}
