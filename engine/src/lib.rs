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
//! | [`arena`] | one caller-owned byte slice, carved once; a dry run gives the plan |
//! | [`simd`] | what an instruction set supplies, the scalar oracle, the only `unsafe` |
//! | [`quant`] | block formats: layout, values, integer dot products |
//! | [`kernels`] | matrix products, attention, norms, rotary positions |
//! | [`weights`] | mapped, pinned or streamed: where each tensor is, and the two tiles |
//! | [`model`] | architectures, hyperparameters, KV cache, the forward pass |
//! | [`text`] | tokenizers, detokeniser, sampler, chat formats |
//! | [`session`] | a model made ready: plan, load, feed |
//!
//! # From a prompt to text
//! ```
//! use flashlet::flash::{SliceFlash, Source, block_on};
//! use flashlet::kernels::{self, Inline};
//! use flashlet::session::{Error, Model, Options, Session, Want};
//! use flashlet::text::{Detokenizer, Encode, Sampler, SamplerConfig};
//!
//! async fn answer(gguf: &[u8], arena: &mut [u8], prompt: &str, print: &mut dyn FnMut(&str)) -> Result<(), Error> {
//!     let mut source = Source::with_mapping(SliceFlash(gguf), gguf);
//!     let model = Model::open(&mut source).await?;
//!     let options = Options { ctx: 64, ..Options::default() };
//!     let plan = model.plan(&mut source, &options, Some(arena.len())).await?; // or what would make it fit
//!     let mut session = Session::new(source, model, plan, arena, kernels::detect(), &Inline, &mut |_| {}).await?;
//!     let (mut ids, mut text) = ([0; 32], Detokenizer::new());
//!     let mut n = session.encode(prompt, Encode { bos: true, ..Encode::default() }, &mut ids).await?;
//!     let mut sampler = Sampler::new(SamplerConfig { seed: 7, ..SamplerConfig::default() });
//!     for _ in 0..16 {
//!         sampler.begin(&ids[..n]);
//!         session.feed(&ids[..n], Want::Last, &mut |_, first_id, logits| sampler.push(first_id, logits)).await?;
//!         (ids[0], n) = (sampler.finish(), 1);
//!         if session.is_end(ids[0]) {
//!             break;
//!         }
//!         session.decode(ids[0], &mut text, print).await?;
//!     }
//!     Ok(())
//! }
//! # #[repr(align(64))]
//! # struct Arena([u8; 1 << 20]);
//! # let model = include_bytes!("../../tests/fixtures/models/llama-f32-gqa.gguf");
//! # let (mut arena, mut printed) = (Box::new(Arena([0; 1 << 20])), 0);
//! # block_on(answer(model, &mut arena.0, "hello", &mut |text| printed += text.len()), || {}).unwrap();
//! # assert!(printed > 0);
//! ```
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
pub mod quant;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod session;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod simd;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod text;
#[cfg(all(feature = "_kv-format", feature = "_weight-format"))]
pub mod weights;
