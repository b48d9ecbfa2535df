//! The token ids of a text, from a model's vocabulary alone.

use std::sync::Once;

use flashlet::arena::Arena;
use flashlet::flash::{Flash, Source};
use flashlet::gguf::Gguf;
use flashlet::text::{Encode, Tokenizer, TokenizerSpec};

use super::opened::{about_file, check_names};
use crate::failure::Failure;
use crate::hardware::memory::HostArena;
use crate::hardware::source::ModelFile;
use crate::io::output::warn;
use crate::io::progress::Meter;
use crate::sim::wait;

/// The value of `tokenizer.ggml.model` for byte-level BPE.
const BYTE_LEVEL: &[u8; 4] = b"gpt2";

/// A bound on the tokens of `text`: a byte each, three for a space where the vocabulary spells it
/// as three bytes, and what the model puts around a text.
pub(super) fn most_tokens(text: &str) -> usize {
    text.len().saturating_mul(3).saturating_add(16)
}

/// Warns, once, of a vocabulary whose file does not say how it splits texts before it merges bytes.
pub(super) fn warn_of_pre_tokenizer<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) {
    static WARNED: Once = Once::new();
    // Only byte-level BPE splits; what cannot be read is reported by what needs it.
    let [model, pre] =
        ["tokenizer.ggml.model", "tokenizer.ggml.pre"].map(|key| wait(gguf.find(source, &[key])).ok().flatten());
    let mut name = [0; BYTE_LEVEL.len()];
    let text = model.and_then(|model| model.as_str()).filter(|text| text.len == name.len() as u64);
    let is_read = text.is_some_and(|text| wait(source.read(text.offset, &mut name)).is_ok());
    if is_read && name == *BYTE_LEVEL && pre.is_none() {
        WARNED.call_once(|| {
            warn(
                "the file has no tokenizer.ggml.pre, which says how texts are split into words: the default is used, and \
                 token ids may differ from those that the model was trained on; newer GGUFs of the model have the key",
            );
        });
    }
}

/// The ids of `text`, from the vocabulary alone.
pub(crate) fn encode(file: &ModelFile, text: &str, options: Encode<'_>) -> Result<Vec<u32>, Failure> {
    let path = file.path().display();
    let mut source = file.source();
    let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
    check_names(&gguf, &mut source).map_err(|error| about_file(file, &mut source, error))?;
    let spec = wait(TokenizerSpec::read(&gguf, &mut source)).map_err(|error| about_file(file, &mut source, error))?;
    warn_of_pre_tokenizer(&gguf, &mut source);
    let most = most_tokens(text);
    // The whole text may be one word; a tokenizer plans words of 8 bytes for each token of the context.
    let ctx = u32::try_from(text.len().div_ceil(8)).map_err(|_| Failure::new("the text is too long"))?;
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
