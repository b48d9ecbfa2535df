//! The state space blocks of Mamba 1 and 2: `y = out . scan(silu(conv(x)))`, where the scan's weights `b`, `c` and step sizes
//! `dt` come from the input too, and its output is gated by `silu(z)`.
//!
//! With `T` tokens, the values are panels. Mamba 1 has the rows of `x` and `z` in one matrix, and computes `dt, b, c` from `x`
//! after the convolution. Mamba 2 has the rows of `z, x, b, c, dt` in one matrix; the convolution is over `x, b, c`.

use crate::kernels::{Act, Convolution, Group, HeadScan, InputBuffer, Map, Norm, NormKind, Recurrence, Scan, groups};
use crate::model::hyper::{Hyper, StateSpaceSizes};
use crate::model::products::Matmul;
use crate::model::state::RecurrentState;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::weights::{Entry, Feed, LayerTensor, LayerTensors, PassError, Role};

/// The scan of a state space block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanKind {
    /// Mamba 1's: every channel has decays and a step size of its own.
    Channels,
    /// Mamba 2's: a head has one decay and one step size.
    Heads,
}

/// A state space block.
#[derive(Clone, Copy, Debug)]
pub struct StateSpace {
    /// Its scan.
    pub kind: ScanKind,
    /// Its widths.
    pub sizes: StateSpaceSizes,
    /// Tokens that the convolution sees, the current one included.
    pub kernel: u32,
    /// True if the norm of the input is the block's own; if not, it is that of attention beside it.
    pub norm_before: bool,
    /// Tensors that some models of the architecture have, and this one too.
    pub present: LayerTensors,
}

impl StateSpace {
    /// The block as the hyperparameters have it, with a norm of its own.
    pub(in crate::model) fn of(hyper: &Hyper, kind: ScanKind) -> StateSpace {
        let (sizes, kernel, present) = (hyper.state_space, hyper.conv_kernel, hyper.present);
        StateSpace { kind, sizes, kernel, norm_before: true, present }
    }

    /// Elements of the scan's input weights, and of its output weights.
    fn weights_width(&self) -> usize {
        let groups = if self.kind == ScanKind::Heads { self.sizes.n_group as usize } else { 1 };
        groups.saturating_mul(self.sizes.n_state as usize)
    }

    /// Channels of the convolution.
    fn conv_width(&self) -> usize {
        let inner = self.sizes.inner as usize;
        match self.kind {
            ScanKind::Channels => inner,
            ScanKind::Heads => inner.saturating_add(self.weights_width().saturating_mul(2)),
        }
    }

    /// Rows of the first matrix: those of the convolution's input, the gate and, with heads, the step sizes.
    fn fused_rows(&self) -> usize {
        let steps = if self.kind == ScanKind::Heads { self.sizes.n_step as usize } else { 0 };
        self.conv_width().saturating_add(self.sizes.inner as usize).saturating_add(steps)
    }

    /// Rows of step sizes and of the scan's weights where they are computed from its input.
    fn derived_rows(&self) -> usize {
        self.weights_width().saturating_mul(2).saturating_add(self.sizes.n_step as usize)
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        [LayerTensor::AttnNorm, LayerTensor::SsmIn]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        let StateSpaceSizes { inner, n_state, n_step, n_group, .. } = self.sizes;
        let (fused, conv, derived) = (self.fused_rows() as u32, self.conv_width() as u32, self.derived_rows() as u32);
        if self.norm_before {
            each(Entry::vector(role(LayerTensor::AttnNorm), n_embd));
        }
        each(Entry::matrix(role(LayerTensor::SsmIn), n_embd, fused));
        each(Entry::panel(role(LayerTensor::SsmConvTaps), self.kernel, conv));
        if self.present.contains(LayerTensor::SsmConvBias) {
            each(Entry::vector(role(LayerTensor::SsmConvBias), conv));
        }
        match self.kind {
            ScanKind::Channels => {
                each(Entry::matrix(role(LayerTensor::SsmX), inner, derived));
                each(Entry::matrix(role(LayerTensor::SsmStep), n_step, inner));
                each(Entry::vector(role(LayerTensor::SsmStepBias), inner));
                each(Entry::panel(role(LayerTensor::SsmA), n_state, inner));
                each(Entry::vector(role(LayerTensor::SsmD), inner));
            }
            ScanKind::Heads => {
                each(Entry::vector(role(LayerTensor::SsmStepBias), n_step));
                each(Entry::panel(role(LayerTensor::SsmA), 1, n_step));
                each(Entry::panel(role(LayerTensor::SsmD), 1, n_step));
            }
        }
        if self.present.contains(LayerTensor::SsmNorm) {
            let width = inner.checked_div(n_group).unwrap_or(inner);
            each(Entry::joined(role(LayerTensor::SsmNorm), width, n_group));
        }
        each(Entry::matrix(role(LayerTensor::SsmOut), inner, n_embd));
    }

    /// Groups of each token's values: of the first product, and of what a scan reads and changes.
    fn panels(&self) -> [usize; 2] {
        let (inner, weights) = (self.sizes.inner as usize, self.weights_width());
        let (first, parts) = match self.kind {
            // x, z and dt; b and c
            ScanKind::Channels => {
                (self.fused_rows().max(self.derived_rows()), [inner, inner, inner, weights, weights, self.n_step()])
            }
            // x, b and c before they are apart; z and x; b, c and dt
            ScanKind::Heads => (self.fused_rows(), [self.conv_width(), inner, inner, weights, weights, self.n_step()]),
        };
        [groups(first), parts.into_iter().fold(0, |sum: usize, n| sum.saturating_add(groups(n)))]
    }

    fn n_step(&self) -> usize {
        self.sizes.n_step as usize
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        let [first, parts] = self.panels();
        let widest = (self.sizes.inner as usize).max(self.n_step());
        Scratch::of(first.max(parts).saturating_add(parts), widest)
    }

    fn conv_state_groups(&self) -> usize {
        Convolution::state_groups(self.conv_width(), self.kernel as usize)
    }

    fn scan_state_groups(&self) -> usize {
        let (inner, n_state) = (self.sizes.inner as usize, self.sizes.n_state as usize);
        match self.kind {
            ScanKind::Channels => Scan::state_groups(inner, n_state),
            ScanKind::Heads => HeadScan::state_groups(self.n_step(), self.head_dim(), n_state),
        }
    }

    /// Channels of a head.
    fn head_dim(&self) -> usize {
        (self.sizes.inner as usize).checked_div(self.n_step()).unwrap_or(0)
    }

    /// Groups of its state.
    pub(super) fn state_groups(&self) -> usize {
        self.conv_state_groups().saturating_add(self.scan_state_groups())
    }

    /// The panels of a chunk of `tokens` tokens.
    fn split<'s>(&self, scratch: &'s mut [Group], tokens: usize) -> Panels<'s> {
        let (inner, weights, n_step) = (self.sizes.inner as usize, self.weights_width(), self.n_step());
        let by_channel = self.kind == ScanKind::Channels;
        let panel = |n: usize| groups(n).saturating_mul(tokens);
        let (z, rest) = split(scratch, panel(inner));
        let (x, rest) = split(rest, panel(inner));
        let (b, rest) = split(rest, panel(weights));
        let (c, rest) = split(rest, panel(weights));
        let (dt, rest) = split(rest, panel(if by_channel { inner } else { n_step }));
        let (convolved, rest) = split(rest, panel(if by_channel { n_step } else { self.conv_width() }));
        Panels { z, x, b, c, dt, convolved, rest }
    }

    /// Computes the block's output from its input.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (matmul, tokens, embd) = (work.matmul(), work.tokens, work.hidden_groups());
        let steps = Steps { block: self, layer, matmul, tokens, eps: work.hyper.norm_eps };
        let (values, state) = (&mut *work.values, &mut *work.state);
        let mut panels = self.split(values.scratch, tokens);
        let fused = panels.product(self.fused_rows(), tokens);
        matmul.linear(steps.role(LayerTensor::SsmIn), &mut values.input, fused, feed).await?;
        steps.part_product(&mut panels);
        steps.convolve(&mut panels, state);
        match self.kind {
            ScanKind::Channels => steps.derive(&mut panels, &mut values.input, feed).await?,
            ScanKind::Heads => steps.part_convolved(&mut panels),
        }
        steps.scan(&mut panels, state);
        steps.norm(&mut panels);

        let (out, y) = (steps.role(LayerTensor::SsmOut), values.y.get_mut(..embd).unwrap_or_default());
        values.input.fill(work.kernels, panels.x, tokens, None, matmul.act_kind(out));
        matmul.linear(out, &mut values.input, y, feed).await
    }
}

/// A chunk's values.
struct Panels<'s> {
    /// The gate.
    z: &'s mut [Group],
    /// The scan's input, then its output.
    x: &'s mut [Group],
    /// The scan's input weights.
    b: &'s mut [Group],
    /// Its output weights.
    c: &'s mut [Group],
    /// Step sizes.
    dt: &'s mut [Group],
    /// With heads, the convolution's input and output; with channels, what step sizes are computed from.
    convolved: &'s mut [Group],
    /// The product of the first matrix, or of the derived rows; the columns of a run.
    rest: &'s mut [Group],
}

impl Panels<'_> {
    /// The place of a product of `rows` rows.
    fn product(&mut self, rows: usize, tokens: usize) -> &mut [Group] {
        self.rest.get_mut(..groups(rows).saturating_mul(tokens)).unwrap_or_default()
    }
}

/// The block's steps in a layer, for a chunk of tokens.
struct Steps<'b, 'p, 'a, 'm> {
    block: &'b StateSpace,
    layer: u32,
    matmul: Matmul<'p, 'a, 'm>,
    tokens: usize,
    eps: f32,
}

impl Steps<'_, '_, '_, '_> {
    fn role(&self, tensor: LayerTensor) -> Role {
        Role::Layer(self.layer, tensor)
    }

    fn vector(&self, tensor: LayerTensor) -> &[Group] {
        self.matmul.store.vector(self.role(tensor)).unwrap_or_default()
    }

    /// Copies `n` rows from row `first` of a panel on.
    fn copy(&self, from: &[Group], first: usize, n: usize, to: &mut [Group]) {
        self.matmul.kernels.copy_rows(from, first, n, self.tokens, to);
    }

    /// Takes the first product apart.
    fn part_product(&self, panels: &mut Panels<'_>) {
        let (block, inner) = (self.block, self.block.sizes.inner as usize);
        match block.kind {
            ScanKind::Channels => {
                self.copy(panels.rest, 0, inner, panels.x);
                self.copy(panels.rest, inner, inner, panels.z);
            }
            ScanKind::Heads => {
                let conv = block.conv_width();
                self.copy(panels.rest, 0, inner, panels.z);
                self.copy(panels.rest, inner, conv, panels.convolved);
                self.copy(panels.rest, inner.saturating_add(conv), block.n_step(), panels.dt);
            }
        }
    }

    /// The convolution, with SiLU.
    fn convolve(&self, panels: &mut Panels<'_>, state: &mut RecurrentState<'_>) {
        let (taps, bias) = (self.vector(LayerTensor::SsmConvTaps), self.vector(LayerTensor::SsmConvBias));
        let (kernel, act) = (self.block.kernel as usize, Some(Act::Silu));
        let Panels { x, convolved, rest, .. } = panels;
        let input = if self.block.kind == ScanKind::Channels { x } else { convolved };
        state.each_run(self.block.conv_state_groups(), [input], rest, &mut |window, [x], tokens| {
            let job = Convolution { taps, kernel, bias, act, before: &[], after: &[], window, x, tokens };
            self.matmul.kernels.recur(Recurrence::Convolution(job), self.matmul.executor);
        });
    }

    /// Computes step sizes and the scan's weights from its input.
    async fn derive(
        &self,
        panels: &mut Panels<'_>,
        input: &mut InputBuffer<'_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (block, kernels, tokens) = (self.block, self.matmul.kernels, self.tokens);
        let (weights, n_step) = (block.weights_width(), block.n_step());
        let [ssm_x, ssm_step] = [LayerTensor::SsmX, LayerTensor::SsmStep].map(|tensor| self.role(tensor));
        input.fill(kernels, panels.x, tokens, None, self.matmul.act_kind(ssm_x));
        self.matmul.linear(ssm_x, input, panels.product(block.derived_rows(), tokens), feed).await?;
        let parts = [
            (&mut *panels.convolved, 0, n_step),
            (&mut *panels.b, n_step, weights),
            (&mut *panels.c, n_step.saturating_add(weights), weights),
        ];
        for (part, first, n) in parts {
            self.copy(panels.rest, first, n, part);
            if block.sizes.normalised {
                let norm = Norm { kind: NormKind::Rms, weight: &[], bias: &[], width: n, eps: self.eps };
                kernels.map(part, tokens, Map::Norm(norm));
            }
        }
        input.fill(kernels, panels.convolved, tokens, None, self.matmul.act_kind(ssm_step));
        self.matmul.linear(ssm_step, input, panels.dt, feed).await
    }

    /// Takes the convolution's output apart.
    fn part_convolved(&self, panels: &mut Panels<'_>) {
        let (inner, weights) = (self.block.sizes.inner as usize, self.block.weights_width());
        self.copy(panels.convolved, 0, inner, panels.x);
        self.copy(panels.convolved, inner, weights, panels.b);
        self.copy(panels.convolved, inner.saturating_add(weights), weights, panels.c);
    }

    /// The scan.
    fn scan(&self, panels: &mut Panels<'_>, state: &mut RecurrentState<'_>) {
        let [a, d, dt_bias] =
            [LayerTensor::SsmA, LayerTensor::SsmD, LayerTensor::SsmStepBias].map(|tensor| self.vector(tensor));
        let (block, n_state) = (self.block, self.block.sizes.n_state as usize);
        let (n_head, head_dim, n_group) = (block.n_step(), block.head_dim(), block.sizes.n_group as usize);
        let Panels { z, x, b, c, dt, rest, .. } = panels;
        let of_scan = [&mut **x, dt, b, c, z];
        state.each_run(block.scan_state_groups(), of_scan, rest, &mut |state, [x, dt, b, c, z], tokens| {
            let (dt, b, c, z) = (&*dt, &*b, &*c, &*z);
            let job = match block.kind {
                ScanKind::Channels => Recurrence::Scan(Scan { n_state, a, d, dt_bias, dt, b, c, z, state, x, tokens }),
                ScanKind::Heads => {
                    let scan =
                        HeadScan { n_head, head_dim, n_group, n_state, a, d, dt_bias, dt, b, c, z, state, x, tokens };
                    Recurrence::HeadScan(scan)
                }
            };
            self.matmul.kernels.recur(job, self.matmul.executor);
        });
    }

    /// The norm of each group's output, if there is one.
    fn norm(&self, panels: &mut Panels<'_>) {
        let Some(weight) = self.matmul.store.vector(self.role(LayerTensor::SsmNorm)) else { return };
        let (inner, parts) = (self.block.sizes.inner as usize, (self.block.sizes.n_group as usize).max(1));
        let width = inner.checked_div(parts).unwrap_or(inner);
        let norm = Norm { kind: NormKind::Rms, weight, bias: &[], width, eps: self.eps };
        self.matmul.kernels.map(panels.x, self.tokens, Map::PartNorm(norm, parts));
    }
}
