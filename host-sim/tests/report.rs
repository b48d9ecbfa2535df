//! `flashlet report` as a user meets it: the file, its numbers against other commands', and what cannot be written.

mod binary;
mod folder;

use std::fs;

use binary::flashlet_with;
use folder::Folder;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

fn json(args: &[&str], code: i32) -> Value {
    let (exit, out, err) = flashlet_with(b"", args);
    assert_eq!(exit, code, "{args:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| unreachable!("{args:?}: {error}: {out}"))
}

fn parse(html: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(html, options).expect("it is well-formed")
}

/// The exact values of a number that the page names.
fn values(document: &Document<'_>, name: &str) -> Vec<f64> {
    let named = |node: &Node<'_, '_>| {
        node.has_tag_name(("http://www.w3.org/1999/xhtml", "data")) && node.attribute("class") == Some(name)
    };
    let value = |node: Node<'_, '_>| node.attribute("value").and_then(|v| v.parse().ok()).expect("a number");
    document.descendants().filter(named).map(value).collect()
}

const SECTIONS: [&str; 7] = ["summary", "arena", "token", "by-arena", "by-context", "by-bandwidth", "tensors"];

/// Asserts what holds of every page.
fn check(html: &str) {
    let document = parse(html);
    let sections: Vec<_> = document.descendants().filter(|n| n.tag_name().name() == "section").collect();
    assert_eq!(sections.iter().map(|s| s.attribute("id").expect("an id")).collect::<Vec<_>>(), SECTIONS);
    for section in sections {
        let has = |name: &str| section.descendants().filter(|n| n.tag_name().name() == name).count();
        let id = section.attribute("id");
        assert!(has("h2") == 1 && has("table") > 0 && has("p") > 0, "{id:?}");
        // Each picture is there twice: for wide pages, and for narrow ones.
        assert!(id == Some("summary") || has("svg") == 2 * has("figure") && has("figure") > 0, "{id:?}");
    }
    assert!(document.descendants().any(|n| n.tag_name().name() == "title" && n.text().is_some()));
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        // Nothing that runs, and nothing that is fetched.
        assert!(
            !["script", "link", "img", "iframe", "object", "image", "use", "foreignObject"].contains(&name),
            "{name}"
        );
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            assert!(!key.starts_with("on") && key != "src" && key != "style", "{key}");
            assert!(key != "href" || value.starts_with('#'), "{value}");
            assert!(!value.contains("NaN") && !value.contains("inf"), "{key}={value}");
        }
        if name == "svg" {
            assert!(
                node.attribute("aria-label").is_some_and(|label| !label.is_empty()),
                "a picture says what it shows"
            );
        }
        // Two cells of a row never share a column's heading.
        if name == "table" {
            let columns = |row: Node<'_, '_>| row.children().filter(Node::is_element).count();
            let rows: Vec<_> = node.descendants().filter(|n| n.tag_name().name() == "tr").map(columns).collect();
            assert!(rows.iter().all(|&n| n == rows[0]), "{rows:?}");
        }
    }
    let without_namespace = html.replacen("xmlns=\"http://www.w3.org/1999/xhtml\"", "", 1);
    for word in ["http:", "https:", "//", "url(", "@import"] {
        assert!(!without_namespace.contains(word), "{word}");
    }
}

#[test]
fn the_numbers_are_those_of_plan_and_bench() {
    let folder = Folder::new("numbers");
    for (board, more) in [("weact-h743", &[][..]), ("pico2", &["--kv", "q8_0"]), ("raspi4b", &["--ctx", "100"])] {
        let path = folder.path(&format!("{board}.html"));
        let flags = [&["--board", board, "--json"], more].concat();
        let said = json(&[&["report", "-o", &path], &flags[..]].concat(), 0);
        let html = fs::read_to_string(&path).expect("it was written");
        check(&html);
        assert_eq!((said["path"].as_str(), said["bytes"].as_u64()), (Some(&*path), Some(html.len() as u64)));
        assert_eq!(said["fits"], true);

        let plan = json(&[&["plan"], &flags[..]].concat(), 0);
        let ctx = plan["ctx"].to_string();
        let [n_prompt, n_gen] = ["n_prompt", "n_gen"].map(|key| said[key].to_string());
        let bench = ["bench", "--board", board, "--json", "--ctx", &ctx, "-p", &n_prompt, "-n", &n_gen];
        let kv = if more.contains(&"--kv") { more } else { &[] };
        let bench = json(&[&bench, kv].concat(), 0);
        let document = parse(&html);
        let one = |name: &str| {
            let all = values(&document, name);
            assert_eq!(all.len(), 1, "{name}");
            all[0]
        };
        let number = |value: &Value| value.as_f64().expect("a number");
        // The page has all digits; reading JSON may lose the last.
        for (name, key) in [("decode-rate", "tg"), ("prefill-rate", "pp")] {
            let want = number(&bench[key][0]);
            assert!((one(name) / want - 1.0).abs() < 1e-12, "{board}: {} for {want}", one(name));
        }
        assert_eq!((&said["decode"], &said["prefill"]), (&bench["tg"][0], &bench["pp"][0]), "{board}");
        assert_eq!(said["bound_by"], bench["board"]["decode"]["bound_by"], "{board}");
        for stage in ["decode", "prefill"] {
            let range = &said[format!("{stage}_range")];
            assert_eq!((range, range), (&bench["board"][stage]["range"], &plan["speed"][stage]), "{board}");
            assert_eq!(range["likely"], said[stage], "{board}");
            let [low, likely, high] = ["low", "likely", "high"].map(|name| number(&range[name]));
            assert!(low < likely && likely < high, "{board}: {range}");
            assert!(range["assumption"].is_string() && range["class"].is_string(), "{board}: {range}");
            for (name, want) in [("low", low), ("high", high)] {
                assert!((one(&format!("{stage}-{name}")) / want - 1.0).abs() < 1e-12, "{board}: {name}");
            }
        }
        assert_eq!(one("arena-bytes"), number(&plan["arena_bytes"]), "{board}");
        assert_eq!(one("have-bytes"), number(&plan["have_bytes"]), "{board}");
        assert_eq!(one("ctx"), number(&plan["ctx"]), "{board}");
        assert_eq!(one("file-bytes"), number(&plan["file_bytes"]), "{board}");
        assert_eq!(one("flash-bytes-per-token"), number(&plan["flash_bytes_per_token"]), "{board}");
        let regions: Vec<f64> = plan["memory"].as_object().expect("regions").values().map(number).collect();
        let free = number(&plan["have_bytes"]) - number(&plan["arena_bytes"]);
        assert_eq!(values(&document, "region-bytes"), [&regions[..], &[free]].concat(), "{board}");
        // Pinned tensors are counted without the bytes between them; all kinds make up all places.
        let places = values(&document, "weight-bytes");
        let weights = &plan["weights"];
        assert_eq!(places[1], number(&weights["streamed_bytes"]), "{board}");
        assert_eq!(places[2], number(&weights["mapped_bytes"]), "{board}");
        assert!(places[0] <= number(&weights["pinned_bytes"]), "{board}");
        assert_eq!(values(&document, "kind-bytes").iter().sum::<f64>(), places.iter().sum::<f64>(), "{board}");
    }
    assert_eq!(folder.names(), ["pico2.html", "raspi4b.html", "weact-h743.html"], "nothing else is left behind");
}

fn board_file(folder: &Folder, name: &str, arena: &str, flash: &str) -> String {
    let path = folder.path(&format!("{name}.toml"));
    let profile = format!(
        r#"name = '''<b onclick="x">{name}'''
what = "<img src=x> & \"quotes\""
arena = "{arena}"
isa = "dsp"
hz = 100e6
cores = 1
cycles_per_instruction = 1
flash = {{ kind = "qspi", bytes = "{flash}", mapped = false, bytes_per_s = 20e6, latency_us = 1 }}"#
    );
    fs::write(&path, profile).expect("the folder can be written");
    path
}

#[test]
fn what_does_not_fit_has_a_report_and_an_error() {
    let folder = Folder::new("unfit");
    let path = folder.path("report.html");
    for (name, arena, flash, need) in
        [("arena", "100KiB", "2MiB", true), ("flash", "500KiB", "300KiB", false), ("both", "64KiB", "1KiB", true)]
    {
        let board = board_file(&folder, name, arena, flash);
        let said = json(&["report", "--board", &board, "-o", &path, "--json"], 1);
        let plan = json(&["plan", "--board", &board, "--json"], 1);
        let html = fs::read_to_string(&path).expect("it was written");
        check(&html);
        assert!(html.contains("It does not fit."), "{name}");
        assert_eq!((&said["fits"], &plan["fits"]), (&Value::Bool(false), &Value::Bool(false)));
        let document = parse(&html);
        let asked = |key: &str| plan[key].as_f64().into_iter().collect::<Vec<_>>();
        if need {
            assert_eq!(said["need_bytes"], plan["need_bytes"], "{name}");
            assert_eq!(values(&document, "need-bytes"), asked("need_bytes"), "{name}");
            assert_eq!(values(&document, "have-bytes"), asked("have_bytes"), "{name}");
        } else {
            assert_eq!(values(&document, "file-bytes"), asked("need_flash_bytes"), "{name}");
            assert_eq!(values(&document, "flash-have-bytes"), asked("have_flash_bytes"), "{name}");
        }
        let (code, out, err) = flashlet_with(b"", &["report", "--board", &board, "-o", &path]);
        assert_eq!(code, 1);
        assert!(out.starts_with(&path) && err.starts_with("error: ") && err.lines().count() == 1, "{out}{err}");
    }
}

#[test]
fn the_slowest_and_the_fastest_board_have_reports() {
    let folder = Folder::new("extreme");
    let path = folder.path("report.html");
    let text = |hz: &str, cores: &str, cycles: &str, rate: &str, latency: &str| {
        format!(
            r#"name = "extreme"
what = "at the ends of what a profile may say"
arena = "400KiB"
isa = "dsp"
ram_bytes_per_s = {rate}
hz = {hz}
cores = {cores}
cycles_per_instruction = {cycles}
flash = {{ kind = "sd", bytes = "2MiB", mapped = false, bytes_per_s = {rate}, latency_us = {latency} }}"#
        )
    };
    let [slow, fast] = [text("1e4", "1", "1000", "1000", "1e6"), text("1e11", "1024", "0.01", "1e13", "0")];
    let decode = |profile: &str| {
        let board = folder.path("board.toml");
        fs::write(&board, profile).expect("the folder can be written");
        let said = json(&["report", "--board", &board, "-o", &path, "--json"], 0);
        check(&fs::read_to_string(&path).expect("it was written"));
        let [low, likely, high] =
            ["low", "likely", "high"].map(|name| said["decode_range"][name].as_f64().expect("a number"));
        assert!(0.0 < low && low < likely && likely < high && high.is_finite(), "{low} {likely} {high}");
        likely
    };
    // A token of the slowest takes four days.
    assert!(decode(&slow) < 1e-4 && decode(&fast) > 1e5);
}

#[cfg(target_os = "linux")]
#[test]
fn the_longest_context_does_not_fit_as_others_do_not() {
    let folder = Folder::new("longest");
    let path = folder.path("report.html");
    let flags = ["--board", "raspi5", "-c", "4294967295"];
    let (code, out, planned) = flashlet_with(b"", &[&["plan"], &flags[..]].concat());
    assert_eq!((code, out.as_str()), (1, ""));
    // If the process may not map that much memory, no page is written, and the error is the same.
    let limited = |limit: &str| {
        let command = format!("{limit} exec \"$@\"");
        let report = ["-c", &command, "sh", env!("CARGO_BIN_EXE_flashlet"), "report", "-o", &path];
        let output = std::process::Command::new("sh").args(report).args(flags).output().expect("there is a shell");
        let errors = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!((output.status.code(), errors.lines().last()), (Some(1), planned.lines().last()), "{errors}");
        !output.stdout.is_empty()
    };
    assert!(!limited("ulimit -v 4000000;"));
    assert_eq!(folder.names(), [""; 0]);
    assert!(limited(""));
    let html = fs::read_to_string(&path).expect("it was written");
    check(&html);
    assert!(html.contains("It does not fit."));
}

/// A model with the name that is given.
fn named_model(name: &str) -> Vec<u8> {
    model_with("general.name", name)
}

/// A model with one more key, of whole steps of the alignment.
fn model_with(key: &str, text: &str) -> Vec<u8> {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");
    let mut bytes = fs::read(fixture).expect("the fixture is there");
    let n_keys = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
    bytes[16..24].copy_from_slice(&(n_keys + 1).to_le_bytes());
    let string = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let key = string(key);
    let length = (key.len() + 4 + 8 + text.len()).next_multiple_of(32) - (key.len() + 4 + 8);
    let key = [key, 8u32.to_le_bytes().to_vec(), string(&format!("{text:<length$}"))].concat();
    bytes.splice(24..24, key);
    bytes
}

#[cfg(unix)]
#[test]
fn the_command_on_the_page_measures_the_same() {
    let folder = Folder::new("command");
    let (model, path) = (folder.path("it's a $model.gguf"), folder.path("report.html"));
    fs::write(&model, model_with("llama.surprise", "!")).expect("the folder can be written");
    let board = board_file(&folder, "my board", "600KiB", "2MiB");
    let given =
        ["--ignore-key", "llama.surprise", "--residency", "streamed", "--chunk", "3", "--tile", "9216", "--verify=off"];
    let args =
        [&["report", "-o", &path, "--json", "-m", &model, "--board", &board, "--kv", "q8_0"], &given[..]].concat();
    let said = json(&args, 0);
    let html = fs::read_to_string(&path).expect("it was written");
    let document = parse(&html);
    let code = document.descendants().find(|n| n.tag_name().name() == "code").and_then(|n| n.text());
    let code = code.expect("there is a command");
    for flag in given {
        assert!(code.split(' ').any(|word| word == flag), "{flag}: {code}");
    }
    let script = format!("flashlet() {{ \"$0\" \"$@\" --json; }}\n{code}");
    let script = ["-c", &script, env!("CARGO_BIN_EXE_flashlet")];
    let output = std::process::Command::new("sh").args(script).current_dir(&folder.0).output();
    let output = output.expect("there is a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    let bench: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| unreachable!("{code}: {errors}"));
    assert_eq!((&said["decode"], &said["prefill"]), (&bench["tg"][0], &bench["pp"][0]), "{code}");
}

#[test]
fn hostile_names_are_text() {
    let folder = Folder::new("hostile");
    let model = folder.path("<i>'&amp;.gguf");
    let name = "</title><script src=\"x\">alert('&')</script>";
    fs::write(&model, named_model(name)).expect("the folder can be written");
    let board = board_file(&folder, "hostile", "600KiB", "2MiB");
    let path = folder.path("report.html");
    let (code, _, err) = flashlet_with(b"", &["report", "-m", &model, "--board", &board, "-o", &path]);
    assert_eq!(code, 0, "{err}");
    let html = fs::read_to_string(&path).expect("it was written");
    check(&html);
    for raw in ["<script", "<i>", "<b ", "<img"] {
        assert!(!html.contains(raw), "{raw}");
    }
    let document = parse(&html);
    let title = document.descendants().find(|n| n.tag_name().name() == "h1").and_then(|n| n.text().map(str::to_owned));
    let title = title.expect("there is a title");
    assert!(title.starts_with(name) && title.ends_with("on <b onclick=\"x\">hostile"), "{title}");
    assert!(document.descendants().any(|n| n.text().is_some_and(|text| text.contains("<i>'&amp;.gguf"))));
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = Folder::new("atomic");
    let fails = |args: &[&str], words: &str| {
        let (code, out, err) = flashlet_with(b"", args);
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {err}");
        assert!(err.starts_with("error: ") && err.contains(words) && err.lines().count() == 1, "{args:?}: {err}");
    };
    let report = ["report", "--board", "weact-h743", "-o"];
    fails(&[&report[..], &["/no/such/folder/report.html"]].concat(), "/no/such/folder/report.html: ");
    // A folder that is not empty cannot be replaced.
    let taken = folder.path("taken");
    fs::create_dir(&taken).expect("the folder can be written");
    fs::write(folder.path("taken/inside"), b"x").expect("so can that one");
    fails(&[&report[..], &[&taken]].concat(), &taken);
    // What was there stays if there is nothing to take its place.
    let kept = folder.path("kept.html");
    fs::write(&kept, b"what was here before").expect("the folder can be written");
    fails(&[&report[..], &[&kept, "-m", "/no/such/model.gguf"]].concat(), "/no/such/model.gguf");
    fails(&[&report[..], &[&kept, "-m", &kept]].concat(), "kept.html");
    assert_eq!(fs::read(&kept).expect("it is there"), b"what was here before");
    // Nor does a report take the place of its model.
    let model = folder.path("model.gguf");
    fs::write(&model, named_model("a")).expect("the folder can be written");
    fails(&[&report[..], &[&model, "-m", &model]].concat(), "is an input of the command");
    assert_eq!(folder.names(), ["kept.html", "model.gguf", "taken"], "nothing else is left behind");
    // A report does take the place of an older one.
    let (code, out, _) = flashlet_with(b"", &[&report[..], &[&kept]].concat());
    let html = fs::read_to_string(&kept).expect("it is there");
    check(&html);
    assert_eq!((code, out), (0, format!("{kept}: {} bytes ({:.1} KiB)\n", html.len(), html.len() as f64 / 1024.0)));
}

#[test]
fn packed_files_are_verified_throughout() {
    let folder = Folder::new("packed");
    let (model, path) = (folder.path("packed.gguf"), folder.path("report.html"));
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");
    let (code, _, err) = flashlet_with(b"", &["pack", fixture, &model]);
    assert_eq!(code, 0, "{err}");
    let args = ["report", "-m", &model, "--board", "weact-h743", "--verify=all", "-o", &path];
    let (code, _, err) = flashlet_with(b"", &args);
    assert_eq!(code, 0, "{err}");
    check(&fs::read_to_string(&path).expect("it was written"));
}

#[test]
fn a_report_needs_a_board() {
    for args in
        [&["report"][..], &["report", "--board", "no-such-board"], &["report", "--board", "pico2", "--arena", "1MiB"]]
    {
        let (code, out, err) = flashlet_with(b"", args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
    }
}

#[test]
fn without_a_name_the_file_is_called_after_model_and_board() {
    let folder = Folder::new("default");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_flashlet"))
        .args(["report", "--board", "weact-h743"])
        .current_dir(&folder.0)
        .output()
        .expect("the binary starts");
    assert!(output.status.success());
    assert_eq!(folder.names(), ["demo-weact-h743.html"]);
}
