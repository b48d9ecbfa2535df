//! Prompts, texts and token ids from the user.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use crate::failure::Failure;

/// A file's text as it is.
pub(crate) fn text_file(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::io(path.display(), &error))?;
    utf8(bytes, &path.display().to_string())
}

/// The prompt on standard input, without its final line break.
pub(crate) fn prompt_from_stdin() -> Result<String, Failure> {
    let mut stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::Usage("a PROMPT, --ids FILE, or a prompt on standard input is needed".into()));
    }
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes).map_err(|error| Failure::io("standard input", &error))?;
    let mut text = utf8(bytes, "standard input")?;
    strip_line_break(&mut text);
    Ok(text)
}

/// Takes one line break off the end of `text`.
pub(crate) fn strip_line_break(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}

/// `bytes` as text.
pub(crate) fn utf8(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(format!("{what} is not UTF-8: the byte at offset {at} is invalid"))
    })
}

/// The token ids in a file.
pub(crate) fn ids_file(path: &Path) -> Result<Vec<u32>, Failure> {
    parse_ids(&text_file(path)?).map_err(|error| Failure::about(path.display(), error))
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
