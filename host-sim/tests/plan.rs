//! Plans as a user meets them: what a refusal advises is accepted, on every board.

mod binary;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use binary::flashlet_with;
use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models");

/// Exit code, JSON object and standard error of `flashlet plan args --json`.
fn plan(args: &[&str]) -> (i32, Value, String) {
    let (code, out, err) = flashlet_with(b"", &[&["plan", "--json"], args].concat());
    (code, serde_json::from_str(&out).unwrap_or_default(), err)
}

/// The flags of each change that the message of a refusal advises.
fn advice(report: &Value) -> Vec<Vec<String>> {
    let text = report["what_to_change"].as_str().expect("a refusal says what to change");
    let Some((_, ways)) = text.split_once("what would fit: ") else { return Vec::new() };
    let flags = |way: &str| way.split(' ').map(str::to_owned).collect();
    ways.split(", or ").map(flags).collect()
}

/// `base` with the values of `way` in place of those that it has of the same flags.
fn changed(base: &[&str], way: &[String]) -> Vec<String> {
    let pairs = |flags: &[String]| flags.chunks(2).map(<[String]>::to_vec).collect::<Vec<_>>();
    let base: Vec<String> = base.iter().map(|&flag| flag.to_owned()).collect();
    let mut all = pairs(&base);
    all.retain(|pair| !pairs(way).iter().any(|changed| changed[0] == pair[0]));
    all.into_iter().chain(pairs(way)).flatten().collect()
}

/// Names of all boards.
fn boards() -> Vec<String> {
    let table: toml::Table = toml::from_str(include_str!("../boards.toml")).expect("the table is tested");
    let boards = table["board"].as_array().expect("a list");
    boards.iter().map(|board| board["name"].as_str().expect("a name").to_owned()).collect()
}

/// A copy of the fixture `name` with zeros at its end, `bytes` in all.
fn padded(name: &str, bytes: u64) -> PathBuf {
    let path = std::env::temp_dir().join(format!("flashlet-plan-{}-{bytes}.gguf", std::process::id()));
    fs::copy(Path::new(FIXTURES).join(name), &path).expect("the temporary folder can be written");
    let file = File::options().write(true).open(&path).expect("it was written");
    file.set_len(bytes).expect("it can grow");
    path
}

/// Checks a refusal and all that it advises; true if it advises anything.
fn check_refusal(base: &[&str], file_bytes: u64) -> bool {
    let (code, report, err) = plan(base);
    if code == 0 {
        assert_eq!(report["fits"], true, "{base:?}");
        return false;
    }
    assert_eq!(
        (code, err.lines().last().is_some_and(|line| line.starts_with("error: "))),
        (1, true),
        "{base:?}: {err}"
    );
    if report.is_null() {
        // Heads that the cache's format cannot store: no change of sizes helps.
        assert!(err.contains("KV cache needs heads"), "{base:?}: {err}");
        return false;
    }
    let advice = advice(&report);
    if let Some(have) = report["have_flash_bytes"].as_u64() {
        assert!(have < file_bytes && report["need_flash_bytes"] == file_bytes, "{base:?}: {report}");
        assert!(advice.is_empty(), "{base:?}: no flag makes flash larger, {report}");
        return false;
    }
    assert!(report["have_bytes"].as_u64() < report["need_bytes"].as_u64(), "{base:?}: {report}");
    for way in &advice {
        let args = changed(base, way);
        let (code, report, err) = plan(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((code, &report["fits"]), (0, &Value::Bool(true)), "{base:?} was told {way:?}: {err}");
    }
    !advice.is_empty()
}

#[test]
fn what_is_advised_fits_on_every_board() {
    let large = padded("llama-mixed32.gguf", 20 << 20);
    let mut models: Vec<PathBuf> = ["llama-mixed32", "llama-mixed256", "gemma3-q8_0", "llama-f32-gqa"]
        .map(|name| Path::new(FIXTURES).join(format!("{name}.gguf")))
        .into();
    models.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/flashlet-demo-q4_k.gguf"));
    models.push(large.clone());
    let (mut advised, mut tried) = (0, 0);
    for board in boards() {
        for model in &models {
            let bytes = fs::metadata(model).expect("it is there").len();
            let model = model.to_str().expect("a path in UTF-8");
            for (kv, ctx, more) in [
                ("f16", "20000", &["--draft", "prompt"][..]),
                ("q8_0", "300000", &[]),
                ("q4_0", "40000", &["--residency", "pinned", "--chunk", "200"]),
                ("f16", "5000000", &[]),
            ] {
                let base = [&["-m", model, "--board", &board, "--kv", kv, "--ctx", ctx], more].concat();
                tried += 1;
                advised += u32::from(check_refusal(&base, bytes));
            }
        }
    }
    let _ = fs::remove_file(large);
    assert!(advised * 4 > tried, "too few of {tried} plans were refused with advice: {advised}");
}

#[test]
fn what_is_advised_for_an_arena_fits() {
    let model = format!("{FIXTURES}/llama-mixed32.gguf");
    let bytes = fs::metadata(&model).expect("it is there").len();
    let mut advised = 0;
    for arena in (10..3000).step_by(170).map(|kib| format!("{kib}KiB")) {
        for (ctx, residency) in [("4000", "auto"), ("64", "pinned"), ("1000", "streamed"), ("1000", "mapped")] {
            let base = ["-m", &model, "--arena", &arena, "--ctx", ctx, "--residency", residency];
            advised += u32::from(check_refusal(&base, bytes));
        }
    }
    assert!(advised > 10, "{advised}");
}

#[test]
fn a_flash_and_an_arena_that_are_both_too_small_are_both_named() {
    let model = padded("llama-mixed32.gguf", 17 << 20);
    let name = model.to_str().expect("a path in UTF-8");
    let (code, report, err) = plan(&["-m", name, "--board", "esp32-p4", "--ctx", "1000000"]);
    assert_eq!((code, &report["fits"]), (1, &Value::Bool(false)), "{err}");
    assert_eq!(
        (report["need_flash_bytes"].as_u64(), report["have_flash_bytes"].as_u64()),
        (Some(17 << 20), Some(15 << 20))
    );
    assert_eq!(report["have_bytes"].as_u64(), Some(31 << 20));
    for words in ["17825792 bytes (17.0 MiB)", "esp32-p4 has room for 15728640", "the arena has 32505856"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert!(!err.contains("--ctx"), "{err}");
    let _ = fs::remove_file(model);
}

#[test]
fn a_context_beyond_the_trained_one_is_warned_of_and_one_beyond_memory_refused() {
    // The key `llama.context_length` of this fixture is 512.
    let model = format!("{FIXTURES}/llama-mixed32.gguf");
    for (ctx, warned) in [("512", false), ("513", true), ("100000", true)] {
        let (code, report, err) = plan(&["-m", &model, "--ctx", ctx]);
        assert_eq!((code, report["ctx_train"].as_u64()), (0, Some(512)), "{ctx}: {err}");
        assert_eq!(err.contains("warning: the model was trained for 512 tokens"), warned, "{ctx}: {err}");
    }
    for command in [&["plan"][..], &["run", "-n", "1", "x"], &["chat", "--chat-format", "chatml"]] {
        for arena in [&[][..], &["--arena", "100000GiB"]] {
            if !arena.is_empty() && command == ["plan"] {
                continue;
            }
            let (code, out, err) =
                flashlet_with(b"", &[command, &["-m", &model, "--ctx", "4000000000"], arena].concat());
            assert_eq!((code, out.as_str()), (1, ""), "{command:?}: {err}");
            assert!(err.contains("this machine has") && err.contains("--ctx"), "{command:?}: {err}");
        }
    }
}

#[test]
fn a_cache_that_heads_do_not_fit_is_called_by_its_name() {
    let model = format!("{FIXTURES}/llama-f16-mqa.gguf");
    for kv in ["q8_0", "q4_0"] {
        let (code, _, err) = plan(&["-m", &model, "--kv", kv]);
        assert_eq!(code, 1, "{kv}");
        assert!(err.contains(&format!("a {kv} KV cache needs heads of a multiple of 32")), "{err}");
    }
}

#[test]
fn a_context_shorter_than_the_text_is_not_advised() {
    let model = format!("{FIXTURES}/llama-mixed32.gguf");
    let text = std::env::temp_dir().join(format!("flashlet-plan-{}-text", std::process::id()));
    fs::write(&text, "a ".repeat(200)).expect("the temporary folder can be written");
    let text = text.to_str().expect("a path in UTF-8");
    for arena in (20..400).step_by(20).map(|kib| format!("{kib}KiB")) {
        let base = ["eval", "-m", &model, "--file", text, "--residency", "streamed", "--arena", &arena];
        let (code, _, err) = flashlet_with(b"", &base);
        let Some((_, ways)) = err.split_once("what would fit: ") else {
            assert!(code == 0 || err.contains("no context of at least"), "{arena}: {err}");
            continue;
        };
        for way in ways.trim().split(", or ").filter(|way| !way.starts_with("--arena")) {
            let flags: Vec<&str> = way.split(' ').collect();
            let (code, _, err) = flashlet_with(b"", &[&base[..], &flags].concat());
            assert_eq!(code, 0, "{arena} was told {way}: {err}");
        }
    }
    let _ = fs::remove_file(text);
}
