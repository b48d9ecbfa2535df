//! Packing: a GGUF made ready for a board's flash, which every other program still reads.
//!
//! The changes: tensors begin at multiples of a flash page and lie in the order in which a pass uses them; checksums, the
//! vocabulary's index and the pieces of the chat template are added as metadata. No weight is changed.

mod answers;
mod error;
mod keys;
mod report;
mod tensors;

pub use answers::Answers;
pub use error::PackError;
pub use report::{ChatReport, Report};

use std::io::Write;

use flashlet::Model;
use flashlet::arena::{ALIGN, Arena};
use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, MAX_ALIGNMENT, Value};
use flashlet::text::{CarriedGrammar, ChatPieces, Tokenizer, TokenizerSpec};
use flashlet::weights::Checksums;

use crate::chat::Chat;
use crate::hardware::processor;
use crate::sim::wait;
use keys::Keys;
use tensors::Tensors;

/// The changes to make to a file.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// Bytes of a flash page, at whose multiples tensors begin: a power of two from 8 to 16 MiB. `None` keeps the file's
    /// alignment.
    pub page: Option<u32>,
    /// Leave out metadata that no board reads.
    pub strip: bool,
    /// Add checksums.
    pub checksums: bool,
    /// Add the vocabulary's index, which then takes no memory where the file is mapped.
    pub index: bool,
    /// Add the pieces of the chat template, by which boards render prompts.
    pub chat: bool,
    /// Demands on answers.
    pub answers: Answers<'o>,
    /// Keys that are not understood and do not matter, which the packed file does not have: see [`Model::open_ignoring`].
    pub ignored: &'o [&'o str],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            page: None,
            strip: false,
            checksums: true,
            index: true,
            chat: true,
            answers: Answers::default(),
            ignored: &[],
        }
    }
}

/// Writes the packed form of `source`'s file to `out`. `progress(done, total)` counts bytes of tensors, of which each is
/// read once, or twice for checksums.
///
/// # Errors
/// [`PackError`]; `out` then holds a part of the file.
pub fn pack<F: Flash>(
    source: &mut Source<'_, F>,
    options: &Options<'_>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, PackError> {
    let model = wait(Model::open_ignoring(source, options.ignored))
        .map_err(|error| PackError::Model(Box::new(wait(error.named(source)))))?;
    let gguf = model.gguf();
    let page = options.page.unwrap_or(gguf.alignment());
    if !page.is_power_of_two() || !(8..=MAX_ALIGNMENT).contains(&page) {
        return Err(PackError::Page(page));
    }
    let mut report = Report { page, ..Report::default() };
    let mut keys = metadata(&model, source, options, &mut report)?;
    let tensors = Tensors::read(&model, source, page)?;
    // Recorded checksums are compared even where no new ones are wanted.
    let recorded = checksums_of(gguf, source)?;
    let summed = options.checksums || !recorded.is_empty();
    let total = tensors.bytes() * if summed { 2 } else { 1 };
    let mut done = 0;
    let mut step = |bytes: usize| {
        done += bytes as u64;
        progress(done, total);
    };
    let checksums = match summed {
        true => Some(tensors.checksums(source, &recorded, processor::detect(), &mut step)?),
        false => None,
    };
    let mut own_checksum = None;
    if let (true, Some((sums, rows_of_tables))) = (options.checksums, checksums) {
        let before = keys.bytes.len();
        let [own, all, of_rows @ ..] = Checksums::NAMES.map(|name| format!("{}{name}", Checksums::PREFIX));
        own_checksum = Some(keys.u32s(&own, &[0]));
        keys.u32s(&all, &sums);
        for (key, rows) in of_rows.iter().zip(rows_of_tables).filter(|(_, rows)| !rows.is_empty()) {
            keys.u32s(key, &rows);
        }
        report.checksum_bytes = (keys.bytes.len() - before) as u64;
    }

    let head = head(&keys, &tensors, page, own_checksum);
    out.write_all(&head).map_err(PackError::Write)?;
    tensors.write(source, out, &mut step)?;
    tensors.report(&mut report, head.len() as u64);
    Ok(report)
}

/// The keys of the packed file, but for checksums.
fn metadata<F: Flash>(
    model: &Model,
    source: &mut Source<'_, F>,
    options: &Options<'_>,
    report: &mut Report,
) -> Result<Keys, PackError> {
    let (ignored, mut entries): (Vec<_>, Vec<_>) =
        keys::read(model.gguf(), source)?.into_iter().partition(|entry| options.ignored.contains(&entry.key.as_str()));
    report.ignored = ignored.into_iter().map(|entry| entry.key).collect();
    if !options.answers.has_grammar(&entries) {
        if options.answers.room.is_some() {
            return Err(PackError::NoGrammar);
        }
        // Without tables, which `--ignore-key` may have left out, the other keys of a grammar have no meaning.
        entries.retain(|entry| !entry.key.starts_with(CarriedGrammar::PREFIX));
    }
    let architecture = keys::text_of(&entries, "general.architecture");
    let kind = model.tokenizer().kind();
    let mut keys = Keys::default();
    for entry in &entries {
        if options.strip && !keys::is_read(entry, &architecture, kind) {
            report.stripped.push((entry.key.clone(), entry.bytes()));
        } else if !options.answers.replaces(&entry.key) {
            keys.entry(entry);
        }
    }
    keys.alignment(report.page);
    report.grammar_bytes = options.answers.write(&mut keys);
    if options.index {
        let before = keys.bytes.len();
        for (key, words) in Tokenizer::INDEX_KEYS.iter().zip(index(model.tokenizer(), source)?) {
            keys.u32s(key, &words);
        }
        report.index_bytes = (keys.bytes.len() - before) as u64;
    }
    if options.chat {
        report.chat = add_chat(model, source, &mut keys);
    }
    Ok(keys)
}

/// All that comes before the tensors' bytes; with its own checksum, if it has one, in the keys at byte `own_checksum`.
fn head(keys: &Keys, tensors: &Tensors, page: u32, own_checksum: Option<usize>) -> Vec<u8> {
    let mut head = b"GGUF\x03\0\0\0".to_vec();
    head.extend((tensors.len() as u64).to_le_bytes());
    head.extend(keys.n.to_le_bytes());
    let keys_at = head.len();
    head.extend(&keys.bytes);
    tensors.directory(&mut head);
    head.resize(head.len().next_multiple_of(page as usize), 0);
    if let Some(at) = own_checksum {
        let crc = processor::detect().crc32c(0, &head);
        head[keys_at + at..][..4].copy_from_slice(&crc.to_le_bytes());
    }
    head
}

/// Adds the pieces of the model's chat template to `keys`, if it is made of pieces; `None` if it has none.
fn add_chat<F: Flash>(
    model: &Model,
    source: &mut Source<'_, F>,
    keys: &mut Keys,
) -> Option<Result<ChatReport, String>> {
    let chat = match Chat::open(model.gguf(), model.tokenizer(), source, None) {
        Ok(chat) => chat?,
        Err(failure) => return Some(Err(failure.to_string())),
    };
    let pieces = match chat.pieces() {
        Ok(pieces) => pieces,
        Err(why) => return Some(Err(why)),
    };
    let before = keys.bytes.len();
    let key = |name: &str| format!("{}{name}", ChatPieces::PREFIX);
    keys.u32(&key(ChatPieces::VERSION_NAME), ChatPieces::VERSION);
    keys.u32(&key(ChatPieces::TRIMS_NAME), pieces.trims().bits());
    pieces.texts().for_each(|(name, text)| keys.text(&key(name), text));
    Some(Ok(ChatReport {
        bytes: (keys.bytes.len() - before) as u64,
        takes_system_text: pieces.takes_system_text(),
        is_dated: chat.is_dated(),
    }))
}

/// The checksums that an earlier run of `pack` gave the tensors, in the directory's order; none if there was no such run.
fn checksums_of<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Vec<u32>, PackError> {
    let [_, tensors, ..] = Checksums::NAMES;
    let Some(Value::Array(array)) = wait(gguf.find(source, &[Checksums::PREFIX, tensors])).map_err(PackError::Gguf)?
    else {
        return Ok(Vec::new());
    };
    let mut bytes = vec![0; usize::try_from(array.end - array.offset).map_err(|_| PackError::TooLarge)?];
    wait(source.read(array.offset, &mut bytes)).map_err(PackError::Flash)?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// The index of a vocabulary: words for the tokens, and for the merges.
fn index<F: Flash>(spec: &TokenizerSpec, source: &mut Source<'_, F>) -> Result<[Vec<u32>; 2], PackError> {
    let mut measuring = Arena::measuring();
    // Measuring fails only for what no machine can address, and what was measured fits.
    Tokenizer::carve(spec, 0, &mut measuring).map_err(|_| PackError::TooLarge)?;
    let mut memory = vec![0; measuring.usage().total() + ALIGN];
    let mut tokenizer = Tokenizer::carve(spec, 0, &mut Arena::new(&mut memory)).map_err(|_| PackError::TooLarge)?;
    wait(tokenizer.build(source, &mut |_, _| {})).map_err(PackError::Text)?;
    let [mut tokens, mut merges] = [Vec::new(), Vec::new()];
    tokenizer.export(&mut |word| tokens.push(word), &mut |word| merges.push(word));
    Ok([tokens, merges])
}
