//! A file as a NOR flash chip. On a simulated board only reading it takes time: erasing and programming take none.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_write};

use crate::failure::Failure;
use crate::sim;

/// Bytes of an erase block: a sector of a QSPI chip.
pub const ERASE_BYTES: usize = 4096;
/// The contents of an erased block.
const ERASED: [u8; ERASE_BYTES] = [0xff; ERASE_BYTES];

/// A chip whose bits only go from 1 to 0 until their block is erased. Its contents are those of a file.
#[derive(Debug)]
pub struct FileNor {
    file: File,
    bytes: usize,
    /// Set while a write may not have reached the disk yet.
    busy: bool,
    /// The system's error when the chip failed last.
    error: Option<io::Error>,
}

impl FileNor {
    /// The chip with the contents of the file at `path`, to be written if `writes` says so.
    ///
    /// # Errors
    /// A missing file, or one that is no chip, in words for the user.
    pub fn open(path: &Path, writes: bool) -> Result<FileNor, Failure> {
        let shown = path.display();
        let metadata = path.metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format!("{shown}: no such file")),
            _ => Failure::io(&shown, &error),
        })?;
        let bytes = metadata.len();
        let whole =
            bytes.is_multiple_of(ERASE_BYTES as u64) && (2..=MAX_BLOCKS).contains(&(bytes / ERASE_BYTES as u64));
        if !metadata.is_file() {
            return Err(Failure::new(format!("{shown} is no regular file, which a snapshot is kept in: name another")));
        }
        if !whole {
            return Err(Failure::new(format!(
                "{shown} holds no snapshot: {bytes} bytes are no flash of 4096-byte blocks (another file, or cut short)"
            )));
        }
        let file = File::options().read(true).write(writes).open(path).map_err(|error| Failure::io(&shown, &error))?;
        // Where the file system has no locks, none is held.
        if writes && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(Failure::new(format!("{shown} is being written by another command: wait until it ends")));
        }
        Ok(FileNor { file, bytes: bytes as usize, busy: false, error: None })
    }

    /// An erased chip of at least `bytes` in `file`, which is empty.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn create(mut file: File, bytes: usize) -> io::Result<FileNor> {
        let blocks = bytes.div_ceil(ERASE_BYTES);
        for _ in 0..blocks {
            file.write_all(&ERASED)?;
        }
        Ok(FileNor { file, bytes: blocks * ERASE_BYTES, busy: true, error: None })
    }

    /// Takes the system's error of the chip's last failure.
    pub fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn done<T>(&mut self, result: io::Result<T>) -> Result<T, NorFlashErrorKind> {
        result.map_err(|error| {
            self.error = Some(error);
            NorFlashErrorKind::Other
        })
    }

    fn try_read(&mut self, offset: u32, dst: &mut [u8]) -> io::Result<()> {
        // A chip that is busy writing cannot be read: what is read after it has been written.
        if core::mem::take(&mut self.busy) {
            self.file.sync_data()?;
        }
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.read_exact(dst)
    }

    fn try_write(&mut self, offset: u32, src: &[u8]) -> io::Result<()> {
        self.busy = true;
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.write_all(src)
    }

    /// Lets bits of what is there go from 1 to 0.
    fn try_program(&mut self, offset: u32, src: &[u8]) -> io::Result<()> {
        let mut bytes = vec![0; src.len()];
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.read_exact(&mut bytes)?;
        bytes.iter_mut().zip(src).for_each(|(to, from)| *to &= from);
        self.try_write(offset, &bytes)
    }
}

/// Blocks that 32 bits can address.
const MAX_BLOCKS: u64 = (u32::MAX as u64 + 1) / ERASE_BYTES as u64 - 1;
/// Bytes of the largest chip.
pub(crate) const MAX_BYTES: u64 = MAX_BLOCKS * ERASE_BYTES as u64;

impl ErrorType for FileNor {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for FileNor {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, dst: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        // A simulated board waits for it.
        sim::wait(sim::transfer(dst.len()));
        let result = self.try_read(offset, dst);
        self.done(result)
    }

    fn capacity(&self) -> usize {
        self.bytes
    }
}

impl NorFlash for FileNor {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = ERASE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let result = (from..to).step_by(ERASE_BYTES).try_for_each(|offset| self.try_write(offset, &ERASED));
        self.done(result)
    }

    fn write(&mut self, offset: u32, src: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, src.len())?;
        let result = self.try_program(offset, src);
        self.done(result)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A path in the temporary folder, whose file is removed at the end of the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            Place(std::env::temp_dir().join(format!("{name}-{}", std::process::id())))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn bits_go_from_1_to_0_until_they_are_erased() {
        let place = Place::new("flashlet-nor");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&place.0);
        let file = file.expect("the temporary folder can be written");
        let mut nor = FileNor::create(file, 3 * 4096 - 5).expect("so can the file");
        assert_eq!(nor.capacity(), 3 * 4096);
        nor.write(4090, &[0b1010; 10]).expect("inside the chip");
        nor.write(4095, &[0b0110; 2]).expect("inside the chip");
        drop(nor);
        let mut nor = FileNor::open(&place.0, true).expect("it is there");
        let mut bytes = [0; 12];
        nor.read(4089, &mut bytes).expect("inside the chip");
        assert_eq!(bytes, [255, 10, 10, 10, 10, 10, 2, 2, 10, 10, 10, 255]);
        nor.erase(4096, 8192).expect("inside the chip");
        nor.read(4089, &mut bytes).expect("inside the chip");
        assert_eq!(bytes, [255, 10, 10, 10, 10, 10, 2, 255, 255, 255, 255, 255]);
        assert_eq!(nor.erase(1, 4096), Err(NorFlashErrorKind::NotAligned));
        assert_eq!(nor.write(3 * 4096 - 1, &[0; 2]), Err(NorFlashErrorKind::OutOfBounds));
        // A chip that may only be read.
        let mut nor = FileNor::open(&place.0, false).expect("it is there");
        assert_eq!(nor.erase(0, 4096), Err(NorFlashErrorKind::Other));
        assert!(nor.error().is_some());
    }

    #[test]
    fn other_files_are_no_chips() {
        let place = Place::new("flashlet-nor-other");
        let error = FileNor::open(&place.0, false).expect_err("it is not there");
        assert!(error.to_string().ends_with("no such file"), "{error}");
        for bytes in [0, 1, 4096, 8191, 8193] {
            fs::write(&place.0, vec![0; bytes]).expect("the temporary folder can be written");
            let error = FileNor::open(&place.0, false).expect_err("no whole blocks");
            assert!(error.to_string().contains("holds no snapshot"), "{error}");
        }
        assert!(FileNor::open(&std::env::temp_dir(), false).is_err());
    }
}
