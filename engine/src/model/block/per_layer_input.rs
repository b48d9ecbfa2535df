//! Per-layer inputs: `y = proj . (gelu(gate . x) * input)`, where every layer has an `input` of its own for each token.
//!
//! The inputs of all layers are made before the first one, from the embedding `x` of `n_embd` elements and a row of a table,
//! and kept for the pass. For a layer and `W` elements:
//!
//! ```text
//! input[W] = (norm(model_proj . x / sqrt(n_embd)) + row * sqrt(W)) / sqrt(2)
//! ```
//!
//! With `T` tokens, the inputs are the panels `kept[n_layer][W][T]`. The rows of all layers are one vector in the table and in
//! `model_proj`, and need not begin at whole groups there.

use crate::kernels::{Act, Group, Map, groups};
use crate::model::hyper::Hyper;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::simd::LANES;
use crate::simd::math::{rsqrt, sqrt};
use crate::weights::{Entry, Feed, LayerTensor, PassError, Role};

/// The gate of a layer's input, and the inputs of all layers.
#[derive(Clone, Copy, Debug)]
pub struct PerLayerInput {
    /// Elements of a layer's input.
    pub width: u32,
    /// Layers.
    pub n_layer: u32,
}

impl PerLayerInput {
    /// The block as the hyperparameters have it, if layers have inputs.
    pub(in crate::model) fn of(hyper: &Hyper) -> Option<PerLayerInput> {
        let (width, n_layer) = (hyper.layer_input_width, hyper.n_layer);
        (width > 0).then_some(PerLayerInput { width, n_layer })
    }

    /// Elements of the inputs of all layers.
    fn all_widths(&self) -> u32 {
        self.width.saturating_mul(self.n_layer)
    }

    /// Calls `each` with the tensors that the inputs are made with, in the order of use.
    pub(in crate::model) fn tensors_before(&self, hyper: &Hyper, each: &mut dyn FnMut(Entry)) {
        each(Entry::matrix(Role::PerLayerTokenEmbd, self.all_widths(), hyper.n_vocab));
        each(Entry::matrix(Role::PerLayerModelProj, hyper.n_embd, self.all_widths()));
        each(Entry::vector(Role::PerLayerProjNorm, self.width));
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        each(Entry::matrix(role(LayerTensor::InputGate), n_embd, self.width));
        each(Entry::matrix(role(LayerTensor::InputProj), self.width, n_embd));
        each(Entry::vector(role(LayerTensor::PostInputNorm), n_embd));
    }

    /// The memory that the block takes for each token, and that making the inputs takes.
    pub(super) fn scratch(&self) -> Scratch {
        let (width, all) = (self.width as usize, self.all_widths() as usize);
        let kept = groups(width).saturating_mul(self.n_layer as usize);
        Scratch { groups: groups(all).saturating_add(groups(width)), widest: width, kept }
    }

    /// Makes the inputs of all layers for the tokens `ids`, whose embeddings are the hidden state.
    pub(in crate::model) async fn make(
        &self,
        ids: &[u32],
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (matmul, kernels, tokens, embd) = (work.matmul(), work.kernels, work.tokens, work.hidden_groups());
        let (width, all) = (self.width as usize, self.all_widths() as usize);
        self.read_rows(ids, work, feed).await?;

        let norm = work.norm(Role::PerLayerProjNorm);
        let values = &mut *work.values;
        let (projected, rest) = split(values.scratch, groups(all).saturating_mul(tokens));
        let (part, _) = split(rest, groups(width).saturating_mul(tokens));
        let x = values.x.get(..embd).unwrap_or_default();
        values.input.fill(kernels, x, tokens, None, matmul.act_kind(Role::PerLayerModelProj));
        matmul.linear(Role::PerLayerModelProj, &mut values.input, projected, feed).await?;
        kernels.map(projected, tokens, Map::Scale(rsqrt(work.hyper.n_embd as f32)));
        let inputs = values.kept.chunks_exact_mut(part.len().max(1)).take(self.n_layer as usize);
        for (layer, input) in inputs.enumerate() {
            kernels.copy_rows(projected, layer.saturating_mul(width), width, tokens, part);
            kernels.add(input, part, tokens, norm, 1.0);
            kernels.map(input, tokens, Map::Scale(core::f32::consts::FRAC_1_SQRT_2));
        }
        Ok(())
    }

    /// Puts the table's rows of the tokens, times `sqrt(width)`, where the inputs come to be.
    async fn read_rows(
        &self,
        ids: &[u32],
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let (width, all, store) = (self.width as usize, self.all_widths() as usize, work.store);
        let (values, scale) = (&mut *work.values, sqrt(self.width as f32));
        let of_layer = groups(width).saturating_mul(ids.len());
        for (t, &id) in ids.iter().enumerate() {
            let (table, row) = store.row(Role::PerLayerTokenEmbd, id, feed).await?;
            let elements = values.scratch.as_flattened_mut().get_mut(..all).unwrap_or_default();
            table.dequantise_row(row, elements);
            let inputs = values.kept.chunks_exact_mut(of_layer.max(1));
            for (elements, input) in elements.chunks_exact(width.max(1)).zip(inputs) {
                let groups = input.iter_mut().skip(t).step_by(ids.len().max(1));
                for (group, elements) in groups.zip(elements.chunks(LANES)) {
                    *group = [0.0; LANES];
                    group.iter_mut().zip(elements).for_each(|(to, from)| *to = from * scale);
                }
            }
        }
        Ok(())
    }

    /// Computes the block's output from the hidden state.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let [gate, proj] = [LayerTensor::InputGate, LayerTensor::InputProj].map(|tensor| Role::Layer(layer, tensor));
        let (matmul, kernels, tokens, embd) = (work.matmul(), work.kernels, work.tokens, work.hidden_groups());
        let values = &mut *work.values;
        let (h, _) = split(values.scratch, groups(self.width as usize).saturating_mul(tokens));
        let inputs: &[Group] = values.kept;
        let input = inputs.chunks_exact(h.len().max(1)).nth(layer as usize).unwrap_or_default();
        matmul.linear(gate, &mut values.input, h, feed).await?;
        kernels.map(h, tokens, Map::Gate(Act::Gelu, input));

        let y = values.y.get_mut(..embd).unwrap_or_default();
        values.input.fill(kernels, h, tokens, None, matmul.act_kind(proj));
        matmul.linear(proj, &mut values.input, y, feed).await
    }
}
