//! An answer, token by token.

use crate::error::Failure;
use crate::session::{CAnswer, CConversation, CSession, Control, MAX_STOPS, flashlet_session_t};
use crate::types::{
    FLASHLET_ASK_CHAT, FLASHLET_ASK_FILE_GRAMMAR, FLASHLET_ASK_HASH, FLASHLET_ASK_IGNORE_END, FLASHLET_ASK_NO_THINKING,
    FLASHLET_ASK_PROBABILITY, FLASHLET_END_CONTEXT, FLASHLET_END_EOS, FLASHLET_END_LENGTH, FLASHLET_END_NONE,
    FLASHLET_END_STOP, FLASHLET_END_UNSURE, FLASHLET_END_VALUE, FLASHLET_ERROR_FEATURE_OFF, FLASHLET_ERROR_NO_ANSWER,
    FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_ERROR_UTF8, FLASHLET_NO_TOKEN, flashlet_ask_t,
    flashlet_token_t,
};
use core::ffi::{CStr, c_char};
use engine::flash::{block_on, wait};
use engine::session::AnswerEnd;
use engine::text::Turn;
use engine::{AnswerOptions, Error};

/// Tokens of an answer where nothing else is asked for.
const TOKENS: u32 = 256;
const FLAGS: u32 = FLASHLET_ASK_CHAT
    | FLASHLET_ASK_NO_THINKING
    | FLASHLET_ASK_IGNORE_END
    | FLASHLET_ASK_HASH
    | FLASHLET_ASK_PROBABILITY
    | FLASHLET_ASK_FILE_GRAMMAR;

/// The text of `bytes` bytes at `text`.
///
/// # Safety
/// So many bytes can be read there and do not change for `'t`; or `bytes` is 0, or `text` NULL.
unsafe fn text<'t>(text: *const c_char, bytes: usize) -> Result<&'t str, Failure> {
    if bytes == 0 {
        return Ok("");
    }
    if text.is_null() {
        return Err(Failure::Call(FLASHLET_ERROR_NULL));
    }
    if bytes > isize::MAX as usize {
        return Err(Failure::Call(FLASHLET_ERROR_OPTION));
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(text.cast(), bytes) };
    core::str::from_utf8(bytes).map_err(|_| Failure::Call(FLASHLET_ERROR_UTF8))
}

/// The text at `text`, up to a zero.
///
/// # Safety
/// There is a zero, and the bytes up to it can be read and do not change for `'t`; or `text` is NULL.
unsafe fn c_text<'t>(text: *const c_char) -> Result<&'t str, Failure> {
    if text.is_null() {
        return Err(Failure::Call(FLASHLET_ERROR_NULL));
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Failure::Call(FLASHLET_ERROR_UTF8))
}

/// A request that was checked. Texts live as long as the call, or, where `'static`, until the answer ends.
struct Ask<'t> {
    text: &'t str,
    system: Option<&'t str>,
    ids: &'t [u32],
    stops: [&'static str; MAX_STOPS],
    n_stops: usize,
    #[cfg_attr(not(feature = "grammar"), expect(dead_code, reason = "no answer follows one then"))]
    grammar: Option<&'static [u8]>,
    flags: u32,
}

impl Ask<'_> {
    /// The request `ask` to a session with room for a text of `text_bytes` bytes.
    ///
    /// # Safety
    /// The pointers of `ask` are what it says.
    unsafe fn of(ask: &flashlet_ask_t, text_bytes: usize) -> Result<Self, Failure> {
        if ask.flags & !FLAGS != 0 || ask.n_stop > MAX_STOPS || ask.min_prob.is_nan() || ask.min_prob > 1.0 {
            return Err(Failure::Call(FLASHLET_ERROR_OPTION));
        }
        let wants_probability = ask.flags & FLASHLET_ASK_PROBABILITY != 0 || ask.min_prob > 0.0;
        let wants_grammar = ask.flags & FLASHLET_ASK_FILE_GRAMMAR != 0 || !ask.grammar.is_null();
        if wants_probability && !cfg!(feature = "probabilities") || wants_grammar && !cfg!(feature = "grammar") {
            return Err(Failure::Call(FLASHLET_ERROR_FEATURE_OFF));
        }
        if ask.n_stop > 0 && ask.stop.is_null() || ask.n_ids > 0 && ask.ids.is_null() {
            return Err(Failure::Call(FLASHLET_ERROR_NULL));
        }
        if !ask.ids.is_aligned() || ask.n_ids > isize::MAX as usize / 4 || ask.grammar_bytes > isize::MAX as usize {
            return Err(Failure::Call(FLASHLET_ERROR_OPTION));
        }
        let mut stops = [""; MAX_STOPS];
        for (i, stop) in stops.iter_mut().take(ask.n_stop).enumerate() {
            // SAFETY: the caller's promise; the pointer and the string stay until the answer ends.
            *stop = unsafe { c_text(ask.stop.add(i).read_unaligned())? };
            // A longer one would never be found.
            if stop.len() > text_bytes {
                return Err(Failure::Call(FLASHLET_ERROR_OPTION));
            }
        }
        // SAFETY: the caller's promise, for all of them.
        unsafe {
            Ok(Ask {
                text: text(ask.text, ask.text_bytes)?,
                system: if ask.system.is_null() { None } else { Some(c_text(ask.system)?) },
                ids: if ask.n_ids == 0 { &[] } else { core::slice::from_raw_parts(ask.ids, ask.n_ids) },
                stops,
                n_stops: ask.n_stop,
                grammar: (!ask.grammar.is_null()).then(|| core::slice::from_raw_parts(ask.grammar, ask.grammar_bytes)),
                flags: ask.flags,
            })
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// Begins an answer. The prompt goes on with the conversation: behind the last answer, which ends if it has not. Nothing is fed to the
/// model yet, so this takes little time. If it fails the prompt is dropped, and the conversation is as it was after the last answer.
/// FLASHLET_ERROR_OPTION is for a number or a flag that is not allowed, and for a stop string longer than the session's `text_bytes`,
/// which would never be found.
///
/// Errors: FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_ERROR_UTF8, FLASHLET_ERROR_FEATURE_OFF, FLASHLET_ERROR_NO_GRAMMAR;
/// FLASHLET_ERROR_EMPTY_PROMPT, FLASHLET_ERROR_CONTEXT_FULL, FLASHLET_ERROR_UNKNOWN_CHAT_TEMPLATE and others of texts and grammars.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `ask` is NULL or points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_ask(session: *mut flashlet_session_t, ask: *const flashlet_ask_t) -> i32 {
    let call = |control: *mut Control| {
        // SAFETY: the caller's promise.
        let ask = unsafe { ask.as_ref() }.ok_or(Failure::Call(FLASHLET_ERROR_NULL))?;
        // SAFETY: the caller's promise; it ends the answer before it borrows anything.
        unsafe { begin(control, ask) }
    };
    // SAFETY: the caller's promise.
    unsafe { Control::enter(session, call) }
}

/// # Safety
/// That of [`flashlet_ask`]; the session is open.
unsafe fn begin(control: *mut Control, ask: &flashlet_ask_t) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    let asked = unsafe { Ask::of(ask, (*control).text_bytes)? };
    // SAFETY: the answer goes, and with it all that it has borrowed. From here on each of these fields is borrowed once, by the next
    // answer, which lies beside them and is dropped before they are borrowed again.
    let (session, conversation, options) = unsafe {
        (*control).answer = None;
        (*control).stops = asked.stops;
        let stops: &'static [&'static str; MAX_STOPS] = &(*control).stops;
        (*control).options = answer_options(ask, &asked, stops.get(..asked.n_stops).unwrap_or_default());
        let session: &'static mut CSession = (*control).session.assume_init_mut();
        let conversation: &'static mut CConversation = (*control).conversation.assume_init_mut();
        let options: &'static AnswerOptions<'static> = &(*control).options;
        (session, conversation, options)
    };
    #[cfg(feature = "grammar")]
    // SAFETY: the conversation gives the follower up before it is borrowed anew.
    unsafe {
        follow(control, &asked, session, conversation)?;
    }
    // SAFETY: fields that answers do not borrow.
    let (template, idle, room) = unsafe { ((*control).template.assume_init_ref(), (*control).idle, (*control).turn) };
    // Ids may be a turn that was rendered elsewhere.
    let is_turn = asked.has(FLASHLET_ASK_CHAT) && (!asked.text.is_empty() || asked.ids.is_empty());
    let template = match template {
        Err(error) if is_turn => return Err(Error::from(*error).into()),
        Ok(template) if is_turn => Some(template.with_thinking(!asked.has(FLASHLET_ASK_NO_THINKING))),
        _ => None,
    };
    let ctx = session.plan().ctx;
    if asked.ids.len() > ctx as usize {
        return Err(Error::ContextFull { ctx, position: session.position(), tokens: asked.ids.len() }.into());
    }
    for &id in asked.ids {
        conversation.push(id).map_err(Error::from)?;
    }
    let (first, user, system) = (!conversation.is_open(), asked.text, asked.system);
    let turn = Turn { first, system, user };
    // SAFETY: the room for a turn, which is borrowed here alone.
    let room = unsafe { core::slice::from_raw_parts_mut(room.0, room.1) };
    let asked = async { wait!(session.answer_turn(conversation, (template.as_ref(), &turn), room, options)) };
    let answer = block_on(asked, || idle.wait());
    // SAFETY: the field that this call alone uses.
    unsafe { (*control).answer = Some(answer?) };
    Ok(())
}

/// Lets the answer follow the grammar that is asked for, or none.
///
/// # Safety
/// That of [`begin`].
#[cfg(feature = "grammar")]
unsafe fn follow(
    control: *mut Control,
    asked: &Ask<'_>,
    session: &CSession,
    conversation: &mut CConversation,
) -> Result<(), Failure> {
    use crate::types::FLASHLET_ERROR_NO_GRAMMAR;
    use engine::text::TextError;
    use engine::text::grammar::Grammar;

    conversation.follow(None);
    let grammar = match asked.grammar {
        Some(tables) => Grammar::open(tables).map_err(|error| Error::from(TextError::Grammar(error)))?,
        None if asked.has(FLASHLET_ASK_FILE_GRAMMAR) => {
            session.grammar().ok_or(Failure::Call(FLASHLET_ERROR_NO_GRAMMAR))?
        }
        None => return Ok(()),
    };
    // SAFETY: the follower's place in the arena, or none; the conversation has just given it up.
    let follower = unsafe { (*control).follower.as_mut() }.ok_or(Failure::Call(FLASHLET_ERROR_OPTION))?;
    conversation.follow(Some((grammar, follower)));
    Ok(())
}

fn answer_options(ask: &flashlet_ask_t, asked: &Ask<'_>, stop: &'static [&'static str]) -> AnswerOptions<'static> {
    AnswerOptions {
        tokens: if ask.tokens == 0 { TOKENS } else { ask.tokens },
        stop,
        ignore_end: asked.has(FLASHLET_ASK_IGNORE_END),
        chat: asked.has(FLASHLET_ASK_CHAT),
        hash: asked.has(FLASHLET_ASK_HASH),
        #[cfg(feature = "probabilities")]
        logprobs: asked.has(FLASHLET_ASK_PROBABILITY),
        #[cfg(feature = "probabilities")]
        min_prob: if ask.min_prob == 0.0 { None } else { Some(ask.min_prob.max(0.0)) },
        ..AnswerOptions::default()
    }
}

/// The number of the reason why an answer ended.
pub(crate) fn end_number(end: Option<AnswerEnd>) -> u32 {
    match end {
        None => FLASHLET_END_NONE,
        Some(AnswerEnd::Eos) => FLASHLET_END_EOS,
        Some(AnswerEnd::Length) => FLASHLET_END_LENGTH,
        Some(AnswerEnd::Context) => FLASHLET_END_CONTEXT,
        Some(AnswerEnd::Stop) => FLASHLET_END_STOP,
        Some(AnswerEnd::Unsure) => FLASHLET_END_UNSURE,
        Some(AnswerEnd::Value) => FLASHLET_END_VALUE,
    }
}

fn token(id: u32, text: &str, end: Option<AnswerEnd>) -> flashlet_token_t {
    flashlet_token_t { text: text.as_ptr().cast(), text_bytes: text.len(), id, end: end_number(end) }
}

/// Runs `call` on the answer of a session, and has `write` what it gives.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `write` is NULL or may be written.
unsafe fn with_answer<T>(
    session: *mut flashlet_session_t,
    write: *mut T,
    call: impl FnOnce(&mut CAnswer, &dyn Fn()) -> Result<T, Error>,
) -> i32 {
    let call = |control: *mut Control| {
        if write.is_null() {
            return Err(Failure::Call(FLASHLET_ERROR_NULL));
        }
        // SAFETY: the answer's field, which a call that is alone borrows.
        let (answer, idle) = unsafe { ((*control).answer.as_mut(), (*control).idle) };
        let answer = answer.ok_or(Failure::Call(FLASHLET_ERROR_NO_ANSWER))?;
        let told = call(answer, &|| idle.wait())?;
        // SAFETY: the caller's promise.
        unsafe { write.write(told) };
        Ok(())
    };
    // SAFETY: the caller's promise; of the fields only the answer is borrowed.
    unsafe { Control::enter(session, call) }
}

/// Feeds the next chunk of the prompt; `*more` is 1 if more of it is left, else 0. For programs that have something to do between chunks:
/// flashlet_next feeds what is left.
///
/// Errors: FLASHLET_ERROR_NO_ANSWER; failures of the flash, after which the chunk may be fed again.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `more` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_prefill(session: *mut flashlet_session_t, more: *mut u32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { with_answer(session, more, |answer, idle| Ok(block_on(answer.prefill(), idle)?.into())) }
}

/// Makes the next token of the answer. The last one says in `end` why it is the last; from then on there are tokens without text and
/// with that reason. Of an answer that must have a probability no text comes before the last token.
///
/// Errors: FLASHLET_ERROR_NO_ANSWER; failures of the flash, after which the token may be asked for again; FLASHLET_ERROR_NOT_FINITE,
/// FLASHLET_ERROR_ANSWER_TOO_LONG.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `token` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_next(session: *mut flashlet_session_t, token: *mut flashlet_token_t) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { with_answer(session, token, next) }
}

fn next(answer: &mut CAnswer, idle: &dyn Fn()) -> Result<flashlet_token_t, Error> {
    #[cfg(feature = "probabilities")]
    if block_on(answer.hold(), idle)? {
        return Ok(token(FLASHLET_NO_TOKEN, "", None));
    }
    let made = block_on(answer.next(), idle)?;
    let mut made = made.map_or(token(FLASHLET_NO_TOKEN, "", None), |made| token(made.id, made.text, None));
    made.end = end_number(answer.end());
    Ok(made)
}

/// Ends the answer here. `token` takes the text that was held back for what might have followed; it is no token. The conversation can go
/// on. If the answer must have a probability, there is no text.
///
/// Errors: FLASHLET_ERROR_NO_ANSWER.
///
/// # Safety
/// `session` is NULL or was given by flashlet_open; `token` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flashlet_stop(session: *mut flashlet_session_t, token: *mut flashlet_token_t) -> i32 {
    // SAFETY: the caller's promise.
    let code = unsafe {
        with_answer(session, token, |answer, _| {
            let end = answer.end();
            Ok(crate::answer::token(FLASHLET_NO_TOKEN, if end.is_some() { "" } else { answer.rest() }, end))
        })
    };
    if code != crate::types::FLASHLET_OK {
        return code;
    }
    // The text stays in the conversation's buffer.
    // SAFETY: the caller's promise; the answer goes, and nothing is borrowed.
    unsafe {
        Control::enter(session, |control| {
            (*control).answer = None;
            Ok(())
        })
    }
}
