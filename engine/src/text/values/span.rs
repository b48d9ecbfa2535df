//! Spans of time.

use super::said::{Said, TOO_MUCH};

/// Names of the units.
const NAMES: [&str; 5] =
    ["w week weeks", "d day days", "h hr hrs hour hours", "m min mins minute minutes", "s sec secs second seconds"];

/// Seconds of the units.
const SECONDS: [u32; 5] = [604_800, 86_400, 3600, 60, 1];

/// A number of units, and hundredths.
type Count = (u32, u32);

/// A change by a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Takes the sign of a sum.
pub(super) fn sign(said: &mut Said<'_>) -> Option<Sign> {
    if said.sign(b'+') || said.phrase("plus") {
        Some(Sign::Plus)
    } else if said.sign(b'-') || said.phrase("minus") {
        Some(Sign::Minus)
    } else {
        None
    }
}

/// Takes a span, in seconds; or [`TOO_MUCH`]. `None`, and `said` is anywhere, if there is none.
#[inline(never)]
pub(super) fn span(said: &mut Said<'_>) -> Option<u32> {
    let (mut sum, mut smallest) = item(said)?;
    loop {
        let mut ahead = *said;
        if !ahead.sign(b',') {
            ahead.phrase("and");
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
#[inline(never)]
fn item(said: &mut Said<'_>) -> Option<(u32, u32)> {
    if let Some(found) = part_of_unit(said) {
        return Some(found);
    }
    let (whole, mut hundredths) = match said.one_of("a an") {
        Some(_) => (1, 0),
        None => number(said)?,
    };
    hundredths += and_part(said).unwrap_or(0);
    let unit = unit(said)?;
    let mut behind = *said;
    let part = and_part(&mut behind).unwrap_or(0);
    // Otherwise it is an item of its own.
    if behind_is_no_unit(behind) {
        *said = behind;
        hundredths += part;
    }
    seconds((whole, hundredths), unit)
}

/// Takes a part of a unit, such as `half an hour`.
fn part_of_unit(said: &mut Said<'_>) -> Option<(u32, u32)> {
    let mut ahead = *said;
    let part = part(&mut ahead)?;
    let unit = part_unit(&mut ahead)?;
    *said = ahead;
    seconds((0, part), unit)
}

/// The seconds of a number of units, and those of one; `None` if they are not whole.
fn seconds((whole, hundredths): Count, unit: u32) -> Option<(u32, u32)> {
    // There are fewer than 300, of a week at most.
    let hundredths = hundredths * unit;
    let sum = match whole.checked_mul(unit) {
        Some(seconds) => seconds.saturating_add(hundredths / 100),
        None => TOO_MUCH,
    };
    hundredths.is_multiple_of(100).then_some((sum, unit))
}

/// Takes `half`, `a quarter` or `three quarters`, in hundredths.
#[inline(never)]
pub(super) fn part(said: &mut Said<'_>) -> Option<u32> {
    let mut ahead = *said;
    let found = if ahead.phrase("three quarters") {
        Some(75)
    } else {
        ahead.phrase("a");
        ahead.one_of("half quarter").map(|at| if at == 0 { 50 } else { 25 })
    };
    if found.is_some() {
        *said = ahead;
    }
    found
}

/// Takes `and` with a part behind it.
#[inline(never)]
fn and_part(said: &mut Said<'_>) -> Option<u32> {
    let mut ahead = *said;
    let found = if ahead.phrase("and") { part(&mut ahead) } else { None };
    if found.is_some() {
        *said = ahead;
    }
    found
}

/// Takes the unit of a part.
fn part_unit(said: &mut Said<'_>) -> Option<u32> {
    said.phrase("of");
    said.one_of("a an");
    unit(said)
}

fn behind_is_no_unit(mut said: Said<'_>) -> bool {
    part_unit(&mut said).is_none()
}

#[inline(never)]
fn unit(said: &mut Said<'_>) -> Option<u32> {
    let found = NAMES.iter().zip(SECONDS).find(|(names, _)| said.one_of(names).is_some());
    found.map(|(_, seconds)| seconds)
}

/// Takes a number, with up to two decimals.
fn number(said: &mut Said<'_>) -> Option<Count> {
    let Some((whole, _)) = said.digits() else { return said.number_word().map(|number| (number, 0)) };
    if !said.here(b'.') {
        return Some((whole, 0));
    }
    let decimals = said.digits_here(1).map(|digit| digit * 10);
    decimals.or_else(|| said.digits_here(2)).map(|decimals| (whole, decimals))
}
