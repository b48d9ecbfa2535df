//! Spellings that users of llama.cpp are used to, rewritten before the command line is parsed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::io::input::is_named_gguf;

/// Flags of several letters behind one dash, which the parser would take for as many flags, and this program's spelling.
const LONG_FLAGS: [(&str, &str); 2] = [("-ngl", "--n-gpu-layers"), ("-sys", "--system")];

/// The arguments as the parser takes them: [`LONG_FLAGS`] in this program's spelling, and `-m` in front of a command's first
/// word if that is a model and no other model is named. A word is a model if it names a GGUF file, there or not, or any file where the
/// command has no other use for a word.
pub(crate) fn rewritten(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    // What follows `--` is no flag.
    let flags = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    for arg in &mut args[..flags] {
        if let Some((_, ours)) = LONG_FLAGS.iter().find(|(theirs, _)| arg == theirs) {
            *arg = ours.into();
        }
    }
    let names_model = args[..flags].iter().any(|arg| is_model_flag(arg));
    if let [_, command, word, ..] = &args[..]
        && !names_model
        && !word.as_encoded_bytes().starts_with(b"-")
        && takes_model(command)
        && (is_named_gguf(word) || is_gguf(word) || (!takes_words(command) && Path::new(word).exists()))
    {
        args.insert(2, "-m".into());
    }
    args
}

/// True for a command that has the flag `--model`.
fn takes_model(command: &OsStr) -> bool {
    let program = Cli::command();
    let command = program.find_subcommand(command);
    command.is_some_and(|command| command.get_arguments().any(|arg| arg.get_long() == Some("model")))
}

/// True for a command that has a use for a word, such as a prompt.
fn takes_words(command: &OsStr) -> bool {
    Cli::command().find_subcommand(command).is_some_and(|command| command.get_positionals().next().is_some())
}

/// True for `-m`, `--model`, and both with their value in the same argument.
fn is_model_flag(arg: &OsStr) -> bool {
    let bytes = arg.as_encoded_bytes();
    bytes.starts_with(b"-m") || bytes == b"--model" || bytes.starts_with(b"--model=")
}

/// True if `word` names a file with GGUF's magic. Special files are not opened: that could take something
/// out of a pipe, or wait for its writer.
fn is_gguf(word: &OsStr) -> bool {
    let path = Path::new(word);
    let mut magic = [0; 4];
    path.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"GGUF"
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");

    fn rewrite(args: &[&str]) -> Vec<String> {
        let args = ["flashlet"].iter().chain(args).map(OsString::from);
        rewritten(args).into_iter().skip(1).map(|arg| arg.into_string().expect("UTF-8")).collect()
    }

    #[test]
    fn two_flags_are_spelled_otherwise() {
        assert_eq!(rewrite(&["run", "-ngl", "99", "-sys", "x"]), ["run", "--n-gpu-layers", "99", "--system", "x"]);
        for same in [&["run", "-nglx", "-s", "1"][..], &["run", "--", "-ngl"], &["-n", "gl"], &[]] {
            assert_eq!(rewrite(same), same);
        }
    }

    #[test]
    fn the_first_word_may_be_the_model() {
        assert_eq!(rewrite(&["run", MODEL, "hi"]), ["run", "-m", MODEL, "hi"]);
        assert_eq!(rewrite(&["inspect", MODEL]), ["inspect", "-m", MODEL]);
        // A file that is not there is missed, and is no prompt.
        assert_eq!(rewrite(&["run", "no-such.gguf", "hi"]), ["run", "-m", "no-such.gguf", "hi"]);
        assert_eq!(rewrite(&["inspect", "no-such.gguf"]), ["inspect", "-m", "no-such.gguf"]);
        let folder = env!("CARGO_MANIFEST_DIR");
        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(rewrite(&["inspect", text]), ["inspect", "-m", text]);
        for same in [
            &["run", MODEL, "-m", "other.gguf"][..],
            &["run", MODEL, "-mother.gguf"],
            &["run", MODEL, "--model=other.gguf"],
            &["run", "hi", MODEL],
            &["run", text],
            &["run", folder],
            &["run", "tell me about x.gguf"],
            &["inspect", "--json"],
            &["plan", "stm32f405"],
            &["pack", MODEL, "out.gguf"],
            &["completions", MODEL],
        ] {
            assert_eq!(rewrite(same), same);
        }
    }
}
