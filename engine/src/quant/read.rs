//! Reading blocks of neighbouring rows into the words of an instruction set, as their description says.

use super::description::{Described, Field, POWERS_OF_3, Values};
use super::source::Source;
use super::sub_scales::{SubScales, at, bits_follow_scale, first_words, scales};
use super::words::nibbles;
use crate::simd::{Isa, Quads, Rows};

/// A block of each of [`Isa::ROWS`] rows, whose quants are unpacked in registers.
pub(super) struct Reader<'a, I: Isa, B: Described> {
    rows: Rows<'a, B>,
    sub: SubScales<I>,
    /// The words of the high bits, where one group of them has those of all quants; of digits, the first 32 bytes.
    high: [I::W; 8],
}

/// Plane `plane` of the bits of a field in a word, moved up by `to`.
#[inline(always)]
fn plane<I: Isa>(isa: I, field: Field, word: I::W, plane: usize, to: u32) -> I::W {
    let low = ((1 << field.bits) - 1) * 0x0101_0101;
    let from = field.bits * plane as u32;
    if const { I::ROWS == 1 } {
        // The plane is known at run time only, and with it the direction of one shift.
        isa.shl(isa.and(isa.shr(word, from), isa.splat(low)), to)
    } else if from >= to {
        isa.and(isa.shr(word, from - to), isa.splat(low << to))
    } else {
        isa.and(isa.shl(word, to - from), isa.splat(low << to))
    }
}

/// Digit `n` of every byte of a word, in `0..3`, see [`Quants::Digits`].
#[inline(always)]
fn digit<I: Isa>(isa: I, w: I::W, n: usize) -> I::W {
    let even = isa.splat(0x00FF_00FF);
    let (power, three) = (isa.splat(POWERS_OF_3[n % 5]), isa.splat(3));
    // Bytes are spread to 16 bits, so that no product reaches its neighbour.
    let low = isa.mul(isa.and(isa.mul(isa.and(w, even), power), even), three);
    let high = isa.mul(isa.and(isa.mul(isa.and(isa.shr(w, 8), even), power), even), three);
    isa.or(isa.and(isa.shr(low, 8), even), isa.and(high, isa.splat(0xFF00_FF00)))
}

impl<'a, I: Isa, B: Described> Reader<'a, I, B> {
    #[inline(always)]
    pub(super) fn new(isa: I, rows: Rows<'a, B>) -> Self {
        let none = [isa.splat(0); 8];
        let mut reader = Reader { rows, sub: SubScales::read(isa, rows), high: none };
        if const { B::DESCRIPTION.has_digits() } {
            reader.high = isa.words(rows, reader.low_at(0));
        } else if const { B::DESCRIPTION.high().elems() == 256 } {
            reader.high = isa.words(
                rows,
                at(rows, const { B::DESCRIPTION.interleaved(B::ELEMS)[1].0 }, const { B::DESCRIPTION.high().offset }),
            );
        }
        reader
    }

    /// The place of a group of the low field.
    #[inline(always)]
    fn low_at(&self, group: usize) -> usize {
        let (first, step) = const { B::DESCRIPTION.interleaved(B::ELEMS)[0] };
        let field = const { B::DESCRIPTION.low() };
        at(self.rows, first + step * group, field.offset + field.group * group)
    }

    /// The place of a group of the high field.
    #[inline(always)]
    fn high_at(&self, group: usize) -> usize {
        let (first, step) = const { B::DESCRIPTION.interleaved(B::ELEMS)[1] };
        let field = const { B::DESCRIPTION.high() };
        at(self.rows, first + step * group, field.offset + field.group * group)
    }

    /// The word of the high bits of 32 quants that are bits side by side.
    #[inline(always)]
    fn side_by_side(&self, isa: I) -> I::W {
        if bits_follow_scale::<B>() && !self.rows.are_interleaved() {
            let [first, second] = first_words(isa, self.rows);
            isa.or(isa.shr(first, 16), isa.shl(second, 16))
        } else {
            let [word] = isa.words(self.rows, self.high_at(0));
            word
        }
    }

    /// Quants `32 * i..` of [`Quants::Digits`].
    #[inline(always)]
    fn digits(&self, isa: I, i: usize) -> [I::W; 8] {
        if i < 5 {
            let mut q = self.high;
            for q in &mut q {
                *q = digit(isa, *q, i);
            }
            return q;
        }
        let start = self.low_at(0);
        let [mut a, mut b, mut c, mut d] = isa.words(self.rows, start + 32);
        let [last] = isa.words(self.rows, start + 48);
        let mut second = [a, b, c, d];
        let n = 2 * (i - 5);
        for q in [&mut a, &mut b, &mut c, &mut d] {
            *q = digit(isa, *q, n);
        }
        for (k, q) in second.iter_mut().enumerate() {
            *q = if i < 7 { digit(isa, *q, n + 1) } else { digit(isa, last, k) };
        }
        let [e, f, g, h] = second;
        [a, b, c, d, e, f, g, h]
    }
}

impl<I: Isa, B: Described> Source<I, B> for Reader<'_, I, B> {
    const IN_MEMORY: bool = false;
    type Words = [I::W; 8];
    type Quants = [I::W; 8];

    #[inline(always)]
    fn scales(&self, isa: I) -> [I::F; 2] {
        scales(isa, self.rows)
    }

    #[inline(always)]
    fn sub_scales(&self) -> &SubScales<I> {
        &self.sub
    }

    #[inline(always)]
    fn sub_scale(&self, isa: I, i: usize) -> I::W {
        self.sub.scale::<B>(isa, i)
    }

    #[inline(always)]
    fn high(&self, isa: I, half: usize) -> [I::W; 8] {
        if const { B::DESCRIPTION.high().elems() == 128 } {
            isa.words(self.rows, self.high_at(half))
        } else {
            self.high
        }
    }

    #[inline(always)]
    fn low(&self, isa: I, piece: usize) -> [I::W; 8] {
        if const { B::DESCRIPTION.has_digits() || B::DESCRIPTION.planes() == 1 } {
            return [isa.splat(0); 8];
        }
        let pieces = const { B::DESCRIPTION.low().group.div_ceil(32) };
        isa.words(self.rows, self.low_at(piece / pieces) + 32 * (piece % pieces))
    }

    #[inline(always)]
    fn number(piece: usize, plane: usize) -> usize {
        let (planes, pieces) = const { (B::DESCRIPTION.planes(), B::DESCRIPTION.low().group.div_ceil(32)) };
        (piece / pieces * planes + plane) * pieces + piece % pieces
    }

    #[inline(always)]
    fn quants(&self, isa: I, words: [&[I::W; 8]; 2], i: usize) -> [I::W; 8] {
        let (low, high) = const { (B::DESCRIPTION.low(), B::DESCRIPTION.high()) };
        let (planes, pieces) = const { (B::DESCRIPTION.planes(), B::DESCRIPTION.low().group.div_ceil(32)) };
        let side_by_side = const { B::DESCRIPTION.high().group == 1 };
        // Where rows are transposed, bits side by side are loaded before the low bits, with the scale.
        let bits = if side_by_side && I::ROWS > 1 { self.side_by_side(isa) } else { isa.splat(0) };
        let mut q = if const { B::DESCRIPTION.has_digits() } {
            self.digits(isa, i)
        } else if const { B::DESCRIPTION.low().bits == 8 } {
            isa.words(self.rows, self.low_at(i))
        } else if const { B::DESCRIPTION.low().group == 16 } {
            nibbles(isa, isa.words(self.rows, self.low_at(i)))
        } else {
            let mut q = *words[0];
            for q in &mut q {
                *q = plane(isa, low, *q, i / pieces % planes, 0);
            }
            q
        };
        if side_by_side {
            let bits = if const { I::ROWS > 1 } { bits } else { self.side_by_side(isa) };
            let place = isa.splat(0x0101_0101 << low.bits);
            for (q, shift) in q.iter_mut().zip([0, 4, 8, 12, 16, 20, 24, 28]) {
                *q = isa.or(*q, isa.and(isa.expand_bits(bits, shift), place));
            }
        } else if const { B::DESCRIPTION.high().bits < 8 } {
            for (q, &word) in q.iter_mut().zip(words[1]) {
                *q = isa.or(*q, plane(isa, high, word, i % (8 / high.bits as usize), low.bits));
            }
        }
        if let Values::Table(table) = const { B::DESCRIPTION.values } {
            for q in &mut q {
                *q = isa.lookup(table, *q);
            }
        }
        q
    }

    #[inline(always)]
    fn add_signed<const T: usize>(isa: I, sums: &mut [I::W; T], q: &[I::W; 8], x: &[impl Quads; T], i: usize) {
        isa.dots_i8(sums, q, x, i);
    }

    #[inline(always)]
    fn add_signed_scaled<const T: usize>(
        isa: I,
        sums: &mut [I::W; T],
        (q, scale): (&[I::W; 8], I::W),
        x: &[impl Quads; T],
        i: usize,
    ) {
        for (sum, x) in sums.iter_mut().zip(x) {
            let dot = isa.dot_i8(isa.splat(0), q, x.quads(i), x.sum32(i));
            *sum = isa.add(*sum, isa.mul(dot, scale));
        }
    }
}
