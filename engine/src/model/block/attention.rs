//! Attention: `y = out . attend(rope(q), rope(k), v)` with `q, k, v` from the input.
//!
//! With `T` tokens, `H` query heads, `K` key heads and heads of `D` elements, the values are panels: `q[H * D][T]`,
//! `k, v[K * D][T]`, the output of attention `a[H * D][T]`.

use crate::kernels::{self, Group, HeadRotation, Map, Norm, NormKind, RopeStyle, WriteKv, groups};
use crate::model::hyper::Hyper;
use crate::model::workspace::{Scratch, Workspace, split};
use crate::simd::LANES;
use crate::weights::{Entry, Feed, LayerTensor, LayerTensors, PER_LAYER, PassError, Role, VARIANTS};

/// Norms of queries and keys, before they rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadNorms {
    /// No norms.
    None,
    /// Norms of single heads, which share one row of weights.
    Heads,
    /// Norms of single heads, each with its own row of weights.
    OwnWeights,
    /// One norm of all heads together.
    Width,
}

/// The rotary frequencies of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Heads are not rotated.
    None,
    /// Those of layers that see everything.
    Global,
    /// Those of layers that see a window.
    Windowed,
}

/// Attention over all positions, or a window of them.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Query heads.
    pub n_head: u32,
    /// Key and value heads.
    pub n_head_kv: u32,
    /// Elements of a head.
    pub head_dim: u32,
    /// Positions that a token sees, its own included; `None` for all.
    pub window: Option<usize>,
    /// The rotary frequencies.
    pub rotation: Rotation,
    /// Which elements of a head rotate together.
    pub style: RopeStyle,
    /// Multiplier of scores.
    pub scale: f32,
    /// Soft cap of scores; 0 for none.
    pub cap: f32,
    /// Norms of queries and keys.
    pub head_norms: HeadNorms,
    /// True if the rows of queries, keys and values are one matrix.
    pub fused: bool,
    /// Another layer whose keys and values the queries meet; `None` if the layer has its own.
    pub kv_of: Option<u32>,
    /// True if values are normalised, without weights. Without a matrix they are the keys before their norm.
    pub norm_values: bool,
    /// True if the input is normalised.
    pub norm_before: bool,
    /// True if the output is normalised.
    pub norm_after: bool,
    /// Tensors that some models of the architecture have, and this one too.
    pub present: LayerTensors,
}

impl Attention {
    /// Attention as the hyperparameters have it, with a norm before it and no other.
    pub(in crate::model) fn of(hyper: &Hyper, layer: u32) -> Attention {
        let (window, kv_layer) = (hyper.window_of(layer), hyper.kv_layer(layer));
        let [head_dim, head_dim_windowed] = hyper.head_dims();
        Attention {
            n_head: hyper.n_head,
            n_head_kv: hyper.n_head_kv.of(kv_layer),
            head_dim: if PER_LAYER && window.is_some() { head_dim_windowed } else { head_dim },
            window,
            rotation: if window.is_some() { Rotation::Windowed } else { Rotation::Global },
            style: hyper.rope_style,
            scale: hyper.attention_scale,
            cap: hyper.attention_cap,
            head_norms: HeadNorms::None,
            fused: false,
            kv_of: Some(kv_layer).filter(|other| *other != layer),
            norm_values: false,
            norm_before: true,
            norm_after: false,
            present: hyper.present,
        }
    }

    /// Elements of all query heads and of all key heads.
    fn widths(&self) -> [u32; 2] {
        [self.n_head, self.n_head_kv].map(|heads| heads.saturating_mul(self.head_dim))
    }

    /// Rows of queries, keys and values together.
    fn fused_rows(&self) -> u32 {
        let [q, kv] = self.widths();
        q.saturating_add(kv.saturating_mul(2))
    }

    /// Rows of queries, of keys and of values in a fused matrix.
    #[cfg(feature = "attention-variants")]
    fn parts(&self) -> [usize; 3] {
        let [q, kv] = self.widths().map(|n| n as usize);
        [q, kv, kv]
    }

    /// The norm of the input and the first matrix.
    pub(super) fn first_tensors(&self) -> [LayerTensor; 2] {
        [LayerTensor::AttnNorm, if VARIANTS && self.fused { LayerTensor::Qkv } else { LayerTensor::Q }]
    }

    /// Calls `each` with the block's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        let [q, kv] = self.widths();
        let mut vector = |tensor, n, is_there: bool| {
            if is_there {
                each(Entry::vector(role(tensor), n));
            }
        };
        vector(LayerTensor::AttnNorm, n_embd, !VARIANTS || self.norm_before);
        vector(LayerTensor::AttnNormBias, n_embd, self.present.contains(LayerTensor::AttnNormBias));
        if VARIANTS && self.fused {
            each(Entry::matrix(role(LayerTensor::Qkv), n_embd, self.fused_rows()));
        } else {
            each(Entry::matrix(role(LayerTensor::Q), n_embd, q));
            each(self.of_own(Entry::matrix(role(LayerTensor::K), n_embd, kv)));
            let values = Entry::matrix(role(LayerTensor::V), n_embd, kv);
            each(self.of_own(if PER_LAYER && self.norm_values { values.optional() } else { values }));
        }
        if VARIANTS {
            self.variants(layer, each);
        }
        each(Entry::matrix(role(LayerTensor::AttnOut), q, n_embd));
        if VARIANTS {
            let mut vector = |tensor, is_there: bool| {
                if is_there {
                    each(Entry::vector(role(tensor), n_embd));
                }
            };
            vector(LayerTensor::AttnOutBias, self.present.contains(LayerTensor::AttnOutBias));
            vector(LayerTensor::PostAttnNorm, self.norm_after);
        }
    }

    /// True if the layer has no keys and values of its own.
    pub(super) fn shares_kv(&self) -> bool {
        PER_LAYER && self.kv_of.is_some()
    }

    /// A tensor of keys or values, which the layer needs if it has its own.
    fn of_own(&self, entry: Entry) -> Entry {
        if self.shares_kv() { entry.not_needed() } else { entry }
    }

    /// Calls `each` with the biases and norms of queries, keys and values.
    fn variants(&self, layer: u32, each: &mut dyn FnMut(Entry)) {
        let role = |tensor| Role::Layer(layer, tensor);
        let [q, kv] = self.widths();
        let biases = [
            (LayerTensor::QkvBias, self.fused_rows()),
            (LayerTensor::QBias, q),
            (LayerTensor::KBias, kv),
            (LayerTensor::VBias, kv),
        ];
        for (bias, n) in biases.into_iter().filter(|(bias, _)| self.present.contains(*bias)) {
            each(Entry::vector(role(bias), n));
        }
        for (norm, width, heads) in [(LayerTensor::QNorm, q, self.n_head), (LayerTensor::KNorm, kv, self.n_head_kv)] {
            match self.head_norms {
                HeadNorms::None => {}
                HeadNorms::Heads if norm == LayerTensor::KNorm => {
                    each(self.of_own(Entry::vector(role(norm), self.head_dim)));
                }
                HeadNorms::Heads => each(Entry::vector(role(norm), self.head_dim)),
                HeadNorms::OwnWeights => each(Entry::vectors(role(norm), self.head_dim, heads)),
                HeadNorms::Width => each(Entry::vector(role(norm), width)),
            }
        }
    }

    /// The memory that the block takes for each token.
    pub(super) fn scratch(&self) -> Scratch {
        let [q, kv] = self.widths().map(|n| n as usize);
        let fused = if VARIANTS && self.fused { groups(self.fused_rows() as usize) } else { 0 };
        Scratch::of(groups(q).saturating_add(groups(kv)).saturating_mul(2).saturating_add(fused), q)
    }

    /// Computes the block's output from its input.
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let role = |tensor| Role::Layer(layer, tensor);
        let (matmul, tokens) = (work.matmul(), work.tokens);
        let values = &mut *work.values;
        let (panels, rest) = self.panels(values.scratch, tokens);
        // `cfg`, not a constant condition: a future that is awaited in a branch never taken would still be compiled.
        #[cfg(feature = "attention-variants")]
        if self.fused {
            let (fused, _) = split(rest, groups(self.fused_rows() as usize).saturating_mul(tokens));
            matmul.linear(role(LayerTensor::Qkv), &mut values.input, fused, feed).await?;
            let ([q, k, v, _], mut first) = (panels, 0);
            for (panel, n) in [q, k, v].into_iter().zip(self.parts()) {
                work.kernels.copy_rows(fused, first, n, tokens, panel);
                first = first.saturating_add(n);
            }
            return self.finish(layer, work, feed).await;
        }
        _ = rest;
        let [q, k, v, _] = panels;
        // A loop, because every `await` is code of its own.
        let tensors = [LayerTensor::Q, LayerTensor::K, LayerTensor::V];
        for (tensor, y) in tensors.into_iter().zip([q, &mut *k, &mut *v]) {
            if PER_LAYER && tensor != LayerTensor::Q && (self.shares_kv() || !work.store.has(role(tensor))) {
                continue;
            }
            matmul.linear(role(tensor), &mut values.input, y, feed).await?;
        }
        if PER_LAYER && !self.shares_kv() && !work.store.has(role(LayerTensor::V)) {
            work.kernels.copy_rows(k, 0, self.widths()[1] as usize, tokens, v);
        }
        self.finish(layer, work, feed).await
    }

    /// The panels of queries, keys, values and outputs, and what is left.
    fn panels<'s>(&self, scratch: &'s mut [Group], tokens: usize) -> ([&'s mut [Group]; 4], &'s mut [Group]) {
        let [q, kv] = self.widths().map(|n| groups(n as usize).saturating_mul(tokens));
        let (queries, rest) = split(scratch, q);
        let (keys, rest) = split(rest, kv);
        let (values, rest) = split(rest, kv);
        let (output, rest) = split(rest, q);
        ([queries, keys, values, output], rest)
    }

    /// Attends with the queries, keys and values in their panels, and multiplies with the output's matrix.
    async fn finish(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        self.attend(layer, work);
        let (out, matmul, tokens, embd) =
            (Role::Layer(layer, LayerTensor::AttnOut), work.matmul(), work.tokens, work.hidden_groups());
        let values = &mut *work.values;
        let ([_, _, _, a], _) = self.panels(values.scratch, tokens);
        values.input.fill(work.kernels, a, tokens, None, matmul.act_kind(out));
        let y = values.y.get_mut(..embd).unwrap_or_default();
        matmul.linear(out, &mut values.input, y, feed).await
    }

    /// Rotates queries and keys, appends keys and values to the cache, and attends. A function of its own, so that what it
    /// puts on the stack is gone when matrices are multiplied.
    #[inline(never)]
    fn attend(&self, layer: u32, work: &mut Workspace<'_, '_, '_>) {
        self.rotate(layer, work);
        if PER_LAYER && self.norm_values && !self.shares_kv() {
            self.normalise_values(work);
        }
        let (kernels, tokens) = (work.kernels, work.tokens);
        let ([q, k, v, a], _) = self.panels(work.values.scratch, tokens);
        if !self.shares_kv() {
            let cache = work.kv.layer_mut(layer);
            kernels.write_kv(&mut WriteKv { cache, keys: k, values: v, tokens, position: work.position });
        }
        let attention = kernels::Attention {
            cache: work.kv.layer(self.kv_of.filter(|_| PER_LAYER).unwrap_or(layer)),
            queries: q,
            tokens,
            n_head: self.n_head as usize,
            position: work.position,
            window: self.window,
            scale: self.scale,
            soft_cap: self.cap,
        };
        // Heads need not fill the last group; what is left of it is multiplied with padding.
        let padded = a.len().saturating_sub(tokens);
        a.get_mut(padded..).unwrap_or_default().fill([0.0; LANES]);
        kernels.attention(&attention, a, work.executor);
    }

    /// Normalises and rotates the queries, and the keys if the layer has its own.
    fn rotate(&self, layer: u32, work: &mut Workspace<'_, '_, '_>) {
        let (kernels, tokens) = (work.kernels, work.tokens);
        let has_norms = VARIANTS && self.head_norms != HeadNorms::None;
        let norm = |tensor| if has_norms { work.norm(Role::Layer(layer, tensor)) } else { None };
        let norms = [norm(LayerTensor::QNorm), norm(LayerTensor::KNorm)];
        let ([q, k, ..], _) = self.panels(work.values.scratch, tokens);
        let heads = [self.n_head, self.n_head_kv];
        for (i, ((x, norm), heads)) in [&mut *q, &mut *k].into_iter().zip(norms).zip(heads).enumerate() {
            if self.shares_kv() && i > 0 {
                break;
            }
            let norm = match norm {
                Some(norm) if VARIANTS && self.head_norms == HeadNorms::Width => {
                    kernels.map(x, tokens, Map::Norm(norm));
                    None
                }
                norm => norm,
            };
            let is_windowed = self.rotation == Rotation::Windowed;
            let angles = if self.rotation == Rotation::None { &[] } else { work.rope.angles(is_windowed) };
            let rotation = HeadRotation {
                heads: heads as usize,
                head_dim: self.head_dim as usize,
                norm,
                norm_rows: self.head_norms == HeadNorms::OwnWeights,
                style: self.style,
                angles,
                pairs: work.rope.pairs(is_windowed),
            };
            kernels.rotate(x, tokens, &rotation);
        }
    }

    /// Normalises the values of every head, without weights.
    fn normalise_values(&self, work: &mut Workspace<'_, '_, '_>) {
        let (heads, head_dim) = (self.n_head_kv as usize, self.head_dim as usize);
        let (kind, eps, style) = (NormKind::Rms, work.hyper.norm_eps, self.style);
        let norm = Some(Norm { kind, weight: &[], bias: &[], width: head_dim, eps });
        let ([_, _, v, _], _) = self.panels(work.values.scratch, work.tokens);
        // Without angles nothing rotates.
        let rotation = HeadRotation { heads, head_dim, norm, norm_rows: false, style, angles: &[], pairs: 0 };
        work.kernels.rotate(v, work.tokens, &rotation);
    }
}
