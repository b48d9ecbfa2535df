//! The features of the engine that a model's file takes.

use super::error::Error;
use super::model::Model;
use crate::flash::{Flash, Source};
use crate::model::RopeScaling;
use crate::quant::WeightType;
#[cfg(feature = "bpe")]
use crate::text::TokenizerKind;
use crate::weights::{self, Role};

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Model {
    /// Hands the names of the features that the model takes to `each`: those of its architecture, of its rotary positions and of its
    /// vocabulary, and a weight format for each type among its matrices. A program adds a format of the cache, and what else it wants of
    /// the table in the crate's documentation. A build with `small` does not have this.
    ///
    /// # Errors
    /// Those of reading the directory of tensors once more.
    pub async fn features<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        each: &mut dyn FnMut(&'static str),
    ) -> Result<(), Error> {
        let mut is_plain = true;
        let mut has_type = [false; WeightType::ALL.len()];
        weights::walk(&self.gguf, source, &self.config, &mut |tensor| {
            is_plain &= match tensor.role {
                Role::Layer(_, tensor) => tensor.is_plain(),
                Role::TokenEmbd | Role::RopeFreqs | Role::OutputNorm | Role::Output => true,
                _ => false,
            };
            for (ty, has) in WeightType::ALL.iter().zip(&mut has_type) {
                *has |= tensor.ty == Some(*ty);
            }
            Ok(())
        })
        .await?;
        match self.config.feature() {
            Some(feature) => each(feature),
            None if !is_plain => each("attention-variants"),
            None => {}
        }
        if matches!(self.config.hyper.rope_scaling, RopeScaling::Yarn { .. }) {
            each("yarn");
        }
        #[cfg(feature = "bpe")]
        if matches!(self.spec.kind(), TokenizerKind::Bpe(_)) {
            each("bpe");
        }
        WeightType::ALL.iter().zip(has_type).filter(|(_, has)| *has).for_each(|(ty, _)| each(ty.feature()));
        Ok(())
    }
}
