//! The engine's features that firmware for a model turns on.

use flashlet::Model;
use flashlet::flash::{Flash, Source};
use flashlet::text::ChatPieces;
use serde::Serialize;

use crate::sim::wait;

/// Features of the engine, by name.
#[derive(Debug, Serialize)]
pub(crate) struct Features {
    /// Without these the model is refused.
    pub(crate) needed: Vec<&'static str>,
    /// These use what else the file has.
    pub(crate) carried: Vec<&'static str>,
}

impl Features {
    /// The features of a model's file, whose grammar has values or not; none for a file that is no model the engine runs.
    pub(crate) fn of<F: Flash>(source: &mut Source<'_, F>, has_values: bool) -> Option<Features> {
        let model = wait(Model::open(source)).ok()?;
        let mut needed = Vec::new();
        wait(model.features(source, &mut |feature| needed.push(feature))).ok()?;
        let carried = [
            ("chat-pieces", wait(ChatPieces::read(model.gguf(), source)).is_ok_and(|pieces| pieces.is_some())),
            ("checksums", model.checksums().is_some()),
            ("flash-index", model.tokenizer().index_end().is_some()),
            ("grammar", model.grammar().is_some()),
            ("probabilities", model.threshold().refuses()),
            ("values", has_values),
        ];
        let carried = carried.into_iter().filter_map(|(feature, has)| has.then_some(feature)).collect();
        Some(Features { needed, carried })
    }

    /// The line of a firmware's `Cargo.toml`, with the cache's format that takes the least memory without a loss that shows, and a line
    /// on the rest.
    pub(crate) fn lines(&self) -> String {
        let version = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("", |(version, _)| version);
        let features: Vec<_> = ["kv_q8_0"].iter().chain(&self.needed).map(|feature| format!("{feature:?}")).collect();
        let manifest = format!(
            "firmware: flashlet = {{ version = \"{version}\", default-features = false, features = [{}] }}\n",
            features.join(", ")
        );
        match self.carried.is_empty() {
            true => manifest,
            false => format!("{manifest}          and for what the file carries: {}\n", self.carried.join(", ")),
        }
    }
}
