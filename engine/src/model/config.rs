//! A model as its architecture and its hyperparameters.

#[cfg(feature = "per-layer-inputs")]
use super::block::PerLayerInput;
use super::block::{Attention, FeedForward, Layer};
use super::error::ConfigError;
use super::hyper::Hyper;
use super::keys::{Field, Values};
use super::layer_set::LayerSet;
use super::workspace::Scratch;
use crate::kernels::NormKind;
use crate::weights::{Catalogue, Entry, LayerTensor, PER_LAYER, RECURRENT, Role, Section, VARIANTS};

/// An architecture: its layers, and how its metadata are read.
#[derive(Debug)]
pub struct Arch {
    /// `general.architecture`, and the prefix of its keys; the table of architectures gives it.
    pub name: &'static str,
    /// The blocks of a layer.
    pub(super) layer: fn(&Hyper, u32) -> Layer,
    /// Tensors of a layer that not all models of the architecture have.
    pub optional: &'static [LayerTensor],
    /// The weights of the last norm.
    pub(super) last_norm: Role,
    /// True if embeddings are normalised.
    pub(super) embedding_norm: bool,
    /// Keys that may be absent or 0, because no layer has what they count.
    pub(super) not_needed: &'static [Field],
    /// The key of what norms add to the mean square or the variance.
    pub(super) norm_eps: Field,
    /// Keys that the architecture reads besides those that all do.
    pub(super) keys: &'static [Field],
    /// Completes the hyperparameters that were read with what is the architecture's own.
    pub(super) configure: fn(&Values, &mut Hyper) -> Result<(), ConfigError>,
}

/// A model without its weights.
#[derive(Clone, Copy, Debug)]
pub struct ModelConfig {
    /// The architecture.
    pub arch: &'static Arch,
    /// The hyperparameters.
    pub hyper: Hyper,
}

impl Arch {
    /// An architecture of which nothing is known but that it is a transformer with norms before its blocks.
    pub(super) const PLAIN: Arch = Arch {
        name: "",
        layer: |hyper, layer| Layer::of(Attention::of(hyper, layer), FeedForward::of(hyper, layer)),
        optional: &[],
        last_norm: Role::OutputNorm,
        embedding_norm: false,
        not_needed: &[],
        norm_eps: Field::NormEps,
        keys: &[],
        configure: |_, _| Ok(()),
    };
}

impl ModelConfig {
    /// A layer's blocks.
    pub(super) fn layer(&self, layer: u32) -> Layer {
        if VARIANTS { (self.arch.layer)(&self.hyper, layer) } else { (Arch::PLAIN.layer)(&self.hyper, layer) }
    }

    /// The weights of the last norm.
    pub(super) fn last_norm(&self) -> Role {
        if VARIANTS { self.arch.last_norm } else { Role::OutputNorm }
    }

    /// The layers that have no keys and values of their own.
    pub(crate) fn without_kv(&self) -> LayerSet {
        if !(RECURRENT || PER_LAYER) {
            return LayerSet::EMPTY;
        }
        LayerSet::of(self.hyper.n_layer, |layer| !self.layer(layer).has_kv())
    }

    /// Groups of the state of all layers.
    #[cfg(feature = "_recurrent")]
    pub(crate) fn state_groups(&self) -> usize {
        (0..self.hyper.n_layer).fold(0, |sum: usize, layer| sum.saturating_add(self.layer(layer).state_groups()))
    }

    /// The memory that blocks take.
    pub(crate) fn scratch(&self) -> Scratch {
        (0..self.hyper.n_layer).fold(Scratch::default(), |most, layer| most.max(self.layer(layer).scratch()))
    }
}

impl Catalogue for ModelConfig {
    fn n_layer(&self) -> u32 {
        self.hyper.n_layer
    }

    fn tensors(&self, section: Section, each: &mut dyn FnMut(Entry)) {
        let hyper = &self.hyper;
        match section {
            Section::Before => {
                each(Entry::matrix(Role::TokenEmbd, hyper.n_embd, hyper.n_vocab));
                #[cfg(feature = "per-layer-inputs")]
                if let Some(inputs) = PerLayerInput::of(hyper) {
                    inputs.tensors_before(hyper, each);
                }
                if VARIANTS && self.arch.embedding_norm {
                    each(Entry::vector(Role::TokenEmbdNorm, hyper.n_embd));
                    each(Entry::vector(Role::TokenEmbdNormBias, hyper.n_embd));
                }
                each(Entry::vector(Role::RopeFreqs, hyper.n_rot / 2).optional());
                if VARIANTS && hyper.original_ctx < u32::MAX {
                    each(Entry::vector(Role::RopeFactorsLong, hyper.n_rot / 2).optional());
                    each(Entry::vector(Role::RopeFactorsShort, hyper.n_rot / 2).optional());
                }
            }
            Section::Layer(layer) => self.layer(layer).tensors(layer, hyper.n_embd, each),
            Section::After => {
                each(Entry::vector(self.last_norm(), hyper.n_embd));
                if VARIANTS && hyper.norm == NormKind::Layer {
                    each(Entry::vector(Role::OutputNormBias, hyper.n_embd).optional());
                }
                each(Entry::matrix(Role::Output, hyper.n_embd, hyper.n_vocab).optional());
            }
        }
    }
}
