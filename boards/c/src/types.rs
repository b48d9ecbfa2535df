//! Arguments and results of calls. A struct whose bytes are all zero asks for the defaults.

use core::ffi::{c_char, c_void};

/// A call has done what it is for.
pub const FLASHLET_OK: i32 = 0;
/// A read function returns this while its transfer goes on. It is called again with the same arguments until it returns another number.
pub const FLASHLET_PENDING: i32 = 1;
/// A pointer is NULL that must not be.
pub const FLASHLET_ERROR_NULL: i32 = 901;
/// This is no session: it was never opened, or its memory was written over.
pub const FLASHLET_ERROR_SESSION: i32 = 902;
/// The arena does not start at a multiple of FLASHLET_ALIGN bytes.
pub const FLASHLET_ERROR_ALIGNMENT: i32 = 903;
/// The arena is smaller than what a session takes besides the model; flashlet_session_size tells the bytes.
pub const FLASHLET_ERROR_ARENA_TOO_SMALL: i32 = 904;
/// The model has neither bytes in memory nor a function that reads, or more bytes in memory than there can be.
pub const FLASHLET_ERROR_MODEL: i32 = 905;
/// A number or a flag is none of those that are allowed.
pub const FLASHLET_ERROR_OPTION: i32 = 906;
/// A call on a session was made while another one runs on it: from its read function or idle function, or from another thread.
pub const FLASHLET_ERROR_BUSY: i32 = 907;
/// The session could not be opened: it only tells why, by flashlet_error_text.
pub const FLASHLET_ERROR_NOT_OPEN: i32 = 908;
/// There is no answer to go on with: flashlet_ask begins one.
pub const FLASHLET_ERROR_NO_ANSWER: i32 = 909;
/// A text is not UTF-8.
pub const FLASHLET_ERROR_UTF8: i32 = 910;
/// The library was built without the feature that this takes.
pub const FLASHLET_ERROR_FEATURE_OFF: i32 = 911;
/// The file carries no grammar.
pub const FLASHLET_ERROR_NO_GRAMMAR: i32 = 912;

/// The arena starts at a multiple of so many bytes.
pub const FLASHLET_ALIGN: usize = 64;

/// The cache's number format that loses least among those that the library was built with.
pub const FLASHLET_KV_DEFAULT: u32 = 0;
/// Keys and values in half precision.
pub const FLASHLET_KV_F16: u32 = 1;
/// Keys and values of 8 bits; half of the memory.
pub const FLASHLET_KV_Q8_0: u32 = 2;
/// Keys and values of 4 bits; a quarter of the memory.
pub const FLASHLET_KV_Q4_0: u32 = 3;

/// Weights are in the arena as far as they fit; the rest is used in mapped flash, or else read for every pass.
pub const FLASHLET_WEIGHTS_AUTO: u32 = 0;
/// Weights are used where they lie in mapped flash.
pub const FLASHLET_WEIGHTS_MAPPED: u32 = 1;
/// Weights are copied into the arena.
pub const FLASHLET_WEIGHTS_PINNED: u32 = 2;
/// Weights are read anew for every pass.
pub const FLASHLET_WEIGHTS_STREAMED: u32 = 3;

/// The prompt is what a user says in a chat: the model's chat template goes around it. Without it the prompt is continued as it is.
pub const FLASHLET_ASK_CHAT: u32 = 1;
/// The model is asked not to think before it answers, where its packed template has the choice.
pub const FLASHLET_ASK_NO_THINKING: u32 = 2;
/// The answer goes on after tokens that end one.
pub const FLASHLET_ASK_IGNORE_END: u32 = 4;
/// The answer's logits are hashed.
pub const FLASHLET_ASK_HASH: u32 = 8;
/// The answer's probability is computed.
pub const FLASHLET_ASK_PROBABILITY: u32 = 16;
/// The answer follows the grammar that the file carries. Takes flashlet_options_t.grammar.
pub const FLASHLET_ASK_FILE_GRAMMAR: u32 = 32;

/// The answer goes on.
pub const FLASHLET_END_NONE: u32 = 0;
/// The model ended the answer.
pub const FLASHLET_END_EOS: u32 = 1;
/// The answer has as many tokens as were asked for.
pub const FLASHLET_END_LENGTH: u32 = 2;
/// The context is full.
pub const FLASHLET_END_CONTEXT: u32 = 3;
/// A stop string came.
pub const FLASHLET_END_STOP: u32 = 4;
/// The answer was less probable than it must be: another text, or none, came in its place.
pub const FLASHLET_END_UNSURE: u32 = 5;
/// The answer said a value that is out of range or cannot be read: the text ends in front of it, or, of an answer that must have a
/// probability, another text or none came in place of the whole.
pub const FLASHLET_END_VALUE: u32 = 6;

/// The id of no token.
pub const FLASHLET_NO_TOKEN: u32 = u32::MAX;

/// Reads `bytes` bytes at `offset` of the model's file to `to`, any of all three. Returns FLASHLET_OK, FLASHLET_PENDING if the transfer
/// was begun and goes on (DMA), or any other number if it failed: failed reads are tried three times more. `user` is the model's.
pub type flashlet_read_t =
    Option<unsafe extern "C" fn(user: *mut c_void, offset: u64, to: *mut u8, bytes: usize) -> i32>;

/// Is called while nothing is to be done but to wait for a read, and between tiles of one. It may sleep until an interrupt, if one
/// comes, or let other threads run. `user` is the options'.
pub type flashlet_idle_t = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// A model: a GGUF file in memory, or behind a function that reads it. The bytes do not change, and the function is there, as long as
/// a session uses them; the struct itself is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_model_t {
    /// The file's first byte, where the processor can read it (flash that is mapped, a file that is, RAM). NULL if it cannot.
    pub mapped: *const u8,
    /// Bytes of the file.
    pub bytes: u64,
    /// The function that reads. May be NULL where `mapped` is not: weights that are streamed are copied from there then.
    pub read: flashlet_read_t,
    /// Handed to `read`.
    pub user: *mut c_void,
}

/// Settings by which the next token is picked. All zero: the likeliest one, always.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_sampling_t {
    /// Seed of the random numbers: the same one gives the same tokens, on every machine.
    pub seed: u64,
    /// 0: the likeliest token, always. Else logits are divided by this, a finite number above 0.
    pub temperature: f32,
    /// Choose among the `top_k` likeliest tokens, at most 256; 0: all.
    pub top_k: u32,
    /// Choose among the likeliest tokens that together have this probability, at most 1; 0 or 1: all.
    pub top_p: f32,
    /// Drop tokens less likely than this share of the likeliest one's probability, at most 1; 0: none.
    pub min_p: f32,
    /// Divide positive logits of recent tokens by this, multiply others: from 0.001 to 1000; 0 or 1: leave them.
    pub repeat_penalty: f32,
    /// Recent tokens that are penalised, at most 256, with the feature `small` at most 64; 0: 64.
    pub repeat_last_n: u32,
}

/// Settings of a session: its memory and its tokens. All zero asks for the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_options_t {
    /// Tokens of context; 0: the model's, at most 2048, or as many as fit.
    pub ctx: u32,
    /// Number format of the cache: FLASHLET_KV_...
    pub kv: u32,
    /// The place of the weights: FLASHLET_WEIGHTS_...
    pub weights: u32,
    /// The most tokens of a prompt that one pass over the weights serves; 0: as many as fit, at most 128.
    pub chunk: u32,
    /// Bytes of each of the two tiles that weights stream through; 0: chosen.
    pub tile_bytes: u32,
    /// The most tokens that are guessed for one pass to verify, at most 15; each takes a sampler of 3 KB. 0: none.
    pub draft: u32,
    /// Bytes for text that is held back or on its way; 0: 512. The longest token and the longest stop string; an answer that must
    /// have a probability as a whole.
    pub text_bytes: u32,
    /// Bytes of a turn with its markup, for a packed file's chat template; 0: 2048. Files without one take none.
    pub turn_bytes: u32,
    /// 1: answers may follow a grammar, which takes 2 KiB. 0: none does.
    pub grammar: u32,
    /// Settings by which tokens are picked.
    pub sampling: flashlet_sampling_t,
    /// The function for idle time, or NULL.
    pub idle: flashlet_idle_t,
    /// Handed to `idle`.
    pub idle_user: *mut c_void,
}

/// The memory that a session takes, and its use.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct flashlet_plan_t {
    /// Bytes of the arena that are used.
    pub arena_bytes: usize,
    /// Those of them that hold the session itself and the buffers of its conversation.
    pub session_bytes: usize,
    /// Tokens of context. Where the model does not fit: the longest context that would, 0 if none does.
    pub ctx: u32,
    /// The most tokens of a prompt that one pass serves.
    pub chunk: u32,
    /// Bytes of weights that are used in mapped flash.
    pub mapped_bytes: u64,
    /// Bytes of weights that are copied into the arena.
    pub pinned_bytes: u64,
    /// Bytes of weights that are read for every pass.
    pub streamed_bytes: u64,
    /// Bytes that a pass over one token reads.
    pub bytes_per_pass: u64,
}

/// A request. All zero but the text: the text is continued by at most 256 tokens.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_ask_t {
    /// The prompt, UTF-8. It may end anywhere, and needs no zero at its end. NULL where `ids` are the prompt.
    pub text: *const c_char,
    /// Bytes of the prompt.
    pub text_bytes: usize,
    /// The system prompt of a chat's first turn, with a zero at its end; "" for none, NULL for the template's own.
    pub system: *const c_char,
    /// Tokens in front of the text, as they are. NULL for none.
    pub ids: *const u32,
    /// Tokens in `ids`.
    pub n_ids: usize,
    /// The most tokens of the answer; 0: 256.
    pub tokens: u32,
    /// FLASHLET_ASK_... added up.
    pub flags: u32,
    /// Strings before which the answer ends, each with a zero at its end. They and the array stay where they are until the answer has
    /// ended. NULL for none.
    pub stop: *const *const c_char,
    /// Strings in `stop`, at most 8. None has more bytes than flashlet_options_t.text_bytes.
    pub n_stop: usize,
    /// Tables of the grammar that the answer follows, as files carry them in `flashlet.grammar.tables`. They stay where they are until
    /// the answer has ended. Takes flashlet_options_t.grammar. NULL for none.
    pub grammar: *const u8,
    /// Bytes of the tables.
    pub grammar_bytes: usize,
    /// The probability that the answer must have; it is held back until it is whole. 0: what the file asks for; less than 0: none.
    pub min_prob: f32,
}

/// A token of an answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_token_t {
    /// Text that is certain since the token before, whole UTF-8 characters without a zero at the end. It may be empty. It stays until
    /// the next call on the session.
    pub text: *const c_char,
    /// Bytes of the text.
    pub text_bytes: usize,
    /// The token; FLASHLET_NO_TOKEN where there is none, or none yet of an answer that is held back.
    pub id: u32,
    /// The reason why the answer ended with this token: FLASHLET_END_..., FLASHLET_END_NONE if it goes on.
    pub end: u32,
}

/// Figures of a session and of its last answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct flashlet_stats_t {
    /// Tokens that the model has seen.
    pub position: u32,
    /// Tokens of context.
    pub ctx: u32,
    /// Tokens of the last prompt that the model was to see.
    pub prompt_tokens: u32,
    /// Tokens of the answer so far, the one that ends it included.
    pub tokens: u32,
    /// The reason why the answer ended: FLASHLET_END_...
    pub end: u32,
    /// Passes over the weights since the session was opened.
    pub passes: u32,
    /// Tokens that were guessed.
    pub drafted: u32,
    /// Those guessed tokens that were right.
    pub drafted_right: u32,
    /// Reads through the read function since the session was opened.
    pub reads: u64,
    /// Bytes that were read through the read function.
    pub bytes_read: u64,
    /// The logarithm of the answer's probability so far, if asked for; else 0.
    pub logprob: f32,
    /// The hash of the answer's logits so far, if asked for: 16 hex digits with a zero at their end; else empty. It is the one that
    /// `flashlet run --json` prints.
    pub hash: [c_char; 17],
}
