//! The form of activations that a set multiplies, and the layouts of blocks that it may have loops for.

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
}

impl ActForm {
    /// True if memory for activations in this form is enough for the form `other`.
    #[must_use]
    pub fn has_room_for(self, other: ActForm) -> bool {
        self == other || other == ActForm::Bytes
    }

    /// The form that [`kernels::detect`](crate::kernels::detect) uses on this target.
    pub const DEFAULT: ActForm =
        if cfg!(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-dsp", not(feature = "isa-helium"))) {
            ActForm::Pairs
        } else {
            ActForm::Bytes
        };
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
