//! Prompts, texts and token ids from the user.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use super::in_use;
use crate::failure::Failure;
use crate::size::show;

/// Bytes of a text, a list of ids or a line, at most: an endless input ends here.
pub(crate) const MAX_TEXT_BYTES: u64 = 64 << 20;

/// A file's text as it is.
pub(crate) fn text_file(path: &Path) -> Result<String, Failure> {
    text_of(path, MAX_TEXT_BYTES)
}

/// The data in a file of at most `most` bytes.
pub(crate) fn data_file(path: &Path, most: u64) -> Result<String, Failure> {
    Ok(without_mark(text_of(path, most)?))
}

/// The data in a file that the command may write later.
pub(crate) fn closed_data_file(path: &Path) -> Result<String, Failure> {
    let file = File::open(path).map_err(|error| Failure::io(path.display(), &error))?;
    Ok(without_mark(text(file, MAX_TEXT_BYTES, &path.display().to_string())?))
}

/// `data` without the byte order mark that some editors begin a file with.
fn without_mark(mut data: String) -> String {
    if data.starts_with('\u{feff}') {
        data.drain(..'\u{feff}'.len_utf8());
    }
    data
}

fn text_of(path: &Path, most: u64) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::io(path.display(), &error);
    let file = File::open(path).map_err(failed)?;
    in_use::read_once(path, &file).map_err(failed)?;
    text(file, most, &path.display().to_string())
}

/// Reads all of `input` as text of at most `most` bytes; messages call it `what`.
fn text(input: impl Read, most: u64, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let n = input.take(most + 1).read_to_end(&mut bytes).map_err(|error| Failure::io(what, &error))?;
    check_length(n, most, what)?;
    utf8(bytes, what)
}

fn check_length(n: usize, most: u64, what: &str) -> Result<(), Failure> {
    if n as u64 <= most {
        return Ok(());
    }
    Err(Failure::new(format!("{what} has more than {}, the limit: shorten it or split it", show(most))))
}

/// The prompt in a file, without its final line break.
pub(crate) fn prompt_file(path: &Path) -> Result<String, Failure> {
    let mut text = text_file(path)?;
    strip_line_break(&mut text);
    Ok(text)
}

/// The prompt on standard input, without its final line break.
pub(crate) fn prompt_from_stdin() -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::Usage(
            "a PROMPT, -f FILE, --ids FILE, --messages FILE, or a prompt on standard input is needed".into(),
        ));
    }
    let mut text = text(stdin.lock(), MAX_TEXT_BYTES, "standard input")?;
    strip_line_break(&mut text);
    Ok(text)
}

/// A line of standard input without its line break, or the reason why it cannot be used; none at the end.
pub(crate) fn line_from_stdin() -> Result<Option<Result<String, Failure>>, Failure> {
    line(io::stdin().lock(), MAX_TEXT_BYTES)
}

/// The next line of `input`, of at most `most` bytes, without its line break, or the reason why it cannot be used; none at the
/// end.
fn line(input: impl BufRead, most: u64) -> Result<Option<Result<String, Failure>>, Failure> {
    let mut bytes = Vec::new();
    let n = input.take(most + 1).read_until(b'\n', &mut bytes);
    let n = n.map_err(|error| Failure::io("standard input", &error))?;
    // Behind so long a line it is not worth looking for its end.
    check_length(n, most, "the line")?;
    if n == 0 {
        return Ok(None);
    }
    Ok(Some(utf8(bytes, "the line").map(|mut line| {
        strip_line_break(&mut line);
        line
    })))
}

/// Takes one line break off the end of `text`.
fn strip_line_break(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}

/// `bytes` as text.
fn utf8(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(format!("{what} is not UTF-8: the byte at offset {at} is invalid"))
    })
}

/// The token ids in a file.
pub(crate) fn ids_file(path: &Path) -> Result<Vec<u32>, Failure> {
    parse_ids(&data_file(path, MAX_TEXT_BYTES)?).map_err(|error| Failure::about(path.display(), error))
}

fn parse_ids(text: &str) -> Result<Vec<u32>, String> {
    let id = |(i, word): (usize, &str)| {
        word.parse().map_err(|_| {
            let word: String = word.chars().take(32).collect();
            format!("word {} ({word:?}) is not a token id", i + 1)
        })
    };
    text.split_ascii_whitespace().enumerate().map(id).collect()
}

/// Checks that every id is below `n_vocab`, the number of tokens in the vocabulary.
pub(crate) fn check_ids(ids: &[u32], n_vocab: u32) -> Result<(), Failure> {
    match ids.iter().position(|&id| id >= n_vocab) {
        None => Ok(()),
        Some(i) => {
            let id = ids[i];
            Err(Failure::new(format!("token {} has id {id}, but the vocabulary has {n_vocab} tokens", i + 1)))
        }
    }
}

/// True for a word, and not a text, that ends as the names of GGUF files do.
pub(crate) fn is_named_gguf(word: &OsStr) -> bool {
    let has_space = word.as_encoded_bytes().iter().any(u8::is_ascii_whitespace);
    !has_space && Path::new(word).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_of_digits() {
        assert_eq!(parse_ids(" 1 2\n3\t4294967295 "), Ok(vec![1, 2, 3, u32::MAX]));
        assert_eq!(parse_ids(""), Ok(vec![]));
        assert_eq!(parse_ids("1 2,3"), Err("word 2 (\"2,3\") is not a token id".into()));
        assert!(parse_ids("4294967296").is_err() && parse_ids("-1").is_err());
        assert!(check_ids(&[0, 9], 10).is_ok() && check_ids(&[0, 10], 10).is_err());
    }

    #[test]
    fn endless_inputs_end_at_the_limit() {
        assert_eq!(text(&b"abcd"[..], 4, "x").expect("four bytes"), "abcd");
        let error = text(&b"abcde"[..], 4, "x").expect_err("five bytes");
        assert_eq!(error.to_string(), "x has more than 4 B, the limit: shorten it or split it");
        assert!(text(io::repeat(b'1'), 1 << 16, "x").is_err());
        let first = line(&b"abc\nd"[..], 4).expect("four bytes").expect("not the end");
        assert_eq!(first.expect("UTF-8"), "abc");
        assert!(line(&b""[..], 4).expect("the end").is_none());
        assert!(line(&b"\xff\nd"[..], 4).expect("two bytes").expect("not the end").is_err());
        let error = line(io::BufReader::new(io::repeat(0)), 1 << 16).expect_err("an endless line");
        assert_eq!(error.to_string(), "the line has more than 64.0 KiB, the limit: shorten it or split it");
    }

    #[test]
    fn one_line_break_is_taken_off() {
        for (text, want) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a"), ("a\r", "a\r"), ("", "")] {
            let mut text = text.to_owned();
            strip_line_break(&mut text);
            assert_eq!(text, want);
        }
    }

    #[test]
    fn invalid_text_says_where() {
        let error = utf8(b"abc\xffd".to_vec(), "x").expect_err("not UTF-8");
        assert_eq!(error.to_string(), "x is not UTF-8: the byte at offset 3 is invalid");
    }
}
