//! Long runs of characters: the steps that encoding takes are linear in their length, for every pre-tokeniser.

use super::super::word::byte_of_char;
use super::super::{pretokenize, steps};
use super::*;
use std::collections::BTreeSet;
use std::format;

/// The units that runs repeat: each class of character alone, and mixtures that make a pre-tokeniser look far ahead.
const UNITS: [&str; 39] = [
    "7",
    "0123456789",
    "\u{663}",
    "1\u{663}",
    "\u{bd}",
    "a",
    "thein",
    "TH",
    "\u{e9}",
    " ",
    "\t",
    "\u{a0}",
    " \u{3000}",
    "\n",
    "\r\n",
    "   \n",
    "\n   ",
    " \t\n",
    ".",
    "?!",
    "$+",
    " .",
    ".\n",
    "'",
    "'s",
    "'LL",
    "<",
    "<|",
    "\0",
    "\u{20ac}",
    "\u{1f469}\u{200d}",
    "e\u{301}",
    "\u{301}",
    "\u{6f22}\u{5b57}",
    "\u{2581}",
    "a ",
    "a1",
    "1.",
    "12 a\u{301} 9!",
];

/// GPT-2's character for a byte.
fn printable(byte: u8) -> char {
    ('!'..='\u{143}').find(|&c| byte_of_char(c) == Some(byte)).expect("every byte has a character")
}

/// Merges that make runs of `symbols` into ever longer tokens: neighbours two by two, four times over.
fn merges(symbols: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let mut symbols: Vec<String> = symbols.collect();
    let mut merges = Vec::new();
    for _ in 0..4 {
        merges.extend(symbols.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())));
        symbols = symbols.chunks(2).map(<[String]>::concat).collect();
    }
    merges
}

/// Special tokens that runs are made of too: control tokens, and one that counts in any text.
const SPECIAL: [(&str, i32); 4] = [("<|end|>", 3), ("<|<|", 3), ("<<<<<", 3), ("<tool>", 4)];

/// A vocabulary whose tokens and merges suit all runs: byte-level BPE with the pre-tokeniser `pre`, else SentencePiece.
fn vocabulary(pre: Option<&str>) -> File {
    let mut pairs = Vec::new();
    let mut found = BTreeSet::new();
    for unit in UNITS {
        let run = unit.repeat(64);
        let symbols: Vec<String> = match pre {
            Some(_) => run.bytes().map(|byte| printable(byte).to_string()).collect(),
            None => run.replace(' ', "\u{2581}").chars().map(String::from).collect(),
        };
        pairs.extend(merges(symbols.into_iter().take(64)).into_iter().filter(|pair| found.insert(pair.clone())));
    }
    let mut tokens = vec![("<unk>".to_string(), 2), ("<s>".into(), 3), ("</s>".into(), 3)];
    match pre {
        Some(_) => tokens.extend((0..=255).map(|byte| (printable(byte).to_string(), 1))),
        None => {
            let chars: BTreeSet<char> = UNITS.concat().replace(' ', "\u{2581}").chars().collect();
            tokens.extend((0..=255).map(|byte| (format!("<0x{byte:02X}>"), 6)));
            tokens.extend(chars.into_iter().map(|c| (c.to_string(), 1)));
        }
    }
    tokens.extend(pairs.iter().map(|(left, right)| ([left.as_str(), right].concat(), 1)));
    tokens.extend(SPECIAL.map(|(text, kind)| (text.to_string(), kind)));
    let texts: Vec<&str> = tokens.iter().map(|(text, _)| text.as_str()).collect();
    let types: Vec<i32> = tokens.iter().map(|&(_, kind)| kind).collect();
    let file = File::default().strings("tokens", &texts).i32s("token_type", &types);
    match pre {
        Some(pre) => {
            let merges: Vec<String> = pairs.iter().map(|(left, right)| format!("{left} {right}")).collect();
            let merges: Vec<&str> = merges.iter().map(String::as_str).collect();
            file.string("model", "gpt2").string("pre", pre).strings("merges", &merges)
        }
        None => {
            let scores: Vec<f32> = (0..tokens.len()).map(|id| -(id as f32)).collect();
            file.string("model", "llama").f32s("scores", &scores)
        }
    }
}

/// Gives `work` an encoder with this vocabulary, for words of up to 64 KiB.
fn with_encoder(file: &File, work: impl FnOnce(&mut dyn FnMut(&str) -> Vec<u32>)) {
    let bytes = file.bytes();
    let mut source = Source::with_mapping(SliceFlash(&bytes), &bytes);
    let gguf = block_on(Gguf::open(&mut source), || ()).expect("a well-formed file");
    let spec = block_on(TokenizerSpec::read(&gguf, &mut source), || ()).expect("usable");
    let mut memory = vec![0xff; 1 << 20];
    let mut tokenizer = Tokenizer::carve(&spec, 8192, &mut Arena::new(&mut memory)).expect("enough memory");
    block_on(tokenizer.build(&mut source, &mut |_, _| ()), || ()).expect("usable");
    work(&mut |text| {
        let mut ids = vec![0; 4 * text.len() + 8];
        let options = Encode { special: true, continues: true, ..Encode::default() };
        let n = block_on(tokenizer.encode(&mut source, text, options, &mut ids), || ()).expect("short words");
        ids.truncate(n);
        ids
    });
}

/// Asserts that twice the text takes about twice the steps.
fn assert_linear(what: &str, unit: &str, bytes: usize, encode: &mut dyn FnMut(&str) -> Vec<u32>) {
    // The letter at the end is what a pre-tokeniser looks ahead for.
    let [once, twice] = [bytes, 2 * bytes].map(|bytes| {
        let text = unit.repeat(bytes / unit.len()) + "a";
        steps::of(|| assert!(!encode(&text).is_empty()))
    });
    assert!(once > bytes as u64, "{what}: {unit:?} takes no steps");
    assert!(10 * twice <= 22 * once, "{what}: {unit:?} takes {once} steps, twice as much of it {twice}");
}

#[test]
fn steps_are_linear_in_the_length_of_runs() {
    let kinds = pretokenize::PreTokenizer::names().map(Some).chain([None]);
    for kind in kinds {
        with_encoder(&vocabulary(kind), |encode| {
            for unit in UNITS {
                assert_linear(kind.unwrap_or("SentencePiece"), unit, 500, encode);
            }
        });
    }
}

// The best pair of a long word is not looked for in all of it.
#[test]
fn steps_are_linear_in_the_length_of_a_word() {
    for kind in [Some("gpt-2"), None] {
        with_encoder(&vocabulary(kind), |encode| {
            for unit in ["a", "thein"] {
                assert_linear(kind.unwrap_or("SentencePiece"), unit, 20_000, encode);
            }
        });
    }
}

/// A symbol has a length of 16 bits: what would be longer does not merge, though it is a token.
#[test]
fn symbols_of_65535_bytes_are_the_longest() {
    // A run of 2^16 - 1 falls into all powers of two, which merge from its end on.
    let lens: Vec<usize> = (0..=16).map(|bit| 1 << bit).chain((2..=16).map(|bit| (1 << bit) - 1)).collect();
    let tokens: Vec<String> = lens.iter().map(|&len| "a".repeat(len)).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let scores: Vec<f32> = (0..tokens.len()).map(|id| -(id as f32)).collect();
    let file = File::default().string("model", "llama").strings("tokens", &tokens).f32s("scores", &scores);
    with_encoder(&file, |encode| {
        let mut lens_of = |len: usize| encode(&"a".repeat(len)).iter().map(|&id| lens[id as usize]).collect::<Vec<_>>();
        assert_eq!(lens_of(65_535), [65_535]);
        assert_eq!(lens_of(65_536), [32_768, 32_768]);
    });
}
