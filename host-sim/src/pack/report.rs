//! The changes that packing made.

/// The changes that packing made, in bytes where nothing else is said.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The packed file.
    pub bytes: u64,
    /// Keys left out because the caller ignores them.
    pub ignored: Vec<String>,
    /// Keys left out because no board reads them, with their bytes.
    pub stripped: Vec<(String, u64)>,
    /// Tensors.
    pub n_tensors: usize,
    /// Places where a streamed pass has to begin a new read, because the next matrix does not follow the last: before and
    /// after.
    pub seams: [usize; 2],
    /// Bytes of a page.
    pub page: u32,
    /// Pages that a pass over all matrices touches: before and after.
    pub pages: [u64; 2],
    /// Padding between tensors: before and after.
    pub padding: [u64; 2],
    /// Checksums, with their keys.
    pub checksum_bytes: u64,
    /// The vocabulary's index, with its keys.
    pub index_bytes: u64,
    /// The grammar's tables, with their key.
    pub grammar_bytes: u64,
    /// The outcome for the chat template; `None` if there is none, or if its pieces were not asked for.
    pub chat: Option<Result<ChatReport, String>>,
}

/// The pieces of a chat template that were added. Where there are none, a string says why.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ChatReport {
    /// The pieces, with their keys.
    pub bytes: u64,
    /// The pieces have a place for a system text.
    pub takes_system_text: bool,
    /// The template writes the date, which is that of packing in the pieces.
    pub is_dated: bool,
}
