//! LFM2's short convolution: `y = out . (c * conv(b * x))` with `b, c, x` from the input.
//!
//! With `T` tokens and `E = n_embd`, the rows of `b`, `c` and `x` are one panel `[3 * E][T]`, then panels `[E][T]` each.

use crate::kernels::{Convolution, Recurrence, groups};
use crate::model::hyper::Hyper;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::weights::{Entry, Feed, LayerTensor, PassError, Role};

/// A gated convolution over the last few tokens.
#[derive(Clone, Copy, Debug)]
pub struct ShortConvolution {
    /// Channels.
    pub width: u32,
    /// Tokens that it sees, the current one included.
    pub kernel: u32,
}

impl ShortConvolution {
    /// The convolution as the hyperparameters have it.
    pub(in crate::model) fn of(hyper: &Hyper) -> ShortConvolution {
        ShortConvolution { width: hyper.n_embd, kernel: hyper.conv_kernel }
    }

    /// Rows of `b`, `c` and `x` together.
    fn fused_rows(&self) -> u32 {
        self.width.saturating_mul(3)
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        [LayerTensor::AttnNorm, LayerTensor::ShortConvIn]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        each(Entry::vector(role(LayerTensor::AttnNorm), n_embd));
        each(Entry::matrix(role(LayerTensor::ShortConvIn), n_embd, self.fused_rows()));
        each(Entry::panel(role(LayerTensor::ShortConvTaps), self.kernel, self.width));
        each(Entry::matrix(role(LayerTensor::ShortConvOut), self.width, n_embd));
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        let parts = groups(self.width as usize).saturating_mul(3);
        Scratch::of(parts.saturating_mul(2), self.width as usize)
    }

    /// Groups of its state.
    pub(super) fn state_groups(&self) -> usize {
        Convolution::state_groups(self.width as usize, self.kernel as usize)
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
        let (width, kernel) = (self.width as usize, self.kernel as usize);
        let values = &mut *work.values;
        let n = groups(width).saturating_mul(tokens);
        let (b, rest) = split(values.scratch, n);
        let (c, rest) = split(rest, n);
        let (x, rest) = split(rest, n);
        let fused = rest.get_mut(..groups(self.fused_rows() as usize).saturating_mul(tokens)).unwrap_or_default();
        matmul.linear(role(LayerTensor::ShortConvIn), &mut values.input, fused, feed).await?;
        for (panel, i) in [&mut *b, &mut *c, &mut *x].into_iter().zip(0..) {
            kernels.copy_rows(fused, width.saturating_mul(i), width, tokens, panel);
        }
        let taps = work.store.vector(role(LayerTensor::ShortConvTaps)).unwrap_or_default();
        let executor = work.executor;
        work.state.each_run(self.state_groups(), [&mut *x, b, c], rest, &mut |window, [x, b, c], tokens| {
            let (bias, act) = (&[][..], None);
            let job = Convolution { taps, kernel, bias, act, before: b, after: c, window, x, tokens };
            kernels.recur(Recurrence::Convolution(job), executor);
        });

        let y = values.y.get_mut(..embd).unwrap_or_default();
        values.input.fill(kernels, x, tokens, None, matmul.act_kind(role(LayerTensor::ShortConvOut)));
        matmul.linear(role(LayerTensor::ShortConvOut), &mut values.input, y, feed).await
    }
}
