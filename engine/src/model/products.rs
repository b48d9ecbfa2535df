//! A pass's matrix products, with weights wherever they are.

use super::config::ModelConfig;
#[cfg(feature = "stream")]
use crate::flash::yield_now;
#[cfg(feature = "stream")]
use crate::kernels::groups;
use crate::kernels::{Executor, Gate, Group, InputBuffer, Kernels};
use crate::quant::ActKind;
#[cfg(feature = "stream")]
use crate::simd::LANES;
use crate::weights::{Feed, LayerMatrix, PassError, Role, Weight, WeightStore};

/// Matrix products with weights wherever they are.
#[derive(Clone, Copy)]
pub(super) struct Matmul<'p, 'a, 'm> {
    pub(super) store: &'p WeightStore<'a, 'm>,
    pub(super) kernels: &'p dyn Kernels,
    pub(super) executor: &'p dyn Executor,
}

impl Matmul<'_, '_, '_> {
    pub(super) fn act_kind(&self, role: Role) -> ActKind {
        self.store.ty(role).map_or(ActKind::Float, |ty| ty.act_kind())
    }

    /// `w . x -> y`
    pub(super) async fn linear(
        &self,
        role: Role,
        input: &mut InputBuffer<'_>,
        y: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let x = input.input(self.kernels, self.act_kind(role));
        if let Some(w) = self.store.resident(role) {
            self.kernels.linear(w, &x, y, self.executor);
            return Ok(());
        }
        #[cfg(not(feature = "stream"))]
        return not_here(feed, role);
        #[cfg(feature = "stream")]
        {
            let error = PassError::TileTooSmall { role };
            let rows = self.store.shapes().of(role).map_or(0, |[_, rows]| rows);
            let mut done = 0;
            while done < rows {
                let part = feed.next_of(role).await?;
                let w = self.store.arrived(role, feed.bytes(&part)).ok_or(error)?;
                for (first, n) in turns(feed, w) {
                    let y = panel_rows(y, x.tokens, part.first_row.saturating_add(first), n).ok_or(error)?;
                    self.kernels.linear(w.rows_from(first as usize, n as usize), &x, y, self.executor);
                    yield_now().await;
                }
                feed.done();
                done = done.saturating_add(part.rows);
            }
            Ok(())
        }
    }

    /// `act(gate . x) * (up . x) -> y`
    pub(super) async fn gated(
        &self,
        layer: u32,
        config: &ModelConfig,
        input: &mut InputBuffer<'_>,
        y: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let roles = [Role::Matrix(layer, LayerMatrix::Gate), Role::Matrix(layer, LayerMatrix::Up)];
        let resident = roles.map(|role| self.store.resident(role));
        let act = config.arch.gate;
        if let [Some(gate), Some(up)] = resident {
            self.gated_rows([gate, up], act, input, y);
            return Ok(());
        }
        #[cfg(not(feature = "stream"))]
        return not_here(feed, roles[0]);
        #[cfg(feature = "stream")]
        {
            let mut done = 0;
            while done < config.shapes.n_ff {
                let mut parts = [None; 2];
                for ((part, role), resident) in parts.iter_mut().zip(roles).zip(resident) {
                    if resident.is_none() {
                        *part = Some(feed.next_of(role).await?);
                    }
                }
                let error = PassError::TileTooSmall { role: roles[0] };
                let [gate_part, up_part] = parts;
                let lead = gate_part.or(up_part).ok_or(error)?;
                let mut weights = [None; 2];
                for (((w, part), role), resident) in weights.iter_mut().zip(parts).zip(roles).zip(resident) {
                    *w = match part {
                        Some(part) => self.store.arrived(role, feed.bytes(&part)),
                        None => resident.map(|w| w.rows_from(lead.first_row as usize, lead.rows as usize)),
                    };
                }
                let [Some(gate), Some(up)] = weights else { return Err(error) };
                let tokens = input.tokens();
                for (first, n) in turns(feed, gate) {
                    let y = panel_rows(y, tokens, lead.first_row.saturating_add(first), n).ok_or(error)?;
                    self.gated_rows([gate, up].map(|w| w.rows_from(first as usize, n as usize)), act, input, y);
                    yield_now().await;
                }
                feed.done();
                done = done.saturating_add(lead.rows);
            }
            Ok(())
        }
    }

    fn gated_rows(&self, [gate, up]: [Weight<'_>; 2], act: Gate, input: &mut InputBuffer<'_>, y: &mut [Group]) {
        let kinds = [gate, up].map(|w| w.ty().act_kind());
        if kinds[0] == kinds[1] {
            self.kernels.gated([gate, up], act, &input.input(self.kernels, kinds[0]), y, self.executor);
        } else {
            // Two forms of the input: one product after the other.
            self.kernels.linear(gate, &input.input(self.kernels, kinds[0]), y, self.executor);
            self.kernels.gate_by(up, act, &input.input(self.kernels, kinds[1]), y, self.executor);
        }
    }
}

/// What is neither mapped nor pinned cannot be used. (No plan has such weights.)
#[cfg(not(feature = "stream"))]
pub(super) fn not_here(_feed: &Feed<'_, '_>, role: Role) -> Result<(), PassError> {
    Err(PassError::TileTooSmall { role })
}

/// The rows of a part that arrived, cut where the reader gets its turns: first rows and numbers.
#[cfg(feature = "stream")]
pub(super) fn turns(feed: &Feed<'_, '_>, w: Weight<'_>) -> impl Iterator<Item = (u32, u32)> + use<> {
    let rows = w.rows();
    let step = feed.rows_a_turn(w.bytes().checked_div(rows).unwrap_or(0));
    (0..rows).step_by(step).map(move |first| (first as u32, step.min(rows.saturating_sub(first)) as u32))
}

/// The groups of a panel that hold rows `first..first + rows`; `first` is a multiple of sixteen.
#[cfg(feature = "stream")]
fn panel_rows(y: &mut [Group], tokens: usize, first: u32, rows: u32) -> Option<&mut [Group]> {
    let start = (first as usize / LANES).checked_mul(tokens)?;
    let n = groups(rows as usize).checked_mul(tokens)?;
    y.get_mut(start..start.checked_add(n)?)
}

#[cfg(test)]
#[cfg(all(feature = "stream", feature = "f32"))]
mod tests {
    use super::*;
    use crate::arena::Arena;
    use crate::simd::Scalar;
    use crate::weights::{Schedule, Shapes, Tiles, WeightType};

    /// Without a tile the reader has its turn after every sixteen rows.
    #[test]
    fn turns_cover_all_rows() {
        let (n_layer, n_embd, n_head, n_head_kv, head_dim, n_ff, n_vocab, n_rot) = (1, 4, 1, 1, 4, 4, 40, 4);
        let shapes = Shapes { n_layer, n_embd, n_head, n_head_kv, head_dim, n_ff, n_vocab, n_rot, extra_vectors: &[] };
        let mut memory = [0; 4096];
        let store = WeightStore::take(shapes, None, 0, 0, &mut Arena::new(&mut memory));
        let tiles = Tiles::new(&mut []);
        let feed = Feed::new(&tiles, Schedule::new(&store, &[], false, 0, 1), &Scalar);
        let bytes = [0; 40 * 4 * size_of::<f32>()];
        let w = Weight::new(WeightType::from_id(0).expect("F32"), &bytes, 4).expect("40 rows of 4");
        assert!(turns(&feed, w).eq([(0, 16), (16, 16), (32, 8)]));
    }
}
