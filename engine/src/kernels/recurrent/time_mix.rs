//! RWKV 7's time mix: a state for each head, from which every token removes along one direction and to which it adds along
//! another.

use super::pieces::{for_pieces, heads_of_whole_groups, units_of_piece};
use crate::kernels::executor::Executor;
use crate::kernels::heads::Elements;
use crate::kernels::norm::{Norm, NormKind};
use crate::kernels::panel::{Group, groups};
use crate::simd::{Floats, Isa, LANES, Op, lanes, math};

/// The time mix of RWKV 7, of panels `[n_head * head_dim]`, in place of `r`. For every head and token, where `s[i][j]` is the
/// state of value element `i` and key element `j`:
///
/// ```text
/// w       = exp(-exp(-1/2) * sigmoid(w))
/// kk      = k * k_k / |k * k_k|
/// k       = k * (1 + (a - 1) * k_a)
/// s[i][j] = s[i][j] * w[j] + v[i] * k[j] - (sum of s[i] * kk) * (kk[j] * a[j])
/// y       = (norm(s . r) + v * (sum of k * r * r_k)) * g
/// ```
///
/// with sums over the elements of a head. Needs heads of at most [`TimeMix::MAX_HEAD_DIM`] elements.
pub struct TimeMix<'a> {
    /// Heads.
    pub n_head: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// Scales of the keys along which the state is removed, `k_k[n_head * head_dim]`.
    pub k_k: &'a [Group],
    /// Shares of the removal rate in the keys, `k_a[n_head * head_dim]`.
    pub k_a: &'a [Group],
    /// Weights of the current token's bonus, `r_k[n_head * head_dim]`.
    pub r_k: &'a [Group],
    /// Weights of the LayerNorm of each head's output, `[n_head * head_dim]`; empty for no norm.
    pub norm_weight: &'a [Group],
    /// The norm's bias, likewise.
    pub norm_bias: &'a [Group],
    /// The norm's epsilon.
    pub eps: f32,
    /// A panel of decays before their sigmoid.
    pub w: &'a [Group],
    /// A panel of keys.
    pub k: &'a [Group],
    /// A panel of values.
    pub v: &'a [Group],
    /// A panel of removal rates, from 0 to 1.
    pub a: &'a [Group],
    /// A panel of gates; empty for none.
    pub g: &'a [Group],
    /// The state, `[n_head][head_dim / 16][head_dim][16]`: value elements are in the lanes.
    pub state: &'a mut [Group],
    /// The receptances, then the output.
    pub r: &'a mut [Group],
    /// Tokens in the panels.
    pub tokens: usize,
}

/// Groups of the widest head.
const MAX_GROUPS: usize = TimeMix::MAX_HEAD_DIM / LANES;

impl TimeMix<'_> {
    /// The most elements of a head: a few of its vectors live on the stack.
    pub const MAX_HEAD_DIM: usize = 128;

    /// Groups of the state of `n_head` heads.
    #[must_use]
    pub const fn state_groups(n_head: usize, head_dim: usize) -> usize {
        groups(head_dim).saturating_mul(n_head).saturating_mul(head_dim)
    }
}

/// Some neighbouring heads.
struct Piece<'j, 'a> {
    job: &'j TimeMix<'a>,
    /// The first head.
    first: usize,
    state: &'j mut [Group],
    r: &'j mut [Group],
}

pub(super) fn run<I: Isa>(isa: I, mut job: TimeMix<'_>, executor: &dyn Executor) {
    job.tokens = job.tokens.max(1);
    job.head_dim = job.head_dim.clamp(1, TimeMix::MAX_HEAD_DIM);
    let (state, r) = (core::mem::take(&mut job.state), core::mem::take(&mut job.r));
    let unit = heads_of_whole_groups(job.head_dim);
    let heads = unit * units_of_piece(job.n_head.div_ceil(unit), executor);
    let of_r = groups(heads * job.head_dim) * job.tokens;
    let of_state = TimeMix::state_groups(heads, job.head_dim);
    // Not a zip: that divides by the length of chunks, in code that does not see that it is not 0.
    let mut states = state.chunks_mut(of_state.max(1));
    let mut state = || states.next().unwrap_or_default();
    let pieces = r.chunks_mut(of_r.max(1)).enumerate();
    let pieces = pieces.map(|(i, r)| Piece { job: &job, first: i * heads, state: state(), r });
    for_pieces(executor, pieces, |piece| isa.run(piece));
}

/// A head's vector, padded with zeros.
type Row = [Group; MAX_GROUPS];
const ZEROS: Row = [[0.0; LANES]; MAX_GROUPS];

/// The factors of one token's update of a head's state, and of its output.
struct Keys {
    /// Decays.
    w: Row,
    /// Keys, which are added along with the values.
    k: Row,
    /// The direction that is removed, of length 1.
    removed: Row,
    /// The direction that is put in its place: `-removed * a`.
    replaced: Row,
    /// Receptances, with which the new state is multiplied to give the output.
    r: Row,
    /// The factor of the current token's values.
    bonus: f32,
}

impl Op for Piece<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let job = self.job;
        let (dim, tokens) = (job.head_dim.clamp(1, TimeMix::MAX_HEAD_DIM), job.tokens.max(1));
        let mut states = self.state.chunks_exact_mut((groups(dim) * dim).max(1));
        for head in self.first..job.n_head {
            let Some(state) = states.next() else { return };
            let (here, there) = ((head - self.first) * dim, head * dim);
            for t in 0..tokens {
                let mut y = ZEROS;
                Elements { tokens, token: t, start: here, n: dim }.read(isa, self.r, y.as_flattened_mut());
                let keys = Keys::new(isa, job, there, t, &y);
                let mut v = ZEROS;
                Elements { tokens, token: t, start: there, n: dim }.read(isa, job.v, v.as_flattened_mut());
                let mut states = state.chunks_exact_mut(dim.max(1));
                for (y, v) in y.iter_mut().zip(&v) {
                    let Some(state) = states.next() else { break };
                    for f in lanes(isa) {
                        f.store(keys.step(f, state, f.load(v)), y);
                    }
                }
                job.finish(isa, there, t, &v, keys.bonus, &mut y);
                Elements { tokens, token: t, start: here, n: dim }.write(isa, self.r, y.as_flattened());
            }
        }
    }
}

impl Keys {
    /// The keys of token `t` and of the head that begins with element `start`, whose receptances are `r`.
    #[inline(always)]
    fn new<I: Isa>(isa: I, job: &TimeMix<'_>, start: usize, t: usize, r: &Row) -> Self {
        let (dim, tokens) = (job.head_dim, job.tokens);
        let row = |panel: &[Group], tokens, t| {
            let mut row = ZEROS;
            Elements { tokens, token: t, start, n: dim }.read(isa, panel, row.as_flattened_mut());
            row
        };
        let (k_k, k_a, r_k) = (row(job.k_k, 1, 0), row(job.k_a, 1, 0), row(job.r_k, 1, 0));
        let (a, k) = (row(job.a, tokens, t), row(job.k, tokens, t));
        let mut keys = Keys { w: row(job.w, tokens, t), k, removed: ZEROS, replaced: ZEROS, r: *r, bonus: 0.0 };
        let (mut squares, mut bonus) = ([0.0; LANES], [0.0; LANES]);
        for f in lanes(isa) {
            let (mut square, mut product) = (f.splat(0.0), f.splat(0.0));
            for g in 0..groups(dim).min(MAX_GROUPS) {
                let (a, k) = (f.load(&a[g]), f.load(&keys.k[g]));
                // e^(-1/2)
                let decay = f.mul(f.splat(-0.606_530_66), math::sigmoid(f, f.load(&keys.w[g])));
                f.store(math::exp(f, decay), &mut keys.w[g]);
                let removed = f.mul(k, f.load(&k_k[g]));
                f.store(removed, &mut keys.removed[g]);
                square = f.add(square, f.mul(removed, removed));
                let share = f.mul(k, f.load(&k_a[g]));
                let k = f.add(k, f.sub(f.mul(a, share), share));
                f.store(k, &mut keys.k[g]);
                product = f.add(product, f.mul(f.mul(k, f.load(&r[g])), f.load(&r_k[g])));
            }
            f.store(square, &mut squares);
            f.store(product, &mut bonus);
        }
        keys.bonus = isa.sum(&bonus);
        // The bound keeps a key of zeros from becoming NaN.
        let factor = 1.0 / math::sqrt(isa.sum(&squares)).max(1e-12);
        for ((removed, replaced), a) in keys.removed.iter_mut().zip(&mut keys.replaced).zip(&a).take(groups(dim)) {
            for f in lanes(isa) {
                let direction = f.mul(f.load(removed), f.splat(factor));
                f.store(direction, removed);
                f.store(f.sub(f.splat(0.0), f.mul(direction, f.load(a))), replaced);
            }
        }
        keys
    }

    /// One token of sixteen values `v`: changes their states, and returns their products with the receptances.
    #[inline(always)]
    fn step<F: Floats>(&self, f: F, state: &mut [Group], v: F::V) -> F::V {
        let mut along = f.splat(0.0);
        for (state, removed) in state.iter().zip(self.removed.as_flattened()) {
            along = f.add(along, f.mul(f.load(state), f.splat(*removed)));
        }
        let mut y = f.splat(0.0);
        let added = self.k.as_flattened().iter().zip(self.replaced.as_flattened());
        let rest = self.w.as_flattened().iter().zip(self.r.as_flattened());
        for (state, ((k, replaced), (w, r))) in state.iter_mut().zip(added.zip(rest)) {
            let kept = f.add(f.mul(f.load(state), f.splat(*w)), f.mul(v, f.splat(*k)));
            let next = f.add(kept, f.mul(along, f.splat(*replaced)));
            f.store(next, state);
            y = f.add(y, f.mul(next, f.splat(*r)));
        }
        y
    }
}

impl TimeMix<'_> {
    /// `y = (norm(y) + v * bonus) * g` for token `t` and the head that begins with element `start`.
    #[inline(always)]
    fn finish<I: Isa>(&self, isa: I, start: usize, t: usize, v: &Row, bonus: f32, y: &mut Row) {
        let dim = self.head_dim;
        let y = y.get_mut(..groups(dim)).unwrap_or_default();
        if !self.norm_weight.is_empty() {
            let [mut weight, mut bias] = [ZEROS; 2];
            Elements { tokens: 1, token: 0, start, n: dim }.read(isa, self.norm_weight, weight.as_flattened_mut());
            Elements { tokens: 1, token: 0, start, n: dim }.read(isa, self.norm_bias, bias.as_flattened_mut());
            let norm = Norm { kind: NormKind::Layer, weight: &weight, bias: &bias, width: dim, eps: self.eps };
            norm.apply_to_one(isa, y);
        }
        let mut g = [[1.0; LANES]; MAX_GROUPS];
        if !self.g.is_empty() {
            Elements { tokens: self.tokens, token: t, start, n: dim }.read(isa, self.g, g.as_flattened_mut());
        }
        for ((y, v), g) in y.iter_mut().zip(v).zip(&g) {
            for f in lanes(isa) {
                let sum = f.add(f.load(y), f.mul(f.load(v), f.splat(bonus)));
                f.store(f.mul(sum, f.load(g)), y);
            }
        }
    }
}
