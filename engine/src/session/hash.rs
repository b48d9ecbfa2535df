//! One number that stands for all logits of a run.

use core::fmt;

use crate::text::Fnv;

/// The hash of a sequence of steps, each hashed over the little-endian bits of its logits in vocabulary order. Every NaN
/// counts as `0x7fc00000`. Two machines that show the same hash computed the same logits; it is shown as 16 hex digits.
#[derive(Clone, Copy, Debug)]
pub struct LogitsHash {
    step: Fnv,
    steps: Fnv,
}

impl Default for LogitsHash {
    fn default() -> Self {
        LogitsHash::new()
    }
}

impl LogitsHash {
    /// The hash of no steps.
    #[must_use]
    pub const fn new() -> LogitsHash {
        LogitsHash { step: Fnv::new(), steps: Fnv::new() }
    }

    /// The next logits of the current step.
    pub fn push(&mut self, logits: &[f32]) {
        for x in logits {
            let bits = if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
            self.step.write(&bits.to_le_bytes());
        }
    }

    /// Ends the current step.
    pub fn end_step(&mut self) {
        self.steps.write(&self.step.finish().to_le_bytes());
        self.step = Fnv::new();
    }

    /// Ends a step whose logits `step` was given, in the order in which steps are to count.
    pub fn end_step_of(&mut self, step: &LogitsHash) {
        self.steps.write(&step.step.finish().to_le_bytes());
    }
}

/// The hash of all steps that ended.
impl fmt::Display for LogitsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.steps.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn tiles_do_not_matter_and_steps_do() {
        let hash = |steps: &[&[&[f32]]]| -> String {
            let mut hash = LogitsHash::new();
            for step in steps {
                step.iter().for_each(|tile| hash.push(tile));
                hash.end_step();
            }
            hash.to_string()
        };
        let nan = f32::from_bits(0xffc0_1234);
        assert_eq!(hash(&[&[&[1.0, 2.0], &[nan]]]), hash(&[&[&[1.0], &[2.0, f32::NAN]]]));
        assert_ne!(hash(&[&[&[1.0, 2.0]]]), hash(&[&[&[1.0]], &[&[2.0]]]));
        assert_eq!(hash(&[]), "cbf29ce484222325");
        // Computed in Python: FNV-1a of the eight bytes of FNV-1a of 1.0, -2.5 and NaN, all little-endian.
        assert_eq!(hash(&[&[&[1.0, -2.5, nan]]]), "ade4a828f535f000");

        let (mut both, mut steps) = (LogitsHash::new(), [LogitsHash::new(); 2]);
        steps[1].push(&[2.0]);
        steps[0].push(&[1.0]);
        steps.iter().for_each(|step| both.end_step_of(step));
        assert_eq!(both.to_string(), hash(&[&[&[1.0]], &[&[2.0]]]));
    }
}
