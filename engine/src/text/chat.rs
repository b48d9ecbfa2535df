//! Chat templates: recognised by what is distinctive in them, never evaluated.

use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, Str, Value};

use super::error::{Key, TextError};
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
    /// How to encode it. Only markup may contain special tokens: what the user wrote cannot.
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

/// What the user says, up to where the model's answer begins.
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

/// What a template is searched for.
const NEEDLES: [(&str, u32); 9] = [
    ("<|im_start|>", IM_START),
    ("named SmolLM, trained by Hugging Face", SMOLLM),
    ("system\\nYou are a helpful assistant<|im_end|>", QWEN2),
    ("<start_of_turn>", START_OF_TURN),
    ("[INST]", INST),
    ("<<SYS>>", SYS),
    ("<|start_header_id|>", START_HEADER),
    ("<|user|>", USER),
    // Phi-3's and others', which close turns differently.
    ("<|end|>", END),
];
const IM_START: u32 = 1;
const SMOLLM: u32 = 2;
const QWEN2: u32 = 4;
const START_OF_TURN: u32 = 8;
const INST: u32 = 16;
const SYS: u32 = 32;
const START_HEADER: u32 = 64;
const USER: u32 = 128;
const END: u32 = 256;

/// Bytes of a template looked at together, and how many of them again with the next ones: no
/// needle is longer than that.
const WINDOW: usize = 256;
const OVERLAP: usize = 48;
const _: () = {
    let mut i = 0;
    while i < NEEDLES.len() {
        assert!(NEEDLES[i].0.len() <= OVERLAP);
        i += 1;
    }
};

const SMOLLM2_SYSTEM: &str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
const QWEN2_SYSTEM: &str = "You are a helpful assistant";

impl ChatFormat {
    /// Recognises the file's chat template.
    ///
    /// # Errors
    /// [`TextError::Missing`] when the file has none, [`TextError::WrongType`] when it is no
    /// string, [`TextError::UnknownChatTemplate`] when it is of no known family.
    pub async fn recognise<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Self, TextError> {
        let mut value = [None];
        gguf.find_all(source, ["", ""], &[Key::ChatTemplate.name()], &mut value, &mut |_| true).await?;
        let template = match value {
            [Some(Value::Str(template))] => template,
            [Some(_)] => return Err(TextError::WrongType(Key::ChatTemplate)),
            [None] => return Err(TextError::Missing(Key::ChatTemplate)),
        };
        let found = search(source, template).await?;
        let has = |needle| found & needle != 0;
        Ok(match () {
            () if has(IM_START) && has(SMOLLM) => ChatFormat::SmolLm2,
            () if has(IM_START) && has(QWEN2) => ChatFormat::Qwen2,
            () if has(IM_START) => ChatFormat::ChatMl,
            () if has(START_OF_TURN) => ChatFormat::Gemma,
            () if has(START_HEADER) => ChatFormat::Llama3,
            () if has(INST) && has(SYS) => ChatFormat::Llama2,
            () if has(USER) && !has(END) => ChatFormat::Zephyr,
            () => return Err(TextError::UnknownChatTemplate { offset: template.offset }),
        })
    }

    /// All formats.
    pub const ALL: [ChatFormat; 7] = [
        ChatFormat::ChatMl,
        ChatFormat::SmolLm2,
        ChatFormat::Qwen2,
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
            ChatFormat::ChatMl | ChatFormat::SmolLm2 | ChatFormat::Qwen2 => {
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

/// Which needles the string in flash contains.
async fn search<F: Flash>(source: &mut Source<'_, F>, string: Str) -> Result<u32, TextError> {
    let mut found = 0;
    let mut buf = [0; WINDOW];
    let mut at = 0;
    loop {
        let now = string.len.saturating_sub(at).min(WINDOW as u64);
        let bytes = source.view(string.offset.saturating_add(at), now as usize, &mut buf).await?;
        for (needle, bit) in NEEDLES {
            if bytes.windows(needle.len().max(1)).any(|w| w == needle.as_bytes()) {
                found |= bit;
            }
        }
        at += now.saturating_sub(OVERLAP as u64).max(1);
        if now < WINDOW as u64 {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests;
