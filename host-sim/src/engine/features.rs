//! The engine's features that firmware for a model turns on.

use flashlet::Model;
use flashlet::flash::{Flash, Source};
use flashlet::text::ChatPieces;
use serde::Serialize;

use crate::sim::wait;

/// The features for parts of a file that change its answers.
const FOR_ANSWERS: [&str; 3] = ["grammar", "probabilities", "values"];

/// Features of the engine, by name.
#[derive(Debug, Serialize)]
pub(crate) struct Features {
    /// The features without which the engine refuses the model.
    pub(crate) needed: Vec<&'static str>,
    /// The features for optional parts that the file has, such as a grammar.
    pub(crate) carried: Vec<&'static str>,
}

impl Features {
    /// Reads the features from a model's file; `None` if the engine cannot run the file. `has_values` tells whether the file's grammar
    /// has values.
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

    /// The dependency line for a firmware's `Cargo.toml`, with a q8_0 cache and with what makes the answers those of the desktop, and a
    /// second line with the features of the file's other optional parts, if there are any.
    pub(crate) fn lines(&self) -> String {
        let version = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("", |(version, _)| version);
        let (for_answers, others) =
            self.carried.iter().copied().partition::<Vec<_>, _>(|name| FOR_ANSWERS.contains(name));
        let features = ["kv_q8_0"].iter().chain(&self.needed).chain(&for_answers);
        let features: Vec<_> = features.map(|feature| format!("{feature:?}")).collect();
        let mut lines = format!(
            "firmware: flashlet = {{ version = \"{version}\", default-features = false, features = [{}] }}\n",
            features.join(", ")
        );
        if !others.is_empty() {
            lines += &format!("          and for what else the file carries: {}\n", others.join(", "));
        }
        lines
    }
}
