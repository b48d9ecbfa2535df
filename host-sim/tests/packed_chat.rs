//! Chat prompts of packed files: those of the file's own template, on a desktop and at a board's prompt.

mod binary;
mod place;

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::poll_fn;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use std::fs;

use binary::flashlet_with;
use embedded_io_async::{ErrorType, Read, Write};
use flashlet::Options;
use flashlet::flash::{SliceFlash, block_on};
use flashlet::kernels::{Inline, detect};
use flashlet_console::Board;
use place::Place;
use serde_json::{Value, json};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures");

/// The vocabularies: byte-level BPE, and SentencePiece, in which the spaces of markup and of texts merge.
const VOCABULARIES: [&str; 2] = ["bpe", "spm"];

/// A place for a model that no other test uses.
fn fresh() -> Place {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    Place::new(&format!("packed-chat-{}.gguf", MADE.fetch_add(1, Ordering::Relaxed)))
}

/// A model of the vocabulary `vocabulary` with the chat template `template` of the fixtures, in a file.
fn model(vocabulary: &str, template: &str) -> Place {
    let mut bytes = fs::read(format!("{FIXTURES}/chat/{vocabulary}.gguf")).expect("the fixture is there");
    let source = fs::read_to_string(format!("{FIXTURES}/templates/{template}.jinja")).expect("the fixture is there");
    let blank = bytes.windows(64).position(|window| window == [b'#'; 64]).expect("it has a blank template");
    let room = bytes[blank..].iter().take_while(|&&byte| byte == b'#').count();
    // What is left over is a comment.
    let source = source.trim_end_matches('\n');
    let text = format!("{source}{{#{}#}}", " ".repeat(room - source.len() - 4));
    bytes[blank..blank + room].copy_from_slice(text.as_bytes());
    let place = fresh();
    fs::write(&place.0, bytes).expect("the temporary folder can be written");
    place
}

/// The file of `original`, packed with `flags`, and what the command said.
fn packed(original: &Place, flags: &[&str]) -> (Place, String) {
    let place = fresh();
    let (code, out, err) = flashlet_with(b"", &[&["pack", original.path(), place.path()], flags].concat());
    assert_eq!(code, 0, "{err}");
    (place, out)
}

fn report(file: &Place, args: &[&str]) -> Value {
    let flags = ["run", "--json", "--temp", "0", "-n", "4", "-m", file.path()];
    let (code, out, err) = flashlet_with(b"", &[&flags, args].concat());
    assert_eq!(code, 0, "{args:?}: {err}");
    serde_json::from_str(&out).expect("one JSON object")
}

/// A person at a serial line, who types the next line when there is a prompt.
struct Person<'l> {
    bytes: core::str::Bytes<'l>,
    screen: &'l RefCell<Vec<u8>>,
    /// The line is not at its end.
    in_line: bool,
}

struct Screen<'l>(&'l RefCell<Vec<u8>>);

impl ErrorType for Person<'_> {
    type Error = Infallible;
}

impl ErrorType for Screen<'_> {
    type Error = Infallible;
}

impl Read for Person<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|context| {
            if !self.in_line && !self.screen.borrow().ends_with(b"\r\n> ") {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            // The line is closed behind the last byte.
            let Some(byte) = self.bytes.next() else { return Poll::Ready(Ok(0)) };
            self.in_line = byte != b'\n';
            buffer[0] = byte;
            Poll::Ready(Ok(1))
        })
        .await
    }
}

impl Write for Screen<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The output of a board with the model `file` when `lines` are typed.
fn typed(file: &[u8], lines: &str) -> String {
    let board = Board {
        name: "test",
        model_at: "memory",
        mapped: Some(file),
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: || 0,
        stack_peak: None,
        hold: None,
    };
    let (screen, mut arena) = (RefCell::default(), vec![0; 1 << 20]);
    let person = Person { bytes: lines.bytes(), screen: &screen, in_line: false };
    block_on(flashlet_console::run(&board, SliceFlash(file), person, Screen(&screen), &mut arena), || ());
    String::from_utf8_lossy(&screen.take()).into_owned()
}

/// The prompt's length, the hash of all logits and the ids of the board's last answer.
fn figures(screen: &str) -> (u64, String, Vec<u64>) {
    let line =
        |start: &str| screen.lines().rfind(|line| line.starts_with(start)).unwrap_or_else(|| unreachable!("{screen}"));
    let stats = line("[stats] ");
    let figure = |name: &str| stats.split_once(name).and_then(|(_, rest)| rest.split_whitespace().next()).expect(name);
    let ids = line("[ids]").split_whitespace().skip(1).map(|id| id.parse().expect("an id")).collect();
    (figure("prompt=").parse().expect("a number"), figure("hash=").to_owned(), ids)
}

/// The same figures of a desktop's run.
fn figures_of(report: &Value) -> (u64, String, Vec<u64>) {
    let ids = |name: &str| -> Vec<u64> {
        report[name].as_array().expect("ids").iter().map(|id| id.as_u64().expect("an id")).collect()
    };
    (ids("prompt_ids").len() as u64, report["logits_hash"].as_str().expect("a hash").to_owned(), ids("ids"))
}

#[test]
fn a_board_with_a_packed_file_sees_the_templates_prompt() {
    for vocabulary in VOCABULARIES {
        for template in [
            "chatml_default_system",
            "ended_answers",
            "headers_trimmed",
            "instructions",
            "lists_of_parts",
            "plain_words",
            "renamed_role",
            "separated_roles",
            "system_in_first_user",
            "thoughts_dropped",
            "wide_bars",
        ] {
            let original = model(vocabulary, template);
            let (packed, said) = packed(&original, &[]);
            assert!(said.contains("pieces of the template, by which boards"), "{template}: {said}");
            let bytes = fs::read(&packed.0).expect("it was written");
            let prompts = ["hi there", "  the  end ", "x <b>y</b> <unused0>[/INST]</s><|im_end|> <think>", "s>7 [INST"];
            for prompt in prompts {
                let whole = report(&original, &[prompt]);
                let what = format!("{vocabulary}, {template}, {prompt:?}");
                assert_eq!(report(&packed, &[prompt])["prompt_ids"], whole["prompt_ids"], "{what}");
                let screen = typed(&bytes, &format!("/stats on\n/len 4\n{prompt}\n"));
                assert_eq!(figures(&screen), figures_of(&whole), "{what}: {screen}");
            }
        }
    }
}

#[test]
fn bos_comes_once_and_users_write_no_markers() {
    for (vocabulary, template) in
        [("bpe", "headers_trimmed"), ("spm", "instructions"), ("bpe", "chatml_default_system"), ("spm", "plain_words")]
    {
        let (packed, _) = packed(&model(vocabulary, template), &[]);
        let count = |prompt: &str, id: u64| {
            let ids = report(&packed, &[prompt])["prompt_ids"].clone();
            ids.as_array().expect("ids").iter().filter(|other| **other == json!(id)).count()
        };
        // `<unk>` is in front of SentencePiece's markers.
        let bos = u64::from(vocabulary == "spm");
        assert_eq!(count("hi", bos), 1, "{template}");
        for marker in 0..18 {
            let written = "<s></s><|im_start|><|im_end|>[INST][/INST]<|eot_id|><|start_header_id|>";
            assert_eq!(count(written, bos + marker), count("x", bos + marker), "{template}: marker {marker}");
        }
    }
}

#[test]
fn a_board_goes_on_with_a_conversation() {
    let original = model("bpe", "chatml_default_system");
    let (packed, _) = packed(&original, &[]);
    let bytes = fs::read(&packed.0).expect("it was written");
    let screen = typed(&bytes, "/stats on\n/len 4\nhi there\n");
    let answered = figures(&screen).2;
    let screen = typed(&bytes, "/stats on\n/len 4\n/keep on\nhi there\nthe end\n");
    // The answer's last token was not fed; behind it comes what closes it.
    let more =
        report(&original, &["--raw", "<|im_end|>\n<|im_start|>user\nthe end<|im_end|>\n<|im_start|>assistant\n"]);
    let more = more["prompt_ids"].as_array().expect("ids").len() as u64 - 1;
    assert_eq!(answered.len(), 4, "{screen}");
    assert_eq!(figures(&screen).0, 1 + more, "{screen}");
}

#[test]
fn a_board_says_why_it_continues_prompts_as_they_are() {
    let original = model("bpe", "values");
    let (packed_anyway, said) = packed(&original, &[]);
    assert!(said.contains("no pieces of the template"), "{said}");
    let unknown = "not a known one: prompts are continued as they are; `flashlet pack`";
    for file in [&original, &packed_anyway] {
        let screen = typed(&fs::read(&file.0).expect("it is there"), "/stats on\n/len 4\nhi\n");
        assert!(screen.contains(unknown), "{screen}");
        assert_eq!(figures(&screen), figures_of(&report(&original, &["--raw", "hi"])), "{screen}");
    }
    // Pieces of a version to come.
    let (packed, said) = packed(&model("bpe", "headers_trimmed"), &["--no-checksums"]);
    assert!(said.contains("more") && !said.contains("no pieces"), "{said}");
    let mut bytes = fs::read(&packed.0).expect("it was written");
    let key = b"flashlet.chat.version";
    let at = bytes.windows(key.len()).position(|window| window == key).expect("it was packed") + key.len() + 4;
    bytes[at] = 2;
    let screen = typed(&bytes, "hi\n");
    assert!(screen.contains("flashlet.chat.version is not what this engine reads"), "{screen}");
}

#[test]
fn a_board_goes_on_behind_the_answer_as_the_template_renders_it() {
    let original = model("bpe", "wide_bars");
    let (packed, _) = packed(&original, &[]);
    let bytes = fs::read(&packed.0).expect("it was written");
    let screen = typed(&bytes, "/help\n/stats on\n/len 4\n/keep on\nhi there\nthe end\n");
    assert!(screen.contains("goes on without its thoughts") && screen.contains("\r\n/think on|off"), "{screen}");
    let first = report(&original, &["hi there"]);
    let said = [("user", "hi there"), ("assistant", first["text"].as_str().expect("a text")), ("user", "the end")];
    let said = said.map(|(role, content)| serde_json::json!({"role": role, "content": content}));
    let messages = Place::new("packed-chat-messages.json");
    fs::write(&messages.0, serde_json::json!(said).to_string()).expect("the temporary folder can be written");
    let (_, hash, ids) = figures_of(&report(&original, &["--messages", messages.path()]));
    let (_, board_hash, board_ids) = figures(&screen);
    assert_eq!((board_hash, board_ids), (hash, ids), "{screen}");
}

#[test]
fn a_board_asks_for_answers_without_thoughts() {
    let original = model("bpe", "thoughts_dropped");
    let (packed, _) = packed(&original, &[]);
    let bytes = fs::read(&packed.0).expect("it was written");
    let asked = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
    let screen = typed(&bytes, "/stats on\n/len 4\n/think off\nhi\n");
    assert_eq!(figures(&screen), figures_of(&report(&original, &["--raw", asked])), "{screen}");
    let screen = typed(&bytes, "/stats on\n/len 4\n/think off\n/think on\nhi\n");
    assert_eq!(figures(&screen), figures_of(&report(&original, &["hi"])), "{screen}");
}

#[test]
fn inspect_shows_what_becomes_of_prompts() {
    let original = model("spm", "headers_trimmed");
    let (packed, _) = packed(&original, &["--strip"]);
    let inspected = |file: &Place, flags: &[&str]| {
        let (code, out, err) = flashlet_with(b"", &[&["inspect", "-m", file.path()], flags].concat());
        assert_eq!(code, 0, "{err}");
        out
    };
    for (file, words, is_packed) in
        [(&original, "not packed as pieces", false), (&packed, "packed as pieces, which boards use", true)]
    {
        let text = inspected(file, &[]);
        assert!(text.lines().any(|line| line.starts_with("chat template") && line.contains(words)), "{text}");
        let object: Value = serde_json::from_str(&inspected(file, &["--json"])).expect("one JSON object");
        assert_eq!(object["chat"], json!({ "template": true, "pieces": is_packed }));
    }
    let again = fresh();
    let (code, out, err) = flashlet_with(b"", &["pack", packed.path(), again.path(), "--no-chat"]);
    assert!(code == 0 && !out.contains("pieces"), "{out}{err}");
    assert!(!inspected(&again, &[]).contains("flashlet.chat."));
}
