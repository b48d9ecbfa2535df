//! A session is made in the caller's arena.

use crate::error::Failure;
use crate::flash::source;
use crate::place::{Places, Room};
use crate::plan::{Found, prepare, sampling};
use crate::session::{Control, Idle, flashlet_session_t};
use crate::types::{
    FLASHLET_ALIGN, FLASHLET_ERROR_ALIGNMENT, FLASHLET_ERROR_ARENA_TOO_SMALL, FLASHLET_ERROR_NULL, flashlet_model_t,
    flashlet_options_t,
};
use core::ffi::c_void;
use core::mem::{MaybeUninit, size_of};
#[cfg(not(feature = "blocking"))]
use core::pin::pin;
use core::slice::from_raw_parts_mut;
use core::task::Poll;
use engine::arena::ALIGN;
#[cfg(not(feature = "blocking"))]
use engine::flash::{apart_into, block_on};
use engine::kernels::Inline;
#[cfg(feature = "grammar")]
use engine::text::Follower;
use engine::{Buffers, Conversation, Error, Lane, Plan, Session};
use flashlet_c_kernels::kernels;

const _: () = assert!(FLASHLET_ALIGN == ALIGN && align_of::<Control>() <= ALIGN);

/// Opens a model: checks the file, plans how it uses the arena, indexes the vocabulary and copies the weights that are to be copied.
/// `*session` is the session, which lies in the arena; the arena is the library's as long as it is used. If the call fails, `*session`
/// is NULL or a session that only tells why, by flashlet_error_text. FLASHLET_ERROR_OPTION is for a number in `options`, its `sampling`
/// included, that is not allowed.
///
/// Errors: FLASHLET_ERROR_NULL, FLASHLET_ERROR_ALIGNMENT, FLASHLET_ERROR_ARENA_TOO_SMALL, FLASHLET_ERROR_MODEL, FLASHLET_ERROR_OPTION,
/// FLASHLET_ERROR_FEATURE_OFF; what is wrong with the file; FLASHLET_ERROR_DOES_NOT_FIT.
///
/// # Safety
/// `model` and `options` are NULL or point to what their types say; `session` is NULL or may be written. `arena_bytes` bytes at `arena`
/// may be written, and are nobody else's for as long as the session is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_open(
    model: *const flashlet_model_t,
    options: *const flashlet_options_t,
    arena: *mut c_void,
    arena_bytes: usize,
    session: *mut *mut flashlet_session_t,
) -> i32 {
    if session.is_null() {
        return FLASHLET_ERROR_NULL;
    }
    // SAFETY: the caller's promise.
    unsafe { session.write(core::ptr::null_mut()) };
    // SAFETY: the caller's promise.
    let (model, options) = unsafe { (model.as_ref(), options.as_ref()) };
    let (Some(model), Some(options)) = (model, options) else { return FLASHLET_ERROR_NULL };
    if arena.is_null() {
        return FLASHLET_ERROR_NULL;
    }
    if arena.align_offset(ALIGN) != 0 {
        return FLASHLET_ERROR_ALIGNMENT;
    }
    if arena_bytes < size_of::<Control>() || arena_bytes > isize::MAX as usize {
        return FLASHLET_ERROR_ARENA_TOO_SMALL;
    }
    let control: *mut Control = arena.cast();
    // SAFETY: the arena is aligned and large enough, and the caller's to give.
    unsafe { Control::begin(control, Idle::of(options)) };
    // SAFETY: the caller's promise.
    unsafe { session.write(control.cast()) };
    // SAFETY: the session was begun; it is filled before it counts as open.
    unsafe { Control::opened(control, fill(control, model, options, arena_bytes)) }
}

/// Fills a session that was begun.
///
/// # Safety
/// That of [`flashlet_open`]: `control` is the start of an arena of `arena_bytes` bytes.
unsafe fn fill(
    control: *mut Control,
    model: &flashlet_model_t,
    options: &flashlet_options_t,
    arena_bytes: usize,
) -> Result<(), Failure> {
    let sampling = sampling(&options.sampling)?;
    // SAFETY: the caller's promise; the session was begun.
    let source = unsafe {
        (*control).sampling = sampling;
        source(model)?
    };
    let prepared = prepare(source, options, Some(arena_bytes))?;
    // SAFETY: the caller's promise.
    unsafe { make(control, prepared, options, arena_bytes) }
}

/// Makes the session as it was planned.
///
/// # Safety
/// That of [`fill`].
// A frame of its own: it is large, and so is that of planning.
#[inline(never)]
unsafe fn make(
    control: *mut Control,
    (Found { source, model, template }, plan, room): (Found, Plan, Room),
    options: &flashlet_options_t,
    arena_bytes: usize,
) -> Result<(), Failure> {
    // SAFETY: the session was begun.
    let (idle, sampling) = unsafe { ((*control).idle, (*control).sampling) };
    let too_small = Failure::Call(FLASHLET_ERROR_ARENA_TOO_SMALL);
    let Places { lanes, tokens, text, turn, rest, rest_bytes, .. } =
        room.divide(control.cast(), arena_bytes).ok_or(too_small)?;
    let rest_bytes = plan.arena_bytes.min(rest_bytes);
    // SAFETY: the places lie within the caller's arena behind the session, aligned, none over another. Samplers are written before they
    // are borrowed; bytes and numbers are cleared.
    let (lane, drafts, tokens, text, rest) = unsafe {
        for at in 0..=room.drafts {
            lanes.add(at).write(Lane::new());
        }
        tokens.write_bytes(0, room.tokens);
        text.write_bytes(0, room.text);
        turn.write_bytes(0, room.turn);
        rest.write_bytes(0, rest_bytes);
        (
            &mut *lanes,
            from_raw_parts_mut(lanes.add(1), room.drafts),
            from_raw_parts_mut(tokens, room.tokens),
            from_raw_parts_mut(text, room.text),
            from_raw_parts_mut(rest, rest_bytes),
        )
    };
    let conversation = Conversation::new(Buffers { tokens, lane, drafts, text }, sampling);
    let mut ignored = |_| {};
    #[cfg(feature = "blocking")]
    let (made, _) = (Poll::Ready(Session::new(source, model, plan, rest, kernels(), &Inline, &mut ignored)), idle);
    #[cfg(not(feature = "blocking"))]
    let mut made = Poll::Pending;
    #[cfg(not(feature = "blocking"))]
    {
        let making = pin!(Session::new(source, model, plan, rest, kernels(), &Inline, &mut ignored));
        block_on(apart_into(making, &mut made), || idle.wait());
    }
    let session = match made {
        Poll::Ready(made) => made?,
        // It was waited for.
        Poll::Pending => return Err(Error::PlanMismatch.into()),
    };
    // SAFETY: fields of the session, which nobody has borrowed yet.
    unsafe {
        #[cfg(feature = "drafts")]
        let conversation = {
            let mut conversation = conversation;
            conversation.draft_with((options.draft > 0).then(|| session.drafter()));
            conversation
        };
        #[cfg(not(feature = "drafts"))]
        let _ = options;
        (&raw mut (*control).template).write(MaybeUninit::new(template));
        (&raw mut (*control).session).write(MaybeUninit::new(session));
        (&raw mut (*control).conversation).write(MaybeUninit::new(conversation));
        (*control).turn = (turn, room.turn);
        (*control).text_bytes = room.text;
    }
    #[cfg(feature = "grammar")]
    if room.grammar {
        // SAFETY: the follower's place, as above.
        unsafe {
            let follower = room.divide(control.cast(), arena_bytes).ok_or(too_small)?.follower;
            follower.write(Follower::new());
            (*control).follower = follower;
        }
    }
    Ok(())
}
