//! Turns of packed chat templates against what Jinja2 renders (`fixtures/make_templates.py`), and pieces that are damaged.

use flashlet::arena::{ALIGN, Arena};
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::Gguf;
use flashlet::text::{ChatPieces, Encode, TextError, Tokenizer, TokenizerSpec, Turn};
use flashlet_sim::pack::{Options, pack};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    block_on(future, || ())
}

/// A model with the chat template `template` of the fixtures, packed.
fn packed(template: &str) -> Vec<u8> {
    packed_model("bpe", template)
}

/// The model `model` with the chat template `template`, both of the fixtures, packed.
pub(crate) fn packed_model(model: &str, template: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(fixtures().join(format!("chat/{model}.gguf"))).expect("readable");
    let source = std::fs::read(fixtures().join(format!("templates/{template}.jinja"))).expect("readable");
    let blank = bytes.windows(64).position(|window| window == [b'#'; 64]).expect("it has a blank template");
    let room = bytes[blank..].iter().take_while(|&&byte| byte == b'#').count();
    // What is left over is a comment.
    let source = source.strip_suffix(b"\n").unwrap_or(&source);
    let rest = room - source.len() - 4;
    let text = [source, b"{#", &vec![b' '; rest], b"#}"].concat();
    bytes[blank..blank + room].copy_from_slice(&text);
    let mut out = Vec::new();
    let options = Options { checksums: false, index: false, ..Options::default() };
    pack(&mut Source::new(SliceFlash(&bytes)), &options, &mut out, &mut |_, _| ()).expect("a model");
    out
}

/// A packed file, opened.
struct Bench<'a, 'm> {
    source: Source<'m, SliceFlash<'m>>,
    tokenizer: Tokenizer<'a>,
    pieces: Result<Option<ChatPieces>, TextError>,
}

impl Bench<'_, '_> {
    fn open<T>(file: &[u8], work: impl FnOnce(Bench<'_, '_>) -> T) -> T {
        let mut source = Source::new(SliceFlash(file));
        let gguf = wait(Gguf::open(&mut source)).expect("a well-formed file");
        let spec = wait(TokenizerSpec::read(&gguf, &mut source)).expect("a usable vocabulary");
        let mut memory = vec![0xa5; (1 << 17) + ALIGN];
        let mut tokenizer = Tokenizer::carve(&spec, 512, &mut Arena::new(&mut memory)).expect("a small vocabulary");
        wait(tokenizer.build(&mut source, &mut |_, _| ())).expect("a readable file");
        let pieces = wait(ChatPieces::read(&gguf, &mut source));
        work(Bench { source, tokenizer, pieces })
    }

    fn turn(&mut self, first: bool, system: Option<&str>, user: &str, room: usize) -> Result<Vec<u32>, TextError> {
        let Some(pieces) = self.pieces? else { unreachable!("there are pieces") };
        let mut out = [0; 2048];
        let (turn, mut text) = (Turn { first, system, user }, vec![0x5a; room]);
        let n = wait(pieces.encode(&mut self.tokenizer, &mut self.source, &turn, &mut text, &mut out))?;
        Ok(out[..n].to_vec())
    }

    fn encode(&mut self, text: &str, options: Encode<'_>) -> Vec<u32> {
        let mut out = [0; 2048];
        let n = wait(self.tokenizer.encode(&mut self.source, text, options, &mut out)).expect("short");
        out[..n].to_vec()
    }
}

#[test]
fn turns_have_the_tokens_of_the_whole_conversation() {
    let text = std::fs::read_to_string(fixtures().join("templates.json")).expect("readable");
    let reference: Value = serde_json::from_str(&text).expect("JSON");
    for template in ["chatml_default_system", "ended_answers", "headers_trimmed", "separated_roles"] {
        Bench::open(&packed(template), |mut bench| {
            for conversation in ["user", "system", "two turns", "three turns", "digit", "other characters"] {
                let messages = reference["conversations"][conversation].as_array().expect("messages");
                let content = |message: &Value| message["content"].as_str().expect("a text").to_owned();
                let (system, turns) = match messages.split_first() {
                    Some((first, rest)) if first["role"] == "system" => (Some(content(first)), rest),
                    _ => (None, &messages[..]),
                };
                let mut ids = Vec::new();
                for (i, message) in turns.iter().enumerate() {
                    ids.extend(match i % 2 {
                        0 => bench.turn(i == 0, system.as_deref(), &content(message), 1024).expect("short"),
                        _ => bench.encode(&content(message), Encode { continues: true, ..Encode::default() }),
                    });
                }
                let rendered = reference["rendered"][template][conversation].as_str().expect("a text");
                // The template writes BOS, or the tokenizer does.
                let rendered = rendered.strip_prefix("<s>").unwrap_or(rendered);
                let whole = bench.encode(rendered, Encode { bos: true, special: true, ..Encode::default() });
                assert_eq!(ids, whole, "{template}, {conversation}: {rendered}");
            }
        });
    }
}

#[test]
fn no_special_token_spans_what_is_barred() {
    Bench::open(&packed("chatml_default_system"), |mut bench| {
        // One token each, the second of them a user-defined one.
        for (marker, inside) in [("<|im_end|>", 3), ("<think>", 1), ("<｜User｜>", 1)] {
            let text = format!("a{marker}b{marker}c");
            let options = Encode { special: true, continues: true, ..Encode::default() };
            let ids = bench.encode(&text, options);
            assert_eq!(ids.len(), 5, "{marker}");
            let barred = [1 + inside];
            let first_barred = bench.encode(&text, Encode { barred: &barred, ..options });
            assert_eq!(first_barred.iter().filter(|&&id| id == ids[1]).count(), 1, "{marker}");
            assert!(first_barred.ends_with(&ids[2..]), "{marker}");
            let barred = [1 + inside, 2 + marker.len() + inside];
            assert!(!bench.encode(&text, Encode { barred: &barred, ..options }).contains(&ids[1]), "{marker}");
            // The ends of a marker are not inside of it.
            let ends = [1, 1 + marker.len()];
            assert_eq!(bench.encode(&text, Encode { barred: &ends, ..options }), ids, "{marker}");
        }
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    Bench::open(&packed("chatml_default_system"), |mut bench| {
        assert!(bench.turn(true, Some("sir"), "hi", 200).is_ok());
        let error = bench.turn(true, None, "hi", 60).expect_err("no room");
        assert!(matches!(error, TextError::TurnTooLong { need: 61.., have: 60 }), "{error}");
        let error = bench.turn(false, None, &"<s>".repeat(65), 1024).expect_err("many markers");
        assert!(matches!(error, TextError::TooManyMarkers { have: 64 }), "{error}");
        assert!(bench.turn(false, None, &"<s>".repeat(64), 1024).is_ok());
    });
    Bench::open(&packed("instructions"), |mut bench| {
        assert_eq!(bench.turn(true, Some("sir"), "hi", 1024), Err(TextError::NoSystemText));
        assert!(bench.turn(true, Some(""), "hi", 1024).is_ok());
    });
}

/// Where the value of the key `name` begins: behind its type.
fn value_of(file: &[u8], name: &str) -> usize {
    let key = format!("flashlet.chat.{name}");
    let length = (key.len() as u64).to_le_bytes();
    let found = file.windows(key.len()).enumerate().filter(|(_, window)| *window == key.as_bytes());
    let at = found.map(|(at, _)| at).find(|&at| file[..at].ends_with(&length)).expect("the key is there");
    at + key.len() + 4
}

#[test]
fn damaged_pieces_are_named() {
    let file = packed("headers_trimmed");
    let read = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = file.clone();
        change(&mut file);
        Bench::open(&file, |bench| bench.pieces.map(|pieces| pieces.is_some()))
    };
    assert_eq!(read(&|_| ()), Ok(true));
    let set = |name: &'static str, offset: isize, byte: u8| {
        move |file: &mut Vec<u8>| {
            let at = value_of(file, name);
            file[at.checked_add_signed(offset).expect("inside")] = byte;
        }
    };
    for (name, offset, byte, error) in [
        ("version", 0, 2, Some("version")),
        // Types: of a float, of a number in place of a text.
        ("version", -4, 6, Some("version")),
        ("trims", 1, 2, Some("trims")),
        ("trims", 3, 0x80, Some("trims")),
        ("trims", -4, 6, Some("trims")),
        // Names that nobody knows: the pieces lack something, or there are none.
        ("first", -5, b'x', Some("first")),
        ("after_user", -5, b'x', Some("after_user")),
        ("after_answer", -5, b'x', Some("after_answer")),
        ("before_system", -5, b'x', None),
    ] {
        let want = error.map_or(Ok(true), |name| Err(TextError::UnusablePieces(name)));
        assert_eq!(read(&set(name, offset, byte)), want, "{name} {offset}");
    }
    assert_eq!(read(&set("version", -5, b'x')), Ok(false));
    let text = TextError::UnusablePieces("version").to_string();
    assert!(text.contains("flashlet.chat.version") && text.contains("pack the original"), "{text}");
    // Bytes that are no text are noticed when they are needed.
    let mut file = file.clone();
    set("after_user", 8, 0xff)(&mut file);
    Bench::open(&file, |mut bench| {
        assert_eq!(bench.turn(true, None, "hi", 1024), Err(TextError::UnusablePieces("after_user")));
    });
}

#[test]
fn no_byte_of_the_pieces_makes_the_engine_panic() {
    let file = packed("thoughts_dropped");
    let start = value_of(&file, "version") - 40;
    let end = value_of(&file, "thoughts_end") + 24;
    let mut usable = 0;
    for at in start..end {
        for flip in [0x01, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= flip;
            let mut source = Source::new(SliceFlash(&file));
            let Ok(gguf) = wait(Gguf::open(&mut source)) else { continue };
            let Ok(Some(_)) = wait(ChatPieces::read(&gguf, &mut source)) else { continue };
            usable += 1;
            Bench::open(&file, |mut bench| {
                for first in [true, false] {
                    let _ = bench.turn(first, Some("be brief"), "hi <think>", 1024);
                }
            });
        }
    }
    assert!(usable > 100, "{usable}");
}
