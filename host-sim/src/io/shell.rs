//! Words on a shell's command line.

/// `words` as a line that a POSIX shell splits into them again.
pub(crate) fn command_line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// `word`, in quotes if a shell would take it for anything but a word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // A quote ends the quotes, stands there escaped, and begins them again.
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_change_are_quoted() {
        let words = ["--kv", "q8_0", "", "my board.toml", "a'b", "$(x)", "größer", "--verify=all"].map(str::to_owned);
        let want = r"--kv q8_0 '' 'my board.toml' 'a'\''b' '$(x)' 'größer' --verify=all";
        assert_eq!(command_line(&words), want);
    }
}
