//! Memory for the input of matrix products.

use super::input::{Input, Quants};
use super::norm::Norm;
use super::panel::Group;
use super::table::Kernels;
use crate::quant::ActKind;
use crate::simd::{ActForm, LANES};

/// Memory for an [`Input`].
pub struct InputBuffer<'a> {
    float: &'a mut [Group],
    quants: &'a mut [u32],
    kind: ActKind,
    tokens: usize,
    groups: usize,
}

/// Words of the quants of `tokens` vectors of `groups` times sixteen elements, as far as there are whole blocks.
fn words(kind: ActKind, form: ActForm, groups: usize, tokens: usize) -> usize {
    let elems = match kind {
        ActKind::Float => return 0,
        ActKind::Q8x32 => 32,
        ActKind::Q8x256 => 256,
    };
    (groups / (elems / LANES)).saturating_mul(tokens).saturating_mul(form.words(elems))
}

impl<'a> InputBuffer<'a> {
    /// `u32` words that the quants of `tokens` vectors of `width` elements take in this form, whatever the kind.
    #[must_use]
    pub fn quant_words(width: usize, tokens: usize, form: ActForm) -> usize {
        // Blocks of 32 take more than those of 256.
        words(ActKind::Q8x32, form, width.div_ceil(32).saturating_mul(2), tokens)
    }

    /// A buffer for vectors of at most `16 * float.len() / tokens` elements.
    #[must_use]
    pub fn new(float: &'a mut [Group], quants: &'a mut [u32]) -> Self {
        InputBuffer { float, quants, kind: ActKind::Float, tokens: 1, groups: 0 }
    }

    /// Takes in panel `x`, normalised if `norm` says so, and quantises it as `kind` asks.
    pub fn fill(&mut self, kernels: &dyn Kernels, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, kind: ActKind) {
        self.tokens = tokens.max(1);
        self.groups = x.len() / self.tokens;
        self.prepare(kernels, x, norm, kind);
    }

    fn prepare(&mut self, kernels: &dyn Kernels, x: &[Group], norm: Option<Norm<'_>>, kind: ActKind) {
        self.kind = kind;
        let float = self.float.get_mut(..self.groups.saturating_mul(self.tokens)).unwrap_or_default();
        let words = words(kind, kernels.act_form(), self.groups, self.tokens);
        let quants = Quants { kind, words: self.quants.get_mut(..words).unwrap_or_default() };
        kernels.prepare(x, self.tokens, norm, float, quants);
    }

    /// Tokens of the input.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// The input, quantised anew if `kind` is not what it was quantised to.
    pub fn input(&mut self, kernels: &dyn Kernels, kind: ActKind) -> Input<'_> {
        if kind != self.kind && kind != ActKind::Float {
            self.prepare(kernels, &[], None, kind);
        }
        let words = words(self.kind, kernels.act_form(), self.groups, self.tokens);
        Input {
            tokens: self.tokens,
            float: self.float.get(..self.groups.saturating_mul(self.tokens)).unwrap_or_default(),
            kind: self.kind,
            quants: self.quants.get(..words).unwrap_or_default(),
        }
    }
}
