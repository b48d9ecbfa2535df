//! RWKV 7's time mix: `y = out . mix(r, w, k, v, a) * g`, where all six come from mixes of every token with the one before.
//!
//! Decays `w`, removal rates `a` and gates `g` come from pairs of matrices of a small rank. Layers but the first move their
//! values `v` towards the first layer's, which are kept for the whole pass.

use crate::kernels::{self, Act, Group, InputBuffer, Map, Recurrence, TokenShift, groups};
use crate::model::hyper::{Hyper, TimeMixSizes};
use crate::model::products::Matmul;
use crate::model::state::RecurrentState;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::quant::ActKind;
use crate::weights::{Entry, Feed, LayerTensor, PassError, Role};
use core::slice::Chunks;

/// Added to the variance of a head's output.
const HEAD_NORM_EPS: f32 = 64e-5;
/// Vectors that are mixed with the token before: for receptances, decays, keys, values, removal rates and gates.
const MIXES: u32 = 6;

/// RWKV 7's time mix.
#[derive(Clone, Copy, Debug)]
pub struct TimeMix {
    /// Width of the hidden state, and of all heads.
    pub n_embd: u32,
    /// Other widths.
    pub sizes: TimeMixSizes,
    /// True in the first layer, whose values the others read.
    pub is_first: bool,
}

/// The mixes of a layer's tokens with the tokens before them, one after another, and their products.
struct Mixes<'x, 'p, 'a, 'm, 'i> {
    layer: u32,
    matmul: Matmul<'p, 'a, 'm>,
    /// The layer's input.
    x: &'x [Group],
    /// The token before the first.
    previous: &'x [Group],
    /// The weights of the mixes that are left.
    lerps: Chunks<'p, Group>,
    /// The mix.
    mix: &'x mut [Group],
    /// Scratch of twice the widest rank.
    hidden: &'x mut [Group],
    input: &'x mut InputBuffer<'i>,
    tokens: usize,
}

impl Mixes<'_, '_, '_, '_, '_> {
    /// Makes the next mix.
    fn next(&mut self) {
        let Matmul { kernels, executor, .. } = self.matmul;
        let lerp = self.lerps.next().unwrap_or_default();
        let shift = TokenShift { x: self.x, previous: self.previous, lerp, y: self.mix, tokens: self.tokens };
        kernels.recur(Recurrence::TokenShift(shift), executor);
    }

    /// `w . mix -> y`.
    async fn linear(&mut self, tensor: LayerTensor, y: &mut [Group], feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let (role, matmul) = (Role::Layer(self.layer, tensor), self.matmul);
        self.input.fill(matmul.kernels, self.mix, self.tokens, None, matmul.act_kind(role));
        matmul.linear(role, self.input, y, feed).await
    }

    /// `up . act(down . mix) -> y`, for a `down` with `rank` rows.
    async fn low_rank(
        &mut self,
        [down, up]: [LayerTensor; 2],
        (rank, act): (u32, Option<Act>),
        y: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (matmul, tokens) = (self.matmul, self.tokens);
        let [down, up] = [down, up].map(|tensor| Role::Layer(self.layer, tensor));
        let (h, rest) = split(self.hidden, groups(rank as usize).saturating_mul(tokens));
        let padded = rest.get_mut(..h.len()).unwrap_or_default();
        self.input.fill(matmul.kernels, self.mix, tokens, None, matmul.act_kind(down));
        matmul.linear(down, self.input, h, feed).await?;
        if let Some(act) = act {
            matmul.kernels.map(h, tokens, Map::Act(act));
        }
        // Zeros behind the last element.
        matmul.kernels.copy_rows(h, 0, rank as usize, tokens, padded);
        self.input.fill(matmul.kernels, padded, tokens, None, matmul.act_kind(up));
        matmul.linear(up, self.input, y, feed).await
    }
}

/// The recurrence's inputs for every token. Its output replaces `r`.
struct Vectors<'x> {
    r: &'x mut [Group],
    w: &'x mut [Group],
    k: &'x mut [Group],
    v: &'x mut [Group],
    a: &'x mut [Group],
    g: &'x mut [Group],
}

impl TimeMix {
    /// The time mix as the hyperparameters have it.
    pub(in crate::model) fn of(hyper: &Hyper, layer: u32) -> TimeMix {
        TimeMix { n_embd: hyper.n_embd, sizes: hyper.time_mix, is_first: layer == 0 }
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        [LayerTensor::AttnNorm, LayerTensor::TimeReceptance]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        use LayerTensor as L;
        let role = |tensor| Role::Layer(layer, tensor);
        let [decay, rate, value, gate] = self.sizes.ranks;
        each(Entry::vector(role(L::AttnNorm), n_embd));
        each(Entry::vector(role(L::AttnNormBias), n_embd));
        each(Entry::vectors(role(L::TimeLerp), n_embd, MIXES));
        each(Entry::matrix(role(L::TimeReceptance), n_embd, n_embd));
        each(Entry::matrix(role(L::TimeW1), n_embd, decay));
        each(Entry::matrix(role(L::TimeW2), decay, n_embd));
        each(Entry::vector(role(L::TimeW0), n_embd));
        each(Entry::matrix(role(L::TimeKey), n_embd, n_embd));
        each(Entry::matrix(role(L::TimeValue), n_embd, n_embd));
        if self.is_first {
            // Files have them, with another rank.
            each(Entry::unused(role(L::TimeV1), n_embd, rate));
            each(Entry::unused(role(L::TimeV2), rate, n_embd));
            each(Entry::unused(role(L::TimeV0), n_embd, 1));
        } else {
            each(Entry::matrix(role(L::TimeV1), n_embd, value));
            each(Entry::matrix(role(L::TimeV2), value, n_embd));
            each(Entry::vector(role(L::TimeV0), n_embd));
        }
        each(Entry::matrix(role(L::TimeA1), n_embd, rate));
        each(Entry::matrix(role(L::TimeA2), rate, n_embd));
        each(Entry::vector(role(L::TimeA0), n_embd));
        each(Entry::matrix(role(L::TimeG1), n_embd, gate));
        each(Entry::matrix(role(L::TimeG2), gate, n_embd));
        for tensor in [L::TimeKK, L::TimeKA, L::TimeRK, L::TimeNorm, L::TimeNormBias] {
            each(Entry::vector(role(tensor), n_embd));
        }
        each(Entry::matrix(role(L::TimeOut), n_embd, n_embd));
    }

    fn widest_rank(&self) -> usize {
        self.sizes.ranks.into_iter().max().unwrap_or(0) as usize
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        let embd = groups(self.n_embd as usize);
        // The input, its mix, the six vectors and their columns; vectors of a small rank.
        let panels = embd.saturating_mul(MIXES.saturating_mul(2).saturating_add(2) as usize);
        let ranks = groups(self.widest_rank()).saturating_mul(2);
        Scratch { groups: panels.saturating_add(ranks), widest: self.widest_rank(), kept: embd }
    }

    fn shift_groups(&self) -> usize {
        TokenShift::state_groups(self.n_embd as usize)
    }

    fn n_head(&self) -> usize {
        self.n_embd.checked_div(self.sizes.head_dim).unwrap_or(0) as usize
    }

    fn mix_groups(&self) -> usize {
        kernels::TimeMix::state_groups(self.n_head(), self.sizes.head_dim as usize)
    }

    /// Groups of its state: the token before, and the states of the heads.
    pub(super) fn state_groups(&self) -> usize {
        self.shift_groups().saturating_add(self.mix_groups())
    }

    /// Computes the block's output from its input.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (matmul, kernels, tokens, embd) = (work.matmul(), work.kernels, work.tokens, work.hidden_groups());
        let values = &mut *work.values;
        let mut rest = &mut *values.scratch;
        let mut next = |n| {
            let (taken, left) = split(core::mem::take(&mut rest), n);
            rest = left;
            taken
        };
        let [x, mix, r, w, k, v, a, g] = [embd; 8].map(&mut next);
        let hidden = next(groups(self.widest_rank()).saturating_mul(tokens).saturating_mul(2));
        x.iter_mut().zip(values.input.input(kernels, ActKind::Float).float).for_each(|(x, input)| *x = *input);
        let mut vectors = Vectors { r, w, k, v, a, g };

        let (input, state) = (&mut values.input, &mut *work.state);
        let lerps = work.store.vector(Role::Layer(layer, LayerTensor::TimeLerp)).unwrap_or_default();
        let mixes = Mixes {
            layer,
            matmul,
            x,
            previous: state.before(self.shift_groups()),
            lerps: lerps.chunks(self.shift_groups().max(1)),
            mix,
            hidden,
            input,
            tokens,
        };
        self.fill(mixes, &mut vectors, values.kept.get_mut(..embd).unwrap_or_default(), feed).await?;

        state.each_run(self.shift_groups(), [x], rest, &mut |previous, [x], tokens| {
            TokenShift::keep_last(x, tokens, previous);
        });
        self.recur(layer, matmul, &mut vectors, state, rest);

        let (y, out) = (values.y.get_mut(..embd).unwrap_or_default(), Role::Layer(layer, LayerTensor::TimeOut));
        input.fill(kernels, vectors.r, tokens, None, matmul.act_kind(out));
        matmul.linear(out, input, y, feed).await
    }

    /// Fills the `vectors` from the `mixes`, in the order of use. The first layer's values are `kept`.
    async fn fill(
        &self,
        mut mixes: Mixes<'_, '_, '_, '_, '_>,
        vectors: &mut Vectors<'_>,
        kept: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        use LayerTensor as L;
        let Vectors { r, w, k, v, a, g } = vectors;
        let (Matmul { store, kernels, .. }, tokens, layer) = (mixes.matmul, mixes.tokens, mixes.layer);
        let bias = |tensor| Map::Bias(store.vector(Role::Layer(layer, tensor)).unwrap_or_default());
        let [decay, rate, value, gate] = self.sizes.ranks;
        mixes.next();
        mixes.linear(L::TimeReceptance, r, feed).await?;
        mixes.next();
        mixes.low_rank([L::TimeW1, L::TimeW2], (decay, Some(Act::Tanh)), w, feed).await?;
        kernels.map(w, tokens, bias(L::TimeW0));
        mixes.next();
        mixes.linear(L::TimeKey, k, feed).await?;
        mixes.next();
        mixes.linear(L::TimeValue, v, feed).await?;
        if self.is_first {
            kept.iter_mut().zip(&**v).for_each(|(kept, v)| *kept = *v);
        } else {
            // The removal rates come later.
            let share = &mut **a;
            mixes.low_rank([L::TimeV1, L::TimeV2], (value, None), share, feed).await?;
            kernels.map(share, tokens, bias(L::TimeV0));
            kernels.map(share, tokens, Map::Act(Act::Sigmoid));
            kernels.map(v, tokens, Map::Lerp { y: kept, share });
        }
        mixes.next();
        mixes.low_rank([L::TimeA1, L::TimeA2], (rate, None), a, feed).await?;
        kernels.map(a, tokens, bias(L::TimeA0));
        kernels.map(a, tokens, Map::Act(Act::Sigmoid));
        mixes.next();
        mixes.low_rank([L::TimeG1, L::TimeG2], (gate, Some(Act::Sigmoid)), g, feed).await
    }

    /// Runs the recurrence over the `vectors` of all tokens, with its output in place of the receptances.
    fn recur(
        &self,
        layer: u32,
        Matmul { store, kernels, executor, .. }: Matmul<'_, '_, '_>,
        Vectors { r, w, k, v, a, g }: &mut Vectors<'_>,
        state: &mut RecurrentState<'_>,
        scratch: &mut [Group],
    ) {
        use LayerTensor as L;
        let vector = |tensor| store.vector(Role::Layer(layer, tensor)).unwrap_or_default();
        let (n_head, head_dim, eps) = (self.n_head(), self.sizes.head_dim as usize, HEAD_NORM_EPS);
        let [k_k, k_a, r_k] = [L::TimeKK, L::TimeKA, L::TimeRK].map(vector);
        let [norm_weight, norm_bias] = [L::TimeNorm, L::TimeNormBias].map(vector);
        state.each_run(self.mix_groups(), [r, w, k, v, a, g], scratch, &mut |state, [r, w, k, v, a, g], tokens| {
            let (w, k, v, a, g) = (&*w, &*k, &*v, &*a, &*g);
            let job = kernels::TimeMix {
                n_head,
                head_dim,
                k_k,
                k_a,
                r_k,
                norm_weight,
                norm_bias,
                eps,
                w,
                k,
                v,
                a,
                g,
                state,
                r,
                tokens,
            };
            kernels.recur(Recurrence::TimeMix(job), executor);
        });
    }
}
