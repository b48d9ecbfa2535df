//! The token ids of a text, from a model's vocabulary alone.

use flashlet::arena::Arena;
use flashlet::gguf::Gguf;
use flashlet::text::{Encode, Tokenizer, TokenizerSpec};

use super::opened::{about_file, check_names};
use crate::failure::Failure;
use crate::hardware::memory::HostArena;
use crate::hardware::source::ModelFile;
use crate::io::progress::Meter;
use crate::sim::wait;

/// A bound on the tokens of `text`: a byte each, three for a space where the vocabulary spells it
/// as three bytes, and what the model puts around a text.
pub(super) fn most_tokens(text: &str) -> usize {
    text.len().saturating_mul(3).saturating_add(16)
}

/// The ids of `text`, from the vocabulary alone.
pub(crate) fn encode(file: &ModelFile, text: &str, options: Encode) -> Result<Vec<u32>, Failure> {
    let path = file.path().display();
    let mut source = file.source();
    let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
    check_names(&gguf, &mut source).map_err(|error| about_file(file, &mut source, error))?;
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
