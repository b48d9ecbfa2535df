//! From a file to what it takes, before a weight is read.

use crate::error::Failure;
use crate::flash::{CFlash, source};
use crate::place::Room;
use crate::session::{Idle, Template};
use crate::types::{
    FLASHLET_ERROR_FEATURE_OFF, FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_KV_DEFAULT, FLASHLET_KV_F16,
    FLASHLET_KV_Q4_0, FLASHLET_KV_Q8_0, FLASHLET_OK, FLASHLET_WEIGHTS_AUTO, FLASHLET_WEIGHTS_MAPPED,
    FLASHLET_WEIGHTS_PINNED, FLASHLET_WEIGHTS_STREAMED, flashlet_model_t, flashlet_options_t, flashlet_plan_t,
    flashlet_sampling_t,
};
use core::pin::pin;
use engine::flash::{Source, apart, block_on, wait};
use engine::kernels::KvType;
use engine::session::Named;
use engine::text::{ChatTemplate, MAX_CANDIDATES, MAX_RECENT};
use engine::weights::Residency;
use engine::{Error, Model, Options, Plan, SamplerConfig};

/// Bytes for text where none are asked for.
const TEXT: u32 = 512;
/// Bytes for a turn where none are asked for.
const TURN: u32 = 2048;
/// The most guessed tokens of a pass, also where the library guesses none.
const MAX_DRAFT: u32 = 15;

#[cfg(feature = "drafts")]
const _: () = assert!(MAX_DRAFT as usize == engine::text::MAX_DRAFT);

/// The engine's options, of those of the call.
pub(crate) fn options(options: &flashlet_options_t) -> Result<Options, Failure> {
    // Formats that the library was built without have no type.
    let named = |name| KvType::ALL.iter().copied().find(|kv| kv.name() == name);
    let kv = match options.kv {
        FLASHLET_KV_DEFAULT => Some(KvType::DEFAULT),
        FLASHLET_KV_F16 => named("f16"),
        FLASHLET_KV_Q8_0 => named("q8_0"),
        FLASHLET_KV_Q4_0 => named("q4_0"),
        _ => return Err(Failure::Call(FLASHLET_ERROR_OPTION)),
    };
    let residency = match options.weights {
        FLASHLET_WEIGHTS_AUTO => Residency::Auto,
        FLASHLET_WEIGHTS_MAPPED => Residency::Mapped,
        FLASHLET_WEIGHTS_PINNED => Residency::Pinned,
        FLASHLET_WEIGHTS_STREAMED => Residency::Streamed,
        _ => return Err(Failure::Call(FLASHLET_ERROR_OPTION)),
    };
    if options.draft > MAX_DRAFT || options.grammar > 1 {
        return Err(Failure::Call(FLASHLET_ERROR_OPTION));
    }
    let is_off = !cfg!(feature = "drafts") && options.draft > 0 || !cfg!(feature = "grammar") && options.grammar > 0;
    let kv = kv.filter(|_| !is_off).ok_or(Failure::Call(FLASHLET_ERROR_FEATURE_OFF))?;
    Ok(Options {
        ctx: options.ctx,
        kv,
        residency,
        chunk: options.chunk,
        draft: options.draft,
        tile_bytes: options.tile_bytes as usize,
        ..Options::default()
    })
}

/// The engine's settings of sampling, within the limits of the `flashlet` command; zeros are the defaults.
pub(crate) fn sampling(sampling: &flashlet_sampling_t) -> Result<SamplerConfig, Failure> {
    let or = |value: f32, default| if value == 0.0 { default } else { value };
    let config = SamplerConfig {
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: or(sampling.top_p, 1.0),
        min_p: sampling.min_p,
        repeat_penalty: or(sampling.repeat_penalty, 1.0),
        repeat_last_n: match sampling.repeat_last_n {
            0 => SamplerConfig::GREEDY.repeat_last_n,
            n => n,
        },
        seed: sampling.seed,
    };
    // NaN is outside of every range.
    let is_allowed = (0.0..=f32::MAX).contains(&config.temperature)
        && config.top_k as usize <= MAX_CANDIDATES
        && (0.0..=1.0).contains(&config.top_p)
        && (0.0..=1.0).contains(&config.min_p)
        && (0.001..=1000.0).contains(&config.repeat_penalty)
        && config.repeat_last_n as usize <= MAX_RECENT;
    if is_allowed { Ok(config) } else { Err(Failure::Call(FLASHLET_ERROR_OPTION)) }
}

/// A file that was read so far as to plan with it.
pub(crate) struct Found {
    pub(crate) source: Source<'static, CFlash>,
    pub(crate) model: Model,
    pub(crate) template: Template,
}

impl Found {
    /// Reads the file's metadata, its directory and its chat template.
    pub(crate) async fn open(mut source: Source<'static, CFlash>) -> Result<Found, Failure> {
        let opened = wait!(Model::open(&mut source));
        let model = match opened {
            Ok(model) => model,
            Err(error) => return Err(Failure::Engine(wait!(error.named(&mut source)))),
        };
        let template = apart(pin!(async { wait!(ChatTemplate::find(model.gguf(), &mut source)) })).await;
        Ok(Found { source, model, template: template.map(|(template, _)| template) })
    }

    /// The room that a session takes besides the engine's arena, with a context of `ctx` tokens.
    pub(crate) fn room(&self, options: &flashlet_options_t, ctx: u32) -> Room {
        let or = |bytes, default| if bytes == 0 { default } else { bytes } as usize;
        Room {
            // One more than the context: the last token of an answer is not fed.
            tokens: (ctx as usize).saturating_add(1),
            drafts: options.draft as usize,
            text: or(options.text_bytes, TEXT),
            turn: if self.template.is_ok_and(|template| template.needs_room()) {
                or(options.turn_bytes, TURN)
            } else {
                0
            },
            grammar: options.grammar > 0,
        }
    }

    /// The plan for an arena of `bytes` bytes and what the session takes of it. Without a context to have it is the one that the
    /// model asks for, or else the longest that fits.
    pub(crate) async fn plan(
        &mut self,
        options: &flashlet_options_t,
        bytes: Option<usize>,
    ) -> Result<(Plan, Room), Failure> {
        let asked = crate::plan::options(options)?;
        // The context decides how many tokens are remembered; without one that is known it is looked for first.
        let ctx = if asked.ctx > 0 { asked.ctx } else { self.fitting(options, &asked, bytes).await? };
        let mut room = self.room(options, ctx);
        let left = |room: &Room| bytes.map(|bytes| bytes.saturating_sub(room.bytes()));
        let mut planned = self.engine_plan(&Options { ctx, ..asked }, left(&room)).await;
        if let (0, Err(Error::DoesNotFit { fitting_ctx: ctx @ 1.., .. })) = (asked.ctx, &planned) {
            room = self.room(options, *ctx);
            planned = self.engine_plan(&Options { ctx: *ctx, ..asked }, left(&room)).await;
        }
        Ok((planned.map_err(|error| of_whole_arena(error, room.bytes(), bytes))?, room))
    }

    /// The context that the model asks for, or the longest that fits an arena of `bytes` bytes.
    async fn fitting(
        &mut self,
        options: &flashlet_options_t,
        asked: &Options,
        bytes: Option<usize>,
    ) -> Result<u32, Failure> {
        let least = self.room(options, 0).bytes();
        match self.engine_plan(asked, bytes.map(|bytes| bytes.saturating_sub(least))).await {
            Ok(plan) => Ok(plan.ctx),
            Err(Error::DoesNotFit { fitting_ctx: ctx @ 1.., .. }) => Ok(ctx),
            Err(error @ Error::DoesNotFit { .. }) => {
                // No context was asked for: the error tells the bytes for the model's own context, with the ids of its tokens.
                let ctx = self.engine_plan(asked, None).await.map_or(0, |plan| plan.ctx);
                Err(of_whole_arena(error, self.room(options, ctx).bytes(), bytes).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn engine_plan(&mut self, options: &Options, bytes: Option<usize>) -> Result<Plan, Error> {
        let Found { source, model, .. } = self;
        apart(pin!(async { wait!(model.plan(source, options, bytes)) })).await
    }
}

/// An error of the engine's plan in bytes of the caller's arena of `bytes` bytes, of which the session takes `taken`.
fn of_whole_arena(error: Error, taken: usize, bytes: Option<usize>) -> Error {
    match error {
        Error::DoesNotFit { need, have, fitting_ctx } => {
            Error::DoesNotFit { need: need.saturating_add(taken), have: bytes.unwrap_or(have), fitting_ctx }
        }
        error => error,
    }
}

/// Opens the file in `source` and plans with it for an arena of `bytes` bytes, or for as many as it takes.
// Not inlined: it is large, and all that opens or plans calls it.
#[inline(never)]
pub(crate) fn prepare(
    source: Source<'static, CFlash>,
    options: &flashlet_options_t,
    bytes: Option<usize>,
) -> Result<(Found, Plan, Room), Failure> {
    let idle = Idle::of(options);
    let prepared = async {
        let mut found = apart(pin!(Found::open(source))).await?;
        let (plan, room) = apart(pin!(found.plan(options, bytes))).await?;
        Ok((found, plan, room))
    };
    block_on(prepared, || idle.wait())
}

/// The plan for the file of `model`.
unsafe fn planned(
    model: *const flashlet_model_t,
    options: *const flashlet_options_t,
    bytes: Option<usize>,
) -> Result<(Plan, Room), Failure> {
    // SAFETY: the callers' promise.
    let (model, options) = unsafe { (model.as_ref(), options.as_ref()) };
    let (Some(model), Some(options)) = (model, options) else { return Err(Failure::Call(FLASHLET_ERROR_NULL)) };
    // SAFETY: the callers' promise, for this call.
    let source = unsafe { source(model)? };
    prepare(source, options, bytes).map(|(_, plan, room)| (plan, room))
}

/// Tells in `*bytes` the bytes of the smallest arena that a session of the model with these options fits, with the shortest passes over
/// a prompt. A larger one makes prompts faster. Without `ctx` in the options the model's own context counts, at most 2048 tokens.
/// No weights are read. It needs as much stack as flashlet_open.
///
/// # Safety
/// `model` and `options` are NULL or point to what their types say; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_session_size(
    model: *const flashlet_model_t,
    options: *const flashlet_options_t,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(options) = (unsafe { options.as_ref() }) else { return FLASHLET_ERROR_NULL };
    if bytes.is_null() {
        return FLASHLET_ERROR_NULL;
    }
    // With the context that there would be if memory were no matter.
    // SAFETY: the caller's promise.
    let ctx = match unsafe { planned(model, options, None) } {
        Ok((plan, _)) => plan.ctx,
        Err(failure) => return failure.code(),
    };
    let options = flashlet_options_t { ctx, ..*options };
    // SAFETY: the caller's promise.
    let need = match unsafe { planned(model, &raw const options, Some(0)) } {
        Err(Failure::Engine(named)) => match named.error {
            Error::DoesNotFit { need, .. } => need,
            error => return error.code().into(),
        },
        Err(failure) => return failure.code(),
        // A model that takes nothing.
        Ok((_, room)) => room.bytes(),
    };
    // SAFETY: the caller's promise.
    unsafe { bytes.write(need) };
    FLASHLET_OK
}

/// Plans a session in an arena of `arena_bytes` bytes, or, for 0, of as many as serve it best. No weights are read. Where the
/// model does not fit, FLASHLET_ERROR_DOES_NOT_FIT, `plan` is written too: it says in `arena_bytes` how many bytes the model needs at
/// least and in `ctx` which context would fit, and is 0 elsewhere. It needs as much stack as flashlet_open.
///
/// # Safety
/// `model` and `options` are NULL or point to what their types say; `plan` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_plan(
    model: *const flashlet_model_t,
    options: *const flashlet_options_t,
    arena_bytes: usize,
    plan: *mut flashlet_plan_t,
) -> i32 {
    if plan.is_null() {
        return FLASHLET_ERROR_NULL;
    }
    // SAFETY: the caller's promise.
    let (told, code) = match unsafe { planned(model, options, Some(arena_bytes).filter(|&bytes| bytes > 0)) } {
        Ok((plan, room)) => (told(&plan, room), FLASHLET_OK),
        Err(failure) => match failure {
            Failure::Engine(Named { error: Error::DoesNotFit { need, fitting_ctx, .. }, .. }) => {
                let told = flashlet_plan_t { arena_bytes: need, ctx: fitting_ctx, ..flashlet_plan_t::default() };
                (told, failure.code())
            }
            _ => return failure.code(),
        },
    };
    // SAFETY: the caller's promise.
    unsafe { plan.write(told) };
    code
}

fn told(plan: &Plan, room: Room) -> flashlet_plan_t {
    flashlet_plan_t {
        arena_bytes: plan.arena_bytes.saturating_add(room.bytes()),
        session_bytes: room.bytes(),
        ctx: plan.ctx,
        chunk: plan.chunk,
        mapped_bytes: plan.residency.mapped_bytes,
        pinned_bytes: plan.residency.pinned_bytes,
        streamed_bytes: plan.residency.streamed_bytes,
        bytes_per_pass: plan.flash_bytes_per_pass,
    }
}
