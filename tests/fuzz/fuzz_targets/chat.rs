//! Recognises arbitrary chat templates, and renders turns of arbitrary texts.
//!
//! An input's first byte selects a vocabulary, the second a format and what the turn has; then come a length and so many
//! bytes of template, and the texts of system and user, 0xff between them. Beyond not panicking: the known template that is
//! among the seeds is recognised, and no other; the pieces of a turn hold the whole text of the user's; no text brings a token
//! that ends an answer, which only the format's own marks may.
#![no_main]

use flashlet::arena::{ALIGN, Arena};
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::Gguf;
use flashlet::text::{ChatFormat, TextError, Tokenizer, TokenizerSpec, Turn};
use flashlet_fuzz::{Input, VOCABULARIES};
use libfuzzer_sys::fuzz_target;

/// A template that the engine knows by its fingerprint.
const KNOWN: &[u8] = b"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + \
    '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let file = VOCABULARIES[input.below(VOCABULARIES.len())];
    let flags = input.byte();
    let format = ChatFormat::ALL[usize::from(flags % 32) % ChatFormat::ALL.len()];
    let len = usize::from(input.byte()) | usize::from(input.byte()) << 8;
    let template = input.bytes(len);
    check_recognised(template);
    let mut texts = input.0.splitn(2, |&byte| byte == 0xff);
    let [system, user] = [(); 2].map(|()| String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned());
    let turn = Turn { first: flags & 32 != 0, system: (flags & 64 != 0).then_some(&system[..]), user: &user };
    block_on(check_turn(file, format, &turn), || ()).expect("a good vocabulary");
});

/// A GGUF with this chat template and nothing else.
fn file_with(template: &[u8]) -> Vec<u8> {
    let mut file = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    let key = b"tokenizer.chat_template";
    file.extend((key.len() as u64).to_le_bytes());
    file.extend(key);
    file.extend(8u32.to_le_bytes());
    file.extend((template.len() as u64).to_le_bytes());
    file.extend(template);
    file
}

fn check_recognised(template: &[u8]) {
    let file = file_with(template);
    let mut source = Source::new(SliceFlash(&file));
    let gguf = block_on(Gguf::open(&mut source), || ()).expect("a well-formed file");
    let copied = block_on(ChatFormat::recognise(&gguf, &mut source), || ());
    let mut source = Source::with_mapping(SliceFlash(&file), &file);
    assert_eq!(copied, block_on(ChatFormat::recognise(&gguf, &mut source), || ()));
    match copied {
        Ok(format) => assert_eq!((format, template), (ChatFormat::ChatMl, KNOWN)),
        Err(error) => assert!(matches!(error, TextError::UnknownChatTemplate { .. }) && template != KNOWN, "{error:?}"),
    }
}

async fn check_turn(file: &[u8], format: ChatFormat, turn: &Turn<'_>) -> Result<(), TextError> {
    let mut source = Source::with_mapping(SliceFlash(file), file);
    let gguf = Gguf::open(&mut source).await?;
    let spec = TokenizerSpec::read(&gguf, &mut source).await?;
    let mut memory = vec![0x5a; (1 << 18) + ALIGN];
    let mut tokenizer = Tokenizer::carve(&spec, 1, &mut Arena::new(&mut memory)).expect("a small vocabulary");
    tokenizer.build(&mut source, &mut |_, _| ()).await?;
    let pieces = format.pieces(turn);
    let rendered: String = pieces.iter().map(|piece| piece.text).collect();
    assert!(rendered.contains(turn.user.trim()), "{rendered:?}");
    for piece in &pieces {
        let mut ids = vec![0; piece.text.len() + 8];
        match tokenizer.encode(&mut source, piece.text, piece.encode, &mut ids).await {
            Ok(n) => assert!(piece.encode.special || ids[..n].iter().all(|&id| !tokenizer.is_end(id)), "{piece:?}"),
            Err(TextError::WordTooLong { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
