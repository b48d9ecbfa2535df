//! Commands in the model's answers. An answer is a JSON object, such as `{"do":"set","device":"light","level":30}`, or an array of two.

use serde::Deserialize;

/// A command to one device. Texts lie in the answer; what was not said is left out.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Command<'a> {
    /// `on`, `off`, `set`, `open` and others; `none` for a sentence that is no command.
    #[serde(rename = "do")]
    pub action: &'a str,
    /// The device, such as `light`.
    #[serde(default)]
    pub device: &'a str,
    /// Percent.
    #[serde(default)]
    pub level: Option<u8>,
}

impl<'a> Command<'a> {
    /// Parses an answer into its one or two commands. Both are `None` if the answer is not valid JSON of this form.
    pub fn parse(answer: &'a str) -> [Option<Self>; 2] {
        if let Ok(([first, second], _)) = serde_json_core::from_str::<[Self; 2]>(answer) {
            return [Some(first), Some(second)];
        }
        [serde_json_core::from_str(answer).ok().map(|(command, _)| command), None]
    }
}

/// A dimmable light.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Light {
    /// Percent; 0 is off.
    pub level: u8,
}

impl Light {
    /// Does what a command asks of lights; true if it asked for something.
    pub fn obey(&mut self, command: &Command<'_>) -> bool {
        if !matches!(command.device, "light" | "lamp" | "all") {
            return false;
        }
        self.level = match (command.action, command.level) {
            ("off", _) => 0,
            ("on" | "set", Some(level)) => level.min(100),
            ("on", None) => 100,
            _ => return false,
        };
        true
    }
}
