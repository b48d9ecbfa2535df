//! Tests of the engine with most of its features off: what a file asks for and the engine was built without is named.

#[cfg(test)]
mod tests {
    use flashlet::flash::{SliceFlash, Source, block_on};
    use flashlet::session::Named;
    use flashlet::weights::{Residency, Verify, WeightError};
    use flashlet::{Error, Model, Options};

    /// The error that opening `file`, or planning for it with `options`, ends with.
    fn error_of(file: &[u8], options: &Options) -> Named {
        let mut source = Source::new(SliceFlash(file));
        let planned = block_on(
            async {
                let model = Model::open(&mut source).await?;
                model.plan(&mut source, options, Some(1 << 20)).await
            },
            || (),
        );
        let error: Error = planned.expect_err("a feature is off");
        block_on(error.named(&mut source), || ())
    }

    #[test]
    fn a_weight_type_names_its_feature() {
        for (file, ty) in [
            (&include_bytes!("../../../host-sim/demo/flashlet-demo-q4_k.gguf")[..], "Q4_K"),
            (include_bytes!("../../fixtures/models/llama-f16-mqa.gguf"), "F16"),
            (include_bytes!("../../fixtures/models/llama-mixed32.gguf"), "Q8_0"),
        ] {
            let error = error_of(file, &Options::default());
            assert!(matches!(error.error, Error::Weight(WeightError::FeatureOff { .. })), "{error}");
            let feature = ty.to_lowercase();
            let end = format!("has type {ty}, which takes the engine's feature `{feature}`");
            let text = error.to_string();
            assert!(text.starts_with("tensor ") && text.ends_with(&end), "{text}");
        }
    }

    #[test]
    fn other_parts_of_the_engine_name_their_features() {
        let llama = include_bytes!("../../fixtures/models/llama-f32-gqa.gguf");
        let streamed = Options { residency: Residency::Streamed, ..Options::default() };
        let verified = Options { verify: Verify::All, ..Options::default() };
        for (file, options, feature) in [
            (&llama[..], streamed, "`stream`"),
            (llama, verified, "`checksums`"),
            (include_bytes!("../../fixtures/tiny/llama.gguf"), Options::default(), "`bpe`"),
            (include_bytes!("../../fixtures/models/arch-qwen3.gguf"), Options::default(), "`attention-variants`"),
            (include_bytes!("../../fixtures/models/arch-lfm2.gguf"), Options::default(), "`short-convolution`"),
            (include_bytes!("../../fixtures/models/arch-mamba.gguf"), Options::default(), "`state-space`"),
            (include_bytes!("../../fixtures/models/arch-rwkv7.gguf"), Options::default(), "`rwkv`"),
            (include_bytes!("../../fixtures/models/arch-gemma4.gguf"), Options::default(), "`per-layer-inputs`"),
        ] {
            let text = error_of(file, &options).to_string();
            assert!(text.contains(feature), "{feature}: {text}");
        }
    }
}
