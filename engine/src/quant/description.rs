//! The description of a block format: where its quants and scales lie, and what they stand for.

use super::block::Block;
use half::f16;

/// A field of quants: in each `group` bytes from byte `offset` on, the lowest `bits` of every byte belong to the group's
/// first `group` elements, the next `bits` to the elements that follow, and so on.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The first byte.
    pub offset: usize,
    /// Bits of an element: 1, 2, 4 or 8.
    pub bits: u32,
    /// Bytes of a group.
    pub group: usize,
}

/// The place of a block's quants.
#[derive(Clone, Copy, Debug)]
pub enum Quants {
    /// One field.
    Bits(Field),
    /// The low bits and the high bits of each quant.
    LowHigh(Field, Field),
    /// Digits of base 3, five to a byte: bytes 0 to 31 are elements 0 to 159, the first digit of every byte first; bytes
    /// 32 to 47 elements 160 to 239 alike; bytes 48 to 51 elements 240 to 255, four digits to a byte.
    ///
    /// A byte is a fixed-point fraction `b / 256`: digit `n` is the integer part of `3 * frac(b * 3^n / 256)`.
    Digits,
}

/// The number that a quant stands for.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// The quant and a start: `q + start`.
    From(i32),
    /// The quant as a signed byte.
    Signed,
    /// An entry of a table.
    Table(&'static [i8; 16]),
}

/// The form of a block's scales, whose first byte is [`Description::scale`]. Those of sub-blocks, packed, begin with byte
/// [`Description::sub_scales`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleForm {
    /// An `f16`: `x = d * q`.
    F16,
    /// Two `f16`: `x = d * q + m`.
    F16WithMin,
    /// An `f32`: `x = d * q`.
    F32,
    /// A power of two, E8M0: `x = 2^(e - 128) * q`. Large `e` reach infinity; 255 is no NaN.
    E8M0,
    /// Two `f16` and 16 bytes: `x = (d * sc) * q - dmin * m`, `sc` a byte's low nibble and `m` its high one, of 16 elements.
    K4WithMin,
    /// Two `f16` and 12 bytes: `x = (d * sc) * q - dmin * m`, `sc` and `m` of 32 elements.
    ///
    /// Bits 0..6 of bytes 0..4 and 4..8 are `sc[0..4]` and `m[0..4]`. Of `sc[4..8]` and `m[4..8]`, the low four bits are
    /// the low and high nibbles of bytes 8..12, the high two are bits 6..8 of bytes 0..4 and 4..8.
    K6WithMin,
    /// An `f16` and 12 bytes: `x = (d * (sc - 32)) * q`, `sc` of 16 elements.
    ///
    /// Nibbles of bytes 0..8 are the low four bits (low nibbles scales 0..8, high nibbles 8..16); bit pairs of bytes 8..12
    /// are the high two (bits 0..2 of the four bytes scales 0..4, and so on).
    K6,
    /// An `f16` and 16 signed bytes: `x = (d * sc) * q`, `sc` of 16 elements.
    I8,
    /// An `f16`, a `u16` and 4 bytes: `x = (d * (sc - 32)) * q`, `sc` of 32 elements.
    ///
    /// Bits `2 * i .. 2 * i + 2` of the `u16` are the high two bits of scale `i`. The low four are nibbles of the bytes,
    /// even ones low, odd ones high.
    K6Apart,
}

/// A block format.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The quants.
    pub quants: Quants,
    /// Their values.
    pub values: Values,
    /// The scales.
    pub form: ScaleForm,
    /// The first scale's first byte.
    pub scale: usize,
    /// The first byte of the sub-blocks' scales, if there are any.
    pub sub_scales: usize,
}

/// A block format with a description.
pub trait Described: Block {
    /// The places and forms of quants and scales.
    const DESCRIPTION: Description;
}

impl Field {
    /// Elements of a group.
    pub(super) const fn elems(self) -> usize {
        self.group * 8 / self.bits as usize
    }

    /// The bits of elements `16 * i..`.
    #[inline(always)]
    fn of(self, block: &[u8], i: usize) -> [u32; 16] {
        let (group, first) = (16 * i / self.elems(), 16 * i % self.elems());
        let mask = (1 << self.bits) - 1;
        let mut out = [0; 16];
        if self.group < 16 {
            for (out, e) in out.iter_mut().zip(16 * i..) {
                let (group, e) = (e / self.elems(), e % self.elems());
                let byte = byte(block, self.offset + self.group * group + e % self.group);
                *out = (byte >> (self.bits * (e / self.group) as u32)) & mask;
            }
            return out;
        }
        // Sixteen elements have the same bits of neighbouring bytes.
        let start = self.offset + self.group * group + first % self.group;
        let shift = self.bits * (first / self.group) as u32;
        for (out, &byte) in out.iter_mut().zip(block.get(start..).unwrap_or_default()) {
            *out = (u32::from(byte) >> shift) & mask;
        }
        out
    }
}

/// A byte of a block.
#[inline(always)]
fn byte(block: &[u8], at: usize) -> u32 {
    block.get(at).copied().unwrap_or(0).into()
}

/// A little-endian `f16`.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([byte(block, at) as u8, byte(block, at + 1) as u8]).to_f32()
}

/// The factors that move a digit of [`Quants::Digits`] to the front, by its number.
pub(super) const POWERS_OF_3: [u32; 5] = [1, 3, 9, 27, 81];

/// Digit `n` of a byte, see [`Quants::Digits`].
fn digit(byte: u32, n: usize) -> u32 {
    (byte * POWERS_OF_3[n % 5] % 256 * 3) >> 8
}

impl Description {
    /// Bytes of the scales before those of sub-blocks, each in a piece of its own; and bytes of the sub-blocks' scales.
    const fn scale_bytes(self) -> (&'static [usize], usize) {
        match self.form {
            ScaleForm::F16 => (&[2], 0),
            ScaleForm::F16WithMin => (&[2, 2], 0),
            ScaleForm::F32 => (&[4], 0),
            ScaleForm::E8M0 => (&[1], 0),
            ScaleForm::K4WithMin => (&[2, 2], 16),
            ScaleForm::K6WithMin => (&[2, 2], 12),
            ScaleForm::K6 => (&[2], 12),
            ScaleForm::I8 => (&[2], 16),
            ScaleForm::K6Apart => (&[8], 0),
        }
    }

    /// The greatest quant.
    pub(super) const fn max(self) -> u8 {
        match self.quants {
            Quants::Bits(field) => (1u32 << field.bits).wrapping_sub(1) as u8,
            Quants::LowHigh(low, high) => ((1u32 << (low.bits + high.bits)) - 1) as u8,
            Quants::Digits => 2,
        }
    }

    /// A minimum belongs to each scale.
    pub(super) const fn has_min(self) -> bool {
        matches!(self.form, ScaleForm::F16WithMin | ScaleForm::K4WithMin | ScaleForm::K6WithMin)
    }

    /// The start of the quants, if they have one.
    pub(super) const fn start(self) -> i32 {
        if let Values::From(start) = self.values { start } else { 0 }
    }

    /// The scale of elements `16 * group..`, and what is added to each.
    #[inline(always)]
    fn scale_and_min(&self, block: &[u8], group: usize) -> (f32, f32) {
        let at = |i| byte(block, self.sub_scales + i);
        let d = || half(block, self.scale);
        let min = || half(block, self.scale + 2);
        let sub = group / 2;
        match self.form {
            ScaleForm::F16 => (d(), 0.0),
            ScaleForm::F16WithMin => (d(), min()),
            ScaleForm::F32 => {
                (f32::from_bits([3, 2, 1, 0].iter().fold(0, |v, i| v << 8 | byte(block, self.scale + i))), 0.0)
            }
            ScaleForm::E8M0 => (
                f32::from_bits(match byte(block, self.scale) {
                    // Below the smallest exponent: a bit of the mantissa.
                    e @ (0 | 1) => 1 << (21 + e),
                    e => (e - 1) << 23,
                }),
                0.0,
            ),
            ScaleForm::K4WithMin => (d() * (at(group) & 15) as f32, -(min() * (at(group) >> 4) as f32)),
            ScaleForm::K6WithMin => {
                let (sc, m) = if sub < 4 {
                    (at(sub) & 63, at(sub + 4) & 63)
                } else {
                    ((at(sub + 4) & 15) | (at(sub - 4) >> 6 << 4), (at(sub + 4) >> 4) | (at(sub) >> 6 << 4))
                };
                (d() * sc as f32, -(min() * m as f32))
            }
            ScaleForm::K6 => {
                let low = (at(group % 8) >> (group / 8 * 4)) & 15;
                let high = (at(8 + group % 4) >> (group / 4 * 2)) & 3;
                (d() * ((low | high << 4) as i32 - 32) as f32, 0.0)
            }
            ScaleForm::I8 => (d() * f32::from(at(group) as i8), 0.0),
            ScaleForm::K6Apart => {
                let low = (byte(block, self.scale + 4 + sub / 2) >> (sub % 2 * 4)) & 15;
                let high = (byte(block, self.scale + 2 + sub / 4) >> (sub % 4 * 2)) & 3;
                (d() * ((low | high << 4) as i32 - 32) as f32, 0.0)
            }
        }
    }

    /// Elements `16 * i..` without their scale.
    #[inline(always)]
    fn values(&self, block: &[u8], i: usize) -> [i32; 16] {
        let q = match self.quants {
            Quants::Bits(field) => field.of(block, i),
            Quants::LowHigh(low, high) => {
                let (mut q, high_bits) = (low.of(block, i), high.of(block, i));
                for (q, high) in q.iter_mut().zip(high_bits) {
                    *q |= high << low.bits;
                }
                q
            }
            Quants::Digits => core::array::from_fn(|k| match 16 * i + k {
                e @ 0..160 => digit(byte(block, e % 32), e / 32),
                e @ 160..240 => digit(byte(block, 32 + e % 16), (e - 160) / 16),
                e => digit(byte(block, 48 + e % 4), (e - 240) / 4),
            }),
        };
        q.map(|q| match self.values {
            Values::From(start) => q as i32 + start,
            Values::Signed => i32::from(q as i8),
            Values::Table(table) => table.get(q as usize).copied().unwrap_or(0).into(),
        })
    }

    /// Writes the weights of `block` to the front of `out`.
    #[inline(always)]
    pub(super) fn dequantise(&self, block: &[u8], elems: usize, out: &mut [f32]) {
        for (i, out) in out.chunks_mut(16).take(elems / 16).enumerate() {
            let (d, min) = self.scale_and_min(block, i);
            for (y, value) in out.iter_mut().zip(self.values(block, i)) {
                let x = d * value as f32;
                *y = if self.has_min() { x + min } else { x };
            }
        }
    }
}

/// The pieces of a block in the order in which they are read, which is that of an interleaved column: first byte and length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    list: [(usize, usize); 8],
    n: usize,
}

impl Parts {
    const fn and(mut self, start: usize, bytes: usize) -> Parts {
        if bytes > 0 {
            self.list[self.n] = (start, bytes);
            self.n += 1;
        }
        self
    }

    const fn bytes(&self) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < self.n {
            sum += self.list[i].1;
            i += 1;
        }
        sum
    }

    /// The parts.
    pub(super) const fn as_slice(&self) -> &[(usize, usize)] {
        self.list.split_at(self.n).0
    }
}

impl Description {
    /// The scales' parts.
    const fn scale_parts(self) -> Parts {
        let (scales, sub_scales) = self.scale_bytes();
        let (mut parts, mut i, mut at) = (Parts { list: [(0, 0); 8], n: 0 }, 0, self.scale);
        while i < scales.len() {
            parts = parts.and(at, scales[i]);
            at += scales[i];
            i += 1;
        }
        parts.and(self.sub_scales, sub_scales)
    }

    /// The parts of a block of `elems` weights and `bytes` bytes: scales, quants, and what is not used.
    pub(super) const fn parts(self, elems: usize, bytes: usize) -> Parts {
        let mut parts = self.scale_parts();
        match self.quants {
            Quants::Bits(field) => parts = parts.and(field.offset, elems * field.bits as usize / 8),
            Quants::LowHigh(low, high) if low.elems() == high.elems() => {
                let mut i = 0;
                while i < elems / low.elems() {
                    parts =
                        parts.and(high.offset + i * high.group, high.group).and(low.offset + i * low.group, low.group);
                    i += 1;
                }
            }
            Quants::LowHigh(low, high) => {
                let high_bytes = elems * high.bits as usize / 8;
                parts = parts.and(high.offset, high_bytes).and(low.offset, elems * low.bits as usize / 8);
            }
            Quants::Digits => parts = parts.and(0, 52),
        }
        let rest = bytes - parts.bytes();
        parts.and(bytes - rest, rest)
    }

    /// The places of the low and the high field's first group in an interleaved block, and bytes from each group to the next.
    pub(super) const fn interleaved(self, elems: usize) -> [(usize, usize); 2] {
        let start = self.scale_parts().bytes();
        match self.quants {
            Quants::Bits(field) => [(start, field.group); 2],
            Quants::LowHigh(low, high) if low.elems() == high.elems() => {
                let step = low.group + high.group;
                [(start + high.group, step), (start, step)]
            }
            Quants::LowHigh(low, high) => [(start + elems * high.bits as usize / 8, low.group), (start, high.group)],
            Quants::Digits => [(start, 52); 2],
        }
    }

    /// The place of the sub-blocks' scales in an interleaved block.
    pub(super) const fn interleaved_sub_scales(self) -> usize {
        self.scale_parts().bytes() - self.scale_bytes().1
    }

    /// The field of the quants, or of their low bits.
    pub(super) const fn low(self) -> Field {
        match self.quants {
            Quants::Bits(low) | Quants::LowHigh(low, _) => low,
            Quants::Digits => Field { offset: 0, bits: 8, group: 32 },
        }
    }

    /// The field of the quants' high bits; of 8 bits if there is none.
    pub(super) const fn high(self) -> Field {
        if let Quants::LowHigh(_, high) = self.quants { high } else { Field { offset: 0, bits: 8, group: 0 } }
    }

    /// The quants are digits.
    pub(super) const fn has_digits(self) -> bool {
        matches!(self.quants, Quants::Digits)
    }

    /// The times that 32 quants come from the same 32 bytes, each time from other bits.
    pub(super) const fn planes(self) -> usize {
        let low = self.low();
        if low.group < 32 { 1 } else { 8 / low.bits as usize }
    }
}
