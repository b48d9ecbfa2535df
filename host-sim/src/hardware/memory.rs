//! The memory that stands for a board's RAM.

use std::io;

use memmap2::{MmapMut, MmapOptions};

/// Zeroed, page-aligned bytes of its own mapping. The system provides a page when it is first
/// written, so what the engine does not touch takes no memory.
#[derive(Debug)]
pub struct HostArena {
    map: MmapMut,
    len: usize,
}

impl HostArena {
    /// An arena of `len` bytes.
    ///
    /// # Errors
    /// The system's refusal to map that much.
    pub fn new(len: usize) -> io::Result<HostArena> {
        HostArena::map(len, &mut MmapOptions::new())
    }

    /// An arena of `len` bytes of which few will be written: the system promises memory for none, so that it may be larger than
    /// all that there is.
    ///
    /// # Errors
    /// The system's refusal to map that much.
    pub fn untouched(len: usize) -> io::Result<HostArena> {
        HostArena::map(len, MmapOptions::new().no_reserve_swap())
    }

    fn map(len: usize, options: &mut MmapOptions) -> io::Result<HostArena> {
        // An empty mapping is an error on some systems.
        let map = options.len(len.max(1)).map_anon()?;
        // Huge pages read about a third faster. Where there are none, small ones do.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(HostArena { map, len })
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&mut self) -> &mut [u8] {
        let len = self.len.min(self.map.len());
        &mut self.map[..len]
    }
}

/// Bytes that the system can still give without swapping, where it says so.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    let report = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = report.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_zeroed_aligned_and_of_the_length_asked_for() {
        for len in [0, 1, 63, 4096, (8 << 20) + 5] {
            let mut arena = HostArena::new(len).expect("memory is there");
            let bytes = arena.bytes();
            assert_eq!(bytes.len(), len);
            assert_eq!(bytes.as_ptr() as usize % flashlet::arena::ALIGN, 0);
            assert!(bytes.iter().all(|&b| b == 0));
            bytes.fill(1);
        }
    }

    #[test]
    fn an_absurd_length_is_an_error() {
        assert!(HostArena::new(usize::MAX / 2).is_err() && HostArena::untouched(usize::MAX / 2).is_err());
    }
}
