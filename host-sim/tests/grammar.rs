//! Grammars, as a user meets them: texts are what PyPI `jsonschema` and `llguidance` say of them, and answers are valid.

mod binary;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod folder;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use folder::Folder;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

fn grammar(args: &[&str]) -> (i32, String, String) {
    flashlet_with(b"", &[&["grammar"], args].concat())
}

/// Compares the command with what a fixture says of texts; returns how many schemas were refused and how many texts compared.
fn compared(name: &str) -> (usize, usize) {
    let folder = Folder::new(name);
    let (schema, texts) = (folder.path("schema.json"), folder.path("texts"));
    let (mut refused, mut n) = (0, 0);
    let lines = fs::read_to_string(fixture(name)).expect("the fixture is there");
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).expect("a line is JSON");
        let tests = row["texts"].as_array().expect("there are texts");
        fs::write(&schema, row["schema"].to_string()).expect("the folder can be written");
        let all: String = tests.iter().map(|test| format!("{}\n", test[0].as_str().unwrap_or_default())).collect();
        fs::write(&texts, all).expect("the folder can be written");
        let (code, out, err) = grammar(&["--json-schema", &schema, "--check", &texts, "--json"]);
        if code == 1 {
            assert!(err.contains("keyword"), "{err}");
            refused += 1;
            continue;
        }
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("one JSON object");
        let accepts = report["accepts"].as_array().expect("there was a file to check");
        assert_eq!(accepts.len(), tests.len());
        for (accepts, test) in accepts.iter().zip(tests) {
            assert_eq!(accepts, &test[1], "{} {}", test[0], row["schema"]);
            n += 1;
        }
    }
    (refused, n)
}

#[test]
fn texts_are_accepted_as_jsonschema_accepts_them() {
    let (refused, n) = compared("grammar.jsonl");
    // The negation of `multipleOf` is refused.
    assert!(refused <= 2 && n > 5000, "{refused} {n}");
}

#[test]
fn texts_are_accepted_as_llguidance_accepts_them() {
    let (refused, n) = compared("llguidance.jsonl");
    assert!(refused == 0 && n > 500, "{refused} {n}");
}

#[test]
fn a_refusal_names_the_keyword_and_its_place() {
    let folder = Folder::new("grammar-refused");
    let schema = folder.path("schema.json");
    for (text, wants) in [
        (r#"{"properties": {"a": {"uniqueItems": true}}}"#, ["uniqueItems", "#/properties/a"]),
        (r#"{"items": {"pattern": "(?=a)"}}"#, ["pattern", "#/items"]),
        (r#"{"items": {"pattern": "(?i)a"}}"#, ["a group that begins with `(?i`", "#/items"]),
        (r#"{"type": "object", "minProperties": 2}"#, ["minProperties", "lists"]),
        (r##"{"$ref": "#/nowhere"}"##, ["$ref", "#/nowhere"]),
        (r##"{"allOf": [{"$ref": "#"}]}"##, ["$ref", "itself"]),
        ("[", ["JSON", "line 1"]),
    ] {
        fs::write(&schema, text).expect("the folder can be written");
        let (code, _, err) = grammar(&["--json-schema", &schema]);
        assert_eq!(code, 1, "{text}: {err}");
        assert!(wants.iter().all(|want| err.contains(want)), "{text}: {err}");
    }
    assert_eq!(grammar(&[]).0, 2);
    assert_eq!(grammar(&["--json-schema", &schema, "--grammar", &schema]).0, 2);
}

#[test]
fn answers_follow_the_grammar() {
    let folder = Folder::new("grammar-answers");
    let (schema, ids) = (folder.path("schema.json"), folder.path("ids"));
    let text = r#"{"type": "object", "properties": {"colour": {"enum": ["red", "green"]}, "n": {"type": "integer", "minimum": 3,
        "maximum": 12}, "on": {"type": "boolean"}}, "required": ["colour", "n"], "additionalProperties": false}"#;
    fs::write(&schema, text).expect("the folder can be written");
    fs::write(&ids, "3 4 5").expect("the folder can be written");
    for seed in 0..12 {
        for sampling in
            [&["--top-k", "0", "--top-p", "1", "--min-p", "0"][..], &["--top-k", "0"], &[], &["--temp", "0"]]
        {
            let seed = seed.to_string();
            let args = [
                "run",
                "--ids",
                &ids,
                "--json-schema",
                &schema,
                "--json",
                "--temp",
                "1.5",
                "-s",
                &seed,
                "-n",
                "64",
                "--min-prob",
                "0",
            ];
            let args: Vec<&str> = if sampling == ["--temp", "0"] {
                args.iter().filter(|arg| !["--temp", "1.5"].contains(arg)).copied().collect()
            } else {
                args.to_vec()
            };
            let (code, out, err) = flashlet_with(b"", &[&args, sampling].concat());
            assert_eq!(code, 0, "{err}");
            let report: Value = serde_json::from_str(&out).expect("one JSON object");
            assert_eq!(report["stop"], "eos", "{report}");
            let answer: Value = serde_json::from_str(report["text"].as_str().unwrap_or_default()).expect("it is JSON");
            let (colour, n) = (&answer["colour"], answer["n"].as_i64());
            assert!(colour == "red" || colour == "green", "{answer}");
            assert!(n.is_some_and(|n| (3..=12).contains(&n)), "{answer}");
            assert!(
                answer.get("on").is_none_or(Value::is_boolean) && answer.as_object().is_some_and(|all| all.len() < 4)
            );
        }
    }
}

/// The fixture's model packed with a grammar of `schema`, and `more` of the packer's arguments.
fn packed(folder: &Folder, schema: &str, more: &[&str]) -> String {
    let (file, out) = (folder.path("schema.json"), folder.path("packed.gguf"));
    fs::write(&file, schema).expect("the folder can be written");
    let model = fixture("models/house.gguf");
    let (code, _, err) = flashlet_with(b"", &[&["pack", &model, &out, "--json-schema", &file], more].concat());
    assert_eq!(code, 0, "{err}");
    out
}

/// The report of `flashlet run --json` with `args`.
fn run(args: &[&str]) -> Value {
    let (code, out, err) =
        flashlet_with(b"", &[&["run", "--json", "--raw", "--temp", "1.5", "-s", "3"], args].concat());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("one JSON object")
}

const COLOURS: &str = r#"{"type": "object", "properties": {"colour": {"enum": ["red", "green"]}, "on": {"type": "boolean"}},
    "required": ["colour"], "additionalProperties": false}"#;

#[test]
fn forced_text_takes_fewer_passes_and_changes_nothing() {
    let folder = Folder::new("grammar-forced");
    let schema = folder.path("schema.json");
    let text = r#"{"type": "object", "properties": {"measured_temperature": {"type": "integer", "minimum": 3, "maximum": 12},
        "colour": {"enum": ["reddish", "reddened", "\u00fcber"]}, "a_name_longer_than_what_is_looked_ahead_at_once_which_is_64_bytes_at_most":
        {"type": "boolean"}}, "additionalProperties": false, "required": ["measured_temperature", "colour",
        "a_name_longer_than_what_is_looked_ahead_at_once_which_is_64_bytes_at_most"]}"#;
    fs::write(&schema, text).expect("the folder can be written");
    let ids = folder.path("ids");
    fs::write(&ids, "3").expect("the folder can be written");
    let (mut passes, mut tokens) = (0, 0);
    for model in ["models/house.gguf", "chat/bpe-recurrent.gguf"].map(fixture) {
        for sampling in [&["--top-k", "1"][..], &["--top-k", "0", "--top-p", "1", "--min-p", "0"], &[]] {
            // For models as small as these nothing is drafted unless that is asked for.
            let with = |draft: &str| {
                let args = ["-m", &model, "--ids", &ids, "-n", "120", "--json-schema", &schema, "--draft", draft];
                run(&[&args, sampling].concat())
            };
            let (one, several) = (with("off"), with("prompt"));
            for key in ["text", "ids", "logits_hash", "logprob", "logprobs", "stop"] {
                assert_eq!(one[key], several[key], "{model} {sampling:?} {key}");
            }
            let n = one["ids"].as_array().expect("there are tokens").len();
            assert_eq!(one["passes"], n, "{model} {sampling:?}");
            tokens += n;
            passes += several["passes"].as_u64().expect("a number") as usize;
        }
    }
    assert!(4 * passes < 3 * tokens, "{passes} for {tokens}");
}

/// A grammar whose texts have twenty readings behind a forced stretch.
fn ambiguous() -> String {
    let readings = (0..20).map(|n| format!("r{n}"));
    let root = format!("root ::= \"a stretch that is forced, \" ({})\n", readings.collect::<Vec<_>>().join(" | "));
    root + &(b'a'..).zip(0..20).fold(String::new(), |all, (letter, n)| {
        let letter = char::from(letter);
        format!("{all}r{n} ::= \"x\" r{n} \"{letter}\" | \"xy{letter}\"\n")
    })
}

#[test]
fn text_before_an_error_goes_out_whether_it_is_drafted_or_not() {
    let folder = Folder::new("grammar-ambiguous");
    let file = folder.path("grammar");
    fs::write(&file, ambiguous()).expect("the folder can be written");
    let answers = ["off", "prompt"].map(|draft| {
        flashlet_with(b"", &["run", "--raw", "the ring", "--grammar", &file, "--min-prob", "0", "--draft", draft])
    });
    assert_eq!(answers[0], answers[1]);
    let (code, out, err) = &answers[0];
    assert_eq!(*code, 1, "{err}");
    assert!(out.starts_with("a stretch that is forced, ") && err.contains("ambiguous"), "{out} {err}");
}

#[test]
fn a_file_may_carry_the_grammar_of_its_answers() {
    let folder = Folder::new("grammar-carried");
    let model = packed(&folder, COLOURS, &[]);
    let (schema, other) = (folder.path("schema.json"), folder.path("other"));
    fs::write(&other, "root ::= \"ring\"").expect("the folder can be written");
    let plain = run(&["-m", &fixture("models/house.gguf"), "the ring", "-n", "64"]);
    let named = run(&["-m", &fixture("models/house.gguf"), "the ring", "-n", "64", "--json-schema", &schema]);
    assert_eq!(named["stop"], "eos");
    assert_ne!(named["text"], plain["text"]);
    // A mapped file, and one that is read into the arena.
    for source in [&[][..], &["--source", "file"], &["--residency", "streamed"]] {
        let with = |args: &[&str]| run(&[&["-m", &model, "the ring", "-n", "64"], source, args].concat());
        for (args, want) in [(&[][..], &named), (&["--no-grammar"], &plain), (&["--json-schema", &schema], &named)] {
            let report = with(args);
            for key in ["text", "ids", "logits_hash", "stop"] {
                assert_eq!(report[key], want[key], "{source:?} {args:?}");
            }
        }
        assert_eq!(with(&["--grammar", &other])["text"], "ring", "{source:?}");
    }
    // Packed once more it still has the grammar.
    let again = folder.path("again.gguf");
    assert_eq!(flashlet_with(b"", &["pack", "--strip", &model, &again]).0, 0);
    assert_eq!(run(&["-m", &again, "the ring", "-n", "64"])["text"], named["text"]);

    let compiled: Value = serde_json::from_str(&grammar(&["--json-schema", &schema, "--json"]).1).expect("JSON");
    assert_eq!(compiled["longest"], r#"{"colour": "green", "on": false}"#.len());
    let shown: Value = serde_json::from_str(&grammar(&["-m", &model, "--json"]).1).expect("JSON");
    assert_eq!(shown, compiled);
    for command in ["inspect", "plan"] {
        let (code, out, err) = flashlet_with(b"", &[command, "-m", &model, "--json"]);
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(report["grammar"], compiled, "{command}");
        assert!(flashlet_with(b"", &[command, "-m", &model]).1.contains("bytes of tables"), "{command}");
    }
    let arena = |args: &[&str]| {
        let out = flashlet_with(b"", &[&["plan", "--json", "-m", &model], args].concat()).1;
        let plan: Value = serde_json::from_str(&out).expect("JSON");
        plan["grammar_bytes"].as_u64().expect("a number")
    };
    assert_eq!(arena(&[]), 0);
    assert!(arena(&["--source", "file"]) > compiled["table_bytes"].as_u64().expect("a number"));
    assert_eq!(grammar(&["-m", &fixture("models/house.gguf")]).0, 1);
}

#[test]
fn models_that_are_not_mapped_follow_a_grammar_too() {
    let folder = Folder::new("grammar-streamed");
    let (schema, model) = (folder.path("schema.json"), fixture("models/house.gguf"));
    fs::write(&schema, COLOURS).expect("the folder can be written");
    let with = |args: &[&str]| run(&[&["-m", &model, "the ring", "-n", "64", "--json-schema", &schema], args].concat());
    let want = with(&[]);
    for source in [["--source", "file"], ["--residency", "streamed"], ["--board", "nrf52840-dk"]] {
        let report = with(&source);
        for key in ["text", "ids", "logits_hash", "stop"] {
            assert_eq!(report[key], want[key], "{source:?} {key}");
        }
    }
    let copied = |args: &[&str]| {
        let all = [&["plan", "--json", "-m", &model, "--source", "file"], args].concat();
        let plan: Value = serde_json::from_str(&flashlet_with(b"", &all).1).expect("JSON");
        plan["grammar_bytes"].as_u64().expect("a number")
    };
    assert_eq!(copied(&[]), 0);
    assert!(copied(&["--json-schema", &schema]) > 4000);
}

#[test]
fn there_is_room_for_the_longest_answer() {
    let folder = Folder::new("grammar-room");
    let model = packed(&folder, COLOURS, &[]);
    let ids = folder.path("ids");
    let code = |n: usize, args: &[&str]| {
        fs::write(&ids, vec!["3"; n].join(" ")).expect("the folder can be written");
        let (code, _, err) = flashlet_with(b"", &[&["run", "--ids", &ids, "--ctx", "64", "-m", &model], args].concat());
        assert!(code == 0 || err.contains("32 tokens") && err.contains("room for"), "{err}");
        code
    };
    // The last token of the answer takes no room.
    assert_eq!((code(33, &[]), code(34, &[])), (0, 1));
    assert_eq!((code(60, &["-n", "5"]), code(64, &["--no-grammar"])), (0, 0));
    let model = packed(&folder, COLOURS, &["--grammar-room", "12"]);
    fs::write(&ids, vec!["3"; 53].join(" ")).expect("the folder can be written");
    let (code, _, err) = flashlet_with(b"", &["run", "--ids", &ids, "--ctx", "64", "-m", &model]);
    assert_eq!(code, 0, "{err}");
    for endless in [
        r#"{"type": "string"}"#,
        r##"{"items": {"$ref": "#"}, "type": "array"}"##,
        r#"{"type": "string", "minLength": 3}"#,
        r#"{"items": {"type": "integer"}, "type": "array", "minItems": 2}"#,
    ] {
        let schema = folder.path("schema.json");
        fs::write(&schema, endless).expect("the folder can be written");
        let report: Value = serde_json::from_str(&grammar(&["--json-schema", &schema, "--json"]).1).expect("JSON");
        assert!(report.get("longest").is_none(), "{report}");
    }
}

#[test]
fn the_longest_text_is_that_of_the_grammar() {
    let folder = Folder::new("grammar-longest");
    let file = folder.path("grammar");
    for (text, longest) in [
        ("root ::= \"a\" | \"bcd\" | \"ef\"", Some(3)),
        ("\u{feff}root ::= \"a\"?", Some(1)),
        ("root ::= [a-z]{2,5} \"-\" [0-9]{0,300}", Some(306)),
        ("root ::= x x x\nx ::= \"ab\" | y\ny ::= \"c\"{1,4}", Some(12)),
        ("root ::= [0-9]{2,30000}", Some(30_000)),
        ("root ::= \"a\"*", None),
        ("root ::= \"(\" root \")\" | \"a\"", None),
    ] {
        fs::write(&file, text).expect("the folder can be written");
        let (code, out, err) = grammar(&["--grammar", &file, "--json"]);
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(report.get("longest").and_then(Value::as_u64), longest, "{text}");
    }
}

#[test]
fn broken_tables_in_a_file_are_refused() {
    let folder = Folder::new("grammar-broken");
    let model = packed(&folder, COLOURS, &["--no-checksums"]);
    let bytes = fs::read(&model).expect("it was written");
    let at = bytes.windows(4).position(|word| word == b"FGR1").expect("there are tables");
    let broken = folder.path("broken.gguf");
    let mut refused = 0;
    for (offset, byte) in (0..60).map(|n| (at + 3 * n, (n * 37 + 255) as u8)).chain([(at - 12, 7), (at - 8, 1)]) {
        let mut bytes = bytes.clone();
        bytes[offset] = byte;
        fs::write(&broken, bytes).expect("the folder can be written");
        for source in ["mmap", "file"] {
            let args = ["run", "-m", &broken, "--source", source, "--raw", "the ring", "-n", "3"];
            let (code, _, err) = flashlet_with(b"", &args);
            // Other tables may be tables, too.
            assert!(code == 0 || code == 1 && err.starts_with("error: "), "{offset}: {code} {err}");
            refused += usize::from(code == 1);
        }
        assert!(flashlet_with(b"", &["inspect", "-m", &broken]).0 <= 1);
    }
    assert!(refused > 20, "{refused}");
}

/// A model in the folder with the chat template `template`.
fn model_with(folder: &Folder, template: &str) -> String {
    let model = folder.path("model.gguf");
    let mut bytes = fs::read(fixture("chat/bpe.gguf")).expect("the fixture is there");
    let blank = bytes.windows(64).position(|window| window == [b'#'; 64]).expect("it has a blank template");
    let room = bytes[blank..].iter().take_while(|&&byte| byte == b'#').count();
    let text = format!("{template}{{#{}#}}", " ".repeat(room - template.len() - 4));
    bytes[blank..blank + room].copy_from_slice(text.as_bytes());
    fs::write(&model, bytes).expect("the folder can be written");
    model
}

#[test]
fn an_answer_calls_tools() {
    let folder = Folder::new("grammar-tools");
    let file = folder.path("tools.json");
    let template = "{% for tool in tools or [] %}{{ tool | tojson }}\n{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}\n\
        {{ m.content }}{% for call in m.tool_calls or [] %}<tool_call>{{ call.function.arguments | tojson }}</tool_call>{% endfor %}<|im_end|>\n\
        {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let model = model_with(&folder, template);
    let tools = r#"[{"name": "dim", "parameters": {"properties": {"to": {"enum": [1, 20]}}, "required": ["to"]}}, {"name": "off"}]"#;
    fs::write(&file, tools).expect("the folder can be written");
    for seed in ["1", "2", "3", "4"] {
        let args = ["run", "--json", "-m", &model, "--tools", &file, "--temp", "1.5", "-s", seed, "-n", "200", "hi"];
        let (code, out, err) = flashlet_with(b"", &args);
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("one JSON object");
        let text = report["text"].as_str().expect("a text");
        let calls = report["tool_calls"].as_array().expect("a list");
        assert!(text.starts_with("<tool_call>\n{\"name\":") && !calls.is_empty(), "{text}");
        for call in calls {
            let arguments = match call["name"].as_str().expect("a name") {
                "dim" => &["{\"to\":1}", "{\"to\":20}"][..],
                name => {
                    assert_eq!(name, "off");
                    &["{}"]
                }
            };
            assert!(arguments.contains(&call["arguments"].to_string().as_str()), "{call}");
        }
    }
    let code = |args: &[&str]| flashlet_with(b"", &[&["run", "-m", &model, "-n", "2"], args].concat()).0;
    assert_eq!((code(&["--tools", &file, "--no-grammar", "hi"]), code(&["--tools", &file, "--raw", "hi"])), (0, 2));
    fs::write(&file, "[{\"name\": \"a\", \"parameters\": {\"properties\": {\"x\": {\"unevaluatedItems\": 1}}}}]")
        .expect("the folder can be written");
    assert_eq!(code(&["--tools", &file, "hi"]), 1);
}

#[test]
fn an_answer_calls_tools_as_functiongemma_does() {
    let folder = Folder::new("grammar-functions");
    let (file, messages) = (folder.path("tools.json"), folder.path("messages.json"));
    let template = "{% for tool in tools or [] %}<start_function_declaration>{{ tool.function.name }}{% endfor %}{% for m in messages %}\
        <start_of_turn>{{ m.role }}\n{{ m.content }}{% for call in m.tool_calls or [] %}<start_function_call>call:\
        {{ call.function.name }}{a:<escape>{{ call.function.arguments.a }}<escape>}<end_function_call>{% endfor %}\n{% endfor %}\
        {% if add_generation_prompt %}<start_of_turn>model\n{% endif %}";
    let model = model_with(&folder, template);
    let tools = r#"[{"name": "dim", "parameters": {"properties": {"to": {"enum": [1, 20]}, "by": {"enum": ["x<y", "b"]}}, "required": ["by", "to"]}}]"#;
    fs::write(&file, tools).expect("the folder can be written");
    let conversation = r#"[{"role": "user", "content": "hi"}, {"role": "assistant", "content": null, "tool_calls":
        [{"id": "1", "type": "function", "function": {"name": "dim", "arguments": "{\"a\": \"b\"}"}}]},
        {"role": "tool", "name": "dim", "tool_call_id": "1", "content": "done"}]"#;
    fs::write(&messages, conversation).expect("the folder can be written");
    for seed in ["1", "2", "3", "4"] {
        let args = [
            "run",
            "--json",
            "-m",
            &model,
            "--tools",
            &file,
            "--temp",
            "1.5",
            "-s",
            seed,
            "-n",
            "200",
            "--messages",
            &messages,
        ];
        let (code, out, err) = flashlet_with(b"", &args);
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("one JSON object");
        let text = report["text"].as_str().expect("a text");
        let calls = report["tool_calls"].as_array().expect("a list");
        assert!(text.starts_with("<start_function_call>call:dim{by:<escape>") && !calls.is_empty(), "{text}");
        for call in calls {
            let (to, by) = (&call["arguments"]["to"], &call["arguments"]["by"]);
            assert!((to == 1 || to == 20) && (by == "x<y" || by == "b"), "{call}");
        }
    }
}
