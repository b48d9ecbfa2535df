//! A model whose header is read.

use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, GgufError, MAX_CHECKED_NAMES};
use flashlet::model::ConfigError;
use flashlet::text::ChatFormat;
use flashlet::weights::{Residency, Verify};
use flashlet::{Error, Model};

use super::args::{EngineArgs, ModelArgs, SourceKind};
use super::foreign;
use crate::chat::Chat;
use crate::failure::Failure;
use crate::hardware::source::{FileFlash, ModelFile};
use crate::io::output::warn;
use crate::io::printable::printable;
use crate::sim::wait;

/// An error in `file`: what the file is instead of a model, or else the error with the names of the keys and tensors at
/// fault, and the next step where there is one.
pub(crate) fn about_file<F: Flash>(file: &ModelFile, source: &mut Source<'_, F>, error: impl Into<Error>) -> Failure {
    let path = file.path().display();
    if let Some(kind) = foreign::recognise(source) {
        return Failure::about(path, kind);
    }
    let error: Error = error.into();
    let named = wait(error.named(source));
    // The engine, which holds no strings, leaves the architecture of a key open.
    let architecture = match error {
        Error::Config(_) => architecture(source),
        _ => None,
    };
    let spelled =
        |text: &str| architecture.as_ref().map_or(text.to_owned(), |name| text.replacen("*.", &format!("{name}."), 1));
    let next = match error {
        Error::Config(ConfigError::RefusedKey { .. }) => format!(" (--ignore-key {} leaves it out)", named.name),
        Error::Config(ConfigError::Unsupported { key }) => {
            spelled(&format!(" (--ignore-key *.{} leaves it out)", key.0))
        }
        _ => foreign::next_step(&error).map_or(String::new(), |step| format!("; {step}")),
    };
    Failure::about(path, format_args!("{}{next}", spelled(&named.to_string())))
}

/// The file's `general.architecture`, if it says one.
fn architecture<F: Flash>(source: &mut Source<'_, F>) -> Option<String> {
    let gguf = wait(Gguf::open(source)).ok()?;
    let name = wait(gguf.find(source, &["general.architecture"])).ok()??.as_str()?;
    let mut bytes = vec![0; usize::try_from(name.len.min(64)).ok()?];
    wait(source.read(name.offset, &mut bytes)).ok()?;
    String::from_utf8(bytes).ok()
}

/// Asserts that names differ also where there are too many of them for the engine, which has little memory.
pub(crate) fn check_names<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<(), GgufError> {
    let most = gguf.n_kv().max(gguf.n_tensors());
    if most <= MAX_CHECKED_NAMES {
        return Ok(());
    }
    wait(gguf.check_names(source, &mut vec![0; most as usize * 2]))
}

/// Warns that `--ignore-key` names a key that `file` does not have: it may be misspelled.
pub(crate) fn warn_of_unknown_key(file: &dyn core::fmt::Display, key: &str) {
    warn(&format!("{file} has no key {}: --ignore-key changes nothing", printable(key)));
}

/// Opens the model that `args` name, as `args` or the board to simulate ask for it.
///
/// # Errors
/// A file that is missing or cannot be read or mapped.
pub(crate) fn open_model(args: &EngineArgs) -> Result<ModelFile, Failure> {
    let mut model = args.model.clone();
    if let Some(board) = args.board {
        model.source = if board.flash.mapped { SourceKind::Mmap } else { SourceKind::File };
    }
    open_file(&model, args.residency)
}

/// Opens the file that `-m` names, or the built-in model, mapped if `--source` and `residency` ask for it.
///
/// # Errors
/// A file that is missing or cannot be read or mapped.
pub(crate) fn open_file(args: &ModelArgs, residency: Residency) -> Result<ModelFile, Failure> {
    let mut file = match &args.model {
        Some(path) => ModelFile::open(path)?,
        None => ModelFile::built_in(),
    };
    match args.source {
        SourceKind::Mmap => file.map().map_err(|error| Failure::io(file.path().display(), &error))?,
        // Not every file system can map; those that cannot can still read.
        SourceKind::Auto if matches!(residency, Residency::Auto | Residency::Mapped) => drop(file.map()),
        SourceKind::Auto | SourceKind::File => {}
    }
    Ok(file)
}

/// A model whose header is read.
pub(crate) struct Opened<'f> {
    pub(crate) file: &'f ModelFile,
    pub(crate) model: Model,
    pub(crate) source: Source<'f, FileFlash<'f>>,
}

impl<'f> Opened<'f> {
    /// Reads the header of `file`, twice if `args` ask to verify all.
    pub(crate) fn new(file: &'f ModelFile, args: &EngineArgs) -> Result<Opened<'f>, Failure> {
        let mut source = file.source();
        source.confirm = args.verify == Verify::All;
        let ignored: Vec<&str> = args.ignore_key.iter().map(String::as_str).collect();
        let model = wait(Model::open_ignoring(&mut source, &ignored));
        let model = model.map_err(|error| about_file(file, &mut source, error))?;
        check_names(model.gguf(), &mut source).map_err(|error| about_file(file, &mut source, error))?;
        for key in ignored {
            let found = wait(model.gguf().find(&mut source, &[key]));
            if found.map_err(|error| about_file(file, &mut source, error))?.is_none() {
                warn_of_unknown_key(&file.path().display(), key);
            }
        }
        Ok(Opened { file, model, source })
    }

    /// The same model once more, for another engine.
    pub(crate) fn again(&self) -> Opened<'f> {
        Opened { file: self.file, model: self.model.clone(), source: self.file.source() }
    }

    /// The chat template called `asked`, or else the model's own; `None` if it has none.
    pub(crate) fn chat(&self, asked: Option<ChatFormat>) -> Result<Option<Chat>, Failure> {
        // A source of its own: no board reads the template so, and its reads are not counted.
        let mut source = self.file.source();
        Chat::open(self.model.gguf(), self.model.tokenizer(), &mut source, asked)
            .map_err(|error| Failure::about(self.file.path().display(), error))
    }

    /// [`chat`](Self::chat), without which a command has nothing to do.
    pub(crate) fn needed_chat(&self, asked: Option<ChatFormat>) -> Result<Chat, Failure> {
        self.chat(asked)?.ok_or_else(|| {
            Failure::about(
                self.file.path().display(),
                "the file has no tokenizer.chat_template (--chat-format NAME takes another one, run --raw none)",
            )
        })
    }
}
