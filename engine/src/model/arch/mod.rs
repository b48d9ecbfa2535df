//! The table of architectures, each a short file of data.

/// Declares the architectures and their names, all but the first with the feature that they need.
macro_rules! architectures {
    (
        $plain:ident: $plain_name:literal $plain_arch:ident;
        $($feature:literal { $($module:ident: $($name:literal $arch:ident),+;)+ })+
    ) => {
        mod $plain;
        $($(#[cfg(feature = $feature)] mod $module;)+)+

        /// All architectures.
        static ARCHS: &[Arch] = &[
            Arch { name: $plain_name, ..$plain::$plain_arch },
            $($($(#[cfg(feature = $feature)] Arch { name: $name, ..$module::$arch },)+)+)+
        ];

        /// The names of all but the first, each with the feature that it takes and whether that is on.
        #[cfg(not(feature = "small"))]
        static FEATURES: &[(&str, &str, bool)] = &[$($($(($name, $feature, cfg!(feature = $feature)),)+)+)+];
    };
}

use super::config::Arch;
use crate::weights::{LayerTensor, VARIANTS};

architectures! {
    llama: "llama" LLAMA;
    "attention-variants" {
        ernie: "ernie4_5" ERNIE4_5;
        exaone: "exaone4" EXAONE4;
        gemma: "gemma2" GEMMA2, "gemma3" GEMMA3;
        gptneox: "gptneox" GPTNEOX;
        granite: "granite" GRANITE, "minicpm" MINICPM;
        olmo: "olmo2" OLMO2;
        phi: "phi3" PHI3;
        qwen: "qwen2" QWEN2, "qwen3" QWEN3;
        smollm: "smollm3" SMOLLM3;
        stablelm: "stablelm" STABLELM;
    }
    "per-layer-inputs" {
        gemma4: "gemma4" GEMMA4;
    }
    "short-convolution" {
        lfm2: "lfm2" LFM2;
    }
    "state-space" {
        falcon: "falcon-h1" FALCON_H1;
        granite_hybrid: "granitehybrid" GRANITE_HYBRID;
        mamba: "mamba" MAMBA, "mamba2" MAMBA2;
    }
    "rwkv" {
        rwkv: "rwkv7" RWKV7;
    }
}

/// The biases that a model of Llama's kind may have.
const BIASES: &[LayerTensor] = if VARIANTS {
    &[
        LayerTensor::QBias,
        LayerTensor::KBias,
        LayerTensor::VBias,
        LayerTensor::AttnOutBias,
        LayerTensor::GateBias,
        LayerTensor::UpBias,
        LayerTensor::DownBias,
    ]
} else {
    &[]
};

/// The architecture of this name.
#[must_use]
pub(super) fn by_name(name: &[u8]) -> Option<&'static Arch> {
    ARCHS.iter().find(|arch| arch.name.as_bytes() == name)
}

/// The feature that the architecture of this name takes, and whether it is on; none for the first of the table.
#[cfg(not(feature = "small"))]
#[must_use]
pub(super) fn feature_of(name: &[u8]) -> Option<(&'static str, bool)> {
    let entry = FEATURES.iter().find(|(other, ..)| other.as_bytes() == name);
    entry.map(|(_, feature, is_on)| (*feature, *is_on))
}

/// Names of all architectures, in the order of the table.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ARCHS.iter().map(|arch| arch.name)
}
