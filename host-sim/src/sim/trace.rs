//! What of a board was busy when: for a picture of a token.

use super::{Clock, Time, with};

/// What a processor works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Rows of weights times activations.
    Product,
    /// Queries, keys and values.
    Attention,
    /// A block's output is added to the hidden state: twice a layer.
    Add,
    /// Norms, rotation, activation functions.
    Elements,
}

/// What is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The bus, with this many bytes.
    Bus { bytes: u64 },
    /// The processor; for `memory` of the time it waits for weights that it reads in place.
    Processor { work: Work, memory: Time },
}

/// From when to when something was busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) busy: Busy,
}

impl Clock {
    pub(super) fn note(&self, from: Time, to: Time, busy: Busy) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            trace.push(Interval { from, to, busy });
        }
    }
}

/// Notes from now on what is busy when.
pub(crate) fn record() {
    with(|clock| *clock.trace.borrow_mut() = Some(Vec::new()));
}

/// What was busy since [`record`]; nothing is noted any more.
pub(crate) fn recorded() -> Vec<Interval> {
    with(|clock| clock.trace.borrow_mut().take()).flatten().unwrap_or_default()
}
