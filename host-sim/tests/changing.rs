//! A model that changes while a command uses it: the command says so, or goes on with what it opened.
#![cfg(unix)]

mod folder;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use folder::Folder;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/flashlet-demo-q4_k.gguf");
const QUESTION: &str = "turn the lamp off\n";

/// The two ways in which weights are read from a file while a model runs.
const WAYS: [[&str; 4]; 2] =
    [["--source", "mmap", "--residency", "mapped"], ["--source", "file", "--residency", "streamed"]];

/// A conversation with a copy of a model.
struct Chat {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Chat {
    /// Starts it, and has one question answered, so that the model is loaded.
    fn start(model: &str, way: &[&str]) -> Chat {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flashlet"))
            .args(["chat", "-m", model, "--temp", "0", "-t", "1"])
            .args(way)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut chat = Chat { child, input, output };
        assert_eq!(chat.ask(), "{\"do\":\"off\",\"device\":\"lamp\"}\n");
        chat
    }

    fn ask(&mut self) -> String {
        self.input.write_all(QUESTION.as_bytes()).expect("it listens");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("it is UTF-8");
        answer
    }

    /// Ends the input; returns the exit code, none after a signal, and standard error.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.input);
        let mut err = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("it is UTF-8");
        (self.child.wait().expect("it ends").code(), err)
    }
}

fn copy(folder: &Folder) -> String {
    let path = folder.path("model.gguf");
    fs::copy(MODEL, &path).expect("the folder can be written");
    path
}

fn open(path: &str) -> File {
    File::options().write(true).open(path).expect("it is ours")
}

#[test]
fn a_model_that_is_cut_short_ends_the_command_with_a_message() {
    let folder = Folder::new("cut");
    for way in WAYS {
        for len in [0, 4096, 400_000] {
            let model = copy(&folder);
            let mut chat = Chat::start(&model, &way);
            open(&model).set_len(len).expect("it is ours");
            chat.ask();
            let (code, err) = chat.end();
            assert_eq!((code, err.lines().count()), (Some(1), 1), "{way:?}, {len}: {err}");
            assert!(err.starts_with(&format!("error: {model} was cut short")), "{way:?}, {len}: {err}");
            assert!(err.contains("start again with the whole file"), "{way:?}, {len}: {err}");
        }
    }
}

#[test]
fn a_model_that_is_written_to_ends_the_command_with_a_message() {
    let folder = Folder::new("written-to");
    for way in WAYS {
        // The embedding's last row, which no token of the question has, and all of the file once more.
        let bytes = fs::read(MODEL).expect("it is there");
        for (offset, bytes) in [(bytes.len() - 1, &[0x5a][..]), (0, &bytes[..]), (bytes.len(), b"more")] {
            let model = copy(&folder);
            let mut chat = Chat::start(&model, &way);
            open(&model).write_all_at(bytes, offset as u64).expect("it is ours");
            chat.ask();
            let (code, err) = chat.end();
            assert_eq!((code, err.lines().count()), (Some(1), 1), "{way:?}, {offset}: {err}");
            assert!(err.starts_with(&format!("error: {model} was written to while it was in use")), "{err}");
        }
    }
}

#[test]
fn a_model_whose_name_another_takes_is_used_to_the_end() {
    let folder = Folder::new("renamed");
    let other = folder.path("other.gguf");
    for way in WAYS {
        let model = copy(&folder);
        let mut undisturbed = Chat::start(&model, &way);
        let want = undisturbed.ask();
        assert_eq!(undisturbed.end(), (Some(0), String::new()));
        let mut chat = Chat::start(&model, &way);
        fs::write(&other, b"no model").expect("the folder can be written");
        fs::rename(&other, &model).expect("the folder can be written");
        assert_eq!(chat.ask(), want);
        assert_eq!(chat.end(), (Some(0), String::new()), "{way:?}");
    }
}

#[test]
fn what_was_made_of_a_model_that_changed_is_not_kept() {
    let folder = Folder::new("not-kept");
    let (ids, logits) = (folder.path("ids"), folder.path("logits"));
    assert!(Command::new("mkfifo").arg(&ids).status().expect("coreutils").success());
    fs::write(&logits, "of before").expect("the folder can be written");
    let model = copy(&folder);
    let child = Command::new(env!("CARGO_BIN_EXE_flashlet"))
        .args(["eval", "-m", &model, "--ids", &ids, "--logits-out", &logits])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // It is opened when the model was.
    let mut pipe = open(&ids);
    open(&model).write_all_at(&[0x5a], 700_000).expect("it is ours");
    pipe.write_all(b"3 4 5").expect("it is read");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("was written to while it was in use"), "{err}");
    assert_eq!(fs::read(&logits).expect("it is there"), b"of before");
    assert_eq!(folder.names(), ["ids", "logits", "model.gguf"]);
}
