//! `flashlet tokenize`: the token ids of a text. Needs a vocabulary and no tensors.

use flashlet::arena::Arena;
use flashlet::gguf::Gguf;
use flashlet::text::{Encode, Tokenizer, TokenizerSpec};

use crate::cli::{Residency, TokenizeArgs};
use crate::engine::{about_file, open_file, wait};
use crate::failure::Failure;
use crate::input;
use crate::memory::HostArena;
use crate::output::print;
use crate::progress::Meter;
use crate::source::ModelFile;

/// Runs the command.
pub(crate) fn tokenize(args: &TokenizeArgs) -> Result<(), Failure> {
    let file = open_file(&args.model, Residency::Auto)?;
    let text = match (&args.text.text, &args.text.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => input::text_file(path)?,
        (None, None) => return Err(Failure::Usage("--text or --file is needed".into())),
    };
    let ids = encode(
        &file,
        &text,
        Encode { bos: !args.no_bos, eos: !args.no_bos, special: !args.no_special, continues: false },
    )?;
    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
    print(&(words.join(" ") + "\n"))
}

/// A bound on the tokens of `text`: a byte each, three for a space where the vocabulary spells it
/// as three bytes, and what the model puts around a text.
pub(crate) fn most_tokens(text: &str) -> usize {
    text.len().saturating_mul(3).saturating_add(16)
}

/// The ids of `text`, from the vocabulary alone.
pub(crate) fn encode(file: &ModelFile, text: &str, options: Encode) -> Result<Vec<u32>, Failure> {
    let path = file.path().display();
    let mut source = file.source();
    let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
    let spec = wait(TokenizerSpec::read(&gguf, &mut source)).map_err(|error| about_file(file, &mut source, error))?;
    let most = most_tokens(text);
    let ctx = u32::try_from(most).map_err(|_| Failure::new("the text is too long"))?;
    let mut measuring = Arena::measuring();
    Tokenizer::carve(&spec, ctx, &mut measuring).map_err(|error| Failure::about(&path, error))?;
    let bytes = measuring.usage().total();
    let mut memory =
        HostArena::new(bytes).map_err(|error| Failure::io(format_args!("cannot reserve {bytes} bytes"), &error))?;
    let mut arena = Arena::new(memory.bytes());
    let mut tokenizer = Tokenizer::carve(&spec, ctx, &mut arena).map_err(|error| Failure::about(&path, error))?;
    let mut meter = Meter::new("vocabulary");
    wait(tokenizer.build(&mut source, &mut |done, total| meter.update(done, total)))
        .map_err(|error| Failure::about(&path, error))?;
    drop(meter);
    let mut ids = vec![0; most];
    let n =
        wait(tokenizer.encode(&mut source, text, options, &mut ids)).map_err(|error| Failure::about(&path, error))?;
    ids.truncate(n);
    Ok(ids)
}
