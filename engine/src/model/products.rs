//! A pass's matrix products, with weights wherever they are.

use crate::kernels::{Act, Executor, Group, InputBuffer, Kernels, Map, groups};
use crate::quant::ActKind;
use crate::simd::LANES;
use crate::weights::{Feed, MatrixRef, PassError, Piece, Role, VARIANTS, Weight, WeightStore};

/// Matrix products with weights wherever they are.
#[derive(Clone, Copy)]
pub(super) struct Matmul<'p, 'a, 'm> {
    pub(super) store: &'p WeightStore<'a, 'm>,
    pub(super) kernels: &'p dyn Kernels,
    pub(super) executor: &'p dyn Executor,
    /// True if the model has biases.
    pub(super) biases: bool,
}

impl Matmul<'_, '_, '_> {
    pub(super) fn act_kind(&self, role: Role) -> ActKind {
        act_kind(self.store.matrix(role))
    }

    /// `w . x + bias -> y`, where the model has a bias.
    pub(super) async fn linear(
        &self,
        role: Role,
        input: &mut InputBuffer<'_>,
        y: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let w = self.store.matrix(role);
        let x = input.input(self.kernels, act_kind(w));
        let tokens = x.tokens;
        let mut each = |Piece { w, first_row, .. }: Piece<'_>| {
            self.kernels.linear(w, &x, panel_rows(y, tokens, first_row, w.rows()), self.executor);
            Ok(())
        };
        self.store.each_piece(w, None, feed, &mut each).await?;
        self.add_bias(role, tokens, y);
        Ok(())
    }

    /// `act(gate . x) * (up . x) -> y`, without biases.
    pub(super) async fn gated(
        &self,
        [gate, up]: [Role; 2],
        act: Act,
        input: &mut InputBuffer<'_>,
        y: &mut [Group],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let tokens = input.tokens();
        let mut each = |Piece { w, partner, first_row }: Piece<'_>| {
            let up = partner.ok_or(PassError::TileTooSmall { role: up })?;
            self.gated_rows([w, up], act, input, panel_rows(y, tokens, first_row, w.rows()));
            Ok(())
        };
        let [gate, up] = [gate, up].map(|role| self.store.matrix(role));
        self.store.each_piece(gate, Some(up), feed, &mut each).await
    }

    fn gated_rows(&self, [gate, up]: [Weight<'_>; 2], act: Act, input: &mut InputBuffer<'_>, y: &mut [Group]) {
        let kinds = [gate, up].map(|w| w.ty().act_kind());
        if kinds[0] == kinds[1] {
            self.kernels.gated([gate, up], act, &input.input(self.kernels, kinds[0]), y, self.executor);
        } else {
            // Two forms of the input: one product after the other.
            self.kernels.linear(gate, &input.input(self.kernels, kinds[0]), y, self.executor);
            self.kernels.gate_by(up, act, &input.input(self.kernels, kinds[1]), y, self.executor);
        }
    }

    /// `act(gate . x + gate_bias) * (up . x + up_bias) -> y`; `up_y` is scratch.
    #[cfg(feature = "attention-variants")]
    pub(super) async fn gated_with_biases(
        &self,
        (roles, act): ([Role; 2], Act),
        input: &mut InputBuffer<'_>,
        [y, up_y]: [&mut [Group]; 2],
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        let ([gate, up], tokens) = (roles, input.tokens());
        let mut each = |Piece { w, partner, first_row }: Piece<'_>| {
            for (w, y) in [(Some(w), &mut *y), (partner, &mut *up_y)] {
                let w = w.ok_or(PassError::TileTooSmall { role: up })?;
                let x = input.input(self.kernels, w.ty().act_kind());
                self.kernels.linear(w, &x, panel_rows(y, tokens, first_row, w.rows()), self.executor);
            }
            Ok(())
        };
        let [gate_w, up_w] = roles.map(|role| self.store.matrix(role));
        self.store.each_piece(gate_w, Some(up_w), feed, &mut each).await?;
        self.add_bias(gate, tokens, y);
        self.add_bias(up, tokens, up_y);
        self.kernels.map(y, tokens, Map::Gate(act, up_y));
        Ok(())
    }

    fn add_bias(&self, role: Role, tokens: usize, y: &mut [Group]) {
        if let Role::Layer(layer, tensor) = role
            && VARIANTS
            && self.biases
            && let Some(bias) = tensor.bias().and_then(|bias| self.store.vector(Role::Layer(layer, bias)))
        {
            self.kernels.map(y, tokens, Map::Bias(bias));
        }
    }
}

/// The form of activations that a matrix is multiplied with.
fn act_kind(w: MatrixRef<'_>) -> ActKind {
    w.ty().map_or(ActKind::Float, |ty| ty.act_kind())
}

/// The groups of a panel that hold rows `first..first + rows`; `first` is a multiple of sixteen.
fn panel_rows(y: &mut [Group], tokens: usize, first: u32, rows: usize) -> &mut [Group] {
    let start = (first as usize / LANES).saturating_mul(tokens);
    let n = groups(rows).saturating_mul(tokens);
    y.get_mut(start..).and_then(|y| y.get_mut(..n)).unwrap_or_default()
}
