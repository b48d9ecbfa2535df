//! Encodes and decodes arbitrary text, with the vocabularies of the fixtures and with arbitrary ones.
//!
//! An input's first byte selects one of the fixtures, and the rest is text; or, from 128 on, two
//! bytes follow that say how long the text after them is, and the rest is a GGUF file. Beyond not
//! panicking: all ways to read give the same ids, ids lie in the vocabulary, and byte-level
//! vocabularies and SentencePiece's with byte tokens lose nothing of the text.
#![no_main]

use flashlet::arena::{ALIGN, Arena};
use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::gguf::Gguf;
use flashlet::text::{ChatFormat, ChatPieces, Detokenizer, Encode, TextError, Tokenizer, TokenizerSpec};
use flashlet_fuzz::{VOCABULARIES, Words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&kind, rest)) = input.split_first() else { return };
    if kind < 128 {
        let vocabulary = usize::from(kind) % VOCABULARIES.len();
        let file = VOCABULARIES[vocabulary];
        let text = String::from_utf8_lossy(rest);
        let result = block_on(explore(&mut Source::with_mapping(SliceFlash(file), file), &text), || ());
        let (plain, back) = match result.expect("a good vocabulary") {
            Ok(encoded) => encoded,
            Err(TextError::WordTooLong { need, have }) => return assert!(have >= 1024 && need > have),
            Err(error) => unreachable!("{error}"),
        };
        assert!(plain.len() <= text.len() + 2);
        match vocabulary {
            0..6 => assert_eq!(back, text),
            // Gemma's, of both kinds.
            6 | 9 => assert_eq!(back, text.replace('\u{2581}', " ")),
            // These put spaces after special tokens or take white space away there.
            _ => assert_eq!(inked(&back), inked(&text)),
        }
        return;
    }
    let Some((&len, rest)) = rest.split_first_chunk() else { return };
    let Some((text, file)) = rest.split_at_checked(u16::from_le_bytes(len).into()) else { return };
    let text = String::from_utf8_lossy(text);
    let copied = block_on(explore(&mut Source::new(SliceFlash(file)), &text), || ());
    let mapped = block_on(explore(&mut Source::with_mapping(SliceFlash(file), file), &text), || ());
    assert_eq!(copied, mapped);
    if file.len().is_multiple_of(4) {
        assert_eq!(copied, block_on(explore(&mut Source::new(Words(file)), &text), || ()));
    }
});

/// Text without white space.
fn inked(text: &str) -> String {
    text.chars().filter(|&c| !c.is_whitespace() && c != '\u{2581}').collect()
}

type Encoded = Result<(Vec<u32>, String), TextError>;

/// The tokens of plain text and what they decode to; the outer error is the vocabulary's.
async fn explore<F: Flash>(source: &mut Source<'_, F>, text: &str) -> Result<Encoded, String> {
    let gguf = Gguf::open(source).await.map_err(|error| error.to_string())?;
    let _ = ChatFormat::recognise(&gguf, source).await;
    let _ = ChatPieces::read(&gguf, source).await;
    let spec = TokenizerSpec::read(&gguf, source).await.map_err(|error| error.to_string())?;
    let mut dry = Arena::measuring();
    Tokenizer::carve(&spec, 1, &mut dry).expect("measuring never runs out");
    let mut memory = vec![0x5a; dry.usage().total() + ALIGN];
    let mut tokenizer = Tokenizer::carve(&spec, 1, &mut Arena::new(&mut memory)).expect("the measured size is enough");
    tokenizer.build(source, &mut |done, total| assert!(done <= total)).await.map_err(|error| error.to_string())?;
    let mut plain = None;
    for options in [
        Encode::default(),
        Encode { bos: true, eos: true, special: true, ..Encode::default() },
        Encode { special: true, continues: true, ..Encode::default() },
    ] {
        let mut ids = vec![u32::MAX; 4 * text.len() + 16];
        let encoded = match tokenizer.encode(source, text, options, &mut ids).await {
            Ok(n) => {
                ids.truncate(n);
                assert!(ids.iter().all(|&id| id < spec.n_vocab()));
                let mut back = String::new();
                let mut detokenizer = Detokenizer::new().with_special();
                for &id in &ids {
                    let out = &mut |piece: &str| {
                        assert!(!piece.is_empty());
                        back.push_str(piece);
                    };
                    tokenizer.decode(source, id, &mut detokenizer, out).await.map_err(|error| error.to_string())?;
                }
                detokenizer.flush(&mut |piece| back.push_str(piece));
                Ok((ids, back))
            }
            Err(error) => Err(error),
        };
        plain.get_or_insert(encoded);
    }
    Ok(plain.expect("at least one way to encode"))
}
