//! flashlet runs GGUF language models on devices that have flash, a little RAM and no operating
//! system: `no_std`, no heap, memory bounded before the first weight is read.
//!
//! # The picture
//! A straight line of modules, each of which imports only from its left:
//!
//! ```text
//! flash -> gguf -> arena -> simd -> quant -> kernels -> weights -> model -> text -> session
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`flash`] | where bytes come from: [`Flash`](flash::Flash), slices, `embedded-storage` devices |
//! | [`gguf`] | the file format, read through a small window and checked byte by byte |
//! | [`arena`] | one caller-owned byte slice, carved once; a dry run gives the plan; a firmware's as a static |
//! | [`simd`] | what an instruction set supplies, the scalar oracle, the only `unsafe` |
//! | `quant` | block formats: layout, values, integer dot products |
//! | [`kernels`] | matrix products, attention, norms, rotary positions |
//! | [`weights`] | mapped, pinned or streamed: where each tensor is, and the two tiles |
//! | [`model`] | architectures, hyperparameters, KV cache, the forward pass |
//! | [`text`] | tokenizers, detokeniser, sampler, chat formats |
//! | [`session`] | a model made ready: plan, load, feed, answer |
//!
//! The names that most programs use stand at the root, all others in their modules: each type has one path. [`simd`], [`kernels`] and
//! [`weights`] show what a program chooses or is told of, and are unstable: their names may change with any version.
//!
//! # From a prompt to text
//! ```
//! use flashlet::arena::Static;
//! use flashlet::flash::{SliceFlash, Source, block_on};
//! use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Options, Piece, SamplerConfig, Session};
//!
//! static ARENA: Static<{ 1 << 20 }> = Static::new();
//!
//! async fn answer(gguf: &[u8], prompt: &str, print: &mut dyn FnMut(&str)) -> Result<(), Error> {
//!     let source = Source::with_mapping(SliceFlash(gguf), gguf);
//!     let options = Options { ctx: 64, ..Options::default() };
//!     let mut session = Session::open(source, ARENA.take(), &options).await?; // or what would make it fit
//!     // A conversation's own memory, besides the arena: its tokens, a sampler, the text of a token.
//!     let (mut tokens, mut lane, mut text) = ([0; 64], Lane::new(), [0; 256]);
//!     let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
//!     let mut conversation = Conversation::new(buffers, SamplerConfig { seed: 7, ..SamplerConfig::default() });
//!     let options = AnswerOptions { tokens: 16, stop: &["\n\n"], ..AnswerOptions::default() };
//!     let mut answer = session.answer(&mut conversation, &[Piece::raw(prompt)], &options).await?;
//!     while let Some(token) = answer.next().await? {
//!         print(token.text);
//!     }
//!     Ok(())
//! }
//! # let model = include_bytes!("../examples/tiny.gguf");
//! # let mut printed = 0;
//! # block_on(answer(model, "hello", &mut |text| printed += text.len()), || {}).unwrap();
//! # assert!(printed > 0);
//! ```
//! [`Session::answer_turn`] answers a turn of a chat. The steps one by one, to look at the
//! plan before a weight is read or to choose kernels, are [`Model::open`], [`plan`](Model::plan), [`Session::new`] and
//! [`feed`](Session::feed).
//!
//! # Firmware of one's own
//! `boards/examples` in the repository has small programs to start from: bare, with embassy, with RTIC. What they are made of:
//!
//! 1. **The model.** On the desktop, `flashlet plan -m MODEL.gguf --board BOARD` says how many bytes of arena a model takes, and what would
//!    make it fit. `flashlet pack` adds what spares a board work or memory: checksums, an index of the vocabulary, the parts of a chat
//!    template, a grammar.
//! 2. **Flash.** A file that the processor can address is a slice: [`Source::with_mapping`](flash::Source::with_mapping). A device behind a
//!    driver is a [`NorFlash`](flash::NorFlash) or an [`AsyncNorFlash`](flash::AsyncNorFlash) around it, or a [`Flash`](flash::Flash) of
//!    one's own: reads of whole units, which go on while the engine computes.
//! 3. **Memory.** [`arena::Static`] is the engine's, as large as the plan says. The stack comes to it: `boards/figures.txt` in the
//!    repository has the deepest of every board, which a test measures.
//! 4. **An executor.** Anything that polls one future. [`block_on`](flash::block_on) does, and calls a function where there is nothing to
//!    do, such as one that waits for an interrupt. Each [`next`](Answer::next) is a token; an answer may be dropped at any time.
//! 5. **Features.** Those of the model, see below; and the processor's instruction set, which a Cortex-M cannot be asked for.
//! 6. **Errors.** Each says what is wrong, where, and what to do: [`Error`]. [`Error::named`] adds the name of a key or tensor at fault,
//!    [`Error::code`] is a number for programs that keep or send one.
//!
//! # Chat and grammar
//! [`ChatTemplate::find`](text::ChatTemplate::find) finds a model's chat template: one that the engine knows, or any that `flashlet pack`
//! took apart. [`Session::answer_turn`] answers a turn in it; [`AnswerOptions::chat`] closes the answer before it.
//! [`Conversation::follow`] holds answers to a grammar: the file's own, [`Session::grammar`], which `flashlet pack` compiled from a JSON
//! schema or GBNF, or tables like those from elsewhere. [`AnswerOptions::min_prob`] refuses an answer that is not probable enough before
//! any of it goes out.
//!
//! # Features
//! All are on by default but those for boards. A board turns on what its model needs, as code that is left out takes no flash; a file that
//! needs what is left out is refused by name. `flashlet inspect -m MODEL.gguf` prints those of a model, which [`Model::features`] tells. At
//! least one format of weights and one of the cache are needed.
//!
//! | feature | what |
//! |---|---|
//! | `full` | everything but weight formats |
//! | `attention-variants` | architectures besides `llama`, and `llama` with biases |
//! | `per-layer-inputs` | Gemma 4 |
//! | `short-convolution`, `state-space`, `rwkv` | LFM2; Mamba, Granite 4 and Falcon-H1; RWKV 7 |
//! | `yarn` | rotary frequencies scaled by YaRN |
//! | `bpe` | byte-level BPE, and Gemma 4's; without it SentencePiece alone |
//! | `flash-index` | a packed file's index of its vocabulary, used where it lies |
//! | `chat-pieces` | a packed file's chat template |
//! | `drafts` | several tokens a pass |
//! | `grammar`, `values` | answers that follow a grammar; spans and times of day in them |
//! | `probabilities` | the probability of answers, and refusing those that are too improbable |
//! | `snapshots` | a prompt's keys and values kept in NOR flash |
//! | `stream` | weights that are neither mapped nor fit the arena |
//! | `checksums` | what is read is compared with a packed file's checksums |
//! | `kv_f16`, `kv_q8_0`, `kv_q4_0` | number formats of the cache |
//! | `all-formats` | all of the next row |
//! | `f32`, `f16`, `bf16`, `q4_0`, `q4_1`, `q5_0`, `q5_1`, `q8_0`, `q2_k`, `q3_k`, `q4_k`, `q5_k`, `q6_k`, `q8_k`, `iq4_nl`, `iq4_xs`, `tq1_0`, `tq2_0`, `mxfp4` | formats of weights |
//! | `isa-dsp`, `isa-helium`, `isa-dotprod`, `isa-i8mm` | for boards: extensions that the processor has, without which it ends in an undefined instruction |
//! | `small` | for boards: less code for the same results, which take longer |
//! | `blocking` | for boards whose flash is read at once: what reads metadata and texts is not async, for a tenth less code. See [`wait!`] |
//! | `defmt` | for boards: errors implement `defmt::Format` |
//!
//! # Numbers
//! Every instruction set gives the same bits as [`simd::Scalar`]: integer dots are exact, `a * b + c`
//! is two roundings, block results are added in block order, and every other sum runs in sixteen lanes
//! and folds in one order. So do all residencies, chunk lengths and thread counts.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

// Without a format all modules are left out, so that these messages are the only ones.
#[cfg(not(feature = "_kv-format"))]
compile_error!("a number format of the KV cache is needed: turn on feature kv_f16, kv_q8_0 or kv_q4_0");
#[cfg(not(feature = "_weight-format"))]
compile_error!(
    "a weight format is needed: turn on feature all-formats, or those of the model's types, such as q4_k and q6_k"
);

#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod arena;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod flash;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod gguf;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod kernels;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod model;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
mod quant;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod session;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod simd;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod text;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod weights;

#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub use {
    session::answer::{Answer, AnswerOptions, Buffers, Conversation, Lane},
    session::error::Error,
    session::model::Model,
    session::plan::{Options, Plan},
    session::run::Session,
    text::chat::Piece,
    text::sampler::SamplerConfig,
};

/// The parts of the engine that its tests, benchmarks and self-test look into. They may change with any version.
#[doc(hidden)]
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod internal {
    /// Vectors, and what an instruction set supplies.
    pub mod simd {
        pub use crate::simd::internal::*;
    }
    /// Blocks of weights and of activations.
    pub mod quant {
        pub use crate::quant::*;
    }
    /// Panels, and what kernels take.
    pub mod kernels {
        pub use crate::kernels::internal::*;
    }
    /// Tensors in the order of use, and their places.
    pub mod weights {
        pub use crate::weights::internal::*;
    }
    /// Blocks of layers, and what a pass works on.
    pub mod model {
        pub use crate::model::internal::*;
    }
}
