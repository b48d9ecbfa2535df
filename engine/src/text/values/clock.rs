//! Times of day.

use super::error::ValueError;
use super::said::Said;
use super::span;

/// Seconds of a day.
pub(super) const DAY: u32 = 86_400;

const HOUR: u32 = 3600;
const NOON: u32 = 12 * HOUR;

/// Takes a time of day, in seconds since midnight.
pub(super) fn time(said: &mut Said<'_>) -> Result<u32, ValueError> {
    let Some((offset, is_before)) = offset(said) else { return clock(said) };
    let time = clock(said)?;
    let sign = if is_before { span::Sign::Minus } else { span::Sign::Plus };
    moved(time, sign, offset)
}

/// The time so many `seconds` before or after `time`.
pub(super) fn moved(time: u32, sign: span::Sign, seconds: u32) -> Result<u32, ValueError> {
    let seconds = Some(seconds).filter(|&seconds| seconds < DAY).ok_or(ValueError::OutOfRange)?;
    Ok(match sign {
        span::Sign::Plus => (time + seconds) % DAY,
        span::Sign::Minus => (time + DAY - seconds) % DAY,
    })
}

/// Takes what a time is before or after, as in `quarter to nine`: the seconds, and true if before.
fn offset(said: &mut Said<'_>) -> Option<(u32, bool)> {
    let part_of_hour = |said: &mut Said<'_>| span::part(said).map(|part| part * (HOUR / 100));
    let minutes = |said: &mut Said<'_>| said.number().filter(|minutes| (1..60).contains(minutes)).map(|n| n * 60);
    let readings: [fn(&mut Said<'_>) -> Option<u32>; 3] = [span::span, part_of_hour, minutes];
    readings.iter().find_map(|read| {
        let mut ahead = *said;
        let seconds = read(&mut ahead)?;
        let which = ahead.one_of("before to after past")?;
        *said = ahead;
        Some((seconds, which < 2))
    })
}

/// Takes the time that a clock shows.
#[inline(never)]
fn clock(said: &mut Said<'_>) -> Result<u32, ValueError> {
    if let Some(time) = named(said) {
        return Ok(time);
    }
    let hour = said.number().ok_or(ValueError::Unreadable)?;
    if hour == 12
        && let Some(time) = named(said)
    {
        return Ok(time);
    }
    let (minute, second) = minute(said)?;
    said.phrase("o ' clock");
    let hour = match half(said) {
        None => Some(hour).filter(|&hour| hour < 24),
        Some(half) => half.hour(hour),
    };
    match hour {
        Some(hour) if minute < 60 && second < 60 => Ok(hour * HOUR + minute * 60 + second),
        _ => Err(ValueError::OutOfRange),
    }
}

/// Takes the name of a time.
fn named(said: &mut Said<'_>) -> Option<u32> {
    said.one_of("midnight noon midday").map(|at| if at == 0 { 0 } else { NOON })
}

/// Takes the minutes and seconds behind an hour, if there are any.
fn minute(said: &mut Said<'_>) -> Result<(u32, u32), ValueError> {
    let two = |said: &mut Said<'_>| said.digits_here(2).ok_or(ValueError::Unreadable);
    if said.here(b':') {
        let minute = two(said)?;
        let second = if said.here(b':') { two(said)? } else { 0 };
        return Ok((minute, second));
    }
    let mut ahead = *said;
    let found = if ahead.one_of("oh o").is_some() {
        ahead.number_word().filter(|minute| (1..10).contains(minute))
    } else {
        match ahead.digits() {
            Some((minute, 2)) => Some(minute),
            Some(_) => None,
            None => ahead.number_word().filter(|&minute| minute >= 10),
        }
    };
    if found.is_some() {
        *said = ahead;
    }
    Ok((found.unwrap_or(0), 0))
}

/// Half of a day, as it is said.
#[derive(Clone, Copy, Debug)]
enum Half {
    Morning,
    Afternoon,
    Evening,
    Night,
}

impl Half {
    /// The hour of a clock of 24 hours, for that of one of 12.
    fn hour(self, hour: u32) -> Option<u32> {
        match (self, hour) {
            (Half::Morning | Half::Night, 12) => Some(0),
            (Half::Afternoon, 12) => Some(12),
            (Half::Morning, 1..=11) | (Half::Night, 1..=5) => Some(hour),
            (Half::Afternoon | Half::Evening | Half::Night, 1..=11) => Some(hour + 12),
            _ => None,
        }
    }
}

/// Names of the halves of a day.
const HALVES: [(&str, Half); 12] = [
    ("am", Half::Morning),
    ("a . m .", Half::Morning),
    ("in the morning", Half::Morning),
    ("this morning", Half::Morning),
    ("pm", Half::Afternoon),
    ("p . m .", Half::Afternoon),
    ("in the afternoon", Half::Afternoon),
    ("this afternoon", Half::Afternoon),
    ("in the evening", Half::Evening),
    ("this evening", Half::Evening),
    ("at night", Half::Night),
    ("tonight", Half::Night),
];

/// Takes a half of a day.
fn half(said: &mut Said<'_>) -> Option<Half> {
    HALVES.iter().find(|(name, _)| said.phrase(name)).map(|&(_, half)| half)
}
