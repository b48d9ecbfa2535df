//! Random models, tiles and alignments: every row arrives once, in order, whole, where it should.

use super::super::catalogue::{Catalogue, Entry, Section, TableSizes, each_tensor};
use super::super::pieces::Piece;
use super::super::role::LayerTensor;
use super::super::store::{ABSENT, COPIED, PINNED, STREAMED, WeightStore};
use super::*;
use crate::arena::Arena;
use crate::flash::{FlashError, Source, block_on};
use crate::simd::Scalar;
use core::pin::pin;
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

/// The tensors of a random model: vectors between matrices, layers of two kinds, gates with and without a partner.
struct Tensors {
    n_layer: u32,
    widths: [u32; 4],
}

impl Tensors {
    fn random(random: &mut Random) -> Tensors {
        let mut n = |most: u64| 1 + random.below(most) as u32;
        Tensors { n_layer: n(3), widths: [n(70), n(160), n(100), n(150)] }
    }
}

impl Catalogue for Tensors {
    fn n_layer(&self) -> u32 {
        self.n_layer
    }

    fn tensors(&self, section: Section, each: &mut dyn FnMut(Entry)) {
        let [embd, q, ff, vocab] = self.widths;
        match section {
            Section::Before => each(Entry::matrix(Role::TokenEmbd, embd, vocab)),
            Section::After => {
                each(Entry::vector(Role::OutputNorm, embd));
                each(Entry::matrix(Role::Output, embd, vocab).optional());
            }
            Section::Layer(layer) => {
                let role = |tensor| Role::Layer(layer, tensor);
                if layer % 2 == 0 {
                    each(Entry::vector(role(LayerTensor::AttnNorm), embd));
                    each(Entry::matrix(role(LayerTensor::Q), embd, q));
                    each(Entry::matrix(role(LayerTensor::AttnOut), q, embd));
                }
                each(Entry::vector(role(LayerTensor::FfnNorm), embd));
                each(Entry::matrix(role(LayerTensor::Gate), embd, ff));
                each(Entry::matrix(role(LayerTensor::Up), embd, ff).optional());
                each(Entry::matrix(role(LayerTensor::Down), ff, embd));
            }
        }
    }
}

/// A store of the model, in memory that lives on.
fn store(tensors: &Tensors) -> WeightStore<'static, 'static> {
    let memory = vec![0u64; 1 << 14].leak();
    let mut store =
        WeightStore::take(&TableSizes::of(tensors), None, 0, 0, &mut Arena::new(bytemuck::cast_slice_mut(memory)));
    store.lay_out(tensors);
    store
}

/// Places the tensors: rows of any length, side by side in flash or apart, streamed or not, optional ones there or not.
fn place(store: &mut WeightStore<'_, '_>, random: &mut Random) {
    let mut offset = random.below(1000);
    for i in 0..store.slots.len() {
        let role = store.role_of(i);
        let slot = &mut store.slots[i];
        let is_vector = matches!(role, Role::OutputNorm | Role::Layer(_, LayerTensor::AttnNorm | LayerTensor::FfnNorm));
        slot.place = match slot.optional == 1 && random.below(2) == 0 {
            true => ABSENT,
            false if is_vector => COPIED,
            false => random.of(&[STREAMED, STREAMED, STREAMED, PINNED]),
        };
        slot.row_bytes = random.of(&[1, 2, 18, 34, 110, 144]) * (1 + random.below(5) as u32);
        slot.offset = offset;
        offset += slot.bytes() + random.of(&[0, 0, 1, 31, 32, 4096]);
    }
    store.streams = true;
}

/// The rows of a pass, in order of use; gate and up in the steps in which `parts` gives them.
fn expected(store: &WeightStore<'_, '_>, tensors: &Tensors, ids: &[u32], parts: &[Part]) -> Vec<(Role, u32)> {
    let slot = |role| store.slot(role).filter(|slot| slot.place == STREAMED);
    let rows = |role: Role| (0..slot(role).map_or(0, |slot| slot.rows)).map(move |row| (role, row));
    let mut all = Vec::new();
    if slot(Role::TokenEmbd).is_some() {
        all.extend(ids.iter().map(|&id| (Role::TokenEmbd, id)));
    }
    for layer in 0..tensors.n_layer {
        let role = |tensor| Role::Layer(layer, tensor);
        let [q, out, gate, up, down] =
            [LayerTensor::Q, LayerTensor::AttnOut, LayerTensor::Gate, LayerTensor::Up, LayerTensor::Down].map(role);
        all.extend([q, out].into_iter().flat_map(rows));
        if slot(gate).is_some() && slot(up).is_some() {
            for step in parts.iter().filter(|p| store.role_of(p.slot) == gate) {
                let rows = step.first_row..step.first_row + step.rows;
                all.extend(rows.clone().map(|row| (gate, row)).chain(rows.map(|row| (up, row))));
            }
        } else {
            all.extend([gate, up].into_iter().flat_map(rows));
        }
        all.extend(rows(down));
    }
    all
}

fn check<const ALIGN: usize>(seed: u64) {
    let random = &mut Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let tensors = Tensors::random(random);
    let mut store = store(&tensors);
    place(&mut store, random);
    let n_vocab = tensors.widths[3];
    let ids: Vec<u32> = (0..random.below(20)).map(|_| random.below(n_vocab.into()) as u32).collect();
    let with_head = random.below(4) > 0;

    // The least that a plan would choose, or somewhat more, in steps of the arena's alignment.
    let row_bytes = |role| store.slot(role).and_then(|slot| slot.streamed_row_bytes()).unwrap_or(0);
    let pair = |layer| [LayerTensor::Gate, LayerTensor::Up].map(|t| row_bytes(Role::Layer(layer, t)));
    let gated = (0..tensors.n_layer).map(|l| pair(l).iter().sum()).max().unwrap_or(0);
    let widest = store.slots.iter().map(|s| s.row_bytes as usize).max().unwrap_or(0).max(gated);
    let least = Schedule::tile_bytes_for(widest, ALIGN).next_multiple_of(64);
    let tile_bytes = least + 64 * random.of(&[0, 0, 1, 3, 17, 120]);

    let schedule = Schedule::new(&store, &ids, with_head, tile_bytes, ALIGN);
    let parts: Vec<Part> = schedule.clone().collect();
    let role = |part: &Part| store.role_of(part.slot);
    let rows: Vec<_> =
        parts.iter().flat_map(|p| (p.first_row..p.first_row + p.rows).map(|row| (role(p), row))).collect();
    let mut want = expected(&store, &tensors, &ids, &parts);
    let head = store.head();
    if with_head && row_bytes(head) > 0 {
        want.extend((0..n_vocab).map(|row| (head, row)));
    }
    assert_eq!(rows, want, "seed {seed}");
    for (i, part) in parts.iter().enumerate() {
        assert!(part.rows > 0 && (role(part) == Role::TokenEmbd || part.first_row.is_multiple_of(16)), "seed {seed}");
        assert!(i > 0 || part.starts_tile, "seed {seed}");
        assert!((part.at + part.bytes).next_multiple_of(ALIGN) <= tile_bytes, "seed {seed}: {part:?}");
        // The rows of up join the gate's, which are still being used.
        if let Role::Layer(layer, LayerTensor::Up) = role(part)
            && row_bytes(Role::Layer(layer, LayerTensor::Gate)) > 0
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
        let (width, rows) = match role(part) {
            Role::TokenEmbd => (part.bytes, 1),
            Role::Layer(layer, LayerTensor::Gate | LayerTensor::Up) => (pair(layer).iter().sum(), tensors.widths[2]),
            role => (row_bytes(role), store.slot(role).expect("it is streamed").rows),
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
            assert_eq!(feed.next_of(store.role_of(part.slot)).await, Ok(*part), "seed {seed}");
            let earlier = parts[..i].iter().rev().take_while(|_| !part.starts_tile).take(1);
            for part in [part].into_iter().chain(earlier) {
                let bytes = feed.bytes(part);
                assert_eq!(bytes.len(), part.bytes, "seed {seed}");
                assert!(bytes.iter().zip(part.offset..).all(|(&b, at)| b == byte_at(at)), "seed {seed}: {part:?}");
            }
        }
        Ok::<_, FlashError>(())
    };
    block_on(join(pin!(read_ahead(&mut source, &tiles, schedule)), pin!(pass)), || ()).expect("nothing fails");
}

#[test]
fn rows_that_no_tile_holds_end_a_schedule() {
    let tensors = Tensors::random(&mut Random(1));
    let mut store = store(&tensors);
    place(&mut store, &mut Random(1));
    store.slots.iter_mut().filter(|slot| slot.place == PINNED).for_each(|slot| slot.place = STREAMED);
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

#[test]
fn slots_know_their_tensors() {
    for seed in 1..50 {
        let tensors = Tensors::random(&mut Random(seed));
        let store = store(&tensors);
        let mut at = 0;
        each_tensor(&tensors, &mut |entry| {
            assert_eq!((store.role_of(at), store.index_of(entry.role)), (entry.role, Some(at)), "seed {seed}");
            at += 1;
        });
        assert_eq!(at, store.slots.len());
        let beyond = Role::Layer(tensors.n_layer, LayerTensor::AttnNorm);
        assert_eq!((store.index_of(beyond), store.index_of(Role::RopeFreqs)), (None, None), "seed {seed}");
    }
}

/// Pieces of F32 matrices, resident or not, cover all rows in order, and hold the bytes of those rows.
#[cfg(feature = "f32")]
#[test]
fn pieces_cover_all_rows() {
    for seed in 1..200 {
        let random = &mut Random(seed);
        let tensors = Tensors::random(random);
        let mut store = store(&tensors);
        place(&mut store, random);
        let mut offset = 0;
        for slot in store.slots.iter_mut() {
            slot.row_bytes = 4 * slot.cols;
            slot.place = if slot.place == PINNED { STREAMED } else { slot.place };
            slot.offset = offset;
            offset += slot.bytes();
        }
        let tile_bytes = (2 * 16 * 4 * 160 + 64) * (1 + random.below(3) as usize);
        let mut tiles = vec![0u8; 2 * tile_bytes];
        let tiles = Tiles::new(&mut tiles);
        let schedule = Schedule::new(&store, &[], true, tile_bytes, 1);
        let mut feed = Feed::new(&tiles, schedule.clone(), &Scalar);
        let pass = async {
            for layer in 0..tensors.n_layer {
                let role = |tensor| Role::Layer(layer, tensor);
                if layer % 2 == 0 {
                    walk(&store, role(LayerTensor::Q), None, &mut feed).await;
                    walk(&store, role(LayerTensor::AttnOut), None, &mut feed).await;
                }
                walk(&store, role(LayerTensor::Gate), Some(role(LayerTensor::Up)), &mut feed).await;
                walk(&store, role(LayerTensor::Down), None, &mut feed).await;
            }
            walk(&store, store.head(), None, &mut feed).await;
            Ok::<_, FlashError>(())
        };
        let mut source = Source::new(Hashed::<1>);
        block_on(join(pin!(read_ahead(&mut source, &tiles, schedule)), pin!(pass)), || ()).expect("nothing fails");
    }
}

#[cfg(feature = "f32")]
async fn walk(store: &WeightStore<'_, '_>, role: Role, partner: Option<Role>, feed: &mut Feed<'_, '_>) {
    let slot = *store.slot(role).expect("the model has it");
    let partner_slot = partner.and_then(|partner| store.slot(partner)).copied();
    let mut next = 0;
    let mut each = |piece: Piece<'_>| {
        assert_eq!((piece.first_row, piece.partner.is_some()), (next, partner_slot.is_some()));
        let rows = piece.w.rows();
        for (w, slot) in [(Some(piece.w), Some(slot)), (piece.partner, partner_slot)] {
            let (Some(w), Some(slot)) = (w, slot) else { continue };
            assert!(w.rows() == rows && rows > 0, "{role:?}");
            let mut row = vec![0.0f32; slot.cols as usize];
            for i in 0..rows {
                w.dequantise_row(i, &mut row);
                let at = slot.offset + u64::from(slot.row_bytes) * (u64::from(next) + i as u64);
                let want: Vec<u8> = (at..at + u64::from(slot.row_bytes)).map(byte_at).collect();
                assert_eq!(bytemuck::cast_slice::<_, u8>(&row), want, "{role:?}, row {next} + {i}");
            }
        }
        next += rows as u32;
        Ok(())
    };
    let partner = partner.filter(|_| partner_slot.is_some()).map(|partner| store.matrix(partner));
    store.each_piece(store.matrix(role), partner, feed, &mut each).await.expect("nothing fails");
    assert_eq!(next, slot.rows, "{role:?}");
}
