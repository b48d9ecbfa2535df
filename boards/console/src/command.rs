//! Commands: the meaning of a line.

use core::fmt;

use flashlet::text::MAX_CANDIDATES;

/// The highest temperature: far beyond any that makes a difference, and low enough to be shown as it was typed.
const MAX_TEMPERATURE: f32 = 1000.0;

/// A line, understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Command<'l> {
    Nothing,
    Prompt(&'l str),
    /// Token ids, used as they are.
    Ids(&'l str),
    Temperature(f32),
    TopK(u32),
    TopP(f32),
    MinP(f32),
    Seed(u64),
    Length(u32),
    Context(u32),
    /// Turns the model's chat template for prompts on or off.
    Chat(bool),
    /// True if the model may think before it answers.
    #[cfg(feature = "chat-pieces")]
    Think(bool),
    /// Lets the conversation go on from line to line, or not.
    Keep(bool),
    /// Turns the figures behind an answer on or off.
    Stats(bool),
    /// Turns drafts on or off: guessed tokens, so that a pass makes several.
    #[cfg(feature = "drafts")]
    Draft(bool),
    ShowStats,
    ShowPlan,
    Reset,
    Load,
    Help,
}

/// A line each for the commands.
pub(crate) const HELP: &[&str] = &[
    "a line that is no command is a prompt; Ctrl-C stops an answer\n",
    "/temp T       temperature; 0 always takes the likeliest token\n",
    "/top-k K      choose among the K likeliest tokens, at most 256; 0: all\n",
    "/top-p P      choose among the likeliest with probability P; 1: all\n",
    "/min-p P      drop tokens less likely than P times the likeliest; 0: none\n",
    "/seed S       seed of the random numbers\n",
    "/len N        tokens of an answer, at most\n",
    "/ctx N        tokens of context; loads the model anew. 0: what it asks for\n",
    "/chat on|off  put prompts into the model's chat template\n",
    #[cfg(feature = "chat-pieces")]
    "/think on|off let the model think before it answers, where it has a choice\n",
    "/keep on|off  keep the conversation from line to line, and how it is sampled\n",
    #[cfg(feature = "drafts")]
    "/draft on|off guess tokens, so that a pass over the weights makes several\n",
    "/reset        forget the conversation\n",
    "/ids N N ...  a prompt of token ids, used as they are\n",
    "/stats        settings and figures; /stats on|off: figures after each answer\n",
    "/plan         how the memory is used\n",
    "/load         look for the model in flash anew\n",
];

/// A mistake in a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Complaint<'l> {
    Unknown(&'l str),
    Wants { command: &'l str, what: &'static str },
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint::Unknown(command) => write!(f, "there is no command {command}; /help lists them"),
            Complaint::Wants { command, what } => write!(f, "{command} wants {what}"),
        }
    }
}

/// Understands a line.
pub(crate) fn parse(line: &str) -> Result<Command<'_>, Complaint<'_>> {
    let trimmed = line.trim_ascii();
    if trimmed.is_empty() {
        return Ok(Command::Nothing);
    }
    if !trimmed.starts_with('/') {
        return Ok(Command::Prompt(line));
    }
    let end = trimmed.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(trimmed.len());
    let (command, argument) = trimmed.split_at_checked(end).unwrap_or((trimmed, ""));
    let argument = argument.trim_ascii();
    let wants = |what| Complaint::Wants { command, what };
    let temperature = "a number from 0 to 1000, such as 0.8, of at most seven digits";
    let share = "a number from 0 to 1, such as 0.95, of at most seven digits";
    let top_k = "a whole number from 0 to 256";
    let (length, seed) = ("a whole number from 1 to 4294967295", "a whole number from 0 to 18446744073709551615");
    let switch = || match argument {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(wants("on or off")),
    };
    let number = || argument.parse().map_err(|_| wants("a whole number from 0 to 4294967295"));
    let at_most = |most, what| decimal(argument).filter(|&x| x <= most).ok_or(wants(what));
    Ok(match command {
        "/temp" => Command::Temperature(at_most(MAX_TEMPERATURE, temperature)?),
        "/top-k" => Command::TopK(number().ok().filter(|&k| k <= MAX_CANDIDATES as u32).ok_or(wants(top_k))?),
        "/top-p" => Command::TopP(at_most(1.0, share)?),
        "/min-p" => Command::MinP(at_most(1.0, share)?),
        "/seed" => Command::Seed(argument.parse().map_err(|_| wants(seed))?),
        "/len" => Command::Length(number().ok().filter(|&n| n > 0).ok_or(wants(length))?),
        "/ctx" => Command::Context(number()?),
        "/chat" => Command::Chat(switch()?),
        #[cfg(feature = "chat-pieces")]
        "/think" => Command::Think(switch()?),
        "/keep" => Command::Keep(switch()?),
        #[cfg(feature = "drafts")]
        "/draft" => Command::Draft(switch()?),
        "/ids" if argument.is_empty() => return Err(wants("token ids")),
        "/ids" => Command::Ids(argument),
        "/stats" if argument.is_empty() => Command::ShowStats,
        "/stats" => Command::Stats(switch()?),
        "/plan" | "/reset" | "/load" | "/help" if !argument.is_empty() => return Err(wants("nothing after it")),
        "/plan" => Command::ShowPlan,
        "/reset" => Command::Reset,
        "/load" => Command::Load,
        "/help" => Command::Help,
        _ => return Err(Complaint::Unknown(command)),
    })
}

/// A number of up to seven digits, with a point or without. So few digits over so small a power of ten give the nearest
/// float; the standard library's way for any number would take 10 KB of tables.
fn decimal(text: &str) -> Option<f32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let (mut digits, mut value, mut scale) = (0, 0_u32, 1_u32);
    for byte in whole.bytes().chain(part.bytes()) {
        digits += 1;
        if digits > 7 || !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    part.bytes().for_each(|_| scale *= 10);
    (digits > 0).then(|| value as f32 / scale as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_the_standard_librarys() {
        for text in
            ["0", "1", "0.8", ".05", "0.95", "1.", "12.5", "0.333333", "9999999", "0.000001", "3.141593", "0.7000000"]
        {
            let want = text.parse::<f32>().ok().filter(|_| text.len() < 9);
            assert_eq!(decimal(text).map(f32::to_bits), want.map(f32::to_bits), "{text}");
        }
        for text in ["", ".", "-1", "1e3", "12345678", "0.12345678", "1.2.3", "NaN", "inf", " 1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_understood() {
        for (line, want) in [
            ("", Command::Nothing),
            ("  \t", Command::Nothing),
            (" hello /temp 3 ", Command::Prompt(" hello /temp 3 ")),
            ("/temp 0.8", Command::Temperature(0.8)),
            ("/temp 1000", Command::Temperature(1000.0)),
            (" /top-k  40 ", Command::TopK(40)),
            ("/top-k 256", Command::TopK(256)),
            ("/top-p 1", Command::TopP(1.0)),
            ("/min-p 0.05", Command::MinP(0.05)),
            ("/seed 18446744073709551615", Command::Seed(u64::MAX)),
            ("/len 7", Command::Length(7)),
            ("/ctx 64", Command::Context(64)),
            ("/chat off", Command::Chat(false)),
            ("/keep on", Command::Keep(true)),
            #[cfg(feature = "chat-pieces")]
            ("/think off", Command::Think(false)),
            ("/ids 1 2 3", Command::Ids("1 2 3")),
            ("/stats", Command::ShowStats),
            ("/stats on", Command::Stats(true)),
            ("/plan", Command::ShowPlan),
            ("/reset", Command::Reset),
            ("/load", Command::Load),
            ("/help", Command::Help),
        ] {
            assert_eq!(parse(line), Ok(want), "{line:?}");
        }
    }

    #[test]
    fn complaints_say_what_is_wanted() {
        for (line, want) in [
            ("/tmep 1", "there is no command /tmep; /help lists them"),
            ("/", "there is no command /; /help lists them"),
            ("/reset now", "/reset wants nothing after it"),
            ("/temp hot", "/temp wants a number from 0 to 1000, such as 0.8, of at most seven digits"),
            ("/temp", "/temp wants a number from 0 to 1000, such as 0.8, of at most seven digits"),
            ("/temp 1000.001", "/temp wants a number from 0 to 1000, such as 0.8, of at most seven digits"),
            ("/temp 9999999", "/temp wants a number from 0 to 1000, such as 0.8, of at most seven digits"),
            ("/top-p 1.5", "/top-p wants a number from 0 to 1, such as 0.95, of at most seven digits"),
            ("/min-p 0.12345678", "/min-p wants a number from 0 to 1, such as 0.95, of at most seven digits"),
            ("/seed 18446744073709551616", "/seed wants a whole number from 0 to 18446744073709551615"),
            ("/ctx 4294967296", "/ctx wants a whole number from 0 to 4294967295"),
            ("/len 4294967296", "/len wants a whole number from 1 to 4294967295"),
            ("/top-k -1", "/top-k wants a whole number from 0 to 256"),
            ("/top-k 257", "/top-k wants a whole number from 0 to 256"),
            ("/len 0", "/len wants a whole number from 1 to 4294967295"),
            ("/keep maybe", "/keep wants on or off"),
            ("/ids", "/ids wants token ids"),
        ] {
            assert_eq!(parse(line).map_err(|complaint| complaint.to_string()), Err(want.into()), "{line:?}");
        }
    }
}
