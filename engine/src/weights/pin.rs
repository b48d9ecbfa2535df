//! Residency: the choice of the matrices that are copied into the arena, where not all fit.
//!
//! Passes over prompts need no logits but of their last token, so a byte of a layer saves flash traffic more often than
//! one of the head, and an embedding that is not the head saves a row a token only. Among the layers all bytes save alike; there
//! the pinned ones lie evenly between the streamed ones, so that the flash goes on reading while pinned ones are
//! multiplied.

use super::role::Role;
use crate::arena::ALIGN;

/// The place of a model's weights while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Residency {
    /// In memory as far as they fit; the rest mapped if the flash is, else streamed.
    #[default]
    Auto,
    /// All where they lie in mapped flash.
    Mapped,
    /// All copied into the arena, but for a table of which passes read single rows alone.
    Pinned,
    /// All read anew for every pass.
    Streamed,
}

/// Bytes of the arena that a model's matrices take when they are pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixBytes {
    layers: u64,
    embedding: u64,
    output: u64,
}

impl MatrixBytes {
    /// Counts a matrix of `bytes`.
    pub fn add(&mut self, role: Role, bytes: u64) {
        let sum = match role {
            _ if role.is_table_of_rows() => return,
            Role::TokenEmbd => &mut self.embedding,
            Role::Output => &mut self.output,
            _ => &mut self.layers,
        };
        *sum = sum.saturating_add(size_of(bytes));
    }

    /// Of all matrices but those of which passes read single rows alone.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.layers.saturating_add(self.embedding).saturating_add(self.output)
    }

    /// True if the head is a tensor of its own.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.output > 0
    }
}

/// Bytes that a pinned matrix of `bytes` takes: it starts where a flash can read to directly.
fn size_of(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(ALIGN as u64).unwrap_or(u64::MAX)
}

/// Passes over answers' tokens for each pass over a prompt, which takes a long chunk at once.
const PROMPT_PASSES: u64 = 4;

/// A budget that is spent in the order of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinBudget {
    /// Bytes pinned so far.
    pub pinned: u64,
    left: u64,
    bytes: MatrixBytes,
    /// Bytes of the budget for layers.
    for_layers: u64,
    /// Bytes of layers' matrices seen so far.
    seen: u64,
    /// Those of them that were pinned.
    taken: u64,
    head: bool,
}

impl PinBudget {
    /// A budget of `left` bytes for matrices of `bytes`.
    #[must_use]
    pub fn new(left: u64, bytes: MatrixBytes) -> Self {
        let head = if bytes.has_output() { bytes.output } else { bytes.embedding };
        let rest = left.saturating_sub(bytes.layers);
        // Pinning the head displaces `head - rest` bytes of layers.
        let missing = head.saturating_sub(rest);
        let takes_head = head <= left && rest > missing / PROMPT_PASSES;
        let for_layers = left.saturating_sub(if takes_head { head } else { 0 }).min(bytes.layers);
        PinBudget { left, bytes, for_layers, head: takes_head, ..PinBudget::default() }
    }

    /// The same decisions where `bytes` are there to be pinned into.
    #[must_use]
    pub fn within(self, bytes: u64) -> Self {
        PinBudget { left: bytes, ..self }
    }

    /// Decides whether matrix `role` of `bytes` is pinned; returns its offset if so.
    pub fn take(&mut self, role: Role, bytes: u64) -> Option<u64> {
        let bytes = size_of(bytes);
        let wanted = match role {
            _ if role.is_table_of_rows() => false,
            Role::TokenEmbd if self.bytes.has_output() => self.bytes.all() <= self.left.saturating_add(self.pinned),
            Role::TokenEmbd | Role::Output => self.head,
            _ => self.takes_layer(bytes),
        };
        let left = self.left.checked_sub(bytes).filter(|_| wanted)?;
        let at = self.pinned;
        (self.left, self.pinned) = (left, self.pinned.saturating_add(bytes));
        Some(at)
    }

    /// Decides whether a layer's matrix is pinned: the pinned share of the layers seen so far stays at or below the share of all layers
    /// that the budget pins.
    fn takes_layer(&mut self, bytes: u64) -> bool {
        // All are multiples of the alignment; products of such units do not overflow.
        let units = |bytes: u64| bytes >> ALIGN.trailing_zeros();
        let product = |a: u64, b: u64| units(a).saturating_mul(units(b));
        let due = product(self.taken, self.bytes.layers) <= product(self.seen, self.for_layers);
        let fits = self.taken.saturating_add(bytes) <= self.for_layers;
        self.seen = self.seen.saturating_add(bytes);
        if due && fits {
            self.taken = self.taken.saturating_add(bytes);
        }
        due && fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::LayerTensor;
    use std::vec::Vec;

    const UNIT: u64 = 1 << 16;

    fn layer(i: u32) -> Role {
        Role::Layer(i, LayerTensor::Q)
    }

    /// Which of `matrices` a budget of `left` bytes pins.
    fn pinned(left: u64, matrices: &[(Role, u64)]) -> Vec<bool> {
        let mut bytes = MatrixBytes::default();
        matrices.iter().for_each(|&(role, n)| bytes.add(role, n));
        let mut budget = PinBudget::new(left, bytes);
        let pinned: Vec<_> = matrices.iter().map(|&(role, n)| budget.take(role, n).is_some()).collect();
        assert!(budget.pinned <= left, "{} of {left}", budget.pinned);
        let mut again = PinBudget::new(left, bytes).within(budget.pinned);
        assert!(matrices.iter().zip(&pinned).all(|(&(role, n), &pinned)| again.take(role, n).is_some() == pinned));
        let mut fewer = PinBudget::new(left, bytes).within(budget.pinned / 2);
        matrices.iter().for_each(|&(role, n)| _ = fewer.take(role, n));
        assert!(fewer.pinned <= budget.pinned / 2, "{} of {}", fewer.pinned, budget.pinned / 2);
        pinned
    }

    #[test]
    fn pinned_layers_lie_evenly() {
        // Matrices of a small board and of a large model.
        for (n, unit) in (0..=60).flat_map(|n| [(n, UNIT), (n, UNIT << 14)]) {
            let matrices: Vec<_> = (0..60).map(|i| (layer(i), unit)).collect();
            let pins = pinned(n as u64 * unit + 100, &matrices);
            for (i, window) in (0..).zip(pins.windows(10)) {
                let have = window.iter().filter(|&&p| p).count();
                assert!((have * 6).abs_diff(n) < 6, "{n} of 60: {have} of the ten from {i} on");
            }
            assert_eq!(pins.iter().filter(|&&p| p).count(), n);
        }
    }

    #[test]
    fn the_head_waits_for_layers_and_the_embedding_for_all() {
        let tied = [(Role::TokenEmbd, 40 * UNIT), (layer(0), 50 * UNIT), (layer(1), 50 * UNIT)];
        assert_eq!(pinned(60 * UNIT, &tied), [false, true, false]);
        assert_eq!(pinned(100 * UNIT, &tied), [false, true, true]);
        // 8 of 100 are needed to make up for 32 that the layers then lack
        assert_eq!(pinned(108 * UNIT, &tied), [false, true, true]);
        assert_eq!(pinned(109 * UNIT, &tied), [true, true, false]);
        assert_eq!(pinned(140 * UNIT, &tied), [true; 3]);
        let own = [(Role::Output, 10 * UNIT), (layer(0), 50 * UNIT), (Role::TokenEmbd, 5 * UNIT)];
        assert_eq!(pinned(60 * UNIT, &own), [true, true, false]);
        assert_eq!(pinned(64 * UNIT, &own), [true, true, false]);
        assert_eq!(pinned(65 * UNIT, &own), [true; 3]);
    }

    #[test]
    fn budgets_are_never_overdrawn() {
        let mut random = 1u64;
        let mut below = |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % n
        };
        for _ in 0..1000 {
            let mut matrices: Vec<_> = (0..below(30) as u32).map(|i| (layer(i), below(1 << 20))).collect();
            matrices.push((Role::TokenEmbd, below(1 << 22)));
            let all: u64 = matrices.iter().map(|&(_, n)| size_of(n)).sum();
            assert!(pinned(all, &matrices).iter().all(|&p| p));
            pinned(below(all + 1), &matrices);
        }
        let huge = [(Role::TokenEmbd, u64::MAX), (layer(0), u64::MAX), (layer(1), u64::MAX - 1000)];
        assert_eq!(pinned(1 << 40, &huge), [false; 3]);
    }
}
