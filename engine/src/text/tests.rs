//! Vocabularies made by hand, most of them faulty.

use super::*;
use crate::arena::Arena;
use crate::flash::{SliceFlash, Source, block_on};
use crate::gguf::Gguf;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

#[cfg(feature = "bpe")]
mod long;

/// A GGUF of keys and values.
#[derive(Clone, Default)]
struct File(Vec<(String, Vec<u8>)>);

impl File {
    fn value(mut self, key: &str, id: u32, value: &[u8]) -> Self {
        let key = if key.contains('.') { key.to_string() } else { ["tokenizer.ggml.", key].concat() };
        self.0.retain(|(other, _)| *other != key);
        self.0.push((key, [&id.to_le_bytes()[..], value].concat()));
        self
    }

    fn without(mut self, key: &str) -> Self {
        self.0.retain(|(other, _)| !other.ends_with(key));
        self
    }

    fn array(self, key: &str, id: u32, n: usize, elems: &[u8]) -> Self {
        self.value(key, 9, &[&id.to_le_bytes()[..], &(n as u64).to_le_bytes(), elems].concat())
    }

    fn string(self, key: &str, text: &str) -> Self {
        self.value(key, 8, &string(text))
    }

    fn strings(self, key: &str, texts: &[&str]) -> Self {
        let elems: Vec<u8> = texts.iter().flat_map(|text| string(text)).collect();
        self.array(key, 8, texts.len(), &elems)
    }

    fn i32s(self, key: &str, values: &[i32]) -> Self {
        let elems: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.array(key, 5, values.len(), &elems)
    }

    fn f32s(self, key: &str, values: &[f32]) -> Self {
        let elems: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.array(key, 6, values.len(), &elems)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend((self.0.len() as u64).to_le_bytes());
        for (key, value) in &self.0 {
            bytes.extend(string(key));
            bytes.extend(value);
        }
        bytes
    }

    fn spec(&self) -> Result<TokenizerSpec, TextError> {
        let bytes = self.bytes();
        let mut source = Source::new(SliceFlash(&bytes));
        let gguf = block_on(Gguf::open(&mut source), || ()).expect("a well-formed file");
        block_on(TokenizerSpec::read(&gguf, &mut source), || ())
    }

    /// The name that an error about this file calls.
    fn named(&self, error: TextError) -> String {
        block_on(error.name().read(&mut Source::new(SliceFlash(&self.bytes()))), || ()).to_string()
    }

    /// Encodes; a text starts with `bos`.
    fn encode(&self, text: &str) -> Result<Vec<u32>, TextError> {
        self.run(text, Encode { bos: true, ..Encode::default() }).map(|(ids, ..)| ids)
    }

    /// Ids, decoded text, ending tokens.
    fn run(&self, text: &str, options: Encode) -> Result<(Vec<u32>, String, Vec<u32>), TextError> {
        self.build(|source, spec, tokenizer| {
            let mut ids = vec![0; 4 * text.len() + 8];
            let n = block_on(tokenizer.encode(source, text, options, &mut ids), || ())?;
            ids.truncate(n);
            let back = decoded(source, tokenizer, &ids, Detokenizer::new())?;
            Ok((ids, back, (0..spec.n_vocab()).filter(|&id| tokenizer.is_end(id)).collect()))
        })
    }

    /// Decodes.
    fn decode(&self, ids: &[u32], detokenizer: Detokenizer) -> Result<String, TextError> {
        self.build(|source, _, tokenizer| decoded(source, tokenizer, ids, detokenizer))
    }

    /// Makes the file's tokenizer and hands it to `with`.
    fn build<T>(
        &self,
        with: impl FnOnce(&mut Source<'_, SliceFlash<'_>>, &TokenizerSpec, &mut Tokenizer<'_>) -> Result<T, TextError>,
    ) -> Result<T, TextError> {
        let bytes = self.bytes();
        let mut source = Source::new(SliceFlash(&bytes));
        let gguf = block_on(Gguf::open(&mut source), || ()).expect("a well-formed file");
        let spec = block_on(TokenizerSpec::read(&gguf, &mut source), || ())?;
        let mut memory = vec![0xff; 1 << 18];
        let mut tokenizer = Tokenizer::carve(&spec, 0, &mut Arena::new(&mut memory)).expect("enough memory");
        block_on(tokenizer.build(&mut source, &mut |_, _| ()), || ())?;
        with(&mut source, &spec, &mut tokenizer)
    }
}

fn decoded(
    source: &mut Source<'_, SliceFlash<'_>>,
    tokenizer: &Tokenizer<'_>,
    ids: &[u32],
    mut detokenizer: Detokenizer,
) -> Result<String, TextError> {
    let mut text = String::new();
    for &id in ids {
        block_on(tokenizer.decode(source, id, &mut detokenizer, &mut |s| text.push_str(s)), || ())?;
    }
    detokenizer.flush(&mut |s| text.push_str(s));
    Ok(text)
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// SentencePiece: unk, bos, eos, then a few pieces; "ab" is better than "bc".
fn spm() -> File {
    File::default()
        .string("model", "llama")
        .strings("tokens", &["<unk>", "<s>", "</s>", "▁", "a", "b", "c", "ab", "bc", "<0x0A>"])
        .f32s("scores", &[0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -9.0, -1.0, -2.0, 0.0])
        .i32s("token_type", &[2, 3, 3, 1, 1, 1, 1, 1, 1, 6])
}

/// Byte-level BPE without a pre-tokeniser.
fn bpe() -> File {
    File::default()
        .string("model", "gpt2")
        .strings("tokens", &["a", "b", "c", "ab", "bc", "<end>"])
        .strings("merges", &["b c", "a b"])
}

#[test]
fn vocabularies_that_lack_something_are_errors() {
    let cases = [
        (spm().without("model"), TextError::Missing(Key::Model)),
        (spm().without("tokens"), TextError::Missing(Key::Tokens)),
        (spm().string("tokens", "a"), TextError::WrongType(Key::Tokens)),
        (spm().i32s("tokens", &[1, 2]), TextError::WrongType(Key::Tokens)),
        (spm().strings("tokens", &[]), TextError::NoTokens),
        (spm().f32s("scores", &[0.0; 9]), TextError::Length { key: Key::Scores, need: 10, have: 9 }),
        (spm().i32s("token_type", &[1; 11]), TextError::Length { key: Key::TokenTypes, need: 10, have: 11 }),
        (spm().strings("scores", &["0"; 10]), TextError::WrongType(Key::Scores)),
        (spm().f32s("token_type", &[1.0; 10]), TextError::WrongType(Key::TokenTypes)),
        (bpe().without("merges"), TextError::Missing(Key::Merges)),
        (bpe().i32s("merges", &[1]), TextError::WrongType(Key::Merges)),
        (bpe().i32s("pre", &[1]), TextError::WrongType(Key::Pre)),
    ];
    for (file, error) in cases {
        assert_eq!(file.spec(), Err(error));
        assert!(!error.to_string().is_empty());
    }
    let error = spm().string("model", "nosuch").spec().expect_err("an unknown model");
    assert!(matches!(error, TextError::UnknownModel(_)), "{error}");
    assert_eq!(spm().string("model", "nosuch").named(error), "nosuch");
    let error = bpe().string("pre", "nosuch").spec().expect_err("an unknown pre-tokeniser");
    assert!(matches!(error, TextError::UnknownPreTokenizer(_)), "{error}");
    assert_eq!(bpe().string("pre", "nosuch").named(error), "nosuch");
}

#[test]
fn a_vocabulary_has_two_to_the_24_strings_at_most() {
    let bytes = |n: usize| File::default().string("model", "llama").array("tokens", 0, n, &vec![0; n]).spec();
    assert_eq!(bytes(1 << 24), Err(TextError::WrongType(Key::Tokens)));
    assert_eq!(bytes((1 << 24) + 1), Err(TextError::VocabularyTooLarge));
}

#[test]
fn sentencepiece_has_no_merges() {
    let merges = spm().spec().expect("usable").merges;
    assert_eq!((merges.len, merges.end), (0, merges.offset));
}

#[test]
fn texts_begin_and_end_with_the_tokens_that_the_file_names() {
    let ends = |file: &File| file.spec().map(|spec| (spec.bos(), spec.eos()));
    assert_eq!(ends(&spm()), Ok((Some(1), Some(2))));
    assert_eq!(ends(&bpe()), Ok((None, None)));
    let named = spm().value("bos_token_id", 4, &[7, 0, 0, 0]).value("eos_token_id", 4, &[8, 0, 0, 0]);
    assert_eq!(ends(&named), Ok((Some(7), Some(8))));
}

#[test]
fn pairs_merge_by_score_or_by_rank() {
    assert_eq!(spm().encode("abc\n"), Ok(vec![1, 3, 7, 6, 9]));
    assert_eq!(bpe().encode("abc"), Ok(vec![0, 4]));
    // The left pair of equals.
    assert_eq!(spm().f32s("scores", &[0.0; 10]).encode("abc"), Ok(vec![1, 3, 7, 6]));
    assert_eq!(spm().without("scores").encode("abc"), Ok(vec![1, 3, 7, 6]));
    assert_eq!(spm().i32s("scores", &[0, 0, 0, 0, 0, 0, 0, -1, 5, 0]).encode("abc"), Ok(vec![1, 3, 4, 8]));
    let mut scores = [0.0; 10];
    scores[7] = f32::NAN;
    scores[8] = f32::NEG_INFINITY;
    assert_eq!(spm().f32s("scores", &scores).encode("abc"), Ok(vec![1, 3, 4, 8]));
    assert_eq!(spm().f32s("scores", &scores).encode("ab"), Ok(vec![1, 3, 7]), "the worst score merges all the same");
    // Minus zero is zero.
    (scores[7], scores[8]) = (-0.0, 0.0);
    assert_eq!(spm().f32s("scores", &scores).encode("abc"), Ok(vec![1, 3, 7, 6]));
}

#[test]
fn odd_vocabularies_are_put_up_with() {
    // Ids outside the vocabulary count as missing: the defaults, where there are some.
    let far = spm().value("bos_token_id", 4, &[10, 0, 0, 0]).value("eos_token_id", 5, &[0xff; 4]);
    assert_eq!(far.encode("a"), Ok(vec![1, 3, 4]));
    assert_eq!(bpe().value("bos_token_id", 4, &[9, 0, 0, 0]).value("add_bos_token", 7, &[1]).encode("a"), Ok(vec![0]));
    // Of equal tokens the first one is found.
    assert_eq!(bpe().strings("tokens", &["a", "b", "ab", "ab", "b"]).encode("ab"), Ok(vec![2]));
    // However often they occur, and however long they are.
    let long = "d".repeat(100);
    let others: Vec<String> = (0..300).map(|i| std::format!("u{i}")).collect();
    let repeated: Vec<&str> = others.iter().flat_map(|other| [&long[..], other]).chain(["a", "b", "ab"]).collect();
    assert_eq!(bpe().strings("tokens", &repeated).encode("ab"), Ok(vec![602]));
    let merges = ["", " ", "ab", "a b c", "zz qq", "a b", "a b", "b c"];
    assert_eq!(bpe().strings("merges", &merges).encode("abc"), Ok(vec![3, 2]));
    // Symbols that merge to no token become tokens of their bytes.
    assert_eq!(bpe().strings("tokens", &["a", "b", "c"]).encode("ab"), Ok(vec![0, 1]));
    // Empty tokens are nobody's, long ones are tokens like others.
    let long = "c".repeat(5000);
    let file = bpe().strings("tokens", &["", "a", &long, "c", "b"]).strings("merges", &[&long]);
    assert_eq!(file.run("acb", Encode::default()).map(|(ids, text, _)| (ids, text)), Ok((vec![1, 3, 4], "acb".into())));
    // Without types every token is text.
    let plain = spm().without("token_type");
    assert_eq!(plain.run("\n", Encode::default()).map(|(ids, text, _)| (ids, text)), Ok((vec![3, 9], "<0x0A>".into())));
}

/// llama.cpp's `ignore_merges` and `add_bos` of Llama 3's pre-tokeniser, which others of its expression do not have.
#[cfg(feature = "bpe")]
#[test]
fn llama3_takes_whole_words_and_begins_texts() {
    let file = |pre| {
        let file = bpe().string("pre", pre).strings("tokens", &["a", "b", "ab", "<s>"]).strings("merges", &["b a"]);
        file.value("bos_token_id", 4, &[3, 0, 0, 0]).encode("ab")
    };
    assert_eq!((file("llama-bpe"), file("dbrx")), (Ok(vec![3, 2]), Ok(vec![0, 1])));
}

#[test]
fn ids_may_fill_their_room() {
    let encode = |room: usize| {
        let mut ids = vec![9; room];
        let options = Encode::default();
        bpe().build(|source, _, tokenizer| block_on(tokenizer.encode(source, "abc", options, &mut ids), || ()))
    };
    assert_eq!((encode(3), encode(2)), (Ok(2), Ok(2)));
    assert_eq!(encode(1), Err(TextError::TooLong { need: 2, have: 1 }));
    // A word that cannot be cut, and the space in front of it.
    let error = spm().encode(&"ab".repeat(40_000)).expect_err("a long word");
    assert!(matches!(error, TextError::WordTooLong { need: 80_001, .. }), "{error}");
}

#[test]
fn bytes_without_a_token_are_unknown_or_an_error() {
    assert_eq!(spm().encode("é"), Ok(vec![1, 3, 0, 0]));
    let strict = spm().strings("tokens", &["▁"]).f32s("scores", &[0.0]).i32s("token_type", &[1]);
    // The unknown token is number 0 unless the file says otherwise.
    assert_eq!(strict.encode("é"), Ok(vec![0, 0, 0]));
    // GPT-2's has a token for each byte; what is not there is dropped.
    assert_eq!(bpe().encode("aéb"), Ok(vec![0, 1]));
}

/// Tokens that the user defined are found in any text, however many there are and if there are no others.
#[test]
fn user_defined_tokens_are_found_in_text() {
    let names: Vec<String> = (0..1000).map(|i| std::format!("<{i}>")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let file = File::default().string("model", "llama").strings("tokens", &names).i32s("token_type", &[4; 1000]);
    let (ids, ..) = file.run("<999><7>", Encode::default()).expect("usable");
    assert!(ids.ends_with(&[999, 7]), "{ids:?}");
}

#[test]
fn tokens_are_decoded_by_their_type() {
    let broken_early = [b"a\xff", &[b'b'; 80][..]].concat();
    let tokens: [(&[u8], i32); 10] = [
        (b"<unk>", 2),
        (b"</s>", 3),
        (b"unused", 5),
        (b"<0xC3>", 6),
        (b"<0xzz>", 6),
        (b"\xe2\x96\x81a", 1),
        ("\u{2581}".repeat(30).leak().as_bytes(), 1),
        (b"a\xffb\xe2\x96", 1),
        (b"\xe2\x96\x81", 4),
        (&broken_early, 1),
    ];
    let strings: Vec<u8> =
        tokens.iter().flat_map(|(text, _)| [&(text.len() as u64).to_le_bytes(), *text].concat()).collect();
    let types = tokens.map(|(_, ty)| ty);
    let file =
        File::default().string("model", "llama").array("tokens", 8, tokens.len(), &strings).i32s("token_type", &types);
    let decode = |ids: &[u32], detokenizer| file.decode(ids, detokenizer).expect("all ids are there");
    let goes_on = Detokenizer::continuing();
    assert_eq!(decode(&[0, 1, 2, 4], goes_on), "");
    assert_eq!(decode(&[0, 1, 2, 4], goes_on.with_special()), "<unk></s>");
    assert_eq!(decode(&[3, 5], goes_on), "\u{fffd} a");
    // The space in front of a text is dropped, that of a text which goes on is not; user-defined tokens have no marks.
    assert_eq!((decode(&[5, 5], Detokenizer::new()), decode(&[5], goes_on)), ("a a".into(), " a".into()));
    assert_eq!(decode(&[8], goes_on), "\u{2581}");
    // Longer than what is read at once, which ends inside a character.
    assert_eq!(decode(&[6], goes_on), " ".repeat(30));
    assert_eq!(decode(&[7], goes_on), "a\u{fffd}b\u{fffd}");
    assert_eq!(decode(&[9], goes_on), ["a\u{fffd}", &"b".repeat(80)].concat());
}

/// Strings of one hash and length are told apart by what they read.
#[test]
fn tokens_are_compared_and_not_their_hashes_alone() {
    let [known, other] = &colliding(2)[..] else { unreachable!("two were asked for") };
    let file = spm()
        .strings("tokens", &["<unk>", "<s>", "</s>", known])
        .f32s("scores", &[0.0; 4])
        .i32s("token_type", &[2, 3, 3, 4]);
    assert_eq!(file.encode(known), Ok(vec![1, 3]));
    assert!(file.encode(other).is_ok_and(|ids| !ids.contains(&3)));
}

#[test]
fn answers_end_at_named_and_at_well_known_tokens() {
    let file = bpe()
        .strings("tokens", &["a", "<|im_end|>", "</s>", "<bye>", "<|eot_id|>"])
        .i32s("token_type", &[1, 3, 1, 3, 3])
        .value("eos_token_id", 4, &[3, 0, 0, 0]);
    let (ids, text, ends) = file.run("a</s>a", Encode { special: true, ..Encode::default() }).expect("usable");
    assert_eq!((&ids[..], &text[..]), (&[0, 2, 0][..], "aa"));
    assert_eq!(ends, [1, 2, 3, 4]);
    // Some well-known tokens do not end an answer.
    let file = bpe().strings("tokens", &["a", "<|fim_pad|>", "<|fim_prefix|>", "<|fim_middle|>", "<eos>"]);
    assert_eq!(file.run("a", Encode::default()).map(|(.., ends)| ends), Ok(vec![1, 4]));
    let file = bpe().strings("tokens", &["<|fim_suffix|>", "a", "<eos>"]);
    assert_eq!(file.run("a", Encode::default()).map(|(.., ends)| ends), Ok(vec![2]));
    // Text is not markup unless it is said to be.
    let file = bpe().strings("tokens", &["a", "</s>"]);
    assert_eq!(file.run("a</s>a", Encode::default()).map(|(ids, ..)| ids), Ok(vec![0, 0]));
}

#[test]
fn the_index_is_small() {
    // Gemma 3's vocabulary and SmolLM2's.
    let measure = |kind: &File, n: u64, merges: u64, ctx| {
        let mut spec = kind.spec().expect("usable");
        spec.tokens.len = n;
        spec.merges.len = merges;
        spec.n_special = 6414;
        let mut dry = Arena::measuring();
        Tokenizer::carve(&spec, ctx, &mut dry).expect("measuring never runs out");
        dry.usage().total()
    };
    let gemma = |ctx| measure(&spm(), 262_144, 0, ctx);
    assert!(gemma(8192) < 3_200_000);
    assert!(measure(&bpe(), 49_152, 48_900, 8192) < 1_500_000);
    // Words of 8 bytes for each token of the context, at some 8 bytes for each of theirs.
    assert!(gemma(32_768) - gemma(8192) < (32_768 - 8192) * 8 * 9);
}

/// `n` strings with one FNV-1a hash: the last three bytes are solved for, backwards from the hash.
fn colliding(n: usize) -> Vec<String> {
    const PRIME: u32 = 0x0100_0193;
    /// `PRIME` times this is 1, modulo 2^32.
    const INVERSE: u32 = 0x359C_449B;
    assert_eq!(PRIME.wrapping_mul(INVERSE), 1);
    let step = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(PRIME);
    let undo = |h: u32, b: u8| h.wrapping_mul(INVERSE) ^ u32::from(b);
    let mut tails = std::collections::HashMap::new();
    for c in b'!'..=b'~' {
        for b in b'!'..=b'~' {
            for a in b'!'..=b'~' {
                tails.insert(undo(undo(undo(0x1234_5678, c), b), a), [a, b, c]);
            }
        }
    }
    let mut out = Vec::new();
    for prefix in 0u32.. {
        let prefix = std::format!("{prefix:08x}");
        let start = prefix.bytes().fold(0x811C_9DC5, step);
        for a in b'!'..=b'~' {
            for b in b'!'..=b'~' {
                if let Some(tail) = tails.get(&step(step(start, a), b)) {
                    let bytes = [prefix.as_bytes(), &[a, b], tail].concat();
                    out.push(String::from_utf8(bytes).expect("ASCII"));
                    if out.len() == n {
                        return out;
                    }
                }
            }
        }
    }
    out
}

#[test]
fn a_vocabulary_made_to_collide_is_refused() {
    let tokens = colliding(400);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let file = File::default().string("model", "llama").strings("tokens", &tokens);
    assert_eq!(file.encode("a"), Err(TextError::Collisions { id: 256 }));
    let few = File::default().string("model", "llama").strings("tokens", &tokens[..100]);
    assert!(!matches!(few.encode(tokens[7]), Err(TextError::Collisions { .. })));
}
