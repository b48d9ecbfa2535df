//! Parsers for the values of flags.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use flashlet::text::ChatFormat;

/// Parses one of `choices`, each a value and its name on the command line.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static>(
    choices: impl IntoIterator<Item = (&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let choices: Vec<(&'static str, T)> = choices.into_iter().collect();
    PossibleValuesParser::new(choices.iter().map(|(name, _)| *name)).map(move |name| {
        let choice = choices.iter().find(|(known, _)| *known == name);
        choice.map(|(_, value)| *value).expect("clap passes on listed names only")
    })
}

/// Parses the name of a chat template.
pub(crate) fn chat_format() -> impl TypedValueParser<Value = ChatFormat> {
    one_of(ChatFormat::ALL.map(|format| (format.name(), format)))
}

fn number(text: &str, requirement: &str, fits: impl Fn(f32) -> bool) -> Result<f32, String> {
    let number = text.parse().ok().filter(|&x: &f32| x.is_finite() && fits(x));
    number.ok_or_else(|| requirement.to_owned())
}

/// Parses a finite number that is not negative.
///
/// # Errors
/// The requirement, in words.
pub(crate) fn at_least_zero(text: &str) -> Result<f32, String> {
    number(text, "a number of at least 0 is needed", |x| x >= 0.0)
}

/// Parses a repeat penalty. Quotients of logits by a much smaller one would all overflow to the same greatest value.
///
/// # Errors
/// The requirement, in words.
pub(crate) fn penalty(text: &str) -> Result<f32, String> {
    number(text, "a number from 0.001 to 1000 is needed", |x| (0.001..=1000.0).contains(&x))
}

/// Parses a number of tokens; -1 stands for no limit.
///
/// # Errors
/// The requirement, in words.
pub(crate) fn tokens(text: &str) -> Result<u32, String> {
    let number = if text == "-1" { Ok(u32::MAX) } else { text.parse() };
    number.map_err(|_| "a number of tokens is needed, or -1 for no limit".to_owned())
}

/// Parses a number from 0 to 1.
///
/// # Errors
/// The requirement, in words.
pub(crate) fn probability(text: &str) -> Result<f32, String> {
    number(text, "a number from 0 to 1 is needed", |x| (0.0..=1.0).contains(&x))
}
