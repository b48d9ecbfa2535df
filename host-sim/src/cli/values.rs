//! Values of flags: what they may be, and what is said of others.

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use flashlet::gguf::MAX_ALIGNMENT;
use flashlet::text::ChatFormat;

use crate::size::parse_size;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceKind {
    Auto,
    Mmap,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kv {
    F16,
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q4_0")]
    Q4_0,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Draft {
    /// What followed the last tokens when they occurred before
    Prompt,
    /// None: one token a pass
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Residency {
    Auto,
    Mapped,
    Pinned,
    Streamed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    Off,
    Reads,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isa {
    Auto,
    Scalar,
    Avx2,
    Avx512,
}

pub(super) fn parse_page(text: &str) -> Result<u32, String> {
    let page = parse_size(text)?;
    let page = u32::try_from(page).ok().filter(|n| n.is_power_of_two() && (8..=MAX_ALIGNMENT).contains(n));
    page.ok_or_else(|| "a page is a power of two from 8 to 16MiB".to_owned())
}

pub(super) fn chat_formats() -> PossibleValuesParser {
    PossibleValuesParser::new(ChatFormat::ALL.map(ChatFormat::name))
}

fn number(text: &str, what: &str, fits: impl Fn(f32) -> bool) -> Result<f32, String> {
    let number = text.parse().ok().filter(|&x: &f32| x.is_finite() && fits(x));
    number.ok_or_else(|| what.to_owned())
}

pub(super) fn at_least_zero(text: &str) -> Result<f32, String> {
    number(text, "a number of at least 0 is needed", |x| x >= 0.0)
}

pub(super) fn above_zero(text: &str) -> Result<f32, String> {
    number(text, "a number above 0 is needed", |x| x > 0.0)
}

pub(super) fn probability(text: &str) -> Result<f32, String> {
    number(text, "a number from 0 to 1 is needed", |x| (0.0..=1.0).contains(&x))
}
