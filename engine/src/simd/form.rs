//! The form of activations that a set multiplies, and the layouts of blocks that it may have loops for.

use bytemuck::Pod;

/// The form of quantised activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ActForm {
    /// Bytes.
    #[default]
    Bytes,
    /// Pairs of 16-bit numbers, in the order in which the bytes of a word come apart as halves: of each four quants the
    /// first and the third, then the second and the fourth.
    Pairs,
    /// Bytes, blocks of 32 of each two tokens in one: quants 0 to 7 of the first token and of the second, then likewise 16 to 23,
    /// 8 to 15 and 24 to 31, both scales and both sums. A last token without another, and blocks of 256, are as in
    /// [`ActForm::Bytes`].
    TwoTokens,
}

impl ActForm {
    /// True if memory for activations in this form is enough for the form `other`.
    #[must_use]
    pub fn has_room_for(self, other: ActForm) -> bool {
        self.words(32) >= other.words(32)
    }

    /// Words of the activations that a block of `elems` weights is multiplied with, for each token: quants, a scale, and the
    /// sum of all quants; blocks of 256 have sums of each 16 and 32 too.
    #[must_use]
    pub const fn words(self, elems: usize) -> usize {
        let quants = match self {
            ActForm::Bytes | ActForm::TwoTokens => elems / 4,
            ActForm::Pairs => elems / 2,
        };
        quants + if elems == 256 { 14 } else { 2 }
    }

    /// The form that [`kernels::detect`](crate::kernels::detect) uses on this target.
    pub const DEFAULT: ActForm =
        if cfg!(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-dsp", not(feature = "isa-helium"))) {
            ActForm::Pairs
        } else {
            ActForm::Bytes
        };
}

/// The values that nibbles of IQ4_NL and IQ4_XS stand for, ggml's `kvalues_iq4nl`.
pub const IQ4_VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Twice the values of the sixteen E2M1 codes, ggml's `kvalues_mxfp4`.
pub const MXFP4_VALUES: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// Blocks of one layout.
pub trait Blocks: Pod {
    /// Their layout.
    const LAYOUT: BlockLayout;
}

/// The layouts of quantised blocks, by ggml's names: what quants and scales a block has, and where.
#[expect(missing_docs, reason = "ggml's names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockLayout {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Q8K,
    IQ4NL,
    IQ4XS,
    TQ1_0,
    TQ2_0,
    MXFP4,
}

impl BlockLayout {
    /// True if `layouts` contain this one.
    #[must_use]
    pub const fn is_one_of(self, layouts: &[BlockLayout]) -> bool {
        let mut i = 0;
        while i < layouts.len() {
            if layouts[i] as u8 == self as u8 {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Weights of a block.
    #[must_use]
    pub const fn elems(self) -> usize {
        use BlockLayout::{IQ4NL, MXFP4, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
        match self {
            Q4_0 | Q4_1 | Q5_0 | Q5_1 | Q8_0 | IQ4NL | MXFP4 => 32,
            _ => 256,
        }
    }

    /// True if blocks of this layout are multiplied with those of two tokens in one, where activations have this form.
    #[must_use]
    pub const fn takes_two_tokens(self, form: ActForm) -> bool {
        matches!(form, ActForm::TwoTokens) && self.elems() == 32
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            BlockLayout::Q4_0 | BlockLayout::IQ4NL => 18,
            BlockLayout::Q4_1 => 20,
            BlockLayout::Q5_0 => 22,
            BlockLayout::Q5_1 => 24,
            BlockLayout::Q8_0 => 34,
            BlockLayout::MXFP4 => 17,
            BlockLayout::Q2K => 84,
            BlockLayout::Q3K => 110,
            BlockLayout::Q4K => 144,
            BlockLayout::Q5K => 176,
            BlockLayout::Q6K => 210,
            BlockLayout::Q8K => 292,
            BlockLayout::IQ4XS => 136,
            BlockLayout::TQ1_0 => 54,
            BlockLayout::TQ2_0 => 66,
        }
    }
}
