//! RWKV's token shift: every token is mixed with the one before.

use crate::kernels::panel::{Group, groups};
use crate::simd::{Floats, Isa, Op, lanes};

/// A mix of every token with the one before: `y = x + (previous - x) * lerp`.
pub struct TokenShift<'a> {
    /// A panel of vectors.
    pub x: &'a [Group],
    /// The state: the vector of the token before the first.
    pub previous: &'a [Group],
    /// The share of the token before in each element.
    pub lerp: &'a [Group],
    /// The panel of results.
    pub y: &'a mut [Group],
    /// Tokens in the panels.
    pub tokens: usize,
}

impl TokenShift<'_> {
    /// Groups of the state of vectors of `width` elements.
    #[must_use]
    pub const fn state_groups(width: usize) -> usize {
        groups(width)
    }

    /// Makes the last token of panel `x` the state, once all mixes of the chunk are made.
    pub fn keep_last(x: &[Group], tokens: usize, previous: &mut [Group]) {
        let mut xs = x.chunks_exact(tokens.max(1));
        for previous in previous {
            let Some(x) = xs.next() else { return };
            *previous = x.last().copied().unwrap_or(*previous);
        }
    }
}

impl Op for TokenShift<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let tokens = self.tokens.max(1);
        // Not a zip: that divides by `tokens`, in code that does not see that it is not 0.
        let (mut ys, mut xs) = (self.y.chunks_exact_mut(tokens), self.x.chunks_exact(tokens));
        for (first, lerp) in self.previous.iter().zip(self.lerp) {
            let (Some(y), Some(x)) = (ys.next(), xs.next()) else { return };
            for ((y, x), previous) in y.iter_mut().zip(x).zip(core::iter::once(first).chain(x)) {
                for f in lanes(isa) {
                    let x = f.load(x);
                    let difference = f.sub(f.load(previous), x);
                    f.store(f.add(f.mul(difference, f.load(lerp)), x), y);
                }
            }
        }
    }
}
