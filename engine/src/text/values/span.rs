//! Spans of time.

use super::said::Said;

/// Seconds of each unit, with its names.
const UNITS: [(u64, &[&str]); 5] = [
    (604_800, &["w", "week", "weeks"]),
    (86_400, &["d", "day", "days"]),
    (3600, &["h", "hr", "hrs", "hour", "hours"]),
    (60, &["m", "min", "mins", "minute", "minutes"]),
    (1, &["s", "sec", "secs", "second", "seconds"]),
];

/// Hundredths of a unit.
type Hundredths = u64;

/// A change by a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Takes the sign of a sum.
pub(super) fn sign(said: &mut Said<'_>) -> Option<Sign> {
    if said.sign(b'+') || said.word("plus") {
        Some(Sign::Plus)
    } else if said.sign(b'-') || said.word("minus") {
        Some(Sign::Minus)
    } else {
        None
    }
}

/// Takes a span, in seconds; one that does not fit is the largest number. `None`, and `said` is anywhere, if there is none.
pub(super) fn span(said: &mut Said<'_>) -> Option<u64> {
    let (mut sum, mut smallest) = item(said)?;
    loop {
        let mut ahead = *said;
        if !ahead.sign(b',') {
            ahead.word("and");
        }
        match item(&mut ahead) {
            Some((seconds, unit)) if unit < smallest => {
                sum = seconds.saturating_add(sum);
                (*said, smallest) = (ahead, unit);
            }
            _ => return Some(sum),
        }
    }
}

/// Takes a number of one unit: the seconds, and those of the unit.
fn item(said: &mut Said<'_>) -> Option<(u64, u64)> {
    if let Some(found) = part_of_unit(said) {
        return Some(found);
    }
    let mut count = match said.one_of(&["a", "an"]) {
        Some(_) => 100,
        None => number(said)?,
    };
    count = count.saturating_add(and_part(said).unwrap_or(0));
    let unit = unit(said)?;
    let mut behind = *said;
    let part = and_part(&mut behind).unwrap_or(0);
    // Otherwise it is an item of its own.
    if behind_is_no_unit(behind) {
        (*said, count) = (behind, count.saturating_add(part));
    }
    seconds(count, unit)
}

/// Takes a part of a unit, such as `half an hour`.
fn part_of_unit(said: &mut Said<'_>) -> Option<(u64, u64)> {
    let mut ahead = *said;
    let part = part(&mut ahead)?;
    let unit = part_unit(&mut ahead)?;
    *said = ahead;
    seconds(part, unit)
}

/// The seconds of `count` units, and those of one; `None` if they are not whole.
fn seconds(count: Hundredths, unit: u64) -> Option<(u64, u64)> {
    let Some(hundredths) = count.checked_mul(unit) else { return Some((u64::MAX, unit)) };
    (hundredths % 100 == 0).then_some((hundredths / 100, unit))
}

/// Takes `half`, `a quarter` or `three quarters`.
pub(super) fn part(said: &mut Said<'_>) -> Option<Hundredths> {
    let mut ahead = *said;
    let found = if ahead.phrase(&["three", "quarters"]) {
        Some(75)
    } else {
        ahead.word("a");
        ahead.one_of(&["half", "quarter"]).map(|at| if at == 0 { 50 } else { 25 })
    };
    if found.is_some() {
        *said = ahead;
    }
    found
}

/// Takes `and` with a part behind it.
fn and_part(said: &mut Said<'_>) -> Option<Hundredths> {
    let mut ahead = *said;
    let found = if ahead.word("and") { part(&mut ahead) } else { None };
    if found.is_some() {
        *said = ahead;
    }
    found
}

/// Takes the unit of a part.
fn part_unit(said: &mut Said<'_>) -> Option<u64> {
    said.word("of");
    said.one_of(&["a", "an"]);
    unit(said)
}

fn behind_is_no_unit(mut said: Said<'_>) -> bool {
    part_unit(&mut said).is_none()
}

fn unit(said: &mut Said<'_>) -> Option<u64> {
    UNITS.iter().find(|(_, names)| said.one_of(names).is_some()).map(|&(seconds, _)| seconds)
}

/// Takes a number, with up to two decimals.
fn number(said: &mut Said<'_>) -> Option<Hundredths> {
    let Some((whole, _)) = said.digits() else { return said.number_word().map(|number| number * 100) };
    let hundredths = whole.saturating_mul(100);
    if !said.here(b'.') {
        return Some(hundredths);
    }
    let decimals = match said.digits()? {
        (digit, 1) => digit * 10,
        (digits, 2) => digits,
        _ => return None,
    };
    Some(hundredths.saturating_add(decimals))
}
