//! The range in which a speed lies, from what the profile's numbers may be off.

use core::fmt;

use flashlet::Plan;
use serde::Serialize;

use super::lab::{Lab, Lengths, Speed};
use crate::boards::{Assumption, Board, Class};
use crate::digits::three_digits;
use crate::failure::Failure;

/// Tokens per second: the least, the likely and the most. Each number of the profile that may be off is moved by its class's
/// spread, one at a time; the effects are taken as independent, so that their logarithms add up by their squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) likely: f64,
    pub(crate) high: f64,
    /// The field of the number with the greatest effect, and how it is known.
    #[serde(rename = "assumption", serialize_with = "field")]
    widest: Option<Assumption>,
    #[serde(serialize_with = "name")]
    class: Option<Class>,
}

fn field<S: serde::Serializer>(widest: &Option<Assumption>, to: S) -> Result<S::Ok, S::Error> {
    widest.map(Assumption::field).serialize(to)
}

fn name<S: serde::Serializer>(class: &Option<Class>, to: S) -> Result<S::Ok, S::Error> {
    class.map(Class::name).serialize(to)
}

/// An assumption with the rates that it gives if it is off: slower, and faster.
struct Effect {
    assumption: Assumption,
    class: Class,
    rates: [f64; 2],
}

impl Range {
    fn of(likely: f64, effects: &[Effect]) -> Range {
        let logs = |effect: &Effect| effect.rates.map(|rate| (rate / likely).ln().abs());
        let side = |side: usize| effects.iter().map(|effect| logs(effect)[side].powi(2)).sum::<f64>().sqrt().exp();
        let most = |effect: &Effect| logs(effect).into_iter().fold(0.0, f64::max);
        // What changes a rate by less than a thousandth is no matter.
        let widest = effects.iter().max_by(|a, b| most(a).total_cmp(&most(b))).filter(|effect| most(effect) > 1e-3);
        Range {
            low: likely / side(0),
            likely,
            high: likely * side(1),
            widest: widest.map(|effect| effect.assumption),
            class: widest.map(|effect| effect.class),
        }
    }

    /// The assumption that matters most, for people.
    pub(crate) fn depends_on(&self) -> String {
        match (self.widest, self.class) {
            (Some(widest), Some(class)) => format!("depends most on {} ({})", widest.name(), class.name()),
            _ => "depends on no number that may be off".into(),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, likely, high] = [self.low, self.likely, self.high].map(three_digits);
        write!(f, "low {low}, likely {likely}, high {high} tokens/s; {}", self.depends_on())
    }
}

/// The speeds of prefill and of decode after it, with their ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forecast {
    pub(crate) prefill: Option<(Speed, Range)>,
    pub(crate) decode: Option<(Speed, Range)>,
}

impl Lab<'_> {
    /// The speeds on `board` as its profile has it, and the ranges from what that may be off.
    pub(crate) fn forecast(&self, board: &Board, plan: &Plan, lengths: Lengths) -> Result<Forecast, Failure> {
        let assumptions = Assumption::ALL.map(|assumption| (assumption, board.class(assumption)));
        let mut boards = vec![board.clone()];
        for (assumption, class) in assumptions {
            boards.extend([1.0 / class.spread(), class.spread()].map(|factor| board.faster(assumption, factor)));
        }
        let speeds = self.speeds_on(&boards, plan, lengths)?;
        let stage =
            |stage: usize| {
                let (likely, others) = speeds.split_first()?;
                let likely = likely[stage]?;
                let rate = |speeds: &[Option<Speed>; 2]| speeds[stage].map_or(likely.rate, |speed| speed.rate);
                let effects = assumptions.iter().zip(others.chunks_exact(2)).map(|(&(assumption, class), pair)| {
                    Effect { assumption, class, rates: [rate(&pair[0]), rate(&pair[1])] }
                });
                Some((likely, Range::of(likely.rate, &effects.collect::<Vec<_>>())))
            };
        Ok(Forecast { prefill: stage(0), decode: stage(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(assumption: Assumption, rates: [f64; 2]) -> Effect {
        Effect { assumption, class: Class::Guess, rates }
    }

    #[test]
    fn one_effect_is_the_whole_range_and_two_add_up_by_squares() {
        let one =
            Range::of(10.0, &[effect(Assumption::Cycles, [5.0, 20.0]), effect(Assumption::FlashLatency, [10.0; 2])]);
        assert!((one.low - 5.0).abs() < 1e-9 && (one.high - 20.0).abs() < 1e-9, "{one}");
        assert_eq!((one.widest, one.class), (Some(Assumption::Cycles), Some(Class::Guess)));
        let [a, b] = [effect(Assumption::Cycles, [5.0, 10.0]), effect(Assumption::RamBandwidth, [4.0, 10.0])];
        let two = Range::of(10.0, &[a, b]);
        let log = (2.0_f64.ln().powi(2) + 2.5_f64.ln().powi(2)).sqrt();
        assert!((two.low - 10.0 / log.exp()).abs() < 1e-9 && two.high == 10.0, "{two}");
        assert_eq!(two.widest, Some(Assumption::RamBandwidth));
    }

    #[test]
    fn nothing_that_may_be_off_is_no_range() {
        let none = Range::of(3.0, &[effect(Assumption::Cycles, [3.0; 2])]);
        assert_eq!((none.low, none.high, none.widest), (3.0, 3.0, None));
        assert!(none.to_string().starts_with("low 3.00, likely 3.00, high 3.00 tokens/s; depends on no"));
    }
}
