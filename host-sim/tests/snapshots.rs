//! `run --save-prefix` and `--load-prefix`: the same text from the same logits, with fewer passes, or an error that says why not.

mod binary;
mod place;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use place::Place;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fixtures/models/{name}.gguf"));
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// A file of the ids `3..` of `n` tokens.
fn ids_file(name: &str, n: u32) -> Place {
    let place = Place::new(name);
    let ids: Vec<String> = (0..n).map(|i| (3 + i * 7 % 90).to_string()).collect();
    fs::write(&place.0, ids.join(" ")).expect("the temporary folder can be written");
    place
}

fn contents(place: &Place) -> Vec<u8> {
    fs::read(&place.0).expect("the file is there")
}

fn run(model: &str, ids: &Place, flags: &[&str]) -> Value {
    let args = ["run", "-m", model, "--ids", ids.path(), "--json", "-t", "1", "-n", "12", "--ignore-eos"];
    let (code, json, err) = flashlet_with(b"", &[&args[..], flags].concat());
    assert_eq!(code, 0, "{flags:?}: {err}");
    serde_json::from_str(&json).expect("one JSON object")
}

/// That the command fails with one line on standard error that holds `words`.
#[track_caller]
fn fails(args: &[&str], words: &str) {
    let (code, out, err) = flashlet_with(b"", args);
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && err.contains(words), "{args:?}: {err}");
}

#[track_caller]
fn same(want: &Value, have: &Value, restored: u64) {
    for field in ["prompt_ids", "ids", "text", "stop", "logits_hash"] {
        assert_eq!(want[field], have[field], "{field}");
    }
    assert_eq!(have["snapshot_tokens"], restored);
}

#[test]
fn the_same_text_from_the_same_logits() {
    let (short, long) = (ids_file("short", 50), ids_file("long", 61));
    for (name, kv) in
        [("llama-mixed256", "f16"), ("llama-mixed32", "q8_0"), ("gemma3-f16", "f16"), ("gemma3-q8_0", "q8_0")]
    {
        let model = fixture(name);
        for sampling in
            [&["--temp", "0"][..], &["--temp", "0.8", "--seed", "5", "--repeat-penalty", "1.3", "--draft", "prompt"]]
        {
            let file = Place::new("prefix");
            let flags = [sampling, &["--kv", kv, "--ctx", "96", "--chunk", "8"]].concat();
            let [want, want_long] = [&short, &long].map(|ids| run(&model, ids, &flags));
            same(&want, &run(&model, &short, &[&flags[..], &["--save-prefix", file.path()]].concat()), 0);
            let saved = contents(&file);
            for others in [&["--ctx", "96"][..], &["--ctx", "80", "--residency", "streamed", "--chunk", "3"]] {
                let flags = [sampling, &["--kv", kv, "--load-prefix", file.path()], others].concat();
                // The last token is fed once more: what follows it was not saved.
                let have = run(&model, &short, &flags);
                same(&want, &have, 49);
                let have_long = run(&model, &long, &flags);
                same(&want_long, &have_long, 50);
                if others.len() == 2 {
                    let passes = |report: &Value| report["passes"].as_u64().expect("a number");
                    assert!(passes(&have) < passes(&want) && passes(&have_long) < passes(&want_long));
                }
            }
            assert_eq!(contents(&file), saved, "what is loaded stays as it is");
        }
    }
}

#[test]
fn files_are_chips_whose_slots_take_turns() {
    let model = fixture("llama-f32-gqa");
    let [small, middle, large] = [20, 30, 90].map(|n| ids_file(&format!("turns-{n}"), n));
    let file = Place::new("turns");
    let flags = ["--ctx", "128", "--save-prefix", file.path()];
    run(&model, &middle, &flags);
    let one = contents(&file);
    assert!(one.len().is_multiple_of(8192));
    run(&model, &small, &flags);
    let two = contents(&file);
    let half = one.len() / 2;
    assert!(two[..half] == one[..half] && two[half..] != one[half..], "the second slot is written");
    run(&model, &middle, &flags);
    let three = contents(&file);
    assert!(three[..half] != one[..half] && three[half..] == two[half..], "the first slot is written");
    // What has no room takes the whole file's place.
    run(&model, &large, &flags);
    assert!(contents(&file).len() > three.len());
    let load = ["--ctx", "128", "--load-prefix", file.path()];
    assert_eq!(run(&model, &large, &load)["snapshot_tokens"], 89);
    // What is restored can be gone on with, and be saved again.
    let more = ids_file("turns-95", 95);
    let both = [&load[..], &flags[2..]].concat();
    same(&run(&model, &more, &["--ctx", "128"]), &run(&model, &more, &both), 90);
    same(&run(&model, &more, &["--ctx", "128"]), &run(&model, &more, &load), 94);
    // Nothing is generated, and the prompt is saved all the same.
    let (code, out, err) =
        flashlet_with(b"", &[&["run", "-m", &model, "--ids", small.path(), "-n", "0"], &flags[..]].concat());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert_eq!(run(&model, &more, &load)["snapshot_tokens"], 20);
}

#[test]
fn what_cannot_be_used_is_explained() {
    let model = fixture("llama-mixed32");
    let (ids, other) = (ids_file("explained", 40), ids_file("explained-other", 39));
    let file = Place::new("explained.snap");
    run(&model, &ids, &["--ctx", "96", "--save-prefix", file.path()]);
    let saved = contents(&file);
    let load = |model: &str, ids: &Place, path: &str, flags: &[&str], words: &str| {
        let args = ["run", "-m", model, "--ids", ids.path(), "--ctx", "96", "--load-prefix", path];
        fails(&[&args[..], flags].concat(), words);
    };
    load(&model, &ids, "/no/such/file.snap", &[], "/no/such/file.snap: no such file");
    load(&model, &ids, std::env::temp_dir().to_str().expect("UTF-8"), &[], "is no regular file");
    load(&model, &ids, &model, &[], "holds no snapshot");
    load(&model, &other, file.path(), &[], "token 39");
    load(&fixture("llama-f32-gqa"), &ids, file.path(), &[], "another model");
    load(&model, &ids, file.path(), &["--kv", "q8_0"], "is F16, the session's is Q8_0");
    let args = ["run", "-m", &model, "--ids", ids.path(), "--load-prefix", file.path(), "--ctx"];
    fails(&[&args[..], &["39"]].concat(), "context of 39");
    // Cut short, at a block's end or not; one bit flipped; erased; of whole blocks, and something else.
    let broken = Place::new("broken.snap");
    let mut flipped = saved.clone();
    flipped[700] ^= 1;
    let foreign = vec![b'x'; 8192];
    let short = &saved[..saved.len() - 4096 * (saved.len() / 8192)];
    for (bytes, words) in [
        (&saved[..saved.len() - 1], "holds no snapshot"),
        (short, if short.len() < 8192 { "holds no snapshot" } else { "checksum" }),
        (&saved[..8192], "checksum"),
        (&flipped, "checksum"),
        (&[0xff; 8192], "holds no snapshot"),
        (&foreign, "holds no snapshot"),
        (&[], "holds no snapshot"),
    ] {
        fs::write(&broken.0, bytes).expect("the temporary folder can be written");
        load(&model, &ids, broken.path(), &[], words);
        assert_eq!(contents(&broken), bytes);
    }
}

#[test]
fn what_is_no_snapshot_of_the_model_is_not_overwritten() {
    let model = fixture("llama-mixed32");
    let ids = ids_file("kept", 40);
    let [file, broken] = ["kept.snap", "kept-broken.snap"].map(Place::new);
    run(&model, &ids, &["--ctx", "96", "--save-prefix", file.path()]);
    let saved = contents(&file);
    let foreign = vec![b'x'; 8192];
    for bytes in [&foreign[..], b"a letter"] {
        fs::write(&broken.0, bytes).expect("the temporary folder can be written");
        fails(
            &["run", "-m", &model, "--ids", ids.path(), "--ctx", "96", "--save-prefix", broken.path()],
            "holds no snapshot",
        );
        assert_eq!(contents(&broken), bytes);
    }
    // Other models have smaller and larger snapshots.
    for (model, n) in [("llama-f32-gqa", 1), ("gemma3-f16", 95)] {
        let ids = ids_file("explained-save", n);
        let save =
            ["run", "-m", &fixture(model), "--ids", ids.path(), "--ctx", "96", "-n", "0", "--save-prefix", file.path()];
        fails(&save, "holds a snapshot of another model");
        assert_eq!(contents(&file), saved);
    }
    // Another command writes the snapshot just now.
    let writer = fs::File::options().write(true).open(&file.0).expect("it is there");
    writer.try_lock().expect("nobody else has it");
    let save = ["run", "-m", &model, "--ids", ids.path(), "--ctx", "96", "--save-prefix", file.path()];
    fails(&save, "is being written by another command");
    drop(writer);
    // An empty file has nothing to lose.
    fs::write(&broken.0, []).expect("the temporary folder can be written");
    run(&model, &ids, &["--ctx", "96", "--save-prefix", broken.path()]);
    assert_eq!(contents(&broken), saved);
    fs::write(&broken.0, [0xff; 8192]).expect("the temporary folder can be written");
    run(&model, &ids, &["--ctx", "96", "--save-prefix", broken.path()]);
    assert_eq!(contents(&broken), saved);
    fails(&["run", "-m", &model, "--ids", ids.path(), "--save-prefix", "/no/such/folder/file"], "/no/such/folder/file");
    assert_eq!(contents(&file), saved);
}

#[test]
fn a_simulated_board_takes_less_time() {
    let file = Place::new("board.snap");
    let prompt = "a question of some length, so that there is something to be prefilled, and it goes on and on";
    let args = ["run", "--board", "weact-h743", "--raw", "-n", "2", "--ignore-eos", "--ctx", "128", "--stats", prompt];
    let stats = |flags: &[&str]| {
        let (code, out, err) = flashlet_with(b"", &[&args[..], flags].concat());
        assert_eq!(code, 0, "{err}");
        let board = err.lines().find_map(|line| line.strip_prefix("board    simulated: ")).expect("a board").to_owned();
        let (seconds, _) = board.split_once(" s").expect("seconds");
        (out, err, seconds.parse::<f64>().expect("a number"))
    };
    let (want, _, without) = stats(&[]);
    let (saved, ..) = stats(&["--save-prefix", file.path()]);
    let (have, err, with) = stats(&["--load-prefix", file.path()]);
    assert!(want == saved && want == have);
    assert!(err.contains("tokens restored"), "{err}");
    assert!(with < without, "{with} s and {without} s");

    // A flash of 100 KB/s and a processor that takes no time: what is read of the snapshot is waited for.
    let (board, ids) = (Place::new("board.toml"), [ids_file("board-1", 1), ids_file("board-90", 90)]);
    fs::write(&board.0, SLOW_FLASH).expect("the temporary folder can be written");
    let model = fixture("llama-f16-mqa");
    let args = |n: usize| ["run", "-m", &model, "--board", board.path(), "--stats", "-n", "1", "--ids", ids[n].path()];
    let seconds = |n: usize, flags: &[&str]| {
        let (code, _, err) = flashlet_with(b"", &[&args(n)[..], &["--ctx", "96"], flags].concat());
        assert_eq!(code, 0, "{err}");
        let board = err.lines().find_map(|line| line.strip_prefix("board    simulated: ")).expect("a board");
        board.split_once(" s").expect("seconds").0.parse::<f64>().expect("a number")
    };
    let file = Place::new("slow.snap");
    seconds(1, &["--save-prefix", file.path()]);
    let saved = contents(&file);
    // Behind the payload its slot is erased.
    let bytes = saved[..saved.len() / 2].iter().rposition(|&byte| byte != 0xff).expect("it was saved");
    let takes = seconds(1, &["--load-prefix", file.path()]) - seconds(0, &[]);
    assert!(takes > bytes as f64 / 1e5, "{takes} s for {bytes} bytes");
}

const SLOW_FLASH: &str = include_str!("slow_flash.toml");
