//! Chat templates of known models, which are recognised by their fingerprint. None is evaluated.

use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, Str, Value};

use super::error::{Key, TextError};
use super::fingerprint::Fnv;
use super::tokenizer::Encode;

/// The family of a model's chat template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ChatFormat {
    /// `<|im_start|>user\n...<|im_end|>\n`
    ChatMl,
    /// ChatML with SmolLM2's system prompt where none is given.
    SmolLm2,
    /// ChatML with Qwen2's system prompt where none is given.
    Qwen2,
    /// ChatML with Qwen2.5's system prompt where none is given.
    Qwen25,
    /// `<start_of_turn>user\n...<end_of_turn>\n`; the system prompt goes in front of the first
    /// user text.
    Gemma,
    /// `[INST] <<SYS>>\n...\n<</SYS>>\n\n... [/INST]`
    Llama2,
    /// `<|start_header_id|>user<|end_header_id|>\n\n...<|eot_id|>`
    Llama3,
    /// `<|user|>\n...</s>\n`, as Zephyr and TinyLlama have it.
    Zephyr,
}

/// A piece of a turn, in order; all of a turn's pieces make one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'t> {
    /// The text.
    pub text: &'t str,
    /// The settings to encode it with. Only markup may contain special tokens: what the user wrote cannot.
    pub encode: Encode<'static>,
}

impl<'t> Piece<'t> {
    /// A prompt that is continued as it is: special tokens written in it are recognised.
    #[must_use]
    pub const fn raw(text: &'t str) -> Self {
        let encode = Encode { bos: true, eos: false, special: true, continues: false, barred: &[] };
        Piece { text, encode }
    }
}

/// The pieces of a turn.
pub type Pieces<'t> = heapless::Vec<Piece<'t>, 8>;

/// A turn of the user's, up to where the model's answer begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn<'t> {
    /// The first turn of a conversation. Others begin by closing the model's answer: feed the
    /// answer's tokens, but not the one that ended it.
    pub first: bool,
    /// The system prompt, looked at in the first turn. `None` takes the template's own, if it
    /// has one; an empty one is no system prompt.
    pub system: Option<&'t str>,
    /// The user's text.
    pub user: &'t str,
}

/// Templates of published files by their fingerprints, the FNV-1a hashes of their text, each of which was compared with what its
/// format renders. A template that differs in one byte is not among them: `flashlet pack` takes that apart for boards.
const KNOWN: [(u64, ChatFormat); 5] = [
    // Flashlet's own models, whose template writes the last message alone.
    (0x0778_7aa1_6665_a601, ChatFormat::ChatMl),
    // OpenHermes and those who took its template, with `\n` as written in a string and as a line break.
    (0xa41d_6bae_9b91_41bc, ChatFormat::ChatMl),
    (0x88bf_4138_d5c8_26f0, ChatFormat::ChatMl),
    // SmolLM2 Instruct.
    (0x45ec_583d_4d25_bc3a, ChatFormat::SmolLm2),
    // Qwen2.5 and Qwen2.5-Coder Instruct.
    (0xc2b2_7ee6_0f1b_8775, ChatFormat::Qwen25),
];

/// Bytes of a template that are read at once.
const WINDOW: usize = 256;

const SMOLLM2_SYSTEM: &str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
const QWEN2_SYSTEM: &str = "You are a helpful assistant";
const QWEN25_SYSTEM: &str = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ChatFormat {
    /// Recognises the file's chat template by its fingerprint.
    ///
    /// # Errors
    /// [`TextError::Missing`] when the file has none, [`TextError::WrongType`] when it is no
    /// string, [`TextError::UnknownChatTemplate`] when it is not a known one.
    pub async fn recognise<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Self, TextError> {
        let mut value = [None];
        gguf.find_all(source, ["", ""], &[Key::ChatTemplate.name()], &mut value, &mut |_| true).await?;
        let template = match value {
            [Some(Value::Str(template))] => template,
            [Some(_)] => return Err(TextError::WrongType(Key::ChatTemplate)),
            [None] => return Err(TextError::Missing(Key::ChatTemplate)),
        };
        let found = fingerprint(source, template).await?;
        let known = KNOWN.iter().find(|(known, _)| *known == found);
        known.map(|(_, format)| *format).ok_or(TextError::UnknownChatTemplate { offset: template.offset })
    }

    /// All formats.
    pub const ALL: [ChatFormat; 8] = [
        ChatFormat::ChatMl,
        ChatFormat::SmolLm2,
        ChatFormat::Qwen2,
        ChatFormat::Qwen25,
        ChatFormat::Gemma,
        ChatFormat::Llama2,
        ChatFormat::Llama3,
        ChatFormat::Zephyr,
    ];

    /// The format's name, by which it can be chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChatFormat::ChatMl => "chatml",
            ChatFormat::SmolLm2 => "smollm2",
            ChatFormat::Qwen2 => "qwen2",
            ChatFormat::Qwen25 => "qwen2.5",
            ChatFormat::Gemma => "gemma",
            ChatFormat::Llama2 => "llama2",
            ChatFormat::Llama3 => "llama3",
            ChatFormat::Zephyr => "zephyr",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The system prompt of a conversation that states none.
    #[must_use]
    pub const fn default_system(self) -> Option<&'static str> {
        match self {
            ChatFormat::SmolLm2 => Some(SMOLLM2_SYSTEM),
            ChatFormat::Qwen2 => Some(QWEN2_SYSTEM),
            ChatFormat::Qwen25 => Some(QWEN25_SYSTEM),
            _ => None,
        }
    }

    /// A turn as the template renders it, up to where the model answers. Texts are trimmed where
    /// the template trims them.
    #[must_use]
    pub fn pieces<'t>(self, turn: &Turn<'t>) -> Pieces<'t> {
        let trims = matches!(self, ChatFormat::Gemma | ChatFormat::Llama2 | ChatFormat::Llama3);
        let trim = |text: &'t str| if trims { text.trim() } else { text };
        let user = trim(turn.user);
        let system = if turn.first { turn.system.or(self.default_system()).map(trim) } else { None };
        let system = system.filter(|system| !system.is_empty());
        let mut text = Builder { pieces: Pieces::new(), bos: turn.first };
        match self {
            ChatFormat::ChatMl | ChatFormat::SmolLm2 | ChatFormat::Qwen2 | ChatFormat::Qwen25 => {
                match system {
                    Some(system) => {
                        text.markup("<|im_start|>system\n").plain(system);
                        text.markup("<|im_end|>\n<|im_start|>user\n")
                    }
                    None if turn.first => text.markup("<|im_start|>user\n"),
                    None => text.markup("<|im_end|>\n<|im_start|>user\n"),
                };
                text.plain(user).markup("<|im_end|>\n<|im_start|>assistant\n");
            }
            ChatFormat::Gemma => {
                match turn.first {
                    true => text.markup("<start_of_turn>user\n"),
                    false => text.markup("<end_of_turn>\n<start_of_turn>user\n"),
                };
                if let Some(system) = system {
                    text.plain(system).markup("\n\n");
                }
                text.plain(user).markup("<end_of_turn>\n<start_of_turn>model\n");
            }
            ChatFormat::Llama2 => {
                // The space after `[INST]` is the one that a new text gets in front.
                match (turn.first, system) {
                    (true, Some(system)) => {
                        text.markup("[INST] <<SYS>>\n").plain(system).markup("\n<</SYS>>\n\n").plain(user);
                    }
                    (true, None) => {
                        text.markup("[INST]").fresh(user);
                    }
                    (false, _) => {
                        text.markup(" </s><s>[INST]").fresh(user);
                    }
                }
                text.markup(" [/INST]");
            }
            ChatFormat::Llama3 => {
                if !turn.first {
                    text.markup("<|eot_id|>");
                }
                if let Some(system) = system {
                    text.markup("<|start_header_id|>system<|end_header_id|>\n\n").plain(system).markup("<|eot_id|>");
                }
                text.markup("<|start_header_id|>user<|end_header_id|>\n\n").plain(user);
                text.markup("<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
            }
            ChatFormat::Zephyr => {
                if !turn.first {
                    text.markup("</s>\n");
                }
                if let Some(system) = system {
                    text.markup("<|system|>\n").plain(system).markup("</s>\n");
                }
                text.markup("<|user|>\n").plain(user).markup("</s>\n<|assistant|>\n");
            }
        }
        text.pieces
    }
}

/// Collects pieces.
struct Builder<'t> {
    pieces: Pieces<'t>,
    /// The next piece is the first of a conversation.
    bos: bool,
}

impl<'t> Builder<'t> {
    fn push(&mut self, text: &'t str, special: bool, fresh: bool) -> &mut Self {
        let bos = core::mem::take(&mut self.bos);
        if !text.is_empty() {
            // No turn has more pieces than there is room for: a test renders them all.
            let _ = self
                .pieces
                .push(Piece { text, encode: Encode { bos, special, continues: !(bos || fresh), ..Encode::default() } });
        }
        self
    }

    /// Text of the template.
    fn markup(&mut self, text: &'t str) -> &mut Self {
        self.push(text, true, false)
    }

    /// Text of the user's.
    fn plain(&mut self, text: &'t str) -> &mut Self {
        self.push(text, false, false)
    }

    /// Text of the user's that starts anew.
    fn fresh(&mut self, text: &'t str) -> &mut Self {
        self.push(text, false, true)
    }
}

/// The fingerprint of a string in flash.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn fingerprint<F: Flash>(source: &mut Source<'_, F>, string: Str) -> Result<u64, TextError> {
    let mut hash = Fnv::new();
    let mut buf = [0; WINDOW];
    let mut at = 0;
    while at < string.len {
        let now = string.len.saturating_sub(at).min(WINDOW as u64);
        hash.write(source.view(string.offset.saturating_add(at), now as usize, &mut buf).await?);
        at += now;
    }
    Ok(hash.finish())
}

#[cfg(test)]
mod tests;
