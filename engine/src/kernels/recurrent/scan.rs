//! Selective scans: of Mamba 1, where every channel has decays of its own, and of Mamba 2, where a head has one.

use super::pieces::{for_pieces, heads_of_whole_groups, units_of_piece};
use crate::kernels::activation::{Act, activate};
use crate::kernels::executor::Executor;
use crate::kernels::heads::Elements;
use crate::kernels::panel::{Group, groups};
use crate::simd::{Floats, Isa, LANES, Op, lanes, math};

/// The scan of Mamba 1, of panel `x[channels]` in place. For every channel and token, with `dt = softplus(dt + dt_bias)`:
///
/// ```text
/// h[n] = h[n] * exp(dt * a[n]) + b[n] * (x * dt)        for every n of n_state
/// y    = (sum of h[n] * c[n] + x * d) * silu(z)
/// ```
pub struct Scan<'a> {
    /// Elements of a channel's state.
    pub n_state: usize,
    /// Negative rates: a panel of `n_state` vectors of `channels` elements.
    pub a: &'a [Group],
    /// The share of the input in the output, `d[channels]`.
    pub d: &'a [Group],
    /// `dt_bias[channels]`; empty for none.
    pub dt_bias: &'a [Group],
    /// A panel of step sizes before their softplus, `dt[channels]`.
    pub dt: &'a [Group],
    /// A panel of input weights, `b[n_state]`.
    pub b: &'a [Group],
    /// A panel of output weights, `c[n_state]`.
    pub c: &'a [Group],
    /// A panel of gates, `z[channels]`; empty for none.
    pub z: &'a [Group],
    /// The state: a panel of `n_state` vectors of `channels` elements.
    pub state: &'a mut [Group],
    /// The input, then the output.
    pub x: &'a mut [Group],
    /// Tokens in the panels.
    pub tokens: usize,
}

impl Scan<'_> {
    /// Groups of the state of `channels` channels.
    #[must_use]
    pub const fn state_groups(channels: usize, n_state: usize) -> usize {
        groups(channels).saturating_mul(n_state)
    }
}

/// The scan of Mamba 2, of panel `x[n_head * head_dim]` in place. For every channel of a head and every token, with
/// `dt = softplus(dt + dt_bias)` of the head:
///
/// ```text
/// h[n] = h[n] * exp(dt * a) + b[n] * (x * dt)           for every n of n_state
/// y    = (sum of h[n] * c[n] + x * d) * silu(z)
/// ```
///
/// Neighbouring heads share the `b` and `c` of a group.
pub struct HeadScan<'a> {
    /// Heads.
    pub n_head: usize,
    /// Channels of a head.
    pub head_dim: usize,
    /// Groups of heads; head `h` belongs to group `h * n_group / n_head`.
    pub n_group: usize,
    /// Elements of a channel's state.
    pub n_state: usize,
    /// The heads' negative rates, `a[n_head]`.
    pub a: &'a [Group],
    /// The share of the input in the output, `d[n_head]`.
    pub d: &'a [Group],
    /// `dt_bias[n_head]`; empty for none.
    pub dt_bias: &'a [Group],
    /// A panel of step sizes before their softplus, `dt[n_head]`.
    pub dt: &'a [Group],
    /// A panel of input weights, `b[n_group * n_state]`.
    pub b: &'a [Group],
    /// A panel of output weights, `c[n_group * n_state]`.
    pub c: &'a [Group],
    /// A panel of gates, `z[n_head * head_dim]`; empty for none.
    pub z: &'a [Group],
    /// The state, `[n_head][head_dim / 16][n_state][16]`.
    pub state: &'a mut [Group],
    /// The input, then the output.
    pub x: &'a mut [Group],
    /// Tokens in the panels.
    pub tokens: usize,
}

impl HeadScan<'_> {
    /// Groups of the state of `n_head` heads.
    #[must_use]
    pub const fn state_groups(n_head: usize, head_dim: usize, n_state: usize) -> usize {
        groups(head_dim).saturating_mul(n_head).saturating_mul(n_state)
    }
}

/// Some neighbouring groups of channels, or heads, of a scan `J` whose state and input were cut into pieces.
struct Piece<'j, J> {
    job: &'j J,
    /// The first group of channels, or head.
    first: usize,
    state: &'j mut [Group],
    x: &'j mut [Group],
}

pub(super) fn run<I: Isa>(isa: I, mut job: Scan<'_>, executor: &dyn Executor) {
    (job.tokens, job.n_state) = (job.tokens.max(1), job.n_state.max(1));
    let (state, x) = (core::mem::take(&mut job.state), core::mem::take(&mut job.x));
    let units = units_of_piece(x.len() / job.tokens, executor);
    let (of_x, of_state) = (units * job.tokens, units * job.n_state);
    // Not a zip: that divides by the length of chunks, in code that does not see that it is not 0.
    let mut states = state.chunks_mut(of_state.max(1));
    let pieces = x.chunks_mut(of_x.max(1)).enumerate();
    let mut state = || states.next().unwrap_or_default();
    let pieces = pieces.map(|(i, x)| Piece { job: &job, first: i * units, state: state(), x });
    for_pieces(executor, pieces, |piece| isa.run(piece));
}

pub(super) fn run_heads<I: Isa>(isa: I, mut job: HeadScan<'_>, executor: &dyn Executor) {
    (job.tokens, job.n_state) = (job.tokens.max(1), job.n_state.max(1));
    job.head_dim = job.head_dim.max(1);
    let (state, x) = (core::mem::take(&mut job.state), core::mem::take(&mut job.x));
    let unit = heads_of_whole_groups(job.head_dim);
    let heads = unit * units_of_piece(job.n_head.div_ceil(unit), executor);
    let of_x = groups(heads * job.head_dim) * job.tokens;
    let of_state = heads * groups(job.head_dim) * job.n_state;
    // Not a zip: that divides by the length of chunks, in code that does not see that it is not 0.
    let mut states = state.chunks_mut(of_state.max(1));
    let pieces = x.chunks_mut(of_x.max(1)).enumerate();
    let mut state = || states.next().unwrap_or_default();
    let pieces = pieces.map(|(i, x)| Piece { job: &job, first: i * heads, state: state(), x });
    for_pieces(executor, pieces, |piece| isa.run(piece));
}

impl Op for Piece<'_, Scan<'_>> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        const ZERO: Group = [0.0; LANES];
        let job = self.job;
        let (n_state, tokens) = (job.n_state.max(1), job.tokens.max(1));
        let mut states = self.state.chunks_exact_mut(n_state);
        for (g, x) in self.x.chunks_exact_mut(tokens).enumerate() {
            let Some(state) = states.next() else { return };
            let group = self.first + g;
            let a = job.a.get(group * n_state..).and_then(|a| a.get(..n_state)).unwrap_or_default();
            let (bias, d) = (job.dt_bias.get(group).unwrap_or(&ZERO), job.d.get(group).unwrap_or(&ZERO));
            for (t, x) in x.iter_mut().enumerate() {
                let at = group * tokens + t;
                let Some(dt) = job.dt.get(at) else { return };
                for f in lanes(isa) {
                    let dt = math::softplus(f, f.add(f.load(dt), f.load(bias)));
                    let input = f.load(x);
                    let decays = a.iter().map(|a| math::exp(f, f.mul(dt, f.load(a))));
                    let weights = Weights { isa, b: job.b, c: job.c, tokens, t, start: 0 };
                    let sum = step(f, state, decays, weights, f.mul(input, dt));
                    let y = f.add(sum, f.mul(input, f.load(d)));
                    f.store(gated(f, y, job.z.get(at)), x);
                }
            }
        }
    }
}

impl Op for Piece<'_, HeadScan<'_>> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let job = self.job;
        let (tokens, dim, n_head) = (job.tokens.max(1), job.head_dim, job.n_head.max(1));
        let mut states = self.state.chunks_exact_mut(job.n_state.max(1));
        for head in self.first..n_head {
            let start = head * job.n_group / n_head * job.n_state;
            // The rows of the head in this piece and in whole panels.
            let (here, there) = ((head - self.first) * dim, head * dim);
            for first in (0..dim).step_by(LANES) {
                let Some(state) = states.next() else { return };
                let n = LANES.min(dim - first);
                for t in 0..tokens {
                    let [mut x, mut z] = [[[0.0; LANES]; 1]; 2];
                    Elements { tokens, token: t, start: here + first, n }.read(isa, self.x, x.as_flattened_mut());
                    if !job.z.is_empty() {
                        Elements { tokens, token: t, start: there + first, n }.read(isa, job.z, z.as_flattened_mut());
                    }
                    let z = z.first().filter(|_| !job.z.is_empty());
                    let step_size = element(job.dt, tokens, t, head) + element(job.dt_bias, 1, 0, head);
                    let [x] = &mut x;
                    for f in lanes(isa) {
                        let dt = math::softplus(f, f.splat(step_size));
                        let decay = math::exp(f, f.mul(dt, f.splat(element(job.a, 1, 0, head))));
                        let input = f.load(x);
                        let weights = Weights { isa, b: job.b, c: job.c, tokens, t, start };
                        let sum = step(f, state, core::iter::repeat(decay), weights, f.mul(input, dt));
                        let y = f.add(sum, f.mul(input, f.splat(element(job.d, 1, 0, head))));
                        f.store(gated(f, y, z), x);
                    }
                    Elements { tokens, token: t, start: here + first, n }.write(isa, self.x, x);
                }
            }
        }
    }
}

/// `y * silu(z)`; `y` without a gate.
#[inline(always)]
fn gated<F: Floats>(f: F, y: F::V, z: Option<&Group>) -> F::V {
    z.map_or(y, |z| f.mul(activate(f, Act::Silu, f.load(z)), y))
}

/// Element `e` of token `t`; 0 past the end.
#[inline(always)]
fn element(panel: &[Group], tokens: usize, t: usize, e: usize) -> f32 {
    panel.get(e / LANES * tokens + t).map_or(0.0, |group| group[e % LANES])
}

/// The input and output weights of token `t`: those from element `start` on.
#[derive(Clone, Copy)]
struct Weights<'a, I> {
    isa: I,
    b: &'a [Group],
    c: &'a [Group],
    tokens: usize,
    t: usize,
    start: usize,
}

impl<I: Isa> Weights<'_, I> {
    /// Weights `first..first + 16` of the input and of the output.
    #[inline(always)]
    fn at(&self, first: usize) -> [Group; 2] {
        [self.b, self.c].map(|panel| {
            let mut group = [[0.0; LANES]; 1];
            Elements { tokens: self.tokens, token: self.t, start: self.start + first, n: LANES }.read(
                self.isa,
                panel,
                group.as_flattened_mut(),
            );
            group[0]
        })
    }
}

/// One token of sixteen channels: `state[n] = state[n] * decay[n] + b[n] * input`; returns the sum of `state[n] * c[n]`, in
/// the order of `n`.
#[inline(always)]
fn step<I: Isa, F: Floats>(
    f: F,
    state: &mut [Group],
    mut decays: impl Iterator<Item = F::V>,
    weights: Weights<'_, I>,
    input: F::V,
) -> F::V {
    let mut sum = f.splat(0.0);
    for (i, state) in state.chunks_mut(LANES).enumerate() {
        let [b, c] = weights.at(i * LANES);
        for ((state, decay), (b, c)) in state.iter_mut().zip(&mut decays).zip(b.into_iter().zip(c)) {
            let next = f.add(f.mul(f.load(state), decay), f.mul(f.splat(b), input));
            f.store(next, state);
            sum = f.add(sum, f.mul(next, f.splat(c)));
        }
    }
    sum
}
