//! flashlet for programs in C: `libflashlet.a`, whose face is `include/flashlet.h`.
//!
//! cbindgen makes the header of the types and functions here and of the engine's error codes (`board-runner c --update`), so their
//! comments are written for who reads it. A session lies in the caller's memory as a whole: [`flashlet_session_t`] at the
//! arena's start, the buffers of a conversation behind it, and the engine's own arena in the rest.
#![cfg_attr(not(test), no_std)]
#![expect(non_camel_case_types, reason = "types have the names that C programs use")]
#![expect(clippy::result_large_err, reason = "errors carry names and numbers, and there is no heap for them")]

mod answer;
mod error;
mod error_text;
mod flash;
mod open;
mod panic;
mod place;
mod plan;
mod session;
mod talk;
mod types;

pub use answer::{flashlet_ask, flashlet_next, flashlet_prefill, flashlet_stop};
pub use error_text::{flashlet_code_text, flashlet_error_text};
pub use open::flashlet_open;
pub use panic::{flashlet_on_panic, flashlet_panic_t};
pub use plan::{flashlet_plan, flashlet_session_size};
pub use session::flashlet_session_t;
pub use talk::{flashlet_reset, flashlet_rewind, flashlet_stats, flashlet_version};
pub use types::*;
