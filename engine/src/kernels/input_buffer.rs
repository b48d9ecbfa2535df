//! Memory for the input of matrix products.

use super::elementwise::Norm;
use super::input::{Input, Quants};
use super::panel::Group;
use super::table::Kernels;
use crate::quant::{Act32, ActKind};

/// Memory for an [`Input`].
pub struct InputBuffer<'a> {
    float: &'a mut [Group],
    quants: &'a mut [u32],
    kind: ActKind,
    tokens: usize,
    groups: usize,
}

impl<'a> InputBuffer<'a> {
    /// `u32` words that the quants of `tokens` vectors of `width` elements take, whatever the kind.
    #[must_use]
    pub const fn quant_words(width: usize, tokens: usize) -> usize {
        // Act32 is the larger: 40 bytes for 32 elements, against 312 for 256.
        width.div_ceil(32).saturating_mul(tokens).saturating_mul(size_of::<Act32>() / 4)
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
        self.kind = kind;
        let float = self.float.get_mut(..x.len()).unwrap_or_default();
        kernels.prepare(x, self.tokens, norm, float, quants(self.quants, kind, self.groups, self.tokens));
    }

    /// Tokens of the input.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// The input, quantised anew if `kind` is not what it was quantised to.
    pub fn input(&mut self, kernels: &dyn Kernels, kind: ActKind) -> Input<'_> {
        let len = self.groups.saturating_mul(self.tokens);
        if kind != self.kind && kind != ActKind::Float {
            self.kind = kind;
            let float = self.float.get_mut(..len).unwrap_or_default();
            kernels.prepare(&[], self.tokens, None, float, quants(self.quants, kind, self.groups, self.tokens));
        }
        let words = &*self.quants;
        Input {
            tokens: self.tokens,
            float: self.float.get(..len).unwrap_or_default(),
            q8x32: if self.kind == ActKind::Q8x32 { view(words, self.groups / 2 * self.tokens) } else { &[] },
            q8x256: if self.kind == ActKind::Q8x256 { view(words, self.groups / 16 * self.tokens) } else { &[] },
        }
    }
}

fn view<T: bytemuck::Pod>(words: &[u32], len: usize) -> &[T] {
    let words = words.get(..len.saturating_mul(size_of::<T>() / 4)).unwrap_or_default();
    bytemuck::try_cast_slice(words).unwrap_or_default()
}

fn quants(words: &mut [u32], kind: ActKind, groups: usize, tokens: usize) -> Quants<'_> {
    fn view<T: bytemuck::Pod>(words: &mut [u32], len: usize) -> &mut [T] {
        let words = words.get_mut(..len.saturating_mul(size_of::<T>() / 4)).unwrap_or_default();
        bytemuck::try_cast_slice_mut(words).unwrap_or_default()
    }
    match kind {
        ActKind::Float => Quants::None,
        ActKind::Q8x32 => Quants::Q8x32(view(words, groups / 2 * tokens)),
        ActKind::Q8x256 => Quants::Q8x256(view(words, groups / 16 * tokens)),
    }
}
