//! One pass: a chunk of tokens through all layers, and the logits that were asked for.
//!
//! With `T` tokens, `E = n_embd`, `H` query heads, `K` key heads and heads of `D`, every value is a
//! panel: the hidden state `x[E][T]`, `q[H * D][T]`, `k, v[K * D][T]`, attention's output
//! `a[H * D][T]`, the feed-forward network's `h[n_ff][T]`, and each block's output `y[E][T]`.

use super::config::ModelConfig;
use super::kv_cache::KvCache;
use super::products::Matmul;
#[cfg(not(feature = "stream"))]
use super::products::not_here;
#[cfg(feature = "stream")]
use super::products::turns;
use super::rope::RopeTables;
use crate::arena::{Arena, Region};
use crate::flash::yield_now;
use crate::kernels::{Attention, Executor, Group, HeadRotation, InputBuffer, Kernels, WriteKv, groups};
use crate::simd::{ActForm, LANES, math};
use crate::weights::{Feed, LayerMatrix, LayerVector, PassError, PassStep, Role, Weight, WeightStore};

/// Which positions of a chunk get logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Want {
    /// None: the head is not read.
    None,
    /// The last one.
    Last,
    /// All.
    All,
}

/// The values of one chunk of tokens.
pub struct Activations<'a> {
    chunk: usize,
    x: &'a mut [Group],
    y: &'a mut [Group],
    /// `q, k, v, a` during attention, `h` after it.
    scratch: &'a mut [Group],
    input: InputBuffer<'a>,
    logits: &'a mut [Group],
}

impl<'a> Activations<'a> {
    /// Takes the values of up to `chunk` tokens and a tile of `logits` logits. Where there is no room the arena tells.
    pub(crate) fn take(
        config: &ModelConfig,
        chunk: usize,
        logits: usize,
        act_form: ActForm,
        arena: &mut Arena<'a>,
    ) -> Self {
        let s = &config.shapes;
        let [embd, ff, q, kv] = widths(config);
        let widest =
            (s.n_embd as usize).max(s.n_ff as usize).max((s.n_head as usize).saturating_mul(s.head_dim as usize));
        let attention = q.saturating_add(kv).saturating_mul(2);
        let mut carve = |n: usize| arena.take(Region::Activations, n.saturating_mul(chunk));
        let (x, y) = (carve(embd), carve(embd));
        let scratch = carve(attention.max(ff));
        let float = carve(groups(widest));
        let quants = arena.take(Region::Activations, InputBuffer::quant_words(widest, chunk, act_form));
        let logits = arena.take(Region::Logits, groups(logits).max(chunk));
        Activations { chunk, x, y, scratch, input: InputBuffer::new(float, quants), logits }
    }

    /// The most tokens of a chunk.
    #[must_use]
    pub fn chunk(&self) -> usize {
        self.chunk
    }
}

/// Groups of the hidden state, the feed-forward network, all query heads and all key heads.
fn widths(config: &ModelConfig) -> [usize; 4] {
    let s = &config.shapes;
    let heads = |n: u32| groups((n as usize).saturating_mul(s.head_dim as usize));
    [groups(s.n_embd as usize), groups(s.n_ff as usize), heads(s.n_head), heads(s.n_head_kv)]
}

/// Everything a pass works with.
pub struct Pass<'p, 'a, 'm> {
    /// The model.
    pub config: &'p ModelConfig,
    /// Its weights.
    pub store: &'p WeightStore<'a, 'm>,
    /// Arithmetic.
    pub kernels: &'p dyn Kernels,
    /// Threads.
    pub executor: &'p dyn Executor,
    /// Rotary tables.
    pub rope: &'p mut RopeTables<'a>,
    /// Past tokens.
    pub kv: &'p mut KvCache<'a>,
    /// Memory of the chunk.
    pub values: &'p mut Activations<'a>,
    /// Position of the chunk's first token.
    pub position: usize,
    /// Which logits to compute.
    pub want: Want,
    /// Looks for values that are not finite after every step, not in the logits alone.
    pub find_nan: bool,
}

/// Receives logits: position, id of the first token, and the logits of that and the following ids.
pub type LogitsSink<'s> = dyn FnMut(u32, u32, &[f32]) + 's;

impl Pass<'_, '_, '_> {
    /// Runs tokens `ids`, at most a chunk of them, each below the vocabulary's length.
    ///
    /// # Errors
    /// [`PassError`].
    pub async fn run(
        mut self,
        ids: &[u32],
        feed: &mut Feed<'_, '_>,
        sink: &mut LogitsSink<'_>,
    ) -> Result<(), PassError> {
        let tokens = ids.len();
        self.embed(ids, feed).await?;
        self.check(tokens, PassStep::Embedding)?;
        self.rope.advance(self.position, tokens);
        for layer in 0..self.config.shapes.n_layer {
            self.attention(layer, tokens, feed).await?;
            self.check(tokens, PassStep::Attention(layer))?;
            self.feed_forward(layer, tokens, feed).await?;
            self.check(tokens, PassStep::FeedForward(layer))?;
            yield_now().await;
        }
        match self.want {
            Want::None => Ok(()),
            Want::Last => self.head(tokens, tokens.saturating_sub(1), feed, sink).await,
            Want::All => self.head(tokens, 0, feed, sink).await,
        }
    }

    /// Looks for values of the hidden state that are not finite, if that was asked for.
    fn check(&self, tokens: usize, step: PassStep) -> Result<(), PassError> {
        if cfg!(feature = "small") || !self.find_nan {
            return Ok(());
        }
        let width = self.config.shapes.n_embd as usize;
        let x = self.values.x.get(..groups(width).saturating_mul(tokens)).unwrap_or_default();
        let finite = |t: usize| {
            let token = x.iter().skip(t).step_by(tokens.max(1));
            // The last group's padding may hold anything.
            token.enumerate().all(|(g, group)| {
                let left = width.saturating_sub(g.saturating_mul(LANES)).min(LANES);
                all_finite(group.get(..left).unwrap_or_default())
            })
        };
        match (0..tokens).find(|&t| !finite(t)) {
            Some(t) => Err(PassError::NotFinite { position: self.position.wrapping_add(t) as u32, step }),
            None => Ok(()),
        }
    }

    /// `x = embedding[ids]`
    async fn embed(&mut self, ids: &[u32], feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let width = self.config.shapes.n_embd as usize;
        let scale = if self.config.arch.scales_embedding { math::sqrt(width as f32) } else { 1.0 };
        let role = Role::TokenEmbd;
        let row_groups = self.values.y.get_mut(..groups(width)).unwrap_or_default();
        row_groups.fill([0.0; LANES]);
        for (t, &id) in ids.iter().enumerate() {
            let row = row_groups.as_flattened_mut().get_mut(..width).unwrap_or_default();
            match self.store.resident(role) {
                Some(table) => table.dequantise_row(id as usize, row),
                #[cfg(not(feature = "stream"))]
                None => return not_here(feed, role),
                #[cfg(feature = "stream")]
                None => {
                    let part = feed.next_of(role).await?;
                    let arrived = self.store.arrived(role, feed.bytes(&part));
                    arrived.ok_or(PassError::TileTooSmall { role })?.dequantise_row(0, row);
                }
            }
            for (x, row) in self.values.x.iter_mut().skip(t).step_by(ids.len().max(1)).zip(&*row_groups) {
                *x = row.map(|v| v * scale);
            }
        }
        Ok(())
    }

    /// `x += post_norm(out . attend(rope(q), rope(k), v))` with `q, k, v` from `norm(x)`.
    async fn attention(&mut self, layer: u32, tokens: usize, feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let s = &self.config.shapes;
        let [embd, _, q_groups, kv_groups] = widths(self.config).map(|n| n.saturating_mul(tokens));
        let head_dim = s.head_dim as usize;
        let matmul = Matmul { store: self.store, kernels: self.kernels, executor: self.executor };
        let vector = |v| self.store.norm(Role::Vector(layer, v), self.config.norm_eps);
        let matrix = |m| Role::Matrix(layer, m);
        let window = self.config.window_of(layer);

        let values = &mut *self.values;
        let x = values.x.get_mut(..embd).unwrap_or_default();
        let y = values.y.get_mut(..embd).unwrap_or_default();
        let (q, rest) = split(values.scratch, q_groups);
        let (k, rest) = split(rest, kv_groups);
        let (v, rest) = split(rest, kv_groups);
        let (a, _) = split(rest, q_groups);

        let kind = matmul.act_kind(matrix(LayerMatrix::Q));
        values.input.fill(self.kernels, x, tokens, vector(LayerVector::AttnNorm), kind);
        matmul.linear(matrix(LayerMatrix::Q), &mut values.input, q, feed).await?;
        matmul.linear(matrix(LayerMatrix::K), &mut values.input, k, feed).await?;
        matmul.linear(matrix(LayerMatrix::V), &mut values.input, v, feed).await?;

        let rotation = |heads: u32, norm| HeadRotation {
            heads: heads as usize,
            head_dim,
            norm: vector(norm),
            style: self.config.arch.rope,
            angles: self.rope.angles(window.is_some()),
            pairs: self.rope.pairs(),
        };
        self.kernels.rotate(q, tokens, &rotation(s.n_head, LayerVector::QNorm));
        self.kernels.rotate(k, tokens, &rotation(s.n_head_kv, LayerVector::KNorm));
        let cache = self.kv.layer_mut(layer);
        self.kernels.write_kv(&mut WriteKv { cache, keys: k, values: v, tokens, position: self.position });
        let attention = Attention {
            cache: self.kv.layer(layer),
            queries: q,
            tokens,
            n_head: s.n_head as usize,
            position: self.position,
            window,
            scale: self.config.attention_scale,
        };
        // Heads need not fill the last group; what is left of it is multiplied with padding.
        let padded = a.len().saturating_sub(tokens);
        a.get_mut(padded..).unwrap_or_default().fill([0.0; LANES]);
        self.kernels.attention(&attention, a, self.executor);

        values.input.fill(self.kernels, a, tokens, None, matmul.act_kind(matrix(LayerMatrix::AttnOut)));
        matmul.linear(matrix(LayerMatrix::AttnOut), &mut values.input, y, feed).await?;
        self.kernels.add(x, y, tokens, vector(LayerVector::PostAttnNorm));
        Ok(())
    }

    /// `x += post_norm(down . (act(gate . n) * (up . n)))` with `n = norm(x)`.
    async fn feed_forward(&mut self, layer: u32, tokens: usize, feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let [embd, ff, _, _] = widths(self.config).map(|n| n.saturating_mul(tokens));
        let matmul = Matmul { store: self.store, kernels: self.kernels, executor: self.executor };
        let vector = |v| self.store.norm(Role::Vector(layer, v), self.config.norm_eps);
        let matrix = |m| Role::Matrix(layer, m);

        let values = &mut *self.values;
        let x = values.x.get_mut(..embd).unwrap_or_default();
        let y = values.y.get_mut(..embd).unwrap_or_default();
        let (h, _) = split(values.scratch, ff);

        let kind = matmul.act_kind(matrix(LayerMatrix::Gate));
        values.input.fill(self.kernels, x, tokens, vector(LayerVector::FfnNorm), kind);
        matmul.gated(layer, self.config, &mut values.input, h, feed).await?;
        values.input.fill(self.kernels, h, tokens, None, matmul.act_kind(matrix(LayerMatrix::Down)));
        matmul.linear(matrix(LayerMatrix::Down), &mut values.input, y, feed).await?;
        self.kernels.add(x, y, tokens, vector(LayerVector::PostFfnNorm));
        Ok(())
    }

    /// Logits of the chunk's positions from `first` on, a tile of the vocabulary at a time.
    async fn head(
        &mut self,
        tokens: usize,
        first: usize,
        feed: &mut Feed<'_, '_>,
        sink: &mut LogitsSink<'_>,
    ) -> Result<(), PassError> {
        let [embd, ..] = widths(self.config);
        let wanted = tokens.saturating_sub(first).max(1);
        let matmul = Matmul { store: self.store, kernels: self.kernels, executor: self.executor };
        let role = self.store.head();
        let norm = self.store.norm(Role::OutputNorm, self.config.norm_eps);
        let values = &mut *self.values;
        let x = values.x.get(..embd.saturating_mul(tokens)).unwrap_or_default();
        let hidden = values.y.get_mut(..embd.saturating_mul(wanted)).unwrap_or_default();
        for (hidden, x) in hidden.chunks_mut(wanted).zip(x.chunks(tokens.max(1))) {
            for (hidden, x) in hidden.iter_mut().zip(x.iter().skip(first)) {
                *hidden = *x;
            }
        }
        values.input.fill(self.kernels, hidden, wanted, norm, matmul.act_kind(role));
        let position = self.position.wrapping_add(first) as u32;
        let mut tile = LogitsTile { matmul, position, wanted, logits: values.logits, sink };
        if let Some(w) = self.store.resident(role) {
            return tile.rows(w, 0, &mut values.input);
        }
        #[cfg(not(feature = "stream"))]
        return not_here(feed, role);
        #[cfg(feature = "stream")]
        {
            let mut done = 0;
            while done < self.config.shapes.n_vocab {
                let part = feed.next_of(role).await?;
                let w = self.store.arrived(role, feed.bytes(&part)).ok_or(PassError::TileTooSmall { role })?;
                for (first, n) in turns(feed, w) {
                    let id = part.first_row.saturating_add(first);
                    tile.rows(w.rows_from(first as usize, n as usize), id, &mut values.input)?;
                    yield_now().await;
                }
                feed.done();
                done = done.saturating_add(part.rows);
            }
            Ok(())
        }
    }
}

/// Hands logits on while the head is computed.
struct LogitsTile<'l, 'a, 'm, 's> {
    matmul: Matmul<'l, 'a, 'm>,
    position: u32,
    wanted: usize,
    logits: &'l mut [Group],
    sink: &'l mut LogitsSink<'s>,
}

impl LogitsTile<'_, '_, '_, '_> {
    /// Rows of the head, the first of which is token `first_id`'s.
    fn rows(&mut self, w: Weight<'_>, first_id: u32, input: &mut InputBuffer<'_>) -> Result<(), PassError> {
        let wanted = self.wanted.max(1);
        let tile_rows = (self.logits.len() / wanted).saturating_mul(LANES).max(LANES);
        let rows = w.rows();
        for start in (0..rows).step_by(tile_rows) {
            let n = tile_rows.min(rows.saturating_sub(start));
            let logits = self.logits.get_mut(..groups(n).saturating_mul(wanted)).unwrap_or_default();
            let x = input.input(self.matmul.kernels, w.ty().act_kind());
            self.matmul.kernels.linear(w.rows_from(start, n), &x, logits, self.matmul.executor);
            let id = first_id.wrapping_add(start as u32);
            if wanted == 1 {
                hand_on(self.sink, self.position, id, logits.as_flattened().get(..n).unwrap_or_default())?;
                continue;
            }
            for (g, logits) in logits.chunks(wanted).enumerate() {
                let left = n.saturating_sub(g.saturating_mul(LANES)).min(LANES);
                let id = id.wrapping_add((g.wrapping_mul(LANES)) as u32);
                for (position, logits) in (self.position..).zip(logits) {
                    hand_on(self.sink, position, id, logits.get(..left).unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

/// Gives logits to `sink`, if all are finite.
fn hand_on(sink: &mut LogitsSink<'_>, position: u32, id: u32, logits: &[f32]) -> Result<(), PassError> {
    if !all_finite(logits) {
        return Err(PassError::NotFinite { position, step: PassStep::Head });
    }
    sink(position, id, logits);
    Ok(())
}

/// True if all values are finite. It has no early end, so that it becomes a few vector instructions.
fn all_finite(values: &[f32]) -> bool {
    values.iter().fold(true, |all, x| all & x.is_finite())
}

fn split(groups: &mut [Group], n: usize) -> (&mut [Group], &mut [Group]) {
    groups.split_at_mut_checked(n).unwrap_or_default()
}
