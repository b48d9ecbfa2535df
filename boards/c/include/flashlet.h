/**
 * @file
 * flashlet: GGUF language models on devices with flash, a little RAM and no operating system.
 *
 * A session is a model made ready and a conversation with it. It lies in one piece of memory that the caller gives, the arena; nothing
 * else is allocated, no thread is started, no file is opened. Every call runs to its end on the caller's stack: flashlet_next to the
 * next token, flashlet_prefill to the end of a chunk of the prompt. The steps are
 *
 *     flashlet_session_size  how many bytes the arena needs (once, at the desk: the number is the same every time)
 *     flashlet_open          the model and the arena make a session
 *     flashlet_ask           a prompt
 *     flashlet_next          a token, until one says why the answer has ended; then flashlet_ask again, or flashlet_reset
 *
 * Calls return FLASHLET_OK or the number of an error: one of enum flashlet_error, of the model, the prompt and the flash, or one of
 * the FLASHLET_ERROR_... from 900 on, of the call itself. Numbers do not change from version to version. What a call says it writes
 * through a pointer is written only if it succeeds, unless it says so.
 *
 * Structs whose bytes are all zero ask for the defaults: flashlet_options_t options = {0}. Sizes are in bytes, lengths of texts and
 * contexts in tokens where it says so. Texts are UTF-8.
 *
 * Threads: different sessions are independent of each other and may run on different threads, with the same model bytes. A session is
 * used by one thread at a time, without a call from its own read or idle function; a second call is refused with FLASHLET_ERROR_BUSY
 * where it is noticed, which between threads is not certain. flashlet_version and flashlet_code_text may be called at any time by
 * anyone; flashlet_on_panic is for the start of the program. Calls are not for interrupts: they take long, and stack.
 *
 * Stack: boards/c/README.md states the most that was measured.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */


#ifndef FLASHLET_H
#define FLASHLET_H

/* Made by `board-runner c --update`. Do not change it by hand. */

#include <stddef.h>
#include <stdint.h>

/** Numbers of errors of the model, the prompt and the flash. They do not change from version to version. */
enum flashlet_error {
  /** A read ends past the device: the file was cut, or its size is wrong. */
  FLASHLET_ERROR_FLASH_OUT_OF_BOUNDS = 11,
  /** The device failed to read. */
  FLASHLET_ERROR_FLASH_DEVICE = 12,
  /** A read is not aligned as the device asks. */
  FLASHLET_ERROR_FLASH_MISALIGNED = 13,
  /** Reads of one place give different bytes. */
  FLASHLET_ERROR_FLASH_UNSTABLE = 14,
  /** A buffer is smaller than what is to be read into it. */
  FLASHLET_ERROR_FLASH_BUFFER = 15,
  /** The file is no GGUF file, or its header is malformed. */
  FLASHLET_ERROR_GGUF_HEADER = 101,
  /** A key of the metadata, or its value, is malformed. */
  FLASHLET_ERROR_GGUF_KEY = 102,
  /** An entry of the directory of tensors is malformed. */
  FLASHLET_ERROR_GGUF_TENSOR = 103,
  /** A string or an array of the metadata is malformed. */
  FLASHLET_ERROR_GGUF_VALUE = 104,
  /** The file names no architecture. */
  FLASHLET_ERROR_NO_ARCHITECTURE = 201,
  /** The engine does not know the architecture. */
  FLASHLET_ERROR_UNKNOWN_ARCHITECTURE = 202,
  /** The engine was built without the feature of the architecture. */
  FLASHLET_ERROR_ARCHITECTURE_FEATURE_OFF = 203,
  /** The file is one part of a model that was split. */
  FLASHLET_ERROR_SPLIT_MODEL = 204,
  /** A key that the architecture needs is missing. */
  FLASHLET_ERROR_CONFIG_MISSING = 205,
  /** A key's value has the wrong type or is negative. */
  FLASHLET_ERROR_CONFIG_TYPE = 206,
  /** A key's value is out of range. */
  FLASHLET_ERROR_CONFIG_RANGE = 207,
  /** A key's array has not one element for each layer. */
  FLASHLET_ERROR_CONFIG_ARRAY = 208,
  /** A key's value is not finite, or has the wrong sign. */
  FLASHLET_ERROR_CONFIG_NUMBER = 209,
  /** Query heads do not share key heads evenly. */
  FLASHLET_ERROR_CONFIG_HEADS = 210,
  /** The rotary dimensions are odd. */
  FLASHLET_ERROR_CONFIG_ODD = 211,
  /** A key asks for what the engine does not have. */
  FLASHLET_ERROR_CONFIG_UNSUPPORTED = 212,
  /** The engine does not know a key of the architecture, which may change results. */
  FLASHLET_ERROR_CONFIG_REFUSED = 213,
  /** A key of the vocabulary is missing. */
  FLASHLET_ERROR_VOCABULARY_MISSING = 301,
  /** A key of the vocabulary has the wrong type. */
  FLASHLET_ERROR_VOCABULARY_TYPE = 302,
  /** The vocabulary has no tokens. */
  FLASHLET_ERROR_VOCABULARY_EMPTY = 303,
  /** An array of the vocabulary has not one element for each token. */
  FLASHLET_ERROR_VOCABULARY_LENGTH = 304,
  /** The engine does not know the tokenizer, or was built without its feature. */
  FLASHLET_ERROR_UNKNOWN_TOKENIZER = 305,
  /** The engine does not know the pre-tokenizer. */
  FLASHLET_ERROR_UNKNOWN_PRE_TOKENIZER = 306,
  /** The vocabulary is too large to be indexed. */
  FLASHLET_ERROR_VOCABULARY_TOO_LARGE = 307,
  /** Too many strings of the vocabulary share a hash. */
  FLASHLET_ERROR_VOCABULARY_COLLISIONS = 308,
  /** The prompt has more tokens than are remembered. */
  FLASHLET_ERROR_PROMPT_TOO_LONG = 309,
  /** A stretch of the prompt without a break is too long for the context. */
  FLASHLET_ERROR_WORD_TOO_LONG = 310,
  /** The vocabulary has no token for a byte of the prompt. */
  FLASHLET_ERROR_NO_TOKEN_FOR_BYTE = 311,
  /** The vocabulary has no such token. */
  FLASHLET_ERROR_NO_TOKEN = 312,
  /** The probability that the file asks of answers is malformed. */
  FLASHLET_ERROR_BAD_THRESHOLD = 313,
  /** An answer that must have a probability does not fit the buffer for its text. */
  FLASHLET_ERROR_ANSWER_TOO_LONG = 314,
  /** The chat template is not a known one; `flashlet pack` adds what it takes. */
  FLASHLET_ERROR_UNKNOWN_CHAT_TEMPLATE = 315,
  /** The packed pieces of the chat template are of another version or broken. */
  FLASHLET_ERROR_BAD_CHAT_PIECES = 316,
  /** The chat template has no place for a system text. */
  FLASHLET_ERROR_NO_SYSTEM_TEXT = 317,
  /** A turn with its markup is longer than the room for it. */
  FLASHLET_ERROR_TURN_TOO_LONG = 318,
  /** The user's text spells too many special tokens. */
  FLASHLET_ERROR_TOO_MANY_MARKERS = 319,
  /** The architecture has no such tensor. */
  FLASHLET_ERROR_TENSOR_UNKNOWN = 401,
  /** The engine does not compute with a tensor's type. */
  FLASHLET_ERROR_TENSOR_TYPE = 402,
  /** The engine was built without the feature of a tensor's type. */
  FLASHLET_ERROR_TENSOR_FEATURE_OFF = 403,
  /** A tensor's shape is not what the metadata say. */
  FLASHLET_ERROR_TENSOR_SHAPE = 404,
  /** A tensor occurs twice. */
  FLASHLET_ERROR_TENSOR_TWICE = 405,
  /** A tensor that the architecture needs is missing. */
  FLASHLET_ERROR_TENSOR_MISSING = 406,
  /** A tensor is not what its checksum was made of. */
  FLASHLET_ERROR_TENSOR_CHECKSUM = 407,
  /** The metadata are not what their checksum was made of. */
  FLASHLET_ERROR_METADATA_CHECKSUM = 408,
  /** The file's checksums are incomplete: it was changed after they were made. */
  FLASHLET_ERROR_BAD_CHECKSUMS = 409,
  /** Weights that arrived are not what their checksum was made of. */
  FLASHLET_ERROR_PASS_CHECKSUM = 501,
  /** The streaming tiles are too small for a row. */
  FLASHLET_ERROR_TILE_TOO_SMALL = 502,
  /** Values became infinite or not a number. */
  FLASHLET_ERROR_NOT_FINITE = 503,
  /** The arena is smaller than planned. */
  FLASHLET_ERROR_ARENA = 601,
  /** The model does not fit the arena. */
  FLASHLET_ERROR_DOES_NOT_FIT = 602,
  /** The plan is of another model. */
  FLASHLET_ERROR_PLAN_MISMATCH = 603,
  /** Mapped weights were asked for, but the model is not mapped. */
  FLASHLET_ERROR_NOT_MAPPED = 604,
  /** The engine was built without the feature `stream`. */
  FLASHLET_ERROR_NO_STREAMING = 605,
  /** The file has no checksums, or the engine was built without the feature `checksums`. */
  FLASHLET_ERROR_NO_CHECKSUMS = 606,
  /** The cache's number format does not suit the model's heads. */
  FLASHLET_ERROR_KV_FORMAT = 607,
  /** The prompt has no tokens. */
  FLASHLET_ERROR_EMPTY_PROMPT = 608,
  /** The tokens do not fit the context. */
  FLASHLET_ERROR_CONTEXT_FULL = 609,
  /** The longest answer of the grammar does not fit the context behind the prompt. */
  FLASHLET_ERROR_NO_ROOM_FOR_ANSWER = 610,
  /** The session cannot go back to so many tokens. */
  FLASHLET_ERROR_CANNOT_REWIND = 611,
  /** A token of the prompt is not in the vocabulary. */
  FLASHLET_ERROR_BAD_TOKEN = 612,
  /** The grammar's tables are of another format or version. */
  FLASHLET_ERROR_GRAMMAR_FORMAT = 701,
  /** The grammar's tables have not the length that they say. */
  FLASHLET_ERROR_GRAMMAR_LENGTH = 702,
  /** A number in the grammar's tables is out of range. */
  FLASHLET_ERROR_GRAMMAR_RANGE = 703,
  /** The grammar nests deeper than can be kept. */
  FLASHLET_ERROR_GRAMMAR_TOO_DEEP = 704,
  /** The text can be read in more ways than can be kept. */
  FLASHLET_ERROR_GRAMMAR_READINGS = 705,
  /** A grammar takes a mapped model, or one that carries a grammar. */
  FLASHLET_ERROR_GRAMMAR_NOT_MAPPED = 706,
  /** No token of the vocabulary can go on with the grammar. */
  FLASHLET_ERROR_GRAMMAR_NO_TOKEN = 707,
  /** The grammar has values, and the engine was built without the feature `values`. */
  FLASHLET_ERROR_GRAMMAR_VALUES = 708,
  /** The device's units do not suit a snapshot. */
  FLASHLET_ERROR_SNAPSHOT_UNITS = 801,
  /** The range does not suit the device. */
  FLASHLET_ERROR_SNAPSHOT_RANGE = 802,
  /** The snapshot is larger than half of the range. */
  FLASHLET_ERROR_SNAPSHOT_NO_ROOM = 803,
  /** The ids are not those of the session's tokens. */
  FLASHLET_ERROR_SNAPSHOT_TOKENS = 804,
  /** The session has no tokens. */
  FLASHLET_ERROR_SNAPSHOT_EMPTY = 805,
  /** The session's sliding windows have moved on. */
  FLASHLET_ERROR_SNAPSHOT_WINDOWS = 806,
  /** The device failed. */
  FLASHLET_ERROR_SNAPSHOT_DEVICE = 807,
  /** What was written reads as something else. */
  FLASHLET_ERROR_SNAPSHOT_NOT_WRITTEN = 808,
  /** The snapshot is of another version of the engine. */
  FLASHLET_ERROR_SNAPSHOT_VERSION = 809,
  /** The snapshot is of another model. */
  FLASHLET_ERROR_SNAPSHOT_MODEL = 810,
  /** The snapshot's cache has another number format. */
  FLASHLET_ERROR_SNAPSHOT_KV_FORMAT = 811,
  /** The snapshot has more tokens than the context. */
  FLASHLET_ERROR_SNAPSHOT_CONTEXT = 812,
  /** The snapshot has more tokens than there is room for ids. */
  FLASHLET_ERROR_SNAPSHOT_IDS = 813,
  /** The prompt does not begin with the snapshot's tokens. */
  FLASHLET_ERROR_SNAPSHOT_PROMPT = 814,
  /** The snapshot is broken. */
  FLASHLET_ERROR_SNAPSHOT_BROKEN = 815
};


/**
 * A call has done what it is for.
 */
#define FLASHLET_OK 0

/**
 * A read function returns this while its transfer goes on. It is called again with the same arguments until it returns another number.
 */
#define FLASHLET_PENDING 1

/**
 * A pointer is NULL that must not be.
 */
#define FLASHLET_ERROR_NULL 901

/**
 * This is no session: it was never opened, or its memory was written over.
 */
#define FLASHLET_ERROR_SESSION 902

/**
 * The arena does not start at a multiple of FLASHLET_ALIGN bytes.
 */
#define FLASHLET_ERROR_ALIGNMENT 903

/**
 * The arena is smaller than what a session takes besides the model; flashlet_session_size tells the bytes.
 */
#define FLASHLET_ERROR_ARENA_TOO_SMALL 904

/**
 * The model has neither bytes in memory nor a function that reads, or more bytes in memory than there can be.
 */
#define FLASHLET_ERROR_MODEL 905

/**
 * A number or a flag is none of those that are allowed.
 */
#define FLASHLET_ERROR_OPTION 906

/**
 * A call on a session was made while another one runs on it: from its read function or idle function, or from another thread.
 */
#define FLASHLET_ERROR_BUSY 907

/**
 * The session could not be opened: it only tells why, by flashlet_error_text.
 */
#define FLASHLET_ERROR_NOT_OPEN 908

/**
 * There is no answer to go on with: flashlet_ask begins one.
 */
#define FLASHLET_ERROR_NO_ANSWER 909

/**
 * A text is not UTF-8.
 */
#define FLASHLET_ERROR_UTF8 910

/**
 * The library was built without the feature that this takes.
 */
#define FLASHLET_ERROR_FEATURE_OFF 911

/**
 * The file carries no grammar.
 */
#define FLASHLET_ERROR_NO_GRAMMAR 912

/**
 * The arena starts at a multiple of so many bytes.
 */
#define FLASHLET_ALIGN 64

/**
 * The cache's number format that loses least among those that the library was built with.
 */
#define FLASHLET_KV_DEFAULT 0

/**
 * Keys and values in half precision.
 */
#define FLASHLET_KV_F16 1

/**
 * Keys and values of 8 bits; half of the memory.
 */
#define FLASHLET_KV_Q8_0 2

/**
 * Keys and values of 4 bits; a quarter of the memory.
 */
#define FLASHLET_KV_Q4_0 3

/**
 * Weights are in the arena as far as they fit; the rest is used in mapped flash, or else read for every pass.
 */
#define FLASHLET_WEIGHTS_AUTO 0

/**
 * Weights are used where they lie in mapped flash.
 */
#define FLASHLET_WEIGHTS_MAPPED 1

/**
 * Weights are copied into the arena.
 */
#define FLASHLET_WEIGHTS_PINNED 2

/**
 * Weights are read anew for every pass.
 */
#define FLASHLET_WEIGHTS_STREAMED 3

/**
 * The prompt is what a user says in a chat: the model's chat template goes around it. Without it the prompt is continued as it is.
 */
#define FLASHLET_ASK_CHAT 1

/**
 * The model is asked not to think before it answers, where its packed template has the choice.
 */
#define FLASHLET_ASK_NO_THINKING 2

/**
 * The answer goes on after tokens that end one.
 */
#define FLASHLET_ASK_IGNORE_END 4

/**
 * The answer's logits are hashed.
 */
#define FLASHLET_ASK_HASH 8

/**
 * The answer's probability is computed.
 */
#define FLASHLET_ASK_PROBABILITY 16

/**
 * The answer follows the grammar that the file carries. Takes flashlet_options_t.grammar.
 */
#define FLASHLET_ASK_FILE_GRAMMAR 32

/**
 * The answer goes on.
 */
#define FLASHLET_END_NONE 0

/**
 * The model ended the answer.
 */
#define FLASHLET_END_EOS 1

/**
 * The answer has as many tokens as were asked for.
 */
#define FLASHLET_END_LENGTH 2

/**
 * The context is full.
 */
#define FLASHLET_END_CONTEXT 3

/**
 * A stop string came.
 */
#define FLASHLET_END_STOP 4

/**
 * The answer was less probable than it must be: another text, or none, came in its place.
 */
#define FLASHLET_END_UNSURE 5

/**
 * The answer said a value that is out of range or cannot be read: the text ends in front of it, or, of an answer that must have a
 * probability, another text or none came in place of the whole.
 */
#define FLASHLET_END_VALUE 6

/**
 * The id of no token.
 */
#define FLASHLET_NO_TOKEN UINT32_MAX

/**
 * A session: a model made ready, and a conversation with it. It lies at the start of the arena that flashlet_open was given, and ends
 * when that memory is used for something else: there is nothing to be freed.
 */
typedef struct flashlet_session_t flashlet_session_t;

/**
 * A request. All zero but the text: the text is continued by at most 256 tokens.
 */
typedef struct {
  /**
   * The prompt, UTF-8. It may end anywhere, and needs no zero at its end. NULL where `ids` are the prompt.
   */
  const char *text;
  /**
   * Bytes of the prompt.
   */
  size_t text_bytes;
  /**
   * The system prompt of a chat's first turn, with a zero at its end; "" for none, NULL for the template's own.
   */
  const char *system;
  /**
   * Tokens in front of the text, as they are. NULL for none.
   */
  const uint32_t *ids;
  /**
   * Tokens in `ids`.
   */
  size_t n_ids;
  /**
   * The most tokens of the answer; 0: 256.
   */
  uint32_t tokens;
  /**
   * FLASHLET_ASK_... added up.
   */
  uint32_t flags;
  /**
   * Strings before which the answer ends, each with a zero at its end. They and the array stay where they are until the answer has
   * ended. NULL for none.
   */
  const char *const *stop;
  /**
   * Strings in `stop`, at most 8. None has more bytes than flashlet_options_t.text_bytes.
   */
  size_t n_stop;
  /**
   * Tables of the grammar that the answer follows, as files carry them in `flashlet.grammar.tables`. They stay where they are until
   * the answer has ended. Takes flashlet_options_t.grammar. NULL for none.
   */
  const uint8_t *grammar;
  /**
   * Bytes of the tables.
   */
  size_t grammar_bytes;
  /**
   * The probability that the answer must have; it is held back until it is whole. 0: what the file asks for; less than 0: none.
   */
  float min_prob;
} flashlet_ask_t;

/**
 * A token of an answer.
 */
typedef struct {
  /**
   * Text that is certain since the token before, whole UTF-8 characters without a zero at the end. It may be empty. It stays until
   * the next call on the session.
   */
  const char *text;
  /**
   * Bytes of the text.
   */
  size_t text_bytes;
  /**
   * The token; FLASHLET_NO_TOKEN where there is none, or none yet of an answer that is held back.
   */
  uint32_t id;
  /**
   * The reason why the answer ended with this token: FLASHLET_END_..., FLASHLET_END_NONE if it goes on.
   */
  uint32_t end;
} flashlet_token_t;

/**
 * Reads `bytes` bytes at `offset` of the model's file to `to`, any of all three. Returns FLASHLET_OK, FLASHLET_PENDING if the transfer
 * was begun and goes on (DMA), or any other number if it failed: failed reads are tried three times more. `user` is the model's.
 */
typedef int32_t (*flashlet_read_t)(void *user, uint64_t offset, uint8_t *to, size_t bytes);

/**
 * A model: a GGUF file in memory, or behind a function that reads it. The bytes do not change, and the function is there, as long as
 * a session uses them; the struct itself is copied.
 */
typedef struct {
  /**
   * The file's first byte, where the processor can read it (flash that is mapped, a file that is, RAM). NULL if it cannot.
   */
  const uint8_t *mapped;
  /**
   * Bytes of the file.
   */
  uint64_t bytes;
  /**
   * The function that reads. May be NULL where `mapped` is not: weights that are streamed are copied from there then.
   */
  flashlet_read_t read;
  /**
   * Handed to `read`.
   */
  void *user;
} flashlet_model_t;

/**
 * Settings by which the next token is picked. All zero: the likeliest one, always.
 */
typedef struct {
  /**
   * Seed of the random numbers: the same one gives the same tokens, on every machine.
   */
  uint64_t seed;
  /**
   * 0: the likeliest token, always. Else logits are divided by this, a finite number above 0.
   */
  float temperature;
  /**
   * Choose among the `top_k` likeliest tokens, at most 256; 0: all.
   */
  uint32_t top_k;
  /**
   * Choose among the likeliest tokens that together have this probability, at most 1; 0 or 1: all.
   */
  float top_p;
  /**
   * Drop tokens less likely than this share of the likeliest one's probability, at most 1; 0: none.
   */
  float min_p;
  /**
   * Divide positive logits of recent tokens by this, multiply others: from 0.001 to 1000; 0 or 1: leave them.
   */
  float repeat_penalty;
  /**
   * Recent tokens that are penalised, at most 256, with the feature `small` at most 64; 0: 64.
   */
  uint32_t repeat_last_n;
} flashlet_sampling_t;

/**
 * Is called while nothing is to be done but to wait for a read, and between tiles of one. It may sleep until an interrupt, if one
 * comes, or let other threads run. `user` is the options'.
 */
typedef void (*flashlet_idle_t)(void *user);

/**
 * Settings of a session: its memory and its tokens. All zero asks for the defaults.
 */
typedef struct {
  /**
   * Tokens of context; 0: the model's, at most 2048, or as many as fit.
   */
  uint32_t ctx;
  /**
   * Number format of the cache: FLASHLET_KV_...
   */
  uint32_t kv;
  /**
   * The place of the weights: FLASHLET_WEIGHTS_...
   */
  uint32_t weights;
  /**
   * The most tokens of a prompt that one pass over the weights serves; 0: as many as fit, at most 128.
   */
  uint32_t chunk;
  /**
   * Bytes of each of the two tiles that weights stream through; 0: chosen.
   */
  uint32_t tile_bytes;
  /**
   * The most tokens that are guessed for one pass to verify, at most 15; each takes a sampler of 3 KB. 0: none.
   */
  uint32_t draft;
  /**
   * Bytes for text that is held back or on its way; 0: 512. The longest token and the longest stop string; an answer that must
   * have a probability as a whole.
   */
  uint32_t text_bytes;
  /**
   * Bytes of a turn with its markup, for a packed file's chat template; 0: 2048. Files without one take none.
   */
  uint32_t turn_bytes;
  /**
   * 1: answers may follow a grammar, which takes 2 KiB. 0: none does.
   */
  uint32_t grammar;
  /**
   * Settings by which tokens are picked.
   */
  flashlet_sampling_t sampling;
  /**
   * The function for idle time, or NULL.
   */
  flashlet_idle_t idle;
  /**
   * Handed to `idle`.
   */
  void *idle_user;
} flashlet_options_t;

/**
 * Is told of a defect in the library: the source file, which has no zero at its end, its length, and the line. It does not return:
 * it resets the board, or ends the program. If it does return, the library stays in an endless loop.
 */
typedef void (*flashlet_panic_t)(const char *file, size_t file_bytes, uint32_t line);

/**
 * The memory that a session takes, and its use.
 */
typedef struct {
  /**
   * Bytes of the arena that are used.
   */
  size_t arena_bytes;
  /**
   * Those of them that hold the session itself and the buffers of its conversation.
   */
  size_t session_bytes;
  /**
   * Tokens of context. Where the model does not fit: the longest context that would, 0 if none does.
   */
  uint32_t ctx;
  /**
   * The most tokens of a prompt that one pass serves.
   */
  uint32_t chunk;
  /**
   * Bytes of weights that are used in mapped flash.
   */
  uint64_t mapped_bytes;
  /**
   * Bytes of weights that are copied into the arena.
   */
  uint64_t pinned_bytes;
  /**
   * Bytes of weights that are read for every pass.
   */
  uint64_t streamed_bytes;
  /**
   * Bytes that a pass over one token reads.
   */
  uint64_t bytes_per_pass;
} flashlet_plan_t;

/**
 * Figures of a session and of its last answer.
 */
typedef struct {
  /**
   * Tokens that the model has seen.
   */
  uint32_t position;
  /**
   * Tokens of context.
   */
  uint32_t ctx;
  /**
   * Tokens of the last prompt that the model was to see.
   */
  uint32_t prompt_tokens;
  /**
   * Tokens of the answer so far, the one that ends it included.
   */
  uint32_t tokens;
  /**
   * The reason why the answer ended: FLASHLET_END_...
   */
  uint32_t end;
  /**
   * Passes over the weights since the session was opened.
   */
  uint32_t passes;
  /**
   * Tokens that were guessed.
   */
  uint32_t drafted;
  /**
   * Those guessed tokens that were right.
   */
  uint32_t drafted_right;
  /**
   * Reads through the read function since the session was opened.
   */
  uint64_t reads;
  /**
   * Bytes that were read through the read function.
   */
  uint64_t bytes_read;
  /**
   * The logarithm of the answer's probability so far, if asked for; else 0.
   */
  float logprob;
  /**
   * The hash of the answer's logits so far, if asked for: 16 hex digits with a zero at their end; else empty. It is the one that
   * `flashlet run --json` prints.
   */
  char hash[17];
} flashlet_stats_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Begins an answer. The prompt goes on with the conversation: behind the last answer, which ends if it has not. Nothing is fed to the
 * model yet, so this takes little time. If it fails the prompt is dropped, and the conversation is as it was after the last answer.
 * FLASHLET_ERROR_OPTION is for a number or a flag that is not allowed, and for a stop string longer than the session's `text_bytes`,
 * which would never be found.
 *
 * Errors: FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_ERROR_UTF8, FLASHLET_ERROR_FEATURE_OFF, FLASHLET_ERROR_NO_GRAMMAR;
 * FLASHLET_ERROR_EMPTY_PROMPT, FLASHLET_ERROR_CONTEXT_FULL, FLASHLET_ERROR_UNKNOWN_CHAT_TEMPLATE and others of texts and grammars.
 *
 * `session` is NULL or was given by flashlet_open; `ask` is NULL or points to what its type says.
 */
int32_t flashlet_ask(flashlet_session_t *session,
                     const flashlet_ask_t *ask);

/**
 * Feeds the next chunk of the prompt; `*more` is 1 if more of it is left, else 0. For programs that have something to do between chunks:
 * flashlet_next feeds what is left.
 *
 * Errors: FLASHLET_ERROR_NO_ANSWER; failures of the flash, after which the chunk may be fed again.
 *
 * `session` is NULL or was given by flashlet_open; `more` is NULL or may be written.
 */
int32_t flashlet_prefill(flashlet_session_t *session,
                         uint32_t *more);

/**
 * Makes the next token of the answer. The last one says in `end` why it is the last; from then on there are tokens without text and
 * with that reason. Of an answer that must have a probability no text comes before the last token.
 *
 * Errors: FLASHLET_ERROR_NO_ANSWER; failures of the flash, after which the token may be asked for again; FLASHLET_ERROR_NOT_FINITE,
 * FLASHLET_ERROR_ANSWER_TOO_LONG.
 *
 * `session` is NULL or was given by flashlet_open; `token` is NULL or may be written.
 */
int32_t flashlet_next(flashlet_session_t *session,
                      flashlet_token_t *token);

/**
 * Ends the answer here. `token` takes the text that was held back for what might have followed; it is no token. The conversation can go
 * on. If the answer must have a probability, there is no text.
 *
 * Errors: FLASHLET_ERROR_NO_ANSWER.
 *
 * `session` is NULL or was given by flashlet_open; `token` is NULL or may be written.
 */
int32_t flashlet_stop(flashlet_session_t *session,
                      flashlet_token_t *token);

/**
 * Writes what the last failed call on `session` says of its failure, with the numbers and names in it, and a zero at the end; nothing
 * but the zero if none has failed. What does not fit is cut behind a whole character. Returns the bytes of the whole text, without
 * the zero, or 0 where `session` is none. `out` may be NULL if `out_bytes` is 0.
 *
 * `session` is NULL or was given by flashlet_open, and no other call runs on it; `out_bytes` bytes at `out` may be written.
 */
size_t flashlet_error_text(const flashlet_session_t *session,
                           char *out,
                           size_t out_bytes);

/**
 * Writes the meaning of a code, with a zero at the end, as flashlet_error_text writes; nothing but the zero for a number that is none.
 * Programs that do not call it have none of these texts in them.
 *
 * `out_bytes` bytes at `out` may be written.
 */
size_t flashlet_code_text(int32_t code,
                          char *out,
                          size_t out_bytes);

/**
 * Opens a model: checks the file, plans how it uses the arena, indexes the vocabulary and copies the weights that are to be copied.
 * `*session` is the session, which lies in the arena; the arena is the library's as long as it is used. If the call fails, `*session`
 * is NULL or a session that only tells why, by flashlet_error_text. FLASHLET_ERROR_OPTION is for a number in `options`, its `sampling`
 * included, that is not allowed.
 *
 * Errors: FLASHLET_ERROR_NULL, FLASHLET_ERROR_ALIGNMENT, FLASHLET_ERROR_ARENA_TOO_SMALL, FLASHLET_ERROR_MODEL, FLASHLET_ERROR_OPTION,
 * FLASHLET_ERROR_FEATURE_OFF; what is wrong with the file; FLASHLET_ERROR_DOES_NOT_FIT.
 *
 * `model` and `options` are NULL or point to what their types say; `session` is NULL or may be written. `arena_bytes` bytes at `arena`
 * may be written, and are nobody else's for as long as the session is used.
 */
int32_t flashlet_open(const flashlet_model_t *model,
                      const flashlet_options_t *options,
                      void *arena,
                      size_t arena_bytes,
                      flashlet_session_t **session);

/**
 * Sets the function that is called if the library finds a defect in itself; NULL for none. No file, no prompt and no failure of a
 * flash leads there. One for all sessions.
 */
void flashlet_on_panic(flashlet_panic_t hook);

/**
 * Tells in `*bytes` the bytes of the smallest arena that a session of the model with these options fits, with the shortest passes over
 * a prompt. A larger one makes prompts faster. Without `ctx` in the options the model's own context counts, at most 2048 tokens.
 * No weights are read. It needs as much stack as flashlet_open.
 *
 * `model` and `options` are NULL or point to what their types say; `bytes` is NULL or may be written.
 */
int32_t flashlet_session_size(const flashlet_model_t *model,
                              const flashlet_options_t *options,
                              size_t *bytes);

/**
 * Plans a session in an arena of `arena_bytes` bytes, or, for 0, of as many as serve it best. No weights are read. Where the
 * model does not fit, FLASHLET_ERROR_DOES_NOT_FIT, `plan` is written too: it says in `arena_bytes` how many bytes the model needs at
 * least and in `ctx` which context would fit, and is 0 elsewhere. It needs as much stack as flashlet_open.
 *
 * `model` and `options` are NULL or point to what their types say; `plan` is NULL or may be written.
 */
int32_t flashlet_plan(const flashlet_model_t *model,
                      const flashlet_options_t *options,
                      size_t arena_bytes,
                      flashlet_plan_t *plan);

/**
 * The library's version, with a zero at the end, such as "0.1.0".
 */
const char *flashlet_version(void);

/**
 * Forgets all tokens and begins the random numbers of the seed anew; an answer that is being made ends. `picks` says how tokens are
 * picked from now on; NULL leaves that as it is.
 *
 * Errors: FLASHLET_ERROR_OPTION for a number in `picks` out of its range, after which all is as it was.
 *
 * `session` is NULL or was given by flashlet_open; `picks` is NULL or points to what its type says.
 */
int32_t flashlet_reset(flashlet_session_t *session,
                       const flashlet_sampling_t *picks);

/**
 * Takes the conversation back to its first `tokens` tokens, or to none where the model's caches have moved on; an answer that is being
 * made ends. `*left` is the number of tokens that are left. The next prompt begins behind them as if there had been no answer. `left`
 * may be NULL.
 *
 * `session` is NULL or was given by flashlet_open; `left` is NULL or may be written.
 */
int32_t flashlet_rewind(flashlet_session_t *session,
                        uint32_t tokens,
                        uint32_t *left);

/**
 * Writes the figures of a session and of its last answer. It may be called while an answer is being made.
 *
 * `session` is NULL or was given by flashlet_open; `stats` is NULL or may be written.
 */
int32_t flashlet_stats(flashlet_session_t *session, flashlet_stats_t *stats);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FLASHLET_H */
