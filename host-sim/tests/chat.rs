//! `flashlet chat`, and conversations that `run` answers.

mod binary;
mod place;
#[cfg(unix)]
mod terminal;

use std::fs;

use binary::flashlet_with;
use place::Place;
use serde_json::{Value, json};

const HOUSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/house.gguf");
const LLAMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");

#[track_caller]
fn report(args: &[&str]) -> Value {
    let (code, out, err) = flashlet_with(b"", &[&["run", "--json", "--temp", "0", "-n", "4"], args].concat());
    assert_eq!(code, 0, "{args:?}: {err}");
    let mut report: Value = serde_json::from_str(&out).expect("one JSON object");
    report["timings"].take();
    report
}

#[track_caller]
fn fails(args: &[&str], code: i32, words: &str) {
    let (got, out, err) = flashlet_with(b"", args);
    assert!(got == code && out.is_empty() && err.contains(words), "{args:?}: {got} {err}");
}

fn file_with(name: &str, text: &str) -> Place {
    let place = Place::new(name);
    fs::write(&place.0, text).expect("the temporary folder can be written");
    place
}

#[test]
fn a_prompt_is_answered_where_the_model_has_a_template() {
    let text = "turn on the lamp";
    let answered = report(&["-m", HOUSE, text]);
    assert_eq!(answered["chat"], true);
    assert_eq!(answered, report(&["-m", HOUSE, "--chat", text]));
    let rendered = format!("<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n");
    let raw = report(&["-m", HOUSE, "--raw", &rendered]);
    assert_eq!(raw["chat"], false);
    assert_eq!(raw["prompt_ids"], answered["prompt_ids"]);
    assert_ne!(report(&["-m", HOUSE, "--raw", text])["prompt_ids"], answered["prompt_ids"]);
    assert_eq!(report(&["-m", LLAMA, "t5"])["chat"], false);
    let ids = file_with("chat-ids", "2 3");
    let as_they_are = report(&["-m", HOUSE, "--ids", ids.path()]);
    assert_eq!((&as_they_are["chat"], &as_they_are["prompt_ids"]), (&json!(false), &json!([2, 3])));
}

#[test]
fn what_a_user_writes_is_no_markup() {
    let plain = report(&["-m", HOUSE, "lamp"]);
    let count = |report: &Value, id: &Value| {
        report["prompt_ids"].as_array().expect("ids").iter().filter(|other| *other == id).count()
    };
    // One token each opens and closes the user's turn in this vocabulary.
    let ids = plain["prompt_ids"].as_array().expect("ids");
    let [open, close] = [&ids[0], &ids[ids.len() - 1]];
    for text in ["<|im_start|>user\n", "lamp<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>user", "<|im_end|>"] {
        let answered = report(&["-m", HOUSE, text]);
        assert_eq!((count(&answered, open), count(&answered, close)), (1, 1), "{text}");
    }
    let raw = report(&["-m", HOUSE, "--raw", "<|im_start|>user\n"]);
    assert_eq!(raw["prompt_ids"], json!([open]));
}

#[test]
fn a_conversation_in_a_file_is_answered() {
    let question = json!([{"role": "user", "content": "turn on the lamp"}]);
    let file = file_with("chat-question", &question.to_string());
    let flags = ["-m", HOUSE, "--chat-format", "chatml"];
    let of_file = report(&[&flags[..], &["--messages", file.path()]].concat());
    assert_eq!(of_file, report(&[&flags[..], &["turn on the lamp"]].concat()));
    let longer = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho"},
        {"role": "user", "content": "turn on the lamp"},
    ]);
    let file = file_with("chat-longer", &longer.to_string());
    let ids = |report: Value| report["prompt_ids"].as_array().expect("ids").len();
    assert!(ids(report(&[&flags[..], &["--messages", file.path()]].concat())) > ids(of_file) + 8);
    // An empty system text asks for none, and a byte order mark is no part of the messages.
    let empty = json!([{"role": "system", "content": ""}, {"role": "user", "content": "turn on the lamp"}]);
    let file_of_empty = file_with("chat-empty", &format!("\u{feff}{empty}"));
    let of_empty = report(&[&flags[..], &["--messages", file_of_empty.path()]].concat());
    assert_eq!(of_empty, report(&[&flags[..], &["--system", "", "turn on the lamp"]].concat()));
    for (text, words) in [(r#"[{"role": "assistant", "content": "x"}]"#, "must be the user's"), ("[]", "no messages")] {
        fails(&["run", "-m", HOUSE, "--messages", file_with("chat-bad", text).path()], 1, words);
    }
    fails(&["run", "-m", LLAMA, "--messages", file.path()], 1, "--chat-format");
    fails(&["run", "-m", HOUSE, "--messages", file.path(), "--raw"], 2, "--raw");
    fails(&["run", "-m", HOUSE, "--messages", file.path(), "hi"], 2, "--messages");
}

#[test]
fn a_packed_file_has_the_same_prompts() {
    let packed = Place::new("chat-packed.gguf");
    let (code, _, err) = flashlet_with(b"", &["pack", HOUSE, packed.path(), "--strip"]);
    assert_eq!(code, 0, "{err}");
    for flags in [&[][..], &["--raw"], &["--system", "Be brief."], &["--system", ""]] {
        let ids =
            |model| report(&[&["-m", model], flags, &["  is the garage door open?\n"]].concat())["prompt_ids"].clone();
        assert_eq!(ids(HOUSE), ids(packed.path()), "{flags:?}");
    }
}

#[test]
fn a_bad_line_is_said_and_the_conversation_goes_on() {
    let saved = Place::new("chat-saved.json");
    let kept = file_with("chat-kept", "precious");
    let save = format!("/save {}\n", saved.path());
    let early = format!("/save {}\n", kept.path());
    let long = "lamp ".repeat(400);
    let input = [
        early.as_bytes(),
        b"turn on the lamp\n",
        b"caf\xe9\n",
        b"/nosuch\n/save\n/load /no/such/file\n\n",
        long.as_bytes(),
        b"\n/system Be brief.\nturn off the lamp\n/stats\n",
        save.as_bytes(),
        b"/bye\nturn on the fan\n",
    ];
    let (code, out, err) = flashlet_with(&input.concat(), &["chat", "-m", HOUSE, "--temp", "0", "--ctx", "128"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{out}{err}");
    for words in [
        "nothing to save",
        "not UTF-8",
        "no command /nosuch",
        "/save FILE is needed",
        "no such file",
        "has room for 128",
        "context  ",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(fs::read_to_string(&kept.0).expect("it is there"), "precious");
    let messages: Value = serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
    let roles: Vec<_> =
        messages.as_array().expect("a list").iter().map(|m| m["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user", "assistant"]);
    assert_eq!((&messages[0]["content"], &messages[1]["content"]), (&json!("Be brief."), &json!("turn on the lamp")));
    // It goes on from there.
    let input = format!("/load {}\nturn off the fan\n{save}", saved.path());
    let (code, _, err) = flashlet_with(input.as_bytes(), &["chat", "-m", HOUSE, "--temp", "0", "--ctx", "128"]);
    assert_eq!(code, 0, "{err}");
    let longer: Value = serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
    assert_eq!(longer.as_array().map(Vec::len), Some(7));
    assert_eq!(longer[2], messages[2]);
}

#[test]
fn a_line_without_room_for_its_answer_is_said_and_the_conversation_goes_on() {
    // The model follows its grammar, whose answers take up to 24 tokens.
    let long = "turn on the lamp ".repeat(27);
    let (code, out, err) = flashlet_with(format!("{long}\nturn on the fan\n").as_bytes(), &["chat"]);
    assert_eq!((code, out.lines().count()), (0, 1), "{out}{err}");
    assert!(err.contains("up to 24 tokens") && err.contains("room for"), "{err}");
    // Answers of up to 79 bytes, more than a quarter of the context: oldest messages make room.
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 20}}, "required": ["a"],
        "additionalProperties": false});
    let schema = file_with("chat-schema", &schema.to_string());
    let saved = Place::new("chat-forgotten.json");
    let input = format!("{}/save {}\n", "turn on the lamp in the kitchen\n".repeat(6), saved.path());
    let flags = ["chat", "-m", HOUSE, "--chat-format", "chatml", "--temp", "0", "-c", "256", "-n", "140"];
    let (code, out, err) = flashlet_with(input.as_bytes(), &[&flags[..], &["--json-schema", schema.path()]].concat());
    assert_eq!((code, out.lines().count()), (0, 6), "{out}{err}");
    assert!(err.contains("oldest messages are forgotten"), "{err}");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
    assert!((2..12).contains(&kept.as_array().map_or(0, Vec::len)), "{kept}");
}

#[test]
fn turns_are_what_one_prompt_would_be() {
    // What was fed before is not fed again, and makes no difference.
    let saved = Place::new("chat-turns.json");
    let flags = ["-m", LLAMA, "--chat-format", "chatml", "--temp", "0", "--ctx", "512", "-n", "8"];
    let ask = |questions: &[&str]| {
        let input = format!("{}\n/save {}\n", questions.join("\n"), saved.path());
        let (code, _, err) = flashlet_with(input.as_bytes(), &[&["chat"], &flags[..]].concat());
        assert_eq!(code, 0, "{err}");
        let text = fs::read_to_string(&saved.0).expect("it was saved");
        serde_json::from_str::<Vec<Value>>(&text).expect("JSON")
    };
    let mut messages = ask(&["t5 t6", "t7", "t8 t9"]);
    let answer = messages.pop().expect("an answer");
    fs::write(&saved.0, json!(messages).to_string()).expect("it is ours");
    let (code, out, err) = flashlet_with(b"", &[&["run", "--messages", saved.path()], &flags[..]].concat());
    assert_eq!(
        (code, out.trim_end_matches('\n')),
        (0, answer["content"].as_str().expect("a text").trim_end_matches('\n')),
        "{err}"
    );
}

#[cfg(unix)]
mod at_a_terminal {
    use super::*;
    use crate::terminal::Terminal;

    #[test]
    fn lines_are_edited_and_pastes_are_one_message() {
        let saved = Place::new("chat-terminal.json");
        let mut terminal = Terminal::start(&["chat", "-m", HOUSE, "--temp", "0"]);
        terminal.wait_for("/help");
        terminal.say("turn on the lampx\x7f");
        terminal.wait_for("\"lamp\"}");
        // The line before, from the history.
        terminal.say("\x1b[A");
        terminal.wait_for("\"lamp\"}");
        terminal.say("\x1b[200~turn off\nthe lamp\x1b[201~");
        terminal.wait_for("}");
        terminal.say("turn on\x1b\rthe fan");
        terminal.wait_for("}");
        terminal.say(b"caf\xe9 x");
        terminal.wait_for("not UTF-8");
        terminal.say(format!("\x15/save {}", saved.path()));
        terminal.say("/bye");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let text = fs::read_to_string(&saved.0).expect("it was saved");
        let messages: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        let said: Vec<_> = messages.iter().step_by(2).map(|m| m["content"].as_str().expect("a text")).collect();
        assert_eq!(said, ["turn on the lamp", "turn on the lamp", "turn off\nthe lamp", "turn on\nthe fan"]);
    }

    #[test]
    fn lines_of_earlier_sessions_come_back() {
        let history = Place::new("chat-history");
        let session = |flags: &[&str], keys: &str, answer: &str| {
            let args = [&["chat", "-m", HOUSE, "--temp", "0"], flags].concat();
            let mut terminal = Terminal::start_with_history(history.path(), &args);
            terminal.say(keys);
            terminal.wait_for(answer);
            terminal.say("/bye");
            let (code, shown) = terminal.end();
            assert_eq!(code, Some(0), "{shown}");
        };
        session(&[], "turn on the lamp", "\"lamp\"}");
        // The line before `/bye`, of the session before.
        session(&[], "\x1b[A\x1b[A", "\"lamp\"}");
        session(&["--no-history"], "\x1b[Aturn on the fan", "\"fan\"}");
        let text = fs::read_to_string(&history.0).expect("it was written");
        assert_eq!(text, "\"turn on the lamp\"\n\"/bye\"\n\"turn on the lamp\"\n\"/bye\"\n");
        // The chat goes on where no file can be.
        let mut terminal = Terminal::start_with_history("/dev/null/history", &["chat", "-m", HOUSE, "--temp", "0"]);
        terminal.say("turn on the lamp");
        terminal.wait_for("\"lamp\"}");
        terminal.say("/bye");
        assert_eq!(terminal.end().0, Some(0));
    }

    #[test]
    fn lines_that_come_at_once_are_all_read() {
        let mut terminal = Terminal::start(&["chat", "-m", HOUSE, "--temp", "0"]);
        terminal.say("turn on the lamp\rturn off the fan\r/quit");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        assert!(
            shown.contains("\"on\",\"device\":\"lamp\"") && shown.contains("\"off\",\"device\":\"fan\""),
            "{shown}"
        );
    }

    #[test]
    fn ctrl_c_stops_an_answer_and_the_second_one_leaves() {
        let saved = Place::new("chat-stopped.json");
        let flags = ["--chat-format", "chatml", "--ctx", "30000", "-n", "-1", "--ignore-eos", "-t", "1"];
        let mut terminal = Terminal::start(&[&["chat", "-m", LLAMA], &flags[..]].concat());
        terminal.say("t5 t6");
        terminal.wait_for_answer("t");
        terminal.press("\x03");
        terminal.wait_for("(stopped)");
        // The conversation is still there.
        terminal.say(format!("/save {}", saved.path()));
        terminal.wait_for("> ");
        terminal.press("\x03");
        terminal.wait_for("once more leaves");
        terminal.wait_for("> ");
        terminal.press("\x03");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let messages: Value = serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
        assert_eq!(messages.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn thirty_turns_of_all_kinds_are_kept() {
        let saved = Place::new("chat-thirty.json");
        let flags = ["--chat-format", "chatml", "--ctx", "60000", "-n", "-1", "--ignore-eos", "-t", "1"];
        let mut terminal = Terminal::start(&[&["chat", "-m", LLAMA], &flags[..]].concat());
        let mut said = Vec::new();
        for i in 0..30 {
            let (first, second) = (format!("t{i} t3"), format!("t4 t{i}"));
            match i % 4 {
                0 => terminal.say(format!("\x1b[200~{first}\n{second}\x1b[201~")),
                1 => terminal.say(format!("{first}\x1b\r{second}")),
                2 => terminal.say(format!("{first} {second}x\x7f")),
                _ => {
                    // Reading fails at this byte. Whether bytes right behind it belong to the next line depends on when they arrive.
                    terminal.wait_for("> ");
                    terminal.press([first.as_bytes(), b"\xff"].concat());
                    terminal.wait_for("not UTF-8");
                    terminal.say(format!("\x15{first} {second}"));
                }
            }
            said.push(first + if i % 4 < 2 { "\n" } else { " " } + &second);
            // The answer, which does not end by itself, behind the line as it was typed.
            terminal.wait_for(&second);
            terminal.wait_for_answer("t");
            terminal.press("\x03");
            terminal.wait_for("(stopped)");
        }
        terminal.say(format!("/save {}", saved.path()));
        terminal.say("/quit");
        let (code, shown) = terminal.end();
        assert_eq!((code, shown.contains("the context is full")), (Some(0), false), "{shown}");
        let messages: Vec<Value> =
            serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
        let kept: Vec<_> = messages.iter().step_by(2).map(|m| m["content"].as_str().expect("a text")).collect();
        assert_eq!(kept, said);
        let answers = messages.iter().skip(1).step_by(2);
        assert_eq!(answers.filter(|m| m["role"] == "assistant" && m["content"] != "").count(), 30);
    }

    #[test]
    fn a_full_context_drops_the_oldest_turns() {
        let saved = Place::new("chat-full.json");
        let flags = ["--system", "t1 t2", "--chat-format", "chatml", "--ctx", "512", "-n", "8", "--temp", "0"];
        let mut terminal = Terminal::start(&[&["chat", "-m", LLAMA], &flags[..]].concat());
        for i in 0..30 {
            terminal.say(format!("t{i} t3 t4"));
        }
        terminal.say(format!("/save {}", saved.path()));
        terminal.say("/quit");
        let (code, shown) = terminal.end();
        assert_eq!((code, shown.matches("the context is full").count()), (Some(0), 1), "{shown}");
        let messages: Value = serde_json::from_str(&fs::read_to_string(&saved.0).expect("it was saved")).expect("JSON");
        let messages = messages.as_array().expect("a list");
        assert_eq!(messages[0], json!({"role": "system", "content": "t1 t2"}));
        assert_eq!(
            (&messages[1]["role"], &messages[messages.len() - 2]["content"]),
            (&json!("user"), &json!("t29 t3 t4"))
        );
        assert!((5..30).contains(&messages.len()), "{}", messages.len());
    }
}
