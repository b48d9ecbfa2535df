//! A model file, read and checked.

use super::error::Error;
use super::tensors::Tensors;
use crate::flash::{Flash, Source, apart};
use crate::gguf::Gguf;
use crate::model::ModelConfig;
#[cfg(feature = "grammar")]
use crate::text::CarriedGrammar;
#[cfg(feature = "probabilities")]
use crate::text::Threshold;
use crate::text::TokenizerSpec;
use crate::weights::Checksums;

/// A model file's header, read and checked. It needs no arena yet.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) gguf: Gguf,
    pub(super) config: ModelConfig,
    /// A number that stands for the keys that were left out on request; 0 if there were none.
    #[cfg_attr(not(feature = "snapshots"), allow(dead_code, reason = "snapshots alone ask for the model's hash"))]
    pub(super) left_out: u32,
    pub(super) spec: TokenizerSpec,
    #[cfg(feature = "probabilities")]
    pub(super) threshold: Threshold,
    #[cfg(feature = "grammar")]
    pub(super) grammar: Option<CarriedGrammar>,
    pub(super) tensors: Tensors,
    pub(super) checksums: Option<Checksums>,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Model {
    /// Reads the header, the metadata, the vocabulary's facts and the tensor directory.
    ///
    /// # Errors
    /// [`Error`]: anything in the file that is malformed or not supported.
    pub async fn open<F: Flash>(source: &mut Source<'_, F>) -> Result<Model, Error> {
        Model::open_ignoring(source, &[]).await
    }

    /// [`Model::open`] where `ignored` names keys of the architecture, with its prefix, that count as absent: such as
    /// `llama.new_key`, which would be refused because it may change results.
    ///
    /// # Errors
    /// Those of [`Model::open`].
    pub async fn open_ignoring<F: Flash>(source: &mut Source<'_, F>, ignored: &[&str]) -> Result<Model, Error> {
        let gguf = apart!(Gguf::open(source))?;
        let spec = apart!(TokenizerSpec::read(&gguf, source))?;
        let (config, left_out) = apart!(ModelConfig::read(&gguf, source, spec.n_vocab(), ignored))?;
        let tensors = apart!(Tensors::read(&gguf, source, &config))?;
        #[cfg(feature = "checksums")]
        let per_layer = tensors.tables.has_table_of_rows;
        #[cfg(feature = "checksums")]
        let checksums = apart!(Checksums::read(&gguf, source, spec.n_vocab(), per_layer))?;
        #[cfg(not(feature = "checksums"))]
        let checksums = None;
        #[cfg(feature = "probabilities")]
        let threshold = apart!(Threshold::read(&gguf, source))?;
        #[cfg(feature = "grammar")]
        let grammar = apart!(CarriedGrammar::read(&gguf, source))?;
        Ok(Model {
            #[cfg(feature = "grammar")]
            grammar,
            #[cfg(feature = "probabilities")]
            threshold,
            gguf,
            config,
            left_out,
            spec,
            tensors,
            checksums,
        })
    }

    /// The file's checksums, if it has any.
    #[must_use]
    pub fn checksums(&self) -> Option<&Checksums> {
        self.checksums.as_ref()
    }

    /// The grammar that the file carries, if it does.
    #[cfg(feature = "grammar")]
    #[must_use]
    pub fn grammar(&self) -> Option<&CarriedGrammar> {
        self.grammar.as_ref()
    }

    /// The probability that the file asks of answers.
    #[cfg(feature = "probabilities")]
    #[must_use]
    pub fn threshold(&self) -> &Threshold {
        &self.threshold
    }

    /// The hyperparameters.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The file.
    #[must_use]
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// The vocabulary's facts.
    #[must_use]
    pub fn tokenizer(&self) -> &TokenizerSpec {
        &self.spec
    }
}
