//! Blocks as kernels read them: 32 quants after 32.

use super::description::Described;
use super::sub_scales::SubScales;
use crate::simd::{Isa, Quads};
use core::borrow::Borrow;

/// The blocks that a kernel multiplies: unpacked in registers piece by piece ([`Reader`]), or in memory ([`Unpacked`]).
pub(super) trait Source<I: Isa, B: Described> {
    /// The quants lie in memory, and signed ones are bytes plus 128.
    const IN_MEMORY: bool;

    /// The scales of the products and of the minimums.
    fn scales(&self, isa: I) -> [I::F; 2];

    /// The scales and minimums of sub-blocks.
    fn sub_scales(&self) -> &SubScales<I>;

    /// The scale of sub-block `i`, an `i32`.
    fn sub_scale(&self, isa: I, i: usize) -> I::W;

    /// Words of the block whose low or high bits quants have.
    type Words;

    /// 32 quants, or where they lie in memory.
    type Quants: Borrow<[I::W; 8]>;

    /// Loads the words with the high bits of a half of the block.
    fn high(&self, isa: I, half: usize) -> Self::Words;

    /// Loads the words of a piece of the block: each of their planes has the low bits of 32 quants.
    fn low(&self, isa: I, piece: usize) -> Self::Words;

    /// The number of the 32 quants of a plane of a piece.
    fn number(piece: usize, plane: usize) -> usize;

    /// Quants `32 * i..`, from the words with their low and their high bits.
    fn quants(&self, isa: I, words: [&Self::Words; 2], i: usize) -> Self::Quants;

    /// `sums += q . x` for signed quants `32 * i..` as they are in this source.
    fn add_signed<const T: usize>(isa: I, sums: &mut [I::W; T], q: &[I::W; 8], x: &[impl Quads; T], i: usize);

    /// `sums += scale * (q . x)`, as [`Source::add_signed`].
    fn add_signed_scaled<const T: usize>(
        isa: I,
        sums: &mut [I::W; T],
        scaled: (&[I::W; 8], I::W),
        x: &[impl Quads; T],
        i: usize,
    );
}

/// Evaluates `$body` for each 32 quants of a block of 256 and their number `$i`.
macro_rules! each_32 {
    ($isa:ident, $w:ident, |$i:ident, $q:ident| $body:block) => {
        if const { S::IN_MEMORY } {
            let high = $w.high($isa, 0);
            unrolled!(I, piece in [0, 1, 2, 3, 4, 5, 6, 7] {
                each_32!(@planes $isa, $w, high, piece, [0], |$i, $q| $body);
            });
        } else if const { B::DESCRIPTION.planes() == 1 } {
            let high = $w.high($isa, 0);
            for piece in 0..8 {
                each_32!(@planes $isa, $w, high, piece, [0], |$i, $q| $body);
            }
        } else {
            unrolled!(I, half in [0, 1] {
                let high = $w.high($isa, half);
                if const { B::DESCRIPTION.planes() == 2 } {
                    unrolled!(I, quarter in [0, 1] {
                        let piece = 2 * half + quarter;
                        each_32!(@planes $isa, $w, high, piece, [0, 1], |$i, $q| $body);
                    });
                } else {
                    each_32!(@planes $isa, $w, high, half, [0, 1, 2, 3], |$i, $q| $body);
                }
            });
        }
    };
    (@planes $isa:ident, $w:ident, $high:ident, $piece:ident, [$($plane:literal),+], |$i:ident, $q:ident| $body:block) => {
        let low = $w.low($isa, $piece);
        $({
            let $i = S::number($piece, $plane);
            let quants = $w.quants($isa, [&low, &$high], $i);
            let $q: &[I::W; 8] = quants.borrow();
            $body
        })+
    };
}
pub(super) use each_32;
