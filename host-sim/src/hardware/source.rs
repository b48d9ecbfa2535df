//! A model file as a flash device: memory-mapped, or read as a board reads a flash chip. The built-in model is one too.

use core::ops::Deref;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flashlet::flash::{Flash, FlashError, Source};

use super::mapping::Mapping;
use crate::failure::Failure;
use crate::io::in_use;
use crate::sim;

/// The model that is built into the program: `demo/README.md` is its card.
static BUILT_IN: &[u8] = include_bytes!("../../demo/flashlet-demo-q4_k.gguf");

/// The place of a model's bytes.
#[derive(Debug)]
enum Store {
    File(File),
    BuiltIn,
}

/// A read-only file as a [`Flash`].
#[derive(Clone, Copy, Debug)]
pub struct FileFlash<'f> {
    store: &'f Store,
    size: u64,
}

impl Flash for FileFlash<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let bytes = dst.len() as u64;
        sim::transfer(dst.len()).await;
        match (offset.checked_add(bytes), self.store) {
            (Some(end), _) if end <= self.size && sim::skips(offset) => Ok(()),
            (Some(end), Store::File(file)) if end <= self.size => {
                read_exact_at(file, dst, offset).map_err(|_| FlashError::Device { offset })
            }
            (Some(end), Store::BuiltIn) if end <= self.size => {
                dst.copy_from_slice(&BUILT_IN[offset as usize..end as usize]);
                Ok(())
            }
            _ => Err(FlashError::OutOfBounds { offset, bytes, size: self.size }),
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, dst: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, dst, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut dst: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !dst.is_empty() {
        match file.seek_read(dst, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                dst = &mut core::mem::take(&mut dst)[n..];
                offset += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A model file that is open.
#[derive(Debug)]
pub struct ModelFile {
    path: PathBuf,
    store: Store,
    size: u64,
    map: Option<Mapping>,
    /// True if the built-in model may be used where it lies.
    in_place: bool,
}

impl ModelFile {
    /// Opens the file at `path`, without mapping it.
    ///
    /// # Errors
    /// A path that is no readable file, in words for the user.
    pub fn open(path: &Path) -> Result<ModelFile, Failure> {
        let shown = path.display();
        // Asked before opening: opening a named pipe would wait for its writer.
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format!("{shown}: no such file")),
            _ => Failure::io(&shown, &error),
        })?;
        if metadata.is_dir() {
            return Err(Failure::new(format!("{shown} is a folder, not a model file")));
        }
        if !metadata.is_file() {
            return Err(Failure::new(format!("{shown} is not a regular file")));
        }
        if metadata.len() == 0 {
            return Err(Failure::new(format!("{shown} is empty (0 bytes), not a model file")));
        }
        let failed = |error: io::Error| Failure::io(&shown, &error);
        let file = File::open(path).map_err(failed)?;
        in_use::read_throughout(path, &file).map_err(failed)?;
        ModelFile::of(path, file).map_err(failed)
    }

    /// `file`, which is or will be at `path`.
    ///
    /// # Errors
    /// The system's refusal to say how long it is.
    pub(crate) fn of(path: &Path, file: File) -> io::Result<ModelFile> {
        let size = file.metadata()?.len();
        Ok(ModelFile { path: path.to_owned(), store: Store::File(file), size, map: None, in_place: false })
    }

    /// The built-in model, not mapped.
    #[must_use]
    pub fn built_in() -> ModelFile {
        let path = PathBuf::from("the built-in model");
        ModelFile { path, store: Store::BuiltIn, size: BUILT_IN.len() as u64, map: None, in_place: false }
    }

    /// True for the built-in model.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        matches!(self.store, Store::BuiltIn)
    }

    /// Maps the file into memory. (The built-in model is there already.)
    ///
    /// # Errors
    /// The system's refusal.
    pub fn map(&mut self) -> io::Result<()> {
        self.in_place = self.is_built_in();
        if let (None, Store::File(file)) = (&self.map, &self.store) {
            self.map = Some(Mapping::new(&self.path, file)?);
        }
        Ok(())
    }

    /// The path of the file, or the name of the built-in model.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file as an opened flash device.
    #[must_use]
    pub fn source(&self) -> Source<'_, FileFlash<'_>> {
        let flash = FileFlash { store: &self.store, size: self.size };
        match &self.map {
            Some(map) => Source::with_mapping(flash, map.deref()),
            None if self.in_place => Source::with_mapping(flash, BUILT_IN),
            None => Source::new(flash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashlet::flash::block_on;

    #[test]
    fn reads_what_the_file_holds_and_refuses_the_rest() {
        let path = std::env::temp_dir().join(format!("flashlet-source-{}", std::process::id()));
        let bytes: Vec<u8> = (0..10_000_u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &bytes).expect("the temporary folder can be written");
        let mut file = ModelFile::open(&path).expect("it is a file");
        let mut flash = file.source().flash;
        assert_eq!(flash.size(), 10_000);
        let mut dst = [0; 300];
        block_on(flash.read(5000, &mut dst), || {}).expect("inside the file");
        assert_eq!(dst[..], bytes[5000..5300]);
        block_on(flash.read(10_000, &mut []), || {}).expect("nothing at the end");
        for offset in [9701, 10_001, u64::MAX] {
            let error = block_on(flash.read(offset, &mut dst), || {}).expect_err("past the end");
            assert_eq!(error, FlashError::OutOfBounds { offset, bytes: 300, size: 10_000 });
        }
        file.map().expect("it can be mapped");
        assert_eq!(file.source().mapped.expect("it is mapped"), &bytes[..]);
        fs::remove_file(&path).expect("it was there");
    }

    #[test]
    fn the_built_in_model_is_read_like_a_file() {
        let mut model = ModelFile::built_in();
        assert!(model.is_built_in() && model.size() <= 900_000);
        assert!(model.source().mapped.is_none());
        let mut flash = model.source().flash;
        let mut magic = [0; 4];
        block_on(flash.read(0, &mut magic), || {}).expect("inside the model");
        assert_eq!(&magic, b"GGUF");
        for offset in [model.size() - 3, u64::MAX] {
            let error = block_on(flash.read(offset, &mut magic), || {}).expect_err("past the end");
            assert_eq!(error, FlashError::OutOfBounds { offset, bytes: 4, size: model.size() });
        }
        model.map().expect("it is in memory");
        assert_eq!(model.source().mapped.expect("it is mapped").len() as u64, model.size());
    }

    #[test]
    fn odd_paths_are_explained() {
        let error = ModelFile::open(Path::new("/no/such/model.gguf")).expect_err("missing");
        assert_eq!(error.to_string(), "/no/such/model.gguf: no such file");
        let error = ModelFile::open(&std::env::temp_dir()).expect_err("a folder");
        assert!(error.to_string().ends_with("is a folder, not a model file"), "{error}");
    }
}
