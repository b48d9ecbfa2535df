//! What stands for the pre-tokenisers where the feature `bpe` is off: there are none, so that nothing of them is linked.

/// How text is split before byte-level BPE: not at all, the feature `bpe` is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PreTokenizer {}

impl PreTokenizer {
    /// The pre-tokeniser called `name`: none is known.
    #[must_use]
    pub fn by_name(_name: &[u8]) -> Option<Self> {
        None
    }

    pub(super) fn of_file(_name: Option<&[u8]>) -> Option<Self> {
        None
    }

    pub(super) fn whole_words(self) -> bool {
        match self {}
    }

    pub(super) fn adds_bos(self) -> bool {
        match self {}
    }

    pub(super) fn words(self, _text: &str) -> core::iter::Empty<&str> {
        match self {}
    }
}
