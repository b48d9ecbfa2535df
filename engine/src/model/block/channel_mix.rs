//! RWKV's feed-forward network: `y = value . relu(key . mix(x))^2`, where `mix` mixes every token with the one before.
//!
//! With `T` tokens and `E = n_embd`, the values are the panels `x[E][T]`, the mix `m[E][T]` and `h[n_ff][T]`.

use crate::kernels::{Act, Map, Recurrence, TokenShift, groups};
use crate::model::hyper::Hyper;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::quant::ActKind;
use crate::weights::{Entry, Feed, LayerTensor, PassError, Role};

/// RWKV's feed-forward network.
#[derive(Clone, Copy, Debug)]
pub struct ChannelMix {
    /// Width of the hidden state.
    pub n_embd: u32,
    /// Width.
    pub n_ff: u32,
}

impl ChannelMix {
    /// The network as the hyperparameters have it.
    pub(in crate::model) fn of(hyper: &Hyper, layer: u32) -> ChannelMix {
        ChannelMix { n_embd: hyper.n_embd, n_ff: hyper.n_ff.of(layer) }
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        [LayerTensor::AttnNorm2, LayerTensor::ChannelKey]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        each(Entry::vector(role(LayerTensor::AttnNorm2), n_embd));
        each(Entry::vector(role(LayerTensor::AttnNorm2Bias), n_embd));
        each(Entry::vector(role(LayerTensor::ChannelLerp), n_embd));
        each(Entry::matrix(role(LayerTensor::ChannelKey), n_embd, self.n_ff));
        each(Entry::matrix(role(LayerTensor::ChannelValue), self.n_ff, n_embd));
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        // Two panels of vectors, and the columns of one of them.
        let groups = groups(self.n_embd as usize).saturating_mul(3).saturating_add(groups(self.n_ff as usize));
        Scratch::of(groups, self.n_ff as usize)
    }

    /// Groups of its state: the token before.
    pub(super) fn state_groups(&self) -> usize {
        TokenShift::state_groups(self.n_embd as usize)
    }

    /// Computes the block's output from its input.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let role = |tensor| Role::Layer(layer, tensor);
        let (matmul, kernels, tokens, embd) = (work.matmul(), work.kernels, work.tokens, work.hidden_groups());
        let values = &mut *work.values;
        let (x, rest) = split(values.scratch, embd);
        let (m, rest) = split(rest, embd);
        let (h, rest) = split(rest, groups(self.n_ff as usize).saturating_mul(tokens));
        x.iter_mut().zip(values.input.input(kernels, ActKind::Float).float).for_each(|(x, input)| *x = *input);
        let lerp = work.store.vector(role(LayerTensor::ChannelLerp)).unwrap_or_default();
        let previous = work.state.before(self.state_groups());
        let shift = TokenShift { x, previous, lerp, y: &mut *m, tokens };
        kernels.recur(Recurrence::TokenShift(shift), work.executor);
        work.state.each_run(self.state_groups(), [x], rest, &mut |previous, [x], tokens| {
            TokenShift::keep_last(x, tokens, previous);
        });
        values.input.fill(kernels, m, tokens, None, matmul.act_kind(role(LayerTensor::ChannelKey)));
        matmul.linear(role(LayerTensor::ChannelKey), &mut values.input, h, feed).await?;
        kernels.map(h, tokens, Map::Act(Act::Relu2));

        let y = values.y.get_mut(..embd).unwrap_or_default();
        values.input.fill(kernels, h, tokens, None, matmul.act_kind(role(LayerTensor::ChannelValue)));
        matmul.linear(role(LayerTensor::ChannelValue), &mut values.input, y, feed).await
    }
}
