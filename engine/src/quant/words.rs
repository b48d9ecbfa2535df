//! Unpacking: nibbles, bit planes, bytes of words.

use crate::simd::{Isa, Rows};
use bytemuck::Pod;

/// Maps 16 packed bytes to 32 values: the low nibbles in order, then the high ones.
pub(super) fn map_nibbles(qs: &[u8; 16], out: &mut [f32], value: impl Fn(u8) -> f32) {
    for (half, shift) in out.as_chunks_mut::<16>().0.iter_mut().zip([0, 4]) {
        for (y, q) in half.iter_mut().zip(qs) {
            *y = value((q >> shift) & 0x0f);
        }
    }
}

/// The bit planes of 256-blocks: each 32 bytes once for every shift that brings a plane's bits down.
pub(super) fn planes<const N: usize>(bytes: &[u8], shifts: [u32; N]) -> impl Iterator<Item = (&[u8; 32], u32)> {
    bytes.as_chunks::<32>().0.iter().flat_map(move |bytes| shifts.map(|shift| (bytes, shift)))
}

/// The low nibbles of `N` words, and the high ones.
#[inline(always)]
pub(super) fn split_nibbles<I: Isa, const N: usize>(isa: I, w: [I::W; N]) -> [[I::W; N]; 2] {
    let mask = isa.splat(0x0F0F_0F0F);
    let (mut low, mut high) = (w, w);
    for (low, high) in low.iter_mut().zip(&mut high) {
        *high = isa.and(isa.shr(*low, 4), mask);
        *low = isa.and(*low, mask);
    }
    [low, high]
}

/// The 32 quants of a 32-element block: the low nibbles of four words, then the high ones.
#[inline(always)]
pub(crate) fn nibbles<I: Isa>(isa: I, w: [I::W; 4]) -> [I::W; 8] {
    let [[a, b, c, d], [e, f, g, h]] = split_nibbles(isa, w);
    [a, b, c, d, e, f, g, h]
}

/// Eight words from byte `offset` of each row's block, as two groups of sixteen elements.
#[inline(always)]
pub(super) fn two_groups<I: Isa, T: Pod>(isa: I, rows: Rows<'_, T>, offset: usize) -> [[I::W; 4]; 2] {
    [isa.words(rows, offset), isa.words(rows, offset + 16)]
}

/// Each byte of a word as an `i32`.
#[inline(always)]
pub(super) fn bytes<I: Isa>(isa: I, w: I::W) -> [I::W; 4] {
    let mask = isa.splat(0xFF);
    [isa.and(w, mask), isa.and(isa.shr(w, 8), mask), isa.and(isa.shr(w, 16), mask), isa.shr(w, 24)]
}
