//! CRC-32C (Castagnoli), the checksum of packed models: the one that processors have an instruction for.

use crate::simd::{Isa, Op};

/// The polynomial, bits reversed: the highest coefficient is the lowest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// `x * state` modulo the polynomial: one more bit of zeros.
const fn shifted(state: u32) -> u32 {
    if state & 1 == 0 { state >> 1 } else { state >> 1 ^ POLYNOMIAL }
}

/// Bits that a table look-up takes: half bytes where code is to be small.
const BITS: usize = if cfg!(feature = "small") { 4 } else { 8 };

static TABLE: [u32; 1 << BITS] = {
    let mut table = [0; 1 << BITS];
    let mut i = 0;
    while i < table.len() {
        let mut state = i as u32;
        let mut bit = 0;
        while bit < BITS {
            state = shifted(state);
            bit += 1;
        }
        table[i] = state;
        i += 1;
    }
    table
};

fn by_table(state: u32, bytes: &[u8]) -> u32 {
    let look_up = |state: u32| TABLE.get(state as usize % TABLE.len()).copied().unwrap_or(0) ^ state >> BITS;
    bytes.iter().fold(state, |state, &byte| (0..8 / BITS).fold(state ^ u32::from(byte), |state, _| look_up(state)))
}

/// Bytes that each of three states takes before they are put together: the instruction gives its result only three
/// cycles later, so three run at once.
const LANE: usize = 1 << 12;

/// `x ^ (8 * LANE)` modulo the polynomial.
const LANE_POWER: u32 = {
    let (mut power, mut squared) = (1 << 30, 1);
    while squared < 8 * LANE {
        power = product(power, power);
        squared *= 2;
    }
    power
};

/// The product of two polynomials.
const fn product(a: u32, mut b: u32) -> u32 {
    let (mut sum, mut bit) = (0, 1 << 31);
    while bit != 0 {
        if a & bit != 0 {
            sum ^= b;
        }
        b = shifted(b);
        bit >>= 1;
    }
    sum
}

/// `crc` is of what came before `bytes`.
pub(super) struct Crc32c<'a> {
    pub(super) crc: u32,
    pub(super) bytes: &'a [u8],
}

impl Op for Crc32c<'_> {
    type Out = u32;

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) -> u32 {
        let Crc32c { crc, bytes: mut rest } = self;
        let mut state = !crc;
        if I::HAS_CRC32C {
            while let Some((lanes, after)) = rest.split_at_checked(3 * LANE) {
                let (a, lanes) = lanes.split_at_checked(LANE).unwrap_or_default();
                let (b, c) = lanes.split_at_checked(LANE).unwrap_or_default();
                let [a, b, c] = [a, b, c].map(|lane| lane.as_chunks().0);
                let (mut second, mut third) = (0, 0);
                for ((a, b), c) in a.iter().zip(b).zip(c) {
                    state = isa.crc32c_word(state, *a);
                    second = isa.crc32c_word(second, *b);
                    third = isa.crc32c_word(third, *c);
                }
                state = product(product(state, LANE_POWER) ^ second, LANE_POWER) ^ third;
                rest = after;
            }
            let (words, tail) = rest.as_chunks();
            state = words.iter().fold(state, |state, word| isa.crc32c_word(state, *word));
            rest = tail;
        }
        !by_table(state, rest)
    }
}
