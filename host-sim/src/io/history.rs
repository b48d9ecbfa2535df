//! The lines of earlier sessions, kept in a file of the user's: a JSON string a line, since a message may have several lines.
//!
//! It is a convenience. A file that cannot be read or written is passed over.

use core::fmt::Write as _;
use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::output_file::OutputFile;
use crate::failure::Failure;

/// Names another file; an empty value switches the history off.
const VARIABLE: &str = "FLASHLET_HISTORY";

/// Lines that are kept; up to twice as many are in the file.
const MAX_LINES: usize = 1000;
/// Bytes of a file that is still read, and of a line that is kept.
const MAX_FILE: u64 = 16 << 20;
const MAX_LINE: usize = 16 << 10;

/// The file of earlier lines, if there is to be one.
pub(crate) struct History(Option<PathBuf>);

impl History {
    /// The user's history, or none that lasts unless it is `kept`.
    pub(crate) fn of_user(kept: bool) -> History {
        History(if kept { place(|name| env::var_os(name)) } else { None })
    }

    /// The latest lines, oldest first. A file that has become long is shortened to them.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some(path) = &self.0 else { return Vec::new() };
        // Nothing but a file: a pipe would be waited for.
        let is_readable = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_FILE);
        let text = if is_readable { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        let mut lines: Vec<String> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let n = text.lines().count();
        lines.drain(..lines.len().saturating_sub(MAX_LINES));
        if n > 2 * MAX_LINES {
            let _ = shorten(path, &lines);
        }
        lines
    }

    /// Adds `line`.
    pub(crate) fn add(&self, line: &str) {
        if let Some(path) = &self.0
            && !line.trim().is_empty()
            && line.len() <= MAX_LINE
        {
            let _ = append(path, line);
        }
    }
}

/// The file's place in the user's folder for such files, by the `variable`s of the environment.
fn place(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = variable(VARIABLE) {
        return Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    }
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))
    };
    Some(state?.join("flashlet").join("history"))
}

/// Adds `line` to the file at `path`, which nobody else may read.
fn append(path: &Path, line: &str) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut folder = DirBuilder::new();
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        options.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.recursive(true).create(parent)?;
    }
    // One write, so that the lines of two sessions are not mixed.
    options.open(path)?.write_all(format!("{}\n", serde_json::to_string(line)?).as_bytes())
}

/// Writes `lines` in place of the file at `path`.
fn shorten(path: &Path, lines: &[String]) -> Result<(), Failure> {
    let mut output = OutputFile::create(path)?;
    let mut text = String::new();
    for line in lines {
        let line = serde_json::to_string(line).map_err(|error| Failure::about("JSON", error))?;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    output.write_all(text.as_bytes()).map_err(|error| output.failure(&error))?;
    output.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_users() {
        let place_with = |set: &[(&str, &str)]| {
            place(|name| set.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value)))
        };
        assert_eq!(place_with(&[(VARIABLE, ""), ("HOME", "/h"), ("LOCALAPPDATA", "/h")]), None);
        assert_eq!(place_with(&[(VARIABLE, "x"), ("HOME", "/h")]), Some("x".into()));
        assert_eq!(place_with(&[]), None);
        if !cfg!(windows) {
            assert_eq!(place_with(&[("HOME", "/h")]), Some("/h/.local/state/flashlet/history".into()));
            assert_eq!(place_with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]), Some("/s/flashlet/history".into()));
            assert_eq!(place_with(&[("HOME", "not absolute")]), None);
        }
    }

    #[test]
    fn lines_are_kept_and_old_ones_are_left_out() {
        let folder = env::temp_dir().join(format!("flashlet-history-{}", std::process::id()));
        let path = folder.join("a").join("history");
        let history = History(Some(path.clone()));
        assert!(history.lines().is_empty());
        ["one", "two\nlines", " ", &"x".repeat(MAX_LINE + 1)].iter().for_each(|line| history.add(line));
        assert_eq!(history.lines(), ["one", "two\nlines"]);
        // What is no line of ours is passed over.
        fs::write(&path, "\"one\"\nnonsense\n\"two\"\n").expect("it is ours");
        assert_eq!(history.lines(), ["one", "two"]);
        let many: String = (0..=2 * MAX_LINES).map(|i| format!("\"{i}\"\n")).collect();
        fs::write(&path, many).expect("it is ours");
        let lines = history.lines();
        assert_eq!((lines.len(), &*lines[MAX_LINES - 1]), (MAX_LINES, "2000"));
        assert_eq!(fs::read_to_string(&path).expect("it is ours").lines().count(), MAX_LINES);
        // No file can be there.
        let nowhere = History(Some(path.join("history")));
        nowhere.add("one");
        assert!(nowhere.lines().is_empty() && History(None).lines().is_empty());
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
