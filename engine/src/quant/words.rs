//! Nibbles of words.

use crate::simd::Isa;

/// The 32 quants of a 32-element block: the low nibbles of four words, then the high ones.
#[inline(always)]
pub(crate) fn nibbles<I: Isa>(isa: I, w: [I::W; 4]) -> [I::W; 8] {
    let mask = isa.splat(0x0F0F_0F0F);
    let [a, b, c, d] = w;
    let low = |w| isa.and(w, mask);
    let high = |w| isa.high_nibbles(w);
    [low(a), low(b), low(c), low(d), high(a), high(b), high(c), high(d)]
}
