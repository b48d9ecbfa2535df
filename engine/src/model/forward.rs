//! One pass: a chunk of tokens through all layers, and the logits that were asked for.
//!
//! With `T` tokens and `E = n_embd`, the hidden state is the panel `x[E][T]`, to which every block adds its output `y[E][T]`.

#[cfg(feature = "per-layer-inputs")]
use super::block::PerLayerInput;
use super::block::{Layer, Residual};
use super::config::ModelConfig;
use super::hyper::Hyper;
use super::products::Matmul;
use super::workspace::Workspace;
use crate::flash::yield_now;
use crate::kernels::{Group, InputBuffer, Map, groups};
use crate::simd::LANES;
use crate::weights::{Feed, PassError, PassStep, Piece, RECURRENT, Role, VARIANTS, Weight};

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

/// A pass that is about to begin.
pub struct Pass<'p, 'a, 'm> {
    /// The model.
    pub config: &'p ModelConfig,
    /// The scratch memory of its blocks.
    pub work: Workspace<'p, 'a, 'm>,
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
        self.embed(ids, feed).await?;
        self.check(PassStep::Embedding)?;
        #[cfg(feature = "per-layer-inputs")]
        if let Some(inputs) = PerLayerInput::of(self.work.hyper) {
            inputs.make(ids, &mut self.work, feed).await?;
        }
        let work = &mut self.work;
        work.rope.advance(work.position, work.tokens);
        work.kernels.end_section();
        for layer in 0..self.work.hyper.n_layer {
            self.layer(layer, feed).await?;
            self.work.kernels.end_section();
            yield_now().await;
        }
        match self.want {
            Want::None => Ok(()),
            Want::Last => self.head(self.work.tokens.saturating_sub(1), feed, sink).await,
            Want::All => self.head(0, feed, sink).await,
        }
    }

    /// Runs the blocks of a layer.
    async fn layer(&mut self, layer: u32, feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let blocks = self.config.layer(layer);
        let parallel = VARIANTS && blocks.residual == Residual::Parallel;
        let side_by_side = RECURRENT && blocks.mixers.iter().all(Option::is_some);
        // The norm and the step of the block before, if its output is not yet part of the hidden state.
        let mut waiting = None;
        for place in 0..Layer::BLOCKS {
            let Some(block) = blocks.block(place) else { continue };
            block.fill(layer, &mut self.work);
            if VARIANTS && let Some((norm, step)) = waiting.take() {
                self.work.add(norm);
                self.check(step)?;
            }
            block.run(layer, &mut self.work, feed).await?;
            let output = (block.norm_after(layer), block.step(layer));
            if parallel || side_by_side && place == 0 {
                waiting = Some(output);
            } else {
                self.work.add(output.0);
                self.check(output.1)?;
            }
        }
        if VARIANTS && let Some((norm, step)) = waiting {
            self.work.add(norm);
            self.check(step)?;
        }
        #[cfg(feature = "per-layer-inputs")]
        if blocks.scaled {
            self.work.scale(layer);
            self.check(PassStep::LayerOutput(layer))?;
        }
        Ok(())
    }

    /// Looks for values of the hidden state that are not finite, if that was asked for.
    fn check(&self, step: PassStep) -> Result<(), PassError> {
        if cfg!(feature = "small") || !self.find_nan {
            return Ok(());
        }
        let (work, width) = (&self.work, self.work.hyper.n_embd as usize);
        let tokens = work.tokens;
        let x = work.values.x.get(..work.hidden_groups()).unwrap_or_default();
        let finite = |t: usize| {
            let token = x.iter().skip(t).step_by(tokens.max(1));
            // The last group's padding may hold anything.
            token.enumerate().all(|(g, group)| {
                let left = width.saturating_sub(g.saturating_mul(LANES)).min(LANES);
                all_finite(group.get(..left).unwrap_or_default())
            })
        };
        match (0..tokens).find(|&t| !finite(t)) {
            Some(t) => Err(PassError::NotFinite { position: work.position.wrapping_add(t) as u32, step }),
            None => Ok(()),
        }
    }

    /// `x = embedding[ids]`
    async fn embed(&mut self, ids: &[u32], feed: &mut Feed<'_, '_>) -> Result<(), PassError> {
        let Workspace { hyper, store, values, .. } = &mut self.work;
        let width = hyper.n_embd as usize;
        let row_groups = values.y.get_mut(..groups(width)).unwrap_or_default();
        row_groups.fill([0.0; LANES]);
        for (t, &id) in ids.iter().enumerate() {
            let (table, row) = store.row(Role::TokenEmbd, id, feed).await?;
            table.dequantise_row(row, row_groups.as_flattened_mut().get_mut(..width).unwrap_or_default());
            for (x, row) in values.x.iter_mut().skip(t).step_by(ids.len().max(1)).zip(&*row_groups) {
                *x = row.map(|v| v * hyper.embedding_scale);
            }
        }
        #[cfg(feature = "attention-variants")]
        if self.config.arch.embedding_norm
            && let Some(norm) = self.work.norm(Role::TokenEmbdNorm)
        {
            let (n, work) = (self.work.hidden_groups(), &mut self.work);
            work.kernels.map(work.values.x.get_mut(..n).unwrap_or_default(), work.tokens, Map::Norm(norm));
        }
        Ok(())
    }

    /// Logits of the chunk's positions from `first` on, a tile of the vocabulary at a time.
    async fn head(
        &mut self,
        first: usize,
        feed: &mut Feed<'_, '_>,
        sink: &mut LogitsSink<'_>,
    ) -> Result<(), PassError> {
        let work = &mut self.work;
        let (tokens, embd) = (work.tokens, groups(work.hyper.n_embd as usize));
        let wanted = tokens.saturating_sub(first).max(1);
        let (matmul, role, norm) = (work.matmul(), work.store.head(), work.norm(self.config.last_norm()));
        let values = &mut *work.values;
        let x = values.x.get(..embd.saturating_mul(tokens)).unwrap_or_default();
        let hidden = values.y.get_mut(..embd.saturating_mul(wanted)).unwrap_or_default();
        for (hidden, x) in hidden.chunks_mut(wanted).zip(x.chunks(tokens.max(1))) {
            for (hidden, x) in hidden.iter_mut().zip(x.iter().skip(first)) {
                *hidden = *x;
            }
        }
        values.input.fill(work.kernels, hidden, wanted, norm, matmul.act_kind(role));
        let position = work.position.wrapping_add(first) as u32;
        let mut tile = LogitsTile { matmul, hyper: work.hyper, position, wanted, logits: values.logits, sink };
        let mut each = |Piece { w, first_row, .. }: Piece<'_>| tile.rows(w, first_row, &mut values.input);
        work.store.each_piece(work.store.matrix(role), None, feed, &mut each).await
    }
}

/// Hands logits on while the head is computed.
struct LogitsTile<'l, 'a, 'm, 's> {
    matmul: Matmul<'l, 'a, 'm>,
    hyper: &'l Hyper,
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
            if VARIANTS && self.hyper.logit_scale != 1.0 {
                self.matmul.kernels.map(logits, wanted, Map::Scale(self.hyper.logit_scale));
            }
            if VARIANTS && self.hyper.logit_cap != 0.0 {
                self.matmul.kernels.map(logits, wanted, Map::SoftCap(self.hyper.logit_cap));
            }
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
