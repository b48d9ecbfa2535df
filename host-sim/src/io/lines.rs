//! Lines from a person at a terminal, who may edit them, or from a file or a pipe.

use std::io::{self, ErrorKind, IsTerminal};

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Cmd, Config, Editor, EventHandler, KeyCode, KeyEvent, Modifiers};

use super::ctrl_c;
use super::history::History;
use super::input::line_from_stdin;
use super::output::note;
use crate::failure::Failure;

const PROMPT: &str = "> ";

/// A line, or what came in its place.
#[derive(Debug)]
pub(crate) enum Line {
    Text(String),
    /// A line that cannot be used, and why. More may follow.
    Unusable(Failure),
    /// Ctrl-C was pressed.
    Interrupted,
    End,
}

/// Standard input, line by line.
pub(crate) enum Lines {
    /// With keys for editing, a history, and pastes that are one line as far as the program goes.
    Edited(Box<Editor<(), DefaultHistory>>, History),
    /// Lines as they are, after a prompt if a person writes them.
    Plain { prompted: bool },
}

impl Lines {
    /// Lines of standard input, which are edited where it is a terminal and what is edited can be shown. Those of earlier
    /// sessions are at hand then, and these are `kept` for later ones.
    pub(crate) fn new(kept: bool) -> Lines {
        let prompted = io::stdin().is_terminal();
        if prompted && io::stdout().is_terminal() {
            ctrl_c::catch();
            let config = Config::builder().auto_add_history(true).bracketed_paste(true).build();
            if let Ok(mut editor) = Editor::with_config(config) {
                let newline = KeyEvent(KeyCode::Enter, Modifiers::ALT);
                editor.bind_sequence(newline, EventHandler::Simple(Cmd::Newline));
                let history = History::of_user(kept);
                for line in history.lines() {
                    // A line more or less.
                    let _ = editor.add_history_entry(line);
                }
                return Lines::Edited(Box::new(editor), history);
            }
        }
        Lines::Plain { prompted }
    }

    /// True if a person writes the lines.
    pub(crate) fn prompted(&self) -> bool {
        matches!(self, Lines::Edited(..) | Lines::Plain { prompted: true })
    }

    /// The next line, without its line break.
    ///
    /// # Errors
    /// Input that cannot be read any more.
    pub(crate) fn next(&mut self) -> Result<Line, Failure> {
        match self {
            Lines::Edited(editor, history) => match editor.readline(PROMPT) {
                Ok(text) => {
                    history.add(&text);
                    Ok(Line::Text(text))
                }
                Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                Err(ReadlineError::Eof) => Ok(Line::End),
                Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                    Ok(Line::Unusable(Failure::new("the line is not UTF-8")))
                }
                Err(error) => Err(Failure::about("the terminal", error)),
            },
            Lines::Plain { prompted } => {
                if *prompted {
                    note(PROMPT);
                }
                let line = line_from_stdin()?;
                if line.is_none() && *prompted {
                    note("\n");
                }
                Ok(match line {
                    Some(Ok(text)) => Line::Text(text),
                    Some(Err(failure)) => Line::Unusable(failure),
                    None => Line::End,
                })
            }
        }
    }
}
