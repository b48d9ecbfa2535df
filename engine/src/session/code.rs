//! Numbers of errors, for programs that cannot take an enum: each kind of error has one, which stays the same from version to version.

use super::error::Error;
#[cfg(feature = "snapshots")]
use super::snapshot::error::SnapshotError;
use crate::flash::FlashError;
use crate::gguf::GgufError;
use crate::model::ConfigError;
use crate::text::TextError;
#[cfg(feature = "grammar")]
use crate::text::grammar::GrammarError;
use crate::weights::{PassError, WeightError};

/// Makes a function from errors of one type to their codes, and the table of those. Kinds of error that a feature leaves out are in the
/// table all the same, so that it is one table for all builds. What comes after `in` wraps an error of another type.
macro_rules! codes {
    ($(
        $(#[$all:meta])*
        $name:ident, $table:ident of $error:ty {
            $($(#[$cfg:meta])* $code:literal $constant:ident $meaning:literal $pattern:pat,)+
            $(in $($(#[$inner_cfg:meta])* $inner:pat => $inner_code:expr,)+)?
        }
    )+) => {
        $(
            $(#[$all])*
            fn $name(error: &$error) -> u16 {
                match error {
                    $($(#[$cfg])* $pattern => $code,)+
                    $($($(#[$inner_cfg])* $inner => $inner_code,)+)?
                }
            }

            const $table: &[(u16, &str, &str)] = &[$(($code, stringify!($constant), $meaning),)+];
        )+

        /// The tables, one for each type of error.
        const TABLES: &[&[(u16, &str, &str)]] = &[$($table),+];
    };
}

codes! {
    flash, FLASH of FlashError {
        11 FLASH_OUT_OF_BOUNDS "a read ends past the device: the file was cut, or its size is wrong" FlashError::OutOfBounds { .. },
        12 FLASH_DEVICE "the device failed to read" FlashError::Device { .. },
        13 FLASH_MISALIGNED "a read is not aligned as the device asks" FlashError::Misaligned { .. },
        14 FLASH_UNSTABLE "reads of one place give different bytes" FlashError::Unstable { .. },
        15 FLASH_BUFFER "a buffer is smaller than what is to be read into it" FlashError::BufferTooSmall { .. },
    }
    gguf, GGUF of GgufError {
        101 GGUF_HEADER "the file is no GGUF file, or its header is malformed" GgufError::Header { .. },
        102 GGUF_KEY "a key of the metadata, or its value, is malformed" GgufError::Key { .. },
        103 GGUF_TENSOR "an entry of the directory of tensors is malformed" GgufError::Tensor { .. },
        104 GGUF_VALUE "a string or an array of the metadata is malformed" GgufError::Value { .. },
        in GgufError::Flash(e) => flash(e),
    }
    config, CONFIG of ConfigError {
        201 NO_ARCHITECTURE "the file names no architecture" ConfigError::NoArchitecture,
        202 UNKNOWN_ARCHITECTURE "the engine does not know the architecture" ConfigError::UnknownArchitecture(_),
        #[cfg(not(feature = "small"))]
        203 ARCHITECTURE_FEATURE_OFF "the engine was built without the feature of the architecture" ConfigError::FeatureOff { .. },
        204 SPLIT_MODEL "the file is one part of a model that was split" ConfigError::Split { .. },
        205 CONFIG_MISSING "a key that the architecture needs is missing" ConfigError::Missing(_),
        206 CONFIG_TYPE "a key's value has the wrong type or is negative" ConfigError::WrongType(_),
        207 CONFIG_RANGE "a key's value is out of range" ConfigError::Range { .. },
        #[cfg(feature = "attention-variants")]
        208 CONFIG_ARRAY "a key's array has not one element for each layer" ConfigError::ArrayLength { .. },
        209 CONFIG_NUMBER "a key's value is not finite, or has the wrong sign" ConfigError::BadNumber { .. },
        210 CONFIG_HEADS "query heads do not share key heads evenly" ConfigError::HeadCounts { .. },
        211 CONFIG_ODD "the rotary dimensions are odd" ConfigError::Odd { .. },
        212 CONFIG_UNSUPPORTED "a key asks for what the engine does not have" ConfigError::Unsupported { .. },
        213 CONFIG_REFUSED "the engine does not know a key of the architecture, which may change results" ConfigError::RefusedKey { .. },
        in ConfigError::Gguf(e) => gguf(e),
    }
    text, TEXT of TextError {
        301 VOCABULARY_MISSING "a key of the vocabulary is missing" TextError::Missing(_),
        302 VOCABULARY_TYPE "a key of the vocabulary has the wrong type" TextError::WrongType(_),
        303 VOCABULARY_EMPTY "the vocabulary has no tokens" TextError::NoTokens,
        304 VOCABULARY_LENGTH "an array of the vocabulary has not one element for each token" TextError::Length { .. },
        305 UNKNOWN_TOKENIZER "the engine does not know the tokenizer, or was built without its feature" TextError::UnknownModel(_),
        306 UNKNOWN_PRE_TOKENIZER "the engine does not know the pre-tokenizer" TextError::UnknownPreTokenizer(_),
        307 VOCABULARY_TOO_LARGE "the vocabulary is too large to be indexed" TextError::VocabularyTooLarge,
        308 VOCABULARY_COLLISIONS "too many strings of the vocabulary share a hash" TextError::Collisions { .. },
        309 PROMPT_TOO_LONG "the prompt has more tokens than are remembered" TextError::TooLong { .. },
        310 WORD_TOO_LONG "a stretch of the prompt without a break is too long for the context" TextError::WordTooLong { .. },
        311 NO_TOKEN_FOR_BYTE "the vocabulary has no token for a byte of the prompt" TextError::NoTokenFor { .. },
        312 NO_TOKEN "the vocabulary has no such token" TextError::NoSuchToken { .. },
        #[cfg(feature = "probabilities")]
        313 BAD_THRESHOLD "the probability that the file asks of answers is malformed" TextError::UnusableThreshold(_),
        #[cfg(feature = "probabilities")]
        314 ANSWER_TOO_LONG "an answer that must have a probability does not fit the buffer for its text" TextError::AnswerTooLong { .. },
        315 UNKNOWN_CHAT_TEMPLATE "the chat template is not a known one; `flashlet pack` adds what it takes" TextError::UnknownChatTemplate { .. },
        #[cfg(feature = "chat-pieces")]
        316 BAD_CHAT_PIECES "the packed pieces of the chat template are of another version or broken" TextError::UnusablePieces(_),
        #[cfg(feature = "chat-pieces")]
        317 NO_SYSTEM_TEXT "the chat template has no place for a system text" TextError::NoSystemText,
        #[cfg(feature = "chat-pieces")]
        318 TURN_TOO_LONG "a turn with its markup is longer than the room for it" TextError::TurnTooLong { .. },
        #[cfg(feature = "chat-pieces")]
        319 TOO_MANY_MARKERS "the user's text spells too many special tokens" TextError::TooManyMarkers { .. },
        in TextError::Flash(e) => flash(e),
        TextError::Gguf(e) => gguf(e),
        #[cfg(feature = "grammar")]
        TextError::Grammar(e) => grammar(e),
    }
    weight, WEIGHT of WeightError {
        401 TENSOR_UNKNOWN "the architecture has no such tensor" WeightError::Unknown { .. },
        402 TENSOR_TYPE "the engine does not compute with a tensor's type" WeightError::UnsupportedType { .. },
        403 TENSOR_FEATURE_OFF "the engine was built without the feature of a tensor's type" WeightError::FeatureOff { .. },
        404 TENSOR_SHAPE "a tensor's shape is not what the metadata say" WeightError::Shape { .. },
        405 TENSOR_TWICE "a tensor occurs twice" WeightError::Duplicate { .. },
        406 TENSOR_MISSING "a tensor that the architecture needs is missing" WeightError::Missing { .. },
        407 TENSOR_CHECKSUM "a tensor is not what its checksum was made of" WeightError::Checksum { .. },
        408 METADATA_CHECKSUM "the metadata are not what their checksum was made of" WeightError::MetadataChecksum,
        409 BAD_CHECKSUMS "the file's checksums are incomplete: it was changed after they were made" WeightError::BadChecksums,
        in WeightError::Gguf(e) => gguf(e),
        WeightError::Flash(e) => flash(e),
    }
    pass, PASS of PassError {
        501 PASS_CHECKSUM "weights that arrived are not what their checksum was made of" PassError::Checksum { .. },
        502 TILE_TOO_SMALL "the streaming tiles are too small for a row" PassError::TileTooSmall { .. },
        503 NOT_FINITE "values became infinite or not a number" PassError::NotFinite { .. },
        in PassError::Flash(e) => flash(e),
    }
    session, SESSION of Error {
        601 ARENA "the arena is smaller than planned" Error::Arena(_),
        602 DOES_NOT_FIT "the model does not fit the arena" Error::DoesNotFit { .. },
        603 PLAN_MISMATCH "the plan is of another model" Error::PlanMismatch,
        604 NOT_MAPPED "mapped weights were asked for, but the model is not mapped" Error::NotMapped,
        605 NO_STREAMING "the engine was built without the feature `stream`" Error::NoStreaming,
        606 NO_CHECKSUMS "the file has no checksums, or the engine was built without the feature `checksums`" Error::NoChecksums,
        607 KV_FORMAT "the cache's number format does not suit the model's heads" Error::KvHeadDim { .. },
        608 EMPTY_PROMPT "the prompt has no tokens" Error::EmptyPrompt,
        609 CONTEXT_FULL "the tokens do not fit the context" Error::ContextFull { .. },
        #[cfg(feature = "grammar")]
        610 NO_ROOM_FOR_ANSWER "the longest answer of the grammar does not fit the context behind the prompt" Error::NoRoomForAnswer { .. },
        611 CANNOT_REWIND "the session cannot go back to so many tokens" Error::CannotRewind { .. },
        612 BAD_TOKEN "a token of the prompt is not in the vocabulary" Error::NoSuchToken { .. },
        in Error::Gguf(e) => gguf(e),
        Error::Config(e) => config(e),
        Error::Text(e) => text(e),
        Error::Weight(e) => weight(e),
        Error::Pass(e) => pass(e),
        #[cfg(feature = "snapshots")]
        Error::Snapshot(e) => snapshot(e),
    }
    #[cfg(feature = "grammar")]
    grammar, GRAMMAR of GrammarError {
        701 GRAMMAR_FORMAT "the grammar's tables are of another format or version" GrammarError::UnknownFormat,
        702 GRAMMAR_LENGTH "the grammar's tables have not the length that they say" GrammarError::Length { .. },
        703 GRAMMAR_RANGE "a number in the grammar's tables is out of range" GrammarError::OutOfRange { .. },
        704 GRAMMAR_TOO_DEEP "the grammar nests deeper than can be kept" GrammarError::TooDeep { .. },
        705 GRAMMAR_READINGS "the text can be read in more ways than can be kept" GrammarError::TooManyReadings { .. },
        706 GRAMMAR_NOT_MAPPED "a grammar takes a mapped model, or one that carries a grammar" GrammarError::NotMapped,
        707 GRAMMAR_NO_TOKEN "no token of the vocabulary can go on with the grammar" GrammarError::NoToken,
        708 GRAMMAR_VALUES "the grammar has values, and the engine was built without the feature `values`" GrammarError::Values,
    }
    #[cfg(feature = "snapshots")]
    snapshot, SNAPSHOT of SnapshotError {
        801 SNAPSHOT_UNITS "the device's units do not suit a snapshot" SnapshotError::Units { .. },
        802 SNAPSHOT_RANGE "the range does not suit the device" SnapshotError::Range { .. },
        803 SNAPSHOT_NO_ROOM "the snapshot is larger than half of the range" SnapshotError::NoRoom { .. },
        804 SNAPSHOT_TOKENS "the ids are not those of the session's tokens" SnapshotError::Tokens { .. },
        805 SNAPSHOT_EMPTY "the session has no tokens" SnapshotError::Empty,
        806 SNAPSHOT_WINDOWS "the session's sliding windows have moved on" SnapshotError::WindowsMovedOn { .. },
        807 SNAPSHOT_DEVICE "the device failed" SnapshotError::Device { .. },
        808 SNAPSHOT_NOT_WRITTEN "what was written reads as something else" SnapshotError::NotWritten { .. },
        809 SNAPSHOT_VERSION "the snapshot is of another version of the engine" SnapshotError::OtherVersion { .. },
        810 SNAPSHOT_MODEL "the snapshot is of another model" SnapshotError::OtherModel { .. },
        811 SNAPSHOT_KV_FORMAT "the snapshot's cache has another number format" SnapshotError::OtherKvType { .. },
        812 SNAPSHOT_CONTEXT "the snapshot has more tokens than the context" SnapshotError::ContextTooShort { .. },
        813 SNAPSHOT_IDS "the snapshot has more tokens than there is room for ids" SnapshotError::TooManyIds { .. },
        814 SNAPSHOT_PROMPT "the prompt does not begin with the snapshot's tokens" SnapshotError::OtherTokens { .. },
        815 SNAPSHOT_BROKEN "the snapshot is broken" SnapshotError::Broken { .. },
    }
}

impl Error {
    /// The number of this kind of error, the same in all versions: that of the innermost error, so that a failed read has one number
    /// wherever it happens. Below 900; those from there on are free for what is built on the engine.
    #[must_use]
    pub fn code(&self) -> u16 {
        session(self)
    }

    /// All codes in ascending order, with a name and what they mean, those of errors that this build cannot raise included.
    pub fn codes() -> impl Iterator<Item = (u16, &'static str, &'static str)> {
        TABLES.iter().flat_map(|table| table.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{ArenaError, Region};
    use crate::gguf::{GgufError, NameAt};
    use std::vec::Vec;

    #[test]
    fn codes_and_names_are_unique_and_ascend_in_hundreds_of_their_own() {
        let mut codes: Vec<_> = Error::codes().map(|(code, ..)| code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(codes.iter().all(|code| (1..900).contains(code)));
        let mut names: Vec<_> = Error::codes().map(|(_, name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for table in TABLES {
            assert!(table.iter().all(|row| row.0 / 100 == table[0].0 / 100 && row.0 > 0));
            assert!(table.is_sorted_by_key(|row| row.0));
        }
        assert!(Error::codes().map(|(code, ..)| code).is_sorted());
    }

    /// Programs in C were compiled with these numbers.
    #[test]
    fn codes_stay_as_they_are() {
        let device = FlashError::Device { offset: 7 };
        let region = Region::ALL[0];
        for (code, error) in [
            (12, Error::from(device)),
            (12, TextError::Flash(device).into()),
            (12, TextError::Gguf(GgufError::Flash(device)).into()),
            (12, PassError::Flash(device).into()),
            (202, ConfigError::UnknownArchitecture(NameAt::NONE).into()),
            (309, TextError::TooLong { need: 2, have: 1 }.into()),
            (408, WeightError::MetadataChecksum.into()),
            (601, ArenaError { region, need: 2, have: 1 }.into()),
            (602, Error::DoesNotFit { need: 2, have: 1, fitting_ctx: 0 }),
            (609, Error::ContextFull { ctx: 1, position: 1, tokens: 1 }),
            (611, Error::CannotRewind { to: 1, least: 2, position: 3 }),
        ] {
            assert_eq!(error.code(), code, "{error}");
        }
        // One line for all numbers and names: another hash means that one of them has changed, or that one was added.
        let text: std::string::String = Error::codes().map(|(code, name, _)| std::format!("{code} {name}\n")).collect();
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(hash, HASH, "{text}");
    }

    const HASH: u64 = 0x8480_54e9_55ba_8e92;
}
