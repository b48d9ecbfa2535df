//! The lines that a user writes: messages, and commands that begin with a slash.

use std::path::Path;

/// The commands, as `/help` shows them.
pub(super) const HELP: &str = "\
/system [TEXT]  set the system message, from the next message on; without TEXT there is none
/save FILE      write the conversation to FILE, as run --messages reads it
/load FILE      go on with the conversation in FILE
/reset          forget the conversation
/stats          show speed, memory and flash traffic
/help           show this
/quit           end, as do /bye, /exit, Ctrl-D, and Ctrl-C twice
Alt-Enter begins a new line within a message. Ctrl-C stops an answer.
";

/// A line that a user wrote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'l> {
    Nothing,
    Say(&'l str),
    System(&'l str),
    Save(&'l Path),
    Load(&'l Path),
    Reset,
    Stats,
    Help,
    Quit,
    Unknown(&'l str),
    /// A command without what it needs, and how it is used.
    Incomplete(&'static str),
}

impl Command<'_> {
    /// The command in `line`. A message may begin with a slash, too, if it has more than one word.
    pub(super) fn parse(line: &str) -> Command<'_> {
        let trimmed = line.trim();
        let (word, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let rest = rest.trim();
        match (word, rest) {
            ("", _) => Command::Nothing,
            ("/system", text) => Command::System(text),
            ("/save", "") => Command::Incomplete("/save FILE"),
            ("/load", "") => Command::Incomplete("/load FILE"),
            ("/save", path) => Command::Save(Path::new(path)),
            ("/load", path) => Command::Load(Path::new(path)),
            ("/reset", "") => Command::Reset,
            ("/stats", "") => Command::Stats,
            ("/help" | "/?", "") => Command::Help,
            ("/quit" | "/bye" | "/exit", "") => Command::Quit,
            (word, "") if word.starts_with('/') => Command::Unknown(word),
            _ => Command::Say(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command_or_a_message() {
        for (line, want) in [
            ("  ", Command::Nothing),
            (" hi there ", Command::Say(" hi there ")),
            ("/system Be brief. ", Command::System("Be brief.")),
            ("/system", Command::System("")),
            ("/save a b.json", Command::Save(Path::new("a b.json"))),
            ("/load", Command::Incomplete("/load FILE")),
            (" /bye ", Command::Quit),
            ("/nosuch", Command::Unknown("/nosuch")),
            ("/etc/passwd is what?", Command::Say("/etc/passwd is what?")),
            ("/reset it", Command::Say("/reset it")),
        ] {
            assert_eq!(Command::parse(line), want, "{line:?}");
        }
    }
}
