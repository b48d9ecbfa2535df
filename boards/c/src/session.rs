//! The session that a program in C holds: an object at the start of the caller's arena.
//!
//! An answer borrows the session and the conversation, and lies beside both. So the object as a whole is never borrowed: its fields are
//! reached one by one through the caller's pointer, and those that an answer has borrowed only when it is gone.

use crate::error::Failure;
use crate::flash::CFlash;
use crate::types::{
    FLASHLET_ERROR_BUSY, FLASHLET_ERROR_NOT_OPEN, FLASHLET_ERROR_NULL, FLASHLET_ERROR_SESSION, FLASHLET_OK,
    flashlet_idle_t, flashlet_options_t,
};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "grammar")]
use engine::text::Follower;
use engine::text::{ChatTemplate, TextError};
use engine::{Answer, AnswerOptions, Conversation, SamplerConfig, Session};

/// A number that memory which is no session hardly has.
const MAGIC: u32 = 0x666c_6131;

/// Most stop strings of an answer.
pub(crate) const MAX_STOPS: usize = 8;

/// The parts of a session. Their lifetimes are those of the caller's memory, which is promised to stay: hence `'static`.
pub(crate) type CSession = Session<'static, 'static, CFlash>;
pub(crate) type CConversation = Conversation<'static>;
pub(crate) type CAnswer = Answer<'static, 'static, 'static, 'static, CFlash>;

/// A session: a model made ready, and a conversation with it. It lies at the start of the arena that flashlet_open was given, and ends
/// when that memory is used for something else: there is nothing to be freed.
pub struct flashlet_session_t {
    control: Control,
}

/// The object.
#[repr(C, align(64))]
pub(crate) struct Control {
    magic: u32,
    is_open: bool,
    /// A call runs.
    busy: AtomicBool,
    failure: Option<Failure>,
    pub(crate) idle: Idle,
    pub(crate) sampling: SamplerConfig,
    /// The template. This and the fields below are there only if the session is open.
    pub(crate) template: MaybeUninit<Template>,
    pub(crate) session: MaybeUninit<CSession>,
    pub(crate) conversation: MaybeUninit<CConversation>,
    pub(crate) stops: [&'static str; MAX_STOPS],
    pub(crate) options: AnswerOptions<'static>,
    /// The answer that is being made. It has borrowed `session`, `conversation`, `options` and `stops`.
    pub(crate) answer: Option<CAnswer>,
    #[cfg(feature = "grammar")]
    pub(crate) follower: *mut Follower,
    pub(crate) turn: (*mut u8, usize),
    /// Bytes of text that the conversation has room for.
    pub(crate) text_bytes: usize,
}

/// The function that is called while a read is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Idle {
    call: flashlet_idle_t,
    user: *mut c_void,
}

impl Idle {
    pub(crate) fn of(options: &flashlet_options_t) -> Self {
        Idle { call: options.idle, user: options.idle_user }
    }

    pub(crate) fn wait(self) {
        match self.call {
            // SAFETY: the caller gave a function that takes this.
            Some(call) => unsafe { call(self.user) },
            None => core::hint::spin_loop(),
        }
    }
}

/// The model's chat template, or why there is none that the library can use.
pub(crate) type Template = Result<ChatTemplate, TextError>;

impl Control {
    /// Makes a session that is not open at `control`.
    ///
    /// # Safety
    /// `control` is aligned, and the bytes of a `Control` there are the caller's to write.
    pub(crate) unsafe fn begin(control: *mut Control, idle: Idle) {
        // SAFETY: the caller's promise; each field is written, none read.
        unsafe {
            (&raw mut (*control).magic).write(MAGIC);
            (&raw mut (*control).is_open).write(false);
            (&raw mut (*control).busy).write(AtomicBool::new(false));
            (&raw mut (*control).failure).write(None);
            (&raw mut (*control).idle).write(idle);
            (&raw mut (*control).sampling).write(SamplerConfig::GREEDY);
            (&raw mut (*control).stops).write([""; MAX_STOPS]);
            (&raw mut (*control).options).write(AnswerOptions::default());
            (&raw mut (*control).answer).write(None);
            #[cfg(feature = "grammar")]
            (&raw mut (*control).follower).write(core::ptr::null_mut());
            (&raw mut (*control).turn).write((core::ptr::null_mut(), 0));
            (&raw mut (*control).text_bytes).write(0);
        }
    }

    /// Notes how opening went; returns the code.
    ///
    /// # Safety
    /// `control` was begun, and if `opened` is no failure, all of its fields are there.
    pub(crate) unsafe fn opened(control: *mut Control, opened: Result<(), Failure>) -> i32 {
        // SAFETY: the caller's promise.
        unsafe {
            (*control).is_open = opened.is_ok();
            (*control).failure = opened.err();
        }
        opened.map_or_else(|failure| failure.code(), |()| FLASHLET_OK)
    }

    /// Runs `call` on a session that is open, if no other call runs on it, and notes how it failed.
    ///
    /// # Safety
    /// `session` is NULL or points to memory that may be read as a session; if it is one, nothing else uses its arena. `call` borrows
    /// fields for its own time alone, and `session`, `conversation`, `options` and `stops` only where `answer` is none.
    pub(crate) unsafe fn enter(
        session: *mut flashlet_session_t,
        call: impl FnOnce(*mut Control) -> Result<(), Failure>,
    ) -> i32 {
        // SAFETY: the caller's promise.
        let control = match unsafe { checked(session) } {
            Ok(control) => control.cast_mut(),
            Err(code) => return code,
        };
        // SAFETY: the caller's promise; the flag is borrowed for each of its uses.
        let busy = unsafe { &(*control).busy };
        // No exchange: small cores have none, and what this finds is calls from within calls.
        if busy.load(Ordering::Acquire) {
            return FLASHLET_ERROR_BUSY;
        }
        // SAFETY: as above.
        if !unsafe { (*control).is_open } {
            return FLASHLET_ERROR_NOT_OPEN;
        }
        busy.store(true, Ordering::Release);
        let done = call(control);
        if let Err(failure) = done {
            // SAFETY: as above.
            unsafe { (*control).failure = Some(failure) };
        }
        // SAFETY: as above.
        unsafe { &(*control).busy }.store(false, Ordering::Release);
        done.map_or_else(|failure| failure.code(), |()| FLASHLET_OK)
    }

    /// The last call's failure, if there was one and this is a session.
    ///
    /// # Safety
    /// That of [`enter`](Self::enter).
    pub(crate) unsafe fn last_failure(session: *const flashlet_session_t) -> Option<Failure> {
        // SAFETY: the caller's promise.
        let control = unsafe { checked(session) }.ok()?;
        // SAFETY: the caller's promise; it is a session.
        unsafe { (*control).failure }
    }
}

/// The object of `session`, if it is one.
///
/// # Safety
/// That of [`Control::enter`].
unsafe fn checked(session: *const flashlet_session_t) -> Result<*const Control, i32> {
    if session.is_null() {
        return Err(FLASHLET_ERROR_NULL);
    }
    if !session.is_aligned() {
        return Err(FLASHLET_ERROR_SESSION);
    }
    // SAFETY: the caller's promise; an address alone is made.
    let control = unsafe { &raw const (*session).control };
    // SAFETY: the caller's promise.
    let magic = unsafe { (*control).magic };
    if magic == MAGIC { Ok(control) } else { Err(FLASHLET_ERROR_SESSION) }
}
