//! Inputs without an end, and names that act on a terminal.
#![cfg(target_os = "linux")]

mod folder;
mod gguf_bytes;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Output, Stdio};

use folder::Folder;
use gguf_bytes::{F32, GgufBytes, I32, STRING, U32};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");
/// Bytes of a text, at most, as `host-sim/README.md` states.
const LIMIT: usize = 64 << 20;

/// `flashlet args` with at most `kib` of memory, so that a command that reads without an end fails soon.
fn limited(kib: u32, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {kib}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_flashlet")]).args(args);
    command
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("a shell starts")
}

/// Asserts that the command ends with `code` and one message that states the limit.
#[track_caller]
fn names_the_limit(output: &Output, code: i32, limit: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{err}");
    assert!(err.starts_with("error: ") && err.contains(&format!("has more than {limit}, the limit")), "{err}");
    assert!(output.stdout.is_empty());
}

#[test]
fn endless_files_end_at_the_limit() {
    let commands: [&[&str]; 4] = [
        &["run", "-m", MODEL, "--ids", "/dev/zero"],
        &["eval", "-m", MODEL, "--ids", "/dev/zero"],
        &["eval", "-m", MODEL, "--file", "/dev/zero"],
        &["tokenize", "-m", MODEL, "--file", "/dev/zero"],
    ];
    for args in commands {
        names_the_limit(&run(&mut limited(1 << 20, args)), 1, "64.0 MiB");
    }
    let folder = Folder::new("endless");
    let board = folder.path("board.toml");
    symlink("/dev/zero", &board).expect("the folder can be written");
    names_the_limit(&run(&mut limited(1 << 20, &["plan", "--board", &board])), 1, "1.0 MiB");
}

#[test]
fn endless_pipes_end_at_the_limit() {
    for args in [
        &["run", "-m", MODEL][..],
        &["run", "-m", MODEL, "--ids", "/dev/stdin"],
        &["tokenize", "-m", MODEL, "--file", "/dev/stdin"],
        &["chat", "-m", MODEL, "--chat-format", "chatml"],
    ] {
        let mut child = limited(1 << 20, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut pipe = child.stdin.take().expect("it is piped");
        let chunk = [b'1'; 1 << 16];
        let mut written = 0;
        while let Ok(n) = pipe.write(&chunk) {
            written += n;
            assert!(written < 2 * LIMIT, "{args:?} reads on");
        }
        drop(pipe);
        assert!(written > LIMIT, "{args:?} reads as far as the limit");
        names_the_limit(&child.wait_with_output().expect("it ends"), 1, "64.0 MiB");
    }
}

#[test]
fn the_limit_itself_is_allowed() {
    let folder = Folder::new("limit");
    let ids = folder.path("ids");
    let mut text = vec![b' '; LIMIT - 5];
    text.extend(b"3 4 5");
    fs::write(&ids, &text).expect("the folder can be written");
    let args = ["run", "-m", MODEL, "--ids", &ids, "-n", "0", "--ctx", "8"];
    let output = run(&mut limited(1 << 20, &args));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    File::options().append(true).open(&ids).and_then(|mut file| file.write_all(b"\n")).expect("it is ours");
    names_the_limit(&run(&mut limited(1 << 20, &args)), 1, "64.0 MiB");
}

#[test]
fn a_million_keys_take_no_memory() {
    let folder = Folder::new("million");
    let path = folder.path("model.gguf");
    let mut model = GgufBytes::default().key("general.architecture", STRING, &GgufBytes::string("llama"));
    for i in 0..1_000_000_u32 {
        model = model.key(&format!("key.{i:07}"), U32, &i.to_le_bytes());
    }
    fs::write(&path, model.bytes()).expect("the folder can be written");
    // The program and its mapping of the file, and little more: one copy of the keys takes more.
    for (flags, last) in [(&[][..], "  key.0999999"), (&["--json"], "\"key.0999999\":999999}")] {
        let output = run(&mut limited(100 << 10, &[&["inspect", "-m", &path], flags].concat()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains(last));
    }
}

/// A line break, an escape sequence, a carriage return, and Unicode's override and isolate of the direction of text.
const HOSTILE: &str = "a\n\u{1b}[2Jb\rc\u{202e}d\u{2066}e\u{85}";
const ESCAPED: &str = "a\\n\\u{1b}[2Jb\\rc\\u{202e}d\\u{2066}e\\u{85}";

#[track_caller]
fn is_harmless(text: &[u8]) {
    let text = core::str::from_utf8(text).expect("it is UTF-8");
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!text.contains(harmful), "{text:?}");
}

#[test]
fn hostile_names_of_files_are_escaped() {
    let folder = Folder::new("hostile");
    let path = folder.path(&format!("{HOSTILE}.toml"));
    let shown = folder.path(&format!("{ESCAPED}.toml"));
    let packed = folder.path("packed.gguf");
    let commands: [(i32, &[&str]); 11] = [
        (1, &["run", "-m", &path, "x"]),
        (1, &["inspect", "-m", &path]),
        (1, &["pack", &path, &packed]),
        (1, &["pack", MODEL, &path]),
        (1, &["report", "--board", "weact-h743", "-o", &path]),
        (1, &["run", "-m", MODEL, "--ids", &path]),
        (1, &["tokenize", "-m", MODEL, "--file", &path]),
        (1, &["run", "--load-prefix", &path, "x"]),
        (1, &["plan", "--board", &path]),
        (2, &["run", "x", &path]),
        (2, &["run", "--x", &path]),
    ];
    // Three kinds of path: to nothing, to a folder, and to a file of the wrong kind.
    for kind in ["nothing", "a folder", "a text"] {
        match kind {
            "a folder" => fs::create_dir(&path).expect("the folder can be written"),
            "a text" => {
                fs::remove_dir(&path).expect("it is empty");
                fs::write(&path, [HOSTILE.as_bytes(), &[0xff]].concat()).expect("the folder can be written");
            }
            _ => {}
        }
        for (code, args) in commands {
            let writes = args.last() == Some(&path.as_str()) && ["pack", "report"].contains(&args[0]);
            if writes && kind != "a folder" {
                continue;
            }
            let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(args));
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{kind}, {args:?}: {err}");
            is_harmless(&output.stderr);
            is_harmless(&output.stdout);
            assert!(code == 2 || err.lines().count() == 1, "{kind}, {args:?}: {err}");
            assert!(err.contains(&shown) || args[1].starts_with("--x"), "{kind}, {args:?}: {err}");
        }
    }
    assert_eq!(folder.names(), [format!("{HOSTILE}.toml")], "none of them writes a file");
    // Lines of the file are shown.
    fs::write(&path, format!("name = \"{HOSTILE}\"\n")).expect("the folder can be written");
    let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(["plan", "--board", &path]));
    assert_eq!(output.status.code(), Some(1));
    is_harmless(&output.stderr);
    // The name of a board that is one.
    let board = include_str!("slow_flash.toml").replacen("mine", "a\\n\\u202e", 1);
    fs::write(&path, board).expect("the folder can be written");
    let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(["plan", "--board", &path]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    is_harmless(&output.stdout);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("a\\n\\u{202e}: "));
}

#[test]
fn hostile_names_in_a_model_are_escaped() {
    let folder = Folder::new("hostile-model");
    let (model, packed) = (folder.path("model.gguf"), folder.path("packed.gguf"));
    let file = GgufBytes::default()
        .key("general.architecture", STRING, &GgufBytes::string(HOSTILE))
        .key(HOSTILE, STRING, &GgufBytes::string(HOSTILE))
        .key("test.epsilon", F32, &1e-6f32.to_le_bytes())
        .array(&format!("{HOSTILE}.list"), I32, &[1i32, 2].map(|x| x.to_le_bytes().to_vec()))
        .f32_tensor(HOSTILE, 8);
    fs::write(&model, file.bytes()).expect("the folder can be written");
    let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(["inspect", "-m", &model]));
    assert!(output.status.success());
    is_harmless(&output.stdout);
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches(ESCAPED).count(), 5);
    for args in [&["run", "-m", &model, "x"][..], &["plan", "-m", &model], &["pack", &model, &packed]] {
        let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(args));
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), err.lines().count()), (Some(1), 1), "{args:?}: {err}");
        is_harmless(&output.stderr);
    }
    // A model that runs, with one key more.
    let mut bytes = fs::read(MODEL).expect("the fixture is there");
    let n_keys = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
    bytes[16..24].copy_from_slice(&(n_keys + 1).to_le_bytes());
    let key = [&GgufBytes::string(HOSTILE)[..], &STRING.to_le_bytes()].concat();
    // The file's data stay aligned to 32 bytes.
    let length = (key.len() + 8 + 1).next_multiple_of(32) - key.len() - 8;
    bytes.splice(24..24, [key, GgufBytes::string(&"x".repeat(length))].concat());
    fs::write(&model, bytes).expect("the folder can be written");
    let output = run(Command::new(env!("CARGO_BIN_EXE_flashlet")).args(["pack", "--strip", &model, &packed]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    is_harmless(&output.stdout);
    assert!(String::from_utf8_lossy(&output.stdout).contains(ESCAPED));
}

#[test]
fn a_full_device_is_an_error() {
    let full = || File::options().write(true).open("/dev/full").expect("Linux has it");
    for args in [
        &["--help"][..],
        &["--version"],
        &["run", "--help"],
        &["inspect", "-h"],
        &["completions", "bash"],
        &["inspect"],
        &["inspect", "--json"],
        &["plan"],
        &["plan", "--json"],
        &["plan", "--board", "weact-h743"],
        &["tokenize", "--text", "x"],
        &["run", "turn the lamp off"],
        &["run", "turn the lamp off", "--json"],
        &["bench", "-p", "4", "-n", "2", "-r", "1"],
        &["eval", "--ids", "/dev/stdin"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flashlet"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(full())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let _ = child.stdin.take().expect("it is piped").write_all(b"3 4 5");
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert_eq!(err, "error: standard output: no space left on device\n", "{args:?}");
    }
}
