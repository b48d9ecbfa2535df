//! Values that an answer says in words or short forms, turned into exact numbers.
//!
//! A grammar marks what is a [`Value`]. The model writes what was said, such as `1h15m30s` or `half past six`, and the answer's text
//! has the value in its place: `4530`, `06:30`. All arithmetic is exact, in whole seconds. What is out of the value's range, or no
//! sentence of the language below, is refused: the answer ends with [`AnswerEnd::Value`](crate::session::AnswerEnd::Value).
//!
//! A number that is out of its own range, such as an hour of 25, is refused as out of range even if nonsense follows it.
//!
//! | action | what was said | becomes |
//! |---|---|---|
//! | [`Seconds`](Action::Seconds) | `span`, or `span` with others added or taken away | seconds, such as `4530` |
//! | [`Time`](Action::Time) | `time`, or `time` with spans added or taken away | `19:35`, with seconds where they are not 0: `19:35:10` |
//!
//! Between double quotes, a time keeps them and seconds lose them: both are JSON then.
//!
//! ```text
//! sum     = span { ("+" | "-" | "plus" | "minus") span }                   of action Seconds
//!         | time { ("+" | "-" | "plus" | "minus") span }                   of action Time
//! span    = item { ["," | "and"] item }           units get smaller: weeks, days, hours, minutes, seconds
//! item    = (number | "a" | "an") ["and" part] unit ["and" part]           a part behind the unit is one of that unit
//!         | part ["of"] ["a" | "an"] unit                                  half an hour, three quarters of an hour
//! part    = ["a"] ("half" | "quarter") | "three quarters"
//! unit    = "w" | "week" | "weeks" | "d" | "day" | "days" | "h" | "hr" | "hrs" | "hour" | "hours"
//!         | "m" | "min" | "mins" | "minute" | "minutes" | "s" | "sec" | "secs" | "second" | "seconds"
//! number  = digits ["." digit [digit]] | a word from "zero" to "ninety-nine"
//!
//! time    = offset ("before" | "to" | "after" | "past") clock | clock
//! offset  = span | part | number                                           a part of an hour; 1 to 59 minutes
//! clock   = hour [minute] ["o'clock"] [half] | ["12"] ("noon" | "midday" | "midnight")
//! hour    = number                                                         from 0 to 23
//! minute  = ":" 2 digits [":" 2 digits] | 2 digits | a word from "ten" to "fifty-nine" | ("oh" | "o") "one" to "nine"
//! half    = "am" | "a.m." | "in the morning" | "this morning"              12 is midnight
//!         | "pm" | "p.m." | "in the afternoon" | "this afternoon"          12 is noon
//!         | "in the evening" | "this evening"                              1 to 11
//!         | "at night" | "tonight"                                         12 is midnight, 1 to 5 are early, 6 to 11 late
//! ```
//!
//! - Upper and lower case are the same. Spaces may stand between words, numbers and signs, and may be left out where letters and
//!   digits meet. `ninety nine` is `ninety-nine`.
//! - Without a half of the day an hour is that of a clock of 24 hours: `half past six` is 06:30. With one it is 1 to 12.
//! - Times go round the clock: `11pm + 2h` is 01:00, and `midnight - 25m` is 23:35. A span that is added to a time is below a day.
//! - A span is below 2^32 - 1 seconds, and a difference of spans not below 0.
//! - Decimals and parts must come to whole seconds: `1.5h` is 5400, `0.3s` is refused.

mod clock;
mod error;
mod said;
mod span;
mod value;

pub use error::ValueError;
pub use value::{Action, Value, Written};
