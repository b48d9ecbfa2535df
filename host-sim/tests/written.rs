//! The files that commands write: each takes its place whole, and nothing else is touched.
#![cfg(unix)]

mod binary;
mod folder;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use binary::flashlet_with;
use folder::Folder;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");

/// A folder with a model and token ids, which all commands read.
struct Setting(Folder);

impl Setting {
    fn new(name: &str) -> Setting {
        let folder = Folder::new(name);
        fs::copy(MODEL, folder.path("model.gguf")).expect("the folder can be written");
        fs::write(folder.path("ids"), "3 10 17 24 31 38").expect("the folder can be written");
        fs::write(folder.path("board.toml"), include_str!("slow_flash.toml")).expect("the folder can be written");
        Setting(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path(name)
    }

    /// The commands that write a file, with their arguments for writing it at `output`.
    fn commands(&self, output: &str) -> [Vec<String>; 4] {
        let [model, ids, board] = ["model.gguf", "ids", "board.toml"].map(|name| self.path(name));
        let args = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect();
        [
            args(&["pack", &model, output]),
            args(&["report", "-m", &model, "--ctx", "64", "--board", &board, "-o", output]),
            args(&["eval", "-m", &model, "--ids", &ids, "--logits-out", output]),
            args(&["run", "-m", &model, "--ids", &ids, "-n", "0", "--ctx", "96", "--save-prefix", output]),
        ]
    }
}

fn flashlet(args: &[String]) -> (i32, String, String) {
    flashlet_with(b"", &args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn fails(args: &[String], words: &str) {
    let (code, out, err) = flashlet(args);
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && err.contains(words), "{args:?}: {err}");
}

#[track_caller]
fn succeeds(args: &[String]) {
    let (code, _, err) = flashlet(args);
    assert_eq!(code, 0, "{args:?}: {err}");
}

#[test]
fn special_files_are_left_alone() {
    let setting = Setting::new("special");
    let [pipe, socket, device, folder] = ["pipe", "socket", "device", "folder"].map(|name| setting.path(name));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("coreutils").success());
    let _listener = UnixListener::bind(&socket).expect("a short path");
    // No command writes to this device, nor to its link, which a rename would replace.
    symlink("/dev/null", &device).expect("the folder can be written");
    fs::create_dir(&folder).expect("the folder can be written");
    let names = setting.0.names();
    for output in [&pipe, &socket, &device, &folder] {
        let before = fs::symlink_metadata(output).expect("it is there");
        for args in setting.commands(output) {
            fails(&args, output);
        }
        let after = fs::symlink_metadata(output).expect("it is still there");
        assert_eq!((after.ino(), after.file_type()), (before.ino(), before.file_type()), "{output}");
    }
    assert!(fs::metadata(&device).expect("it is there").file_type().is_char_device());
    assert_eq!(setting.0.names(), names);
    let there = setting.commands(&pipe);
    fails(&there[0], "is a pipe");
    fails(&setting.commands(&device)[1], "is a device");
    fails(&setting.commands(&folder)[2], "is a folder");
    let missing = setting.path("missing");
    for args in setting.commands(&format!("{missing}/output")) {
        fails(&args, &format!("there is no folder {missing}"));
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let setting = Setting::new("limit");
    let names = setting.0.names();
    let output = setting.path("output");
    for args in setting.commands(&output) {
        // No file may have more than 512 bytes.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -f 1 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_flashlet")]).args(&args);
        let result = command.stdout(Stdio::null()).output().expect("a shell");
        let err = String::from_utf8_lossy(&result.stderr);
        assert!(result.status.code() == Some(1) && err.contains(&output), "{args:?}: {:?} {err}", result.status);
        assert_eq!(setting.0.names(), names);
    }
}

#[test]
fn standard_output_is_no_place_for_a_file() {
    let setting = Setting::new("stdout");
    // A link to it, which a rename would replace.
    let link = setting.path("link");
    symlink("/dev/stdout", &link).expect("the folder can be written");
    let names = setting.0.names();
    for (output, words) in [("-", "is not written to standard output"), (&link, "is a pipe")] {
        for args in &setting.commands(output)[..3] {
            fails(args, words);
        }
    }
    assert!(Path::new(&link).is_symlink());
    let page = setting.path("page.html");
    for args in &setting.commands(&page)[..3] {
        let out = fs::File::create(&page).expect("the folder can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_flashlet"));
        let output = command.args(args).stdout(out).output().expect("the binary starts");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains("is where standard output goes"), "{err}");
    }
    fs::remove_file(&page).expect("it was there");
    assert_eq!(setting.0.names(), names);
}

#[test]
fn inputs_are_never_written_over() {
    let setting = Setting::new("inputs");
    for (name, link) in [("model.gguf", "hard.gguf"), ("ids", "hard-ids"), ("board.toml", "hard-board")] {
        fs::hard_link(setting.path(name), setting.path(link)).expect("the folder can be written");
        symlink(name, setting.path(&format!("soft-{link}"))).expect("the folder can be written");
    }
    let names = setting.0.names();
    let model = fs::read(MODEL).expect("the fixture is there");
    let ids = fs::read(setting.path("ids")).expect("it was written");
    let board = fs::read(setting.path("board.toml")).expect("it was written");
    // Each file with the numbers of the commands that read it.
    for (file, readers) in [("model.gguf", &[0, 1, 2, 3][..]), ("ids", &[2, 3]), ("board.toml", &[1])] {
        let link = match file {
            "model.gguf" => "hard.gguf",
            "ids" => "hard-ids",
            _ => "hard-board",
        };
        for output in [file, link, &format!("soft-{link}")] {
            for &reader in readers {
                let words = if reader == 3 { "holds no snapshot" } else { "is an input of the command" };
                fails(&setting.commands(&setting.path(output))[reader], words);
            }
        }
    }
    assert_eq!(setting.0.names(), names);
    assert_eq!(fs::read(setting.path("model.gguf")).expect("it is there"), model);
    assert_eq!(fs::read(setting.path("ids")).expect("it is there"), ids);
    assert_eq!(fs::read(setting.path("board.toml")).expect("it is there"), board);
}

#[test]
fn files_keep_their_permissions_and_new_ones_have_the_usual_ones() {
    let setting = Setting::new("mode");
    let mode = |path: &str| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    let usual = mode(&setting.path("ids"));
    for (i, args) in setting.commands(&setting.path("new")).iter().enumerate() {
        succeeds(args);
        assert_eq!(mode(&setting.path("new")), usual, "{args:?}");
        fs::remove_file(setting.path("new")).expect("it was written");
        let old = setting.path("old");
        // An erased flash chip, too small for two snapshots, which is the only thing that a snapshot takes the place of.
        fs::write(&old, [0xff; 8192]).expect("the folder can be written");
        for bits in [0o600, 0o640, 0o666] {
            fs::set_permissions(&old, PermissionsExt::from_mode(bits)).expect("it is ours");
            succeeds(&setting.commands(&old)[i]);
            assert_eq!(mode(&old), bits, "{args:?}");
            assert_ne!(fs::read(&old).expect("it is there"), [0xff; 8192], "{args:?}");
        }
        fs::remove_file(old).expect("it was written");
    }
}

#[test]
fn a_link_stays_and_the_file_that_it_leads_to_is_replaced() {
    let setting = Setting::new("links");
    fs::create_dir(setting.path("elsewhere")).expect("the folder can be written");
    let (link, file) = (setting.path("link"), setting.path("elsewhere/file"));
    symlink("elsewhere/file", &link).expect("the folder can be written");
    let names = setting.0.names();
    for (i, args) in setting.commands(&link).iter().enumerate() {
        let _ = fs::remove_file(&file);
        fails(args, "is a symbolic link to a file that is not there");
        fs::write(&file, [0xff; 8192]).expect("the folder can be written");
        succeeds(args);
        assert_eq!(fs::read_link(&link).expect("it is a link"), Path::new("elsewhere/file"));
        let direct = setting.path("direct");
        succeeds(&setting.commands(&direct)[i]);
        if i != 1 {
            // A page names its model's path only; all else is the same byte for byte.
            assert_eq!(fs::read(&file).expect("it is there"), fs::read(&direct).expect("it is there"));
        }
        fs::remove_file(&direct).expect("it was written");
        assert_eq!(setting.0.names(), names);
        assert_eq!(fs::read_dir(setting.path("elsewhere")).expect("it is there").count(), 1);
    }
}

/// Starts the command that writes logits, of `n` tokens, and waits until it has a file of the folder open besides those that it
/// reads.
#[cfg(target_os = "linux")]
fn start_writing(setting: &Setting, n: u32) -> Child {
    let ids: Vec<String> = (0..n).map(|i| (3 + i * 7 % 90).to_string()).collect();
    fs::write(setting.path("ids"), ids.join(" ")).expect("the folder can be written");
    let args = &setting.commands(&setting.path("logits"))[2];
    let mut child = Command::new(env!("CARGO_BIN_EXE_flashlet"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let links = format!("/proc/{}/fd", child.id());
    let folder = fs::canonicalize(&setting.0.0).expect("it is there");
    let written = |link: fs::DirEntry| {
        let target = fs::read_link(link.path()).unwrap_or_default();
        target.starts_with(&folder) && !["model.gguf", "ids"].iter().any(|name| target.ends_with(name))
    };
    while !fs::read_dir(&links).is_ok_and(|mut links| links.any(|link| link.is_ok_and(written))) {
        assert!(child.try_wait().expect("it is ours").is_none(), "it ended before it wrote anything");
    }
    child
}

#[cfg(target_os = "linux")]
fn kill_while_writing(setting: &Setting, signal: &str) {
    let mut child = start_writing(setting, 8000);
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill").success());
    assert_eq!(child.wait().expect("it ends").code(), None, "a signal ends it");
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_of_a_command_that_was_killed() {
    let setting = Setting::new("killed");
    let names = setting.0.names();
    // SIGINT may be ignored here, as in the background of a shell, and then the command ignores it too.
    for signal in ["-KILL", "-TERM"] {
        kill_while_writing(&setting, signal);
        assert_eq!(setting.0.names(), names, "{signal}");
    }
    fs::write(setting.path("logits"), "of before").expect("the folder can be written");
    kill_while_writing(&setting, "-KILL");
    assert_eq!(fs::read_to_string(setting.path("logits")).expect("it is there"), "of before");
}

#[test]
#[cfg(target_os = "linux")]
fn what_comes_meanwhile_is_left_alone() {
    let setting = Setting::new("meanwhile");
    let child = start_writing(&setting, 2000);
    let pipe = setting.path("logits");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("coreutils").success());
    let output = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("is a pipe"), "{err}");
    assert!(fs::metadata(&pipe).expect("it is there").file_type().is_fifo());
}
