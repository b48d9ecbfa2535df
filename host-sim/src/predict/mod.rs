//! Predictions of a model's speed on a board: the engine runs its own passes against the clock of the board's profile, with
//! kernels that charge for what they do not compute ([`lab`]), once as the profile says and once more for each number in it
//! that may be off ([`range`]).

mod lab;
mod range;

pub(crate) use lab::{Lab, Lengths, Speed, Trace};
pub(crate) use range::{Forecast, Range};
