//! RWKV 7's time mix: `y = out . mix(r, w, k, v, a) * g`, where all six come from mixes of every token with the one before.
//!
//! Decays `w`, removal rates `a` and gates `g` come from pairs of matrices of a small rank. Layers but the first move their
//! values `v` towards the first layer's, which are kept for the whole pass.

use crate::kernels::{self, Act, Group, InputBuffer, Map, Recurrence, TokenShift, groups};
use crate::model::hyper::{Hyper, TimeMixSizes};
use crate::model::products::Matmul;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::quant::ActKind;
use crate::weights::{Entry, Feed, LayerTensor, PassError, Role};

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

/// A pair of matrices of a small rank, with the function between them.
struct LowRank {
    layer: u32,
    down: LayerTensor,
    up: LayerTensor,
    rank: u32,
    act: Option<Act>,
}

impl LowRank {
    /// `up . act(down . x) -> y`; `hidden` is scratch of twice the rank.
    async fn run(
        &self,
        matmul: Matmul<'_, '_, '_>,
        x: &mut [Group],
        hidden: &mut [Group],
        y: &mut [Group],
        (input, feed): (&mut InputBuffer<'_>, &mut Feed<'_, '_>),
        tokens: usize,
    ) -> Result<(), PassError> {
        let [down, up] = [self.down, self.up].map(|tensor| Role::Layer(self.layer, tensor));
        let (h, rest) = split(hidden, groups(self.rank as usize).saturating_mul(tokens));
        let padded = rest.get_mut(..h.len()).unwrap_or_default();
        input.fill(matmul.kernels, x, tokens, None, matmul.act_kind(down));
        matmul.linear(down, input, h, feed).await?;
        if let Some(act) = self.act {
            matmul.kernels.map(h, tokens, Map::Act(act));
        }
        // Zeros behind the last element.
        matmul.kernels.copy_rows(h, 0, self.rank as usize, tokens, padded);
        input.fill(matmul.kernels, padded, tokens, None, matmul.act_kind(up));
        matmul.linear(up, input, y, feed).await
    }
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
        use LayerTensor as L;
        let role = |tensor| Role::Layer(layer, tensor);
        let (matmul, kernels, tokens, embd) = (work.matmul(), work.kernels, work.tokens, work.hidden_groups());
        let (store, executor) = (work.store, work.executor);
        let vector = |tensor| store.vector(role(tensor)).unwrap_or_default();
        let values = &mut *work.values;
        let (x, rest) = split(values.scratch, embd);
        let (m, rest) = split(rest, embd);
        let (r, rest) = split(rest, embd);
        let (w, rest) = split(rest, embd);
        let (k, rest) = split(rest, embd);
        let (v, rest) = split(rest, embd);
        let (a, rest) = split(rest, embd);
        let (g, rest) = split(rest, embd);
        let (hidden, rest) = split(rest, groups(self.widest_rank()).saturating_mul(tokens).saturating_mul(2));
        x.iter_mut().zip(values.input.input(kernels, ActKind::Float).float).for_each(|(x, input)| *x = *input);

        let (input, state) = (&mut values.input, &mut *work.state);
        let lerps = vector(L::TimeLerp);
        let previous = state.before(self.shift_groups());
        let mut mixes = lerps.chunks(self.shift_groups().max(1));
        let mut mix = |m: &mut [Group]| {
            let lerp = mixes.next().unwrap_or_default();
            kernels.recur(Recurrence::TokenShift(TokenShift { x, previous, lerp, y: m, tokens }), executor);
        };
        let low_rank = |[down, up]: [L; 2], rank, act| LowRank { layer, down, up, rank, act };
        let [decay, rate, value, gate] = self.sizes.ranks;
        mix(m);
        input.fill(kernels, m, tokens, None, matmul.act_kind(role(L::TimeReceptance)));
        matmul.linear(role(L::TimeReceptance), input, r, feed).await?;
        mix(m);
        low_rank([L::TimeW1, L::TimeW2], decay, Some(Act::Tanh))
            .run(matmul, m, hidden, w, (&mut *input, &mut *feed), tokens)
            .await?;
        kernels.map(w, tokens, Map::Bias(vector(L::TimeW0)));
        mix(m);
        input.fill(kernels, m, tokens, None, matmul.act_kind(role(L::TimeKey)));
        matmul.linear(role(L::TimeKey), input, k, feed).await?;
        mix(m);
        input.fill(kernels, m, tokens, None, matmul.act_kind(role(L::TimeValue)));
        matmul.linear(role(L::TimeValue), input, v, feed).await?;
        let kept = values.kept.get_mut(..embd).unwrap_or_default();
        if self.is_first {
            kept.iter_mut().zip(&*v).for_each(|(kept, v)| *kept = *v);
        } else {
            let share = &mut *a;
            low_rank([L::TimeV1, L::TimeV2], value, None)
                .run(matmul, m, hidden, share, (&mut *input, &mut *feed), tokens)
                .await?;
            kernels.map(share, tokens, Map::Bias(vector(L::TimeV0)));
            kernels.map(share, tokens, Map::Act(Act::Sigmoid));
            kernels.map(v, tokens, Map::Lerp { y: kept, share });
        }
        mix(m);
        low_rank([L::TimeA1, L::TimeA2], rate, None)
            .run(matmul, m, hidden, a, (&mut *input, &mut *feed), tokens)
            .await?;
        kernels.map(a, tokens, Map::Bias(vector(L::TimeA0)));
        kernels.map(a, tokens, Map::Act(Act::Sigmoid));
        mix(m);
        low_rank([L::TimeG1, L::TimeG2], gate, Some(Act::Sigmoid))
            .run(matmul, m, hidden, g, (&mut *input, &mut *feed), tokens)
            .await?;

        state.each_run(self.shift_groups(), [x], rest, &mut |previous, [x], tokens| {
            TokenShift::keep_last(x, tokens, previous);
        });
        let (n_head, head_dim, eps) = (self.n_head(), self.sizes.head_dim as usize, HEAD_NORM_EPS);
        let [k_k, k_a, r_k] = [L::TimeKK, L::TimeKA, L::TimeRK].map(vector);
        let [norm_weight, norm_bias] = [L::TimeNorm, L::TimeNormBias].map(vector);
        state.each_run(self.mix_groups(), [&mut *r, w, k, v, a, g], rest, &mut |state, [r, w, k, v, a, g], tokens| {
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

        let y = values.y.get_mut(..embd).unwrap_or_default();
        input.fill(kernels, r, tokens, None, matmul.act_kind(role(L::TimeOut)));
        matmul.linear(role(L::TimeOut), input, y, feed).await
    }
}
