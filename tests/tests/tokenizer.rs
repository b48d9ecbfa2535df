//! Tokenizers against llama.cpp: vocabularies and expectations from `fixtures/make_tokenizer.py`.

use flashlet::arena::Arena;
use flashlet::flash::{Flash, FlashError, SliceFlash, Source, block_on};
use flashlet::gguf::{Gguf, Value};
use flashlet::text::{ChatFormat, Detokenizer, Encode, TextError, Tokenizer, TokenizerSpec, Turn};
use std::path::{Path, PathBuf};

const CTX: u32 = 512;

fn fixtures() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizer");
    let files = std::fs::read_dir(dir).expect("the fixtures are in the repository");
    let mut files: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "gguf"));
    files.sort();
    assert_eq!(files.len(), 10);
    files
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    block_on(future, || ())
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    hex.as_bytes().chunks(2).map(digits).collect()
}

fn ids_of(list: &str) -> Vec<u32> {
    list.split_whitespace().map(|id| id.parse().expect("an id")).collect()
}

/// A vocabulary in its memory.
struct Bench<'a, 'm, F> {
    source: Source<'m, F>,
    tokenizer: Tokenizer<'a>,
}

impl<F: Flash> Bench<'_, '_, F> {
    /// Builds the index in memory that held something else, of exactly the measured size.
    fn with<T>(source: Source<'_, F>, ctx: u32, work: impl FnOnce(Bench<'_, '_, F>) -> T) -> T {
        Bench::try_with(source, ctx, work).expect("a readable file")
    }

    fn try_with<T>(mut source: Source<'_, F>, ctx: u32, work: impl FnOnce(Bench<'_, '_, F>) -> T) -> Option<T> {
        let gguf = wait(Gguf::open(&mut source)).expect("a well-formed file");
        let spec = wait(TokenizerSpec::read(&gguf, &mut source)).expect("a usable vocabulary");
        let mut dry = Arena::measuring();
        let mapped = source.mapped;
        Tokenizer::carve_mapped(&spec, ctx, mapped, &mut dry).expect("measuring never runs out");
        let mut memory = vec![0xa5; dry.usage().total() + flashlet::arena::ALIGN];
        let mut arena = Arena::new(&mut memory);
        let mut tokenizer =
            Tokenizer::carve_mapped(&spec, ctx, mapped, &mut arena).expect("the measured size is enough");
        assert_eq!(arena.usage(), dry.usage());
        let mut last = (0, 0);
        wait(tokenizer.build(&mut source, &mut |done, total| last = (done, total))).ok()?;
        assert!(last.0 == last.1 && last.1 > 0, "progress ends at its end");
        Some(work(Bench { source, tokenizer }))
    }

    fn encode(&mut self, text: &str, bos: bool, special: bool) -> Result<Vec<u32>, TextError> {
        let mut out = vec![0; text.len() + 16];
        let options = Encode { bos, eos: bos, special, ..Encode::default() };
        let n = wait(self.tokenizer.encode(&mut self.source, text, options, &mut out))?;
        out.truncate(n);
        Ok(out)
    }

    fn decode(&mut self, ids: &[u32], mut detokenizer: Detokenizer) -> String {
        let mut text = String::new();
        for &id in ids {
            wait(self.tokenizer.decode(&mut self.source, id, &mut detokenizer, &mut |s| text.push_str(s)))
                .expect("the id is in the vocabulary");
        }
        detokenizer.flush(&mut |s| text.push_str(s));
        text
    }
}

/// Checks every line of the expectations; returns how many were checked.
fn check<F: Flash>(path: &Path, source: Source<'_, F>) -> usize {
    let expected = std::fs::read_to_string(path.with_extension("txt")).expect("expectations beside the vocabulary");
    let name = path.display();
    // SentencePiece and Gemma 4 spell a space as U+2581, so that one in the text comes back as a space.
    let marks = ["spm", "gemma4"].iter().any(|kind| name.to_string().contains(kind));
    Bench::with(source, CTX, |mut bench| {
        for line in expected.lines() {
            let (kind, rest) = line.split_once(' ').expect("a kind and more");
            match kind {
                "text" => {
                    let mut parts = rest.split(" |");
                    let text = bytes_of(parts.next().expect("the text"));
                    let text = core::str::from_utf8(&text).expect("texts are UTF-8");
                    let mut want = Vec::new();
                    for (part, (bos, special)) in parts.zip([(false, false), (false, true), (true, true)]) {
                        if part.trim() != "=" {
                            want = ids_of(part);
                        }
                        assert_eq!(bench.encode(text, bos, special), Ok(want.clone()), "{name}: {text:?}");
                        // Phi-3's special tokens swallow white space; with BOS shown the text is another.
                        if !bos && !name.to_string().contains("phi3") {
                            let spelled = if marks { text.replace('\u{2581}', " ") } else { text.into() };
                            let back = bench.decode(&want, Detokenizer::new().with_special());
                            if marks && text.contains('<') {
                                // After a special token a text begins anew, with a space in front.
                                assert_eq!(back.replace(' ', ""), spelled.replace(' ', ""), "{name}");
                            } else {
                                assert_eq!(back, spelled, "{name}");
                            }
                        }
                    }
                }
                "piece" => {
                    let (id, hex) = rest.split_once(' ').expect("an id and bytes");
                    let id = id.parse().expect("an id");
                    let want = String::from_utf8_lossy(&bytes_of(hex)).into_owned();
                    assert_eq!(bench.decode(&[id], Detokenizer::continuing().with_special()), want, "{name}: {id}");
                }
                "hidden" | "end" => {
                    let listed = ids_of(rest);
                    for id in 0..bench.tokenizer.spec().n_vocab() {
                        let is = match kind {
                            "end" => bench.tokenizer.is_end(id),
                            _ => bench.decode(&[id], Detokenizer::continuing()).is_empty(),
                        };
                        assert_eq!(is, listed.contains(&id), "{name}: {kind} {id}");
                    }
                }
                _ => unreachable!("{name}: {line:?}"),
            }
        }
        expected.lines().count()
    })
}

/// Flash that only reads aligned words, as a QSPI controller does.
struct Words(Vec<u8>);

impl Flash for Words {
    const READ_ALIGN: usize = 4;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        assert!(offset.is_multiple_of(4) && dst.len().is_multiple_of(4));
        dst.copy_from_slice(&self.0[offset as usize..][..dst.len()]);
        core::future::ready(Ok(()))
    }
}

#[test]
fn tokens_are_those_of_llama_cpp() {
    let mut checked = 0;
    for path in fixtures() {
        let bytes = std::fs::read(&path).expect("readable");
        checked += check(&path, Source::with_mapping(SliceFlash(&bytes), &bytes));
    }
    assert!(checked > 5000, "{checked}");
}

#[test]
fn tokens_are_the_same_through_a_handle_that_only_reads() {
    for path in fixtures() {
        let mut bytes = std::fs::read(&path).expect("readable");
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        check(&path, Source::new(Words(bytes)));
    }
}

/// The vocabulary with its index, as `flashlet pack` stores it: two keys more at the end of the metadata.
fn with_index(bytes: &[u8]) -> Vec<u8> {
    let (mut tokens, mut merges) = (Vec::new(), Vec::new());
    Bench::with(Source::new(SliceFlash(bytes)), CTX, |bench| {
        bench.tokenizer.export(&mut |word| tokens.push(word), &mut |word| merges.push(word));
    });
    let mut source = Source::new(SliceFlash(bytes));
    let gguf = wait(Gguf::open(&mut source)).expect("a well-formed file");
    let (mut kvs, mut end) = (gguf.kvs(), 24);
    while let Some((key, value)) = wait(kvs.next(&mut source)).expect("a well-formed file") {
        end = match value {
            Value::Str(string) => string.offset + string.len,
            Value::Array(array) => array.end,
            scalar => key.offset + key.len + 4 + scalar.value_type().scalar_bytes().expect("a number"),
        };
    }
    let mut out = bytes[..end as usize].to_vec();
    for (key, words) in Tokenizer::INDEX_KEYS.iter().zip([tokens, merges]) {
        out.extend((key.len() as u64).to_le_bytes());
        out.extend(key.as_bytes());
        // An array of u32.
        out.extend([9u32, 4].iter().flat_map(|id| id.to_le_bytes()));
        out.extend((words.len() as u64).to_le_bytes());
        out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
    out[16..24].copy_from_slice(&(u64::from(gguf.n_kv()) + 2).to_le_bytes());
    assert_eq!(gguf.n_tensors(), 0);
    out
}

/// Bytes of a tokenizer's memory.
fn memory(bytes: &[u8], mapped: bool) -> usize {
    let mut source = Source::new(SliceFlash(bytes));
    let gguf = wait(Gguf::open(&mut source)).expect("a well-formed file");
    let spec = wait(TokenizerSpec::read(&gguf, &mut source)).expect("a usable vocabulary");
    let mut dry = Arena::measuring();
    Tokenizer::carve_mapped(&spec, CTX, mapped.then_some(bytes), &mut dry).expect("measuring never runs out");
    dry.usage().total()
}

#[test]
fn an_index_in_mapped_flash_finds_the_same_tokens() {
    for path in fixtures() {
        let plain = std::fs::read(&path).expect("readable");
        let bytes = with_index(&plain);
        check(&path, Source::with_mapping(SliceFlash(&bytes), &bytes));
        let (without, with) = (memory(&plain, true), memory(&bytes, true));
        assert_eq!(memory(&bytes, false), without);
        let n = Bench::with(Source::new(SliceFlash(&plain)), CTX, |bench| bench.tokenizer.spec().n_vocab() as usize);
        assert!(without - with >= 6 * n, "{}: {without} bytes, {with} with the index in flash", path.display());
    }
}

#[test]
fn an_index_of_other_strings_is_not_used_and_a_broken_one_finds_nothing_wrong() {
    for name in ["bpe-gpt-2.gguf", "spm-llama.gguf"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizer").join(name);
        let good = with_index(&std::fs::read(path).expect("readable"));
        let key = Tokenizer::INDEX_KEYS[0].as_bytes();
        let table = good.windows(key.len()).position(|w| w == key).expect("the key is there") + key.len() + 16;
        let len = 4 * u64::from_le_bytes(good[table - 8..table].try_into().expect("eight bytes")) as usize;
        for word in 0..3 {
            let mut bytes = good.clone();
            bytes[table + 4 * word] ^= 1;
            assert_eq!(memory(&bytes, true), memory(&bytes, false), "{name}: word {word}");
        }
        let mut random = 88_172_645_463_325_252_u64;
        for _ in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..200 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = table + 12 + (random >> 8) as usize % (len - 12);
                bytes[at] = random as u8;
            }
            let source = Source::with_mapping(SliceFlash(&bytes), &bytes);
            Bench::try_with(source, CTX, |mut bench| {
                let text = "the thing in the ring, 12 <s> kings";
                if let Ok(ids) = bench.encode(text, false, true) {
                    for id in ids {
                        let mut detokenizer = Detokenizer::new();
                        let _ = wait(bench.tokenizer.decode(&mut bench.source, id, &mut detokenizer, &mut |_| ()));
                    }
                }
            });
        }
    }
}

fn open<T>(name: &str, ctx: u32, work: impl FnOnce(Bench<'_, '_, SliceFlash<'_>>) -> T) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizer").join(name);
    let bytes = std::fs::read(path).expect("readable");
    Bench::with(Source::new(SliceFlash(&bytes)), ctx, work)
}

#[test]
fn too_little_room_says_how_much_is_needed() {
    open("bpe-gpt-2.gguf", CTX, |mut bench| {
        let all = bench.encode("Hello world", false, false).expect("enough room");
        let mut out = [7; 3];
        let result = wait(bench.tokenizer.encode(&mut bench.source, "Hello world", Encode::default(), &mut out));
        assert_eq!(result, Err(TextError::TooLong { need: all.len(), have: 3 }));
        assert_eq!(out, all[..3]);
    });
}

#[test]
fn long_texts_are_limited_by_their_longest_word_alone() {
    for name in ["bpe-gpt-2.gguf", "spm-gemma.gguf"] {
        open(name, 0, |mut bench| {
            let text = "the thing in the ring. ".repeat(3000);
            let ids = bench.encode(&text, false, false).expect("short words");
            assert_eq!(bench.decode(&ids, Detokenizer::new()), text);
            let word = "thing".repeat(1000);
            let error = bench.encode(&word, false, false).expect_err("a word of 5000 bytes");
            assert_eq!(error, TextError::WordTooLong { need: 5000, have: 1025 });
        });
    }
}

#[test]
fn a_longer_context_merges_longer_words() {
    // No token of the vocabulary holds a byte of this character, so each byte becomes a token of its own.
    let (unit, bytes) = ("\u{9f98}", 150_000);
    for name in ["spm-llama.gguf", "spm-gemma.gguf"] {
        open(name, bytes / 8, |mut bench| {
            let text = unit.repeat(bytes as usize / unit.len());
            let byte_ids: Vec<u32> = unit.bytes().map(|byte| 3 + u32::from(byte)).collect();
            let want = byte_ids.repeat(text.len() / unit.len());
            let ids = bench.encode(&text, false, false).expect("a word of 8 bytes for each token of the context");
            // The space in front that Llama's vocabulary wants is one token more.
            assert_eq!(ids.len(), want.len() + usize::from(name == "spm-llama.gguf"), "{name}");
            assert!(ids.ends_with(&want), "{name}: {:?}...", &ids[..8]);
        });
    }
}

#[test]
fn a_text_that_goes_on_gets_no_space_in_front() {
    open("spm-llama.gguf", CTX, |mut bench| {
        let mut encode = |text: &str, continues| {
            let mut out = vec![0; 64];
            let options = Encode { continues, ..Encode::default() };
            let n = wait(bench.tokenizer.encode(&mut bench.source, text, options, &mut out)).expect("short");
            out.truncate(n);
            out
        };
        assert_eq!(encode(" the thing", true), encode("the thing", false));
        assert_ne!(encode("the thing", true), encode("the thing", false));
    });
}

#[test]
fn ids_outside_the_vocabulary_are_errors() {
    open("spm-llama.gguf", CTX, |mut bench| {
        let n = bench.tokenizer.spec().n_vocab();
        for id in [n, u32::MAX] {
            let mut detokenizer = Detokenizer::new();
            let result = wait(bench.tokenizer.decode(&mut bench.source, id, &mut detokenizer, &mut |_| ()));
            assert_eq!(result, Err(TextError::NoSuchToken { id, n }));
            assert!(!bench.tokenizer.is_end(id));
        }
    });
}

/// A `str` must not change once it was checked, and a mapped file may.
#[test]
fn decoded_text_is_no_view_of_the_mapping() {
    for path in fixtures() {
        let bytes = std::fs::read(&path).expect("readable");
        Bench::with(Source::with_mapping(SliceFlash(&bytes), &bytes), CTX, |mut bench| {
            for id in 0..bench.tokenizer.spec().n_vocab() {
                let mut detokenizer = Detokenizer::continuing().with_special();
                wait(bench.tokenizer.decode(&mut bench.source, id, &mut detokenizer, &mut |text| {
                    assert!(!bytes.as_ptr_range().contains(&text.as_ptr()), "{}: {id} {text:?}", path.display());
                }))
                .expect("the id is in the vocabulary");
            }
        });
    }
}

#[test]
fn a_turn_in_pieces_has_the_tokens_of_the_whole() {
    let cases = [
        ("bpe-smollm.gguf", ChatFormat::ChatMl, "<|im_start|>"),
        ("spm-gemma.gguf", ChatFormat::Gemma, "<start_of_turn>"),
        ("spm-llama.gguf", ChatFormat::Llama2, "[INST]"),
        ("spm-llama.gguf", ChatFormat::Zephyr, "<|user|>"),
    ];
    for (name, format, mark) in cases {
        open(name, CTX, |mut bench| {
            for (first, system) in [(true, None), (true, Some("the king")), (false, None)] {
                let turn = Turn { first, system, user: "the thing  in the ring" };
                let (mut ids, mut whole) = (Vec::new(), String::new());
                for piece in &format.pieces(&turn) {
                    let mut out = [0; 200];
                    let encoded = bench.tokenizer.encode(&mut bench.source, piece.text, piece.encode, &mut out);
                    let n = wait(encoded).expect("short");
                    ids.extend_from_slice(&out[..n]);
                    let space = if piece.encode.continues || whole.is_empty() { "" } else { " " };
                    whole.extend([space, piece.text]);
                }
                assert!(whole.contains(mark));
                let options = Encode { bos: first, special: true, continues: !first, ..Encode::default() };
                let mut out = [0; 400];
                let n = wait(bench.tokenizer.encode(&mut bench.source, &whole, options, &mut out)).expect("short");
                assert_eq!(ids, out[..n], "{name}: {whole:?}");
            }
        });
    }
}
