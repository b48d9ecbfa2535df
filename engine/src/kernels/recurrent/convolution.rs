//! Causal depthwise convolutions over a few tokens: of LFM2, and before the scans of Mamba 1 and 2.

use super::pieces::{for_pieces, units_of_piece};
use crate::kernels::activation::{Act, activate};
use crate::kernels::executor::Executor;
use crate::kernels::panel::{Group, groups};
use crate::simd::{Floats, Isa, Op, lanes};

/// A causal depthwise convolution of panel `x[channels]` in place: `x = after * act(taps . (before * x) + bias)`.
pub struct Convolution<'a> {
    /// A panel of `kernel` vectors of `channels` taps. The last of a channel's taps is multiplied with the current token, the
    /// one before it with the token before it.
    pub taps: &'a [Group],
    /// Taps of a channel, at least 1.
    pub kernel: usize,
    /// `bias[channels]`; empty for none.
    pub bias: &'a [Group],
    /// The activation function, if there is one.
    pub act: Option<Act>,
    /// A panel of factors of the input; empty for none.
    pub before: &'a [Group],
    /// A panel of factors of the output; empty for none.
    pub after: &'a [Group],
    /// The state: a panel of the last `kernel - 1` tokens' inputs, the oldest first.
    pub window: &'a mut [Group],
    /// The input, then the output.
    pub x: &'a mut [Group],
    /// Tokens in the panels.
    pub tokens: usize,
}

impl Convolution<'_> {
    /// Groups of the state of a convolution of `channels` channels.
    #[must_use]
    pub const fn state_groups(channels: usize, kernel: usize) -> usize {
        groups(channels).saturating_mul(kernel.saturating_sub(1))
    }
}

/// Some neighbouring groups of channels.
struct Piece<'j, 'a> {
    job: &'j Shared<'a>,
    /// The first group of channels.
    first: usize,
    window: &'j mut [Group],
    x: &'j mut [Group],
}

/// The parts of a [`Convolution`] that all threads read.
struct Shared<'a> {
    taps: &'a [Group],
    kernel: usize,
    bias: &'a [Group],
    act: Option<Act>,
    before: &'a [Group],
    after: &'a [Group],
    tokens: usize,
}

pub(super) fn run<I: Isa>(isa: I, job: Convolution<'_>, executor: &dyn Executor) {
    let Convolution { taps, kernel, bias, act, before, after, window, x, tokens } = job;
    let (kernel, tokens) = (kernel.max(1), tokens.max(1));
    let units = units_of_piece(x.len() / tokens, executor);
    let shared = Shared { taps, kernel, bias, act, before, after, tokens };
    let xs = x.chunks_mut((units * tokens).max(1));
    if kernel == 1 {
        let pieces = xs.enumerate().map(|(i, x)| Piece { job: &shared, first: i * units, window: &mut [], x });
        return for_pieces(executor, pieces, |piece| isa.run(piece));
    }
    // Not a zip: that divides by the length of chunks, in code that does not see that it is not 0.
    let mut windows = window.chunks_mut((units * (kernel - 1)).max(1));
    let mut window = || windows.next().unwrap_or_default();
    let pieces = xs.enumerate().map(|(i, x)| Piece { job: &shared, first: i * units, window: window(), x });
    for_pieces(executor, pieces, |piece| isa.run(piece));
}

impl Op for Piece<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let Shared { taps, kernel, bias, act, before, after, tokens } = *self.job;
        let mut windows = self.window.chunks_exact_mut((kernel - 1).max(1));
        for (g, x) in self.x.chunks_exact_mut(tokens.max(1)).enumerate() {
            let group = self.first + g;
            let taps = taps.get(group * kernel..).and_then(|taps| taps.get(..kernel)).unwrap_or_default();
            let Some((last, taps)) = taps.split_last() else { return };
            let window = windows.next().unwrap_or_default();
            for (t, x) in x.iter_mut().enumerate() {
                let at = group * tokens + t;
                for f in lanes(isa) {
                    let mut current = f.load(x);
                    if let Some(factor) = before.get(at) {
                        current = f.mul(f.load(factor), current);
                    }
                    let sum = slide(f, window, taps, last, current);
                    let sum = bias.get(group).map_or(sum, |bias| f.add(sum, f.load(bias)));
                    let y = act.map_or(sum, |act| activate(f, act, sum));
                    f.store(after.get(at).map_or(y, |factor| f.mul(f.load(factor), y)), x);
                }
            }
        }
    }
}

/// The sum of all taps times their tokens, the oldest first; `current` comes into the window, and the oldest token leaves it.
#[inline(always)]
fn slide<F: Floats>(f: F, window: &mut [Group], taps: &[Group], last: &Group, current: F::V) -> F::V {
    let mut sum = f.splat(0.0);
    let mut left: Option<&mut Group> = None;
    for (slot, tap) in window.iter_mut().zip(taps) {
        let x = f.load(slot);
        sum = f.add(sum, f.mul(x, f.load(tap)));
        if let Some(left) = left {
            f.store(x, left);
        }
        left = Some(slot);
    }
    if let Some(left) = left {
        f.store(current, left);
    }
    f.add(sum, f.mul(current, f.load(last)))
}
