//! Times at which the parts of a board were busy, for a picture of a token.

use super::spent::Time;

/// The work of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Rows of weights times activations.
    Product,
    /// Queries, keys and values.
    Attention,
    /// Norms, sums, rotation, activation functions.
    Elements,
    /// Weights are compared with their checksums.
    Checksum,
}

/// A busy part of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The bus, with this many bytes.
    Bus { bytes: u64 },
    /// The processor; for `memory` of the time it waits for weights that it reads in place.
    Processor { work: Work, memory: Time },
}

/// The busy times of a pass, and the ends of its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) intervals: Vec<Interval>,
    /// The ends of the sections: of what comes before the layers, and of each layer.
    pub(crate) section_ends: Vec<Time>,
}

/// A time during which a part was busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) busy: Busy,
}
