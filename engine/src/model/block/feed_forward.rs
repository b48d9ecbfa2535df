//! The feed-forward network: `y = down . (act(gate . x) * (up . x))`, or `y = down . act(up . x)`.
//!
//! With `T` tokens, its values are the panels `h[n_ff][T]`, `u[n_ff][T]` where the products of gate and up are apart, and
//! `[2 * n_ff][T]` where their rows are one matrix.

use crate::kernels::{Act, groups};
#[cfg(feature = "attention-variants")]
use crate::kernels::{Group, InputBuffer, Map};
use crate::model::hyper::Hyper;
#[cfg(feature = "attention-variants")]
use crate::model::products::Matmul;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::weights::{Entry, Feed, LayerTensor, LayerTensors, PassError, Role, VARIANTS};

/// The matrices before the activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A gate and an up projection.
    Gated,
    /// The rows of the gate, then those of the up projection, as one matrix.
    Fused,
    /// An up projection alone.
    Plain,
}

/// A feed-forward network.
#[derive(Clone, Copy, Debug)]
pub struct FeedForward {
    /// Width.
    pub n_ff: u32,
    /// The activation function.
    pub act: Act,
    /// The matrices before it.
    pub form: Form,
    /// The norm of the input; `None` for none of its own.
    pub norm_before: Option<LayerTensor>,
    /// True if the output is normalised.
    pub norm_after: bool,
    /// Tensors that some models of the architecture have, and this one too.
    pub present: LayerTensors,
}

impl FeedForward {
    /// The network as the hyperparameters have it, with a norm before it and no other.
    pub(in crate::model) fn of(hyper: &Hyper, layer: u32) -> FeedForward {
        FeedForward {
            n_ff: hyper.n_ff.of(layer),
            act: hyper.act,
            form: Form::Gated,
            norm_before: Some(LayerTensor::FfnNorm),
            norm_after: false,
            present: hyper.present,
        }
    }

    fn form(&self) -> Form {
        if VARIANTS { self.form } else { Form::Gated }
    }

    /// True if gate and up have biases, so that their products are completed before they are combined.
    fn has_biases(&self) -> bool {
        [LayerTensor::GateBias, LayerTensor::UpBias].iter().any(|bias| self.present.contains(*bias))
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        // Without a norm of its own, the block reads what attention's norm gives, if there is one.
        let norm = self.norm_before.unwrap_or(LayerTensor::AttnNorm);
        [norm, if self.form() == Form::Gated { LayerTensor::Gate } else { LayerTensor::Up }]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        let mut optional = |tensor, n, is_there: bool| {
            if is_there {
                each(Entry::vector(role(tensor), n));
            }
        };
        let norm = self.norm_before.filter(|_| VARIANTS).unwrap_or(LayerTensor::FfnNorm);
        optional(norm, n_embd, !VARIANTS || self.norm_before.is_some());
        let present = |tensor| self.present.contains(tensor);
        optional(LayerTensor::FfnNormBias, n_embd, present(LayerTensor::FfnNormBias));
        match self.form() {
            Form::Gated => {
                each(Entry::matrix(role(LayerTensor::Gate), n_embd, self.n_ff));
                each(Entry::matrix(role(LayerTensor::Up), n_embd, self.n_ff));
            }
            Form::Fused => each(Entry::matrix(role(LayerTensor::Up), n_embd, self.n_ff.saturating_mul(2))),
            Form::Plain => each(Entry::matrix(role(LayerTensor::Up), n_embd, self.n_ff)),
        }
        let up_rows = if self.form() == Form::Fused { self.n_ff.saturating_mul(2) } else { self.n_ff };
        for (bias, n) in [(LayerTensor::GateBias, self.n_ff), (LayerTensor::UpBias, up_rows)] {
            if present(bias) {
                each(Entry::vector(role(bias), n));
            }
        }
        each(Entry::matrix(role(LayerTensor::Down), self.n_ff, n_embd));
        for (tensor, is_there) in
            [(LayerTensor::DownBias, present(LayerTensor::DownBias)), (LayerTensor::PostFfnNorm, self.norm_after)]
        {
            if VARIANTS && is_there {
                each(Entry::vector(role(tensor), n_embd));
            }
        }
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        let n_ff = self.n_ff as usize;
        let h = groups(n_ff);
        let groups = match self.form() {
            Form::Fused => h.saturating_mul(2).saturating_add(groups(n_ff.saturating_mul(2))),
            Form::Gated if self.has_biases() => h.saturating_mul(2),
            _ => h,
        };
        Scratch::of(groups, n_ff)
    }

    /// Computes the block's output from its input.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let role = |tensor| Role::Layer(layer, tensor);
        let (matmul, tokens, embd) = (work.matmul(), work.tokens, work.hidden_groups());
        let values = &mut *work.values;
        let (h, rest) = split(values.scratch, groups(self.n_ff as usize).saturating_mul(tokens));
        let gate_and_up = [LayerTensor::Gate, LayerTensor::Up].map(role);
        // `cfg`, not a constant condition: a future that is awaited in a branch never taken would still be compiled.
        #[cfg(feature = "attention-variants")]
        if self.form != Form::Gated {
            self.ungated(role(LayerTensor::Up), matmul, &mut values.input, [&mut *h, rest], feed).await?;
        } else if self.has_biases() {
            let (u, _) = split(rest, h.len());
            matmul.gated_with_biases((gate_and_up, self.act), &mut values.input, [&mut *h, u], feed).await?;
        } else {
            matmul.gated(gate_and_up, self.act, &mut values.input, h, feed).await?;
        }
        #[cfg(not(feature = "attention-variants"))]
        {
            _ = rest;
            matmul.gated(gate_and_up, self.act, &mut values.input, h, feed).await?;
        }

        let y = values.y.get_mut(..embd).unwrap_or_default();
        values.input.fill(work.kernels, h, tokens, None, matmul.act_kind(role(LayerTensor::Down)));
        matmul.linear(role(LayerTensor::Down), &mut values.input, y, feed).await
    }

    /// `act(up . x) -> h`, or `act(gate . x) * (up . x) -> h` where the rows of both are one matrix; `rest` is scratch.
    #[cfg(feature = "attention-variants")]
    async fn ungated(
        &self,
        up: Role,
        matmul: Matmul<'_, '_, '_>,
        input: &mut InputBuffer<'_>,
        [h, rest]: [&mut [Group]; 2],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (kernels, tokens, n_ff) = (matmul.kernels, input.tokens(), self.n_ff as usize);
        if self.form == Form::Plain {
            matmul.linear(up, input, h, feed).await?;
            kernels.map(h, tokens, Map::Act(self.act));
            return Ok(());
        }
        let (u, rest) = split(rest, h.len());
        let (fused, _) = split(rest, groups(n_ff.saturating_mul(2)).saturating_mul(tokens));
        matmul.linear(up, input, fused, feed).await?;
        kernels.copy_rows(fused, 0, n_ff, tokens, h);
        kernels.copy_rows(fused, n_ff, n_ff, tokens, u);
        kernels.map(h, tokens, Map::Gate(self.act, u));
        Ok(())
    }
}
