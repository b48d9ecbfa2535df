//! Nibbles of words.

use crate::simd::Isa;

/// The 32 quants of a 32-element block: the low nibbles of four words, then the high ones.
#[inline(always)]
pub(crate) fn nibbles<I: Isa>(isa: I, w: [I::W; 4]) -> [I::W; 8] {
    let mask = isa.splat(0x0F0F_0F0F);
    let [a, b, c, d] = w;
    let mut q = [a, b, c, d, isa.shr(a, 4), isa.shr(b, 4), isa.shr(c, 4), isa.shr(d, 4)];
    for q in &mut q {
        *q = isa.and(*q, mask);
    }
    q
}
