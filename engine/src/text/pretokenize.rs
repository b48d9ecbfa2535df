//! Splitting text into the words that byte-level BPE merges within.
//!
//! Each pre-tokeniser is a short list of regular expressions applied one after the other. They are
//! few, so they are written out as scanners. The names are those of `tokenizer.ggml.pre`, and what
//! each stands for is llama.cpp's reading of it.

use super::steps;
use super::unicode::Class;
use super::word::Alphabet;

/// A rule by which text is split before byte-level BPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PreTokenizer {
    first: Stage,
    rule: Rule,
    /// `\p{N}+` is split off within a word.
    numbers_apart: bool,
    /// `[0-9][0-9][0-9]` is split off within a word.
    digits_by_three: bool,
    /// A word that is a token is that token, whatever its merges would make of it.
    whole_words: bool,
    adds_bos: bool,
}

/// The stretches that are split off before the rule sees the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Stage {
    Whole,
    /// Every `\p{N}` alone.
    Digits,
    /// Runs of `[\p{P}\$\+<=>\^~\|]`, with a back-tick where `tick`.
    Punctuation {
        tick: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Rule {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    Gpt2,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    Llama3 { digits: u8 },
    /// `[^\n]+|[\n]+`
    Lines,
}

impl PreTokenizer {
    const fn new(first: Stage, rule: Rule) -> Self {
        PreTokenizer { first, rule, numbers_apart: false, digits_by_three: false, whole_words: false, adds_bos: false }
    }

    /// The pre-tokeniser of a file that names none.
    pub const DEFAULT: PreTokenizer = PreTokenizer {
        numbers_apart: true,
        digits_by_three: true,
        ..Self::new(Stage::Punctuation { tick: false }, Rule::Gpt2)
    };

    /// That of vocabularies whose tokenizer model is `gemma4`.
    pub const GEMMA4: PreTokenizer = PreTokenizer { adds_bos: true, ..Self::new(Stage::Whole, Rule::Lines) };

    /// The pre-tokeniser called `name`, if it is known here.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        KNOWN.iter().find(|(names, _)| names.iter().any(|known| known.as_bytes() == name)).map(|(_, pre)| *pre)
    }

    /// That of a file which names one, or none.
    pub(super) fn of_file(name: Option<&[u8]>) -> Option<Self> {
        name.map_or(Some(Self::DEFAULT), Self::by_name)
    }

    /// A name of each pre-tokeniser.
    #[cfg(test)]
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().filter_map(|(names, _)| names.first().copied())
    }

    pub(super) fn whole_words(self) -> bool {
        self.whole_words
    }

    /// True if texts begin with the BOS token unless the file says otherwise.
    pub(super) fn adds_bos(self) -> bool {
        self.adds_bos
    }

    /// The spelling of bytes in vocabularies of this pre-tokeniser.
    pub(super) fn alphabet(self) -> Alphabet {
        match self.rule {
            Rule::Gpt2 | Rule::Llama3 { .. } => Alphabet::Bytes,
            Rule::Lines => Alphabet::Marks,
        }
    }

    /// The words of `text`, in order; together they are all of it.
    pub(super) fn words(self, text: &str) -> Words<'_> {
        Words { pre: self, run: "", piece: "", fragment: "", rest: text }
    }
}

/// All names, by what they stand for.
static KNOWN: &[(&[&str], PreTokenizer)] = &[
    (&["default"], PreTokenizer::DEFAULT),
    (
        &[
            "gpt-2",
            "phi-2",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
            "exaone4",
            "gigachat",
            "a.x-4.0",
            "mellum",
        ],
        PreTokenizer::new(Stage::Whole, Rule::Gpt2),
    ),
    (
        &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
        PreTokenizer::new(Stage::Digits, Rule::Gpt2),
    ),
    (
        &["falcon"],
        PreTokenizer { digits_by_three: true, ..PreTokenizer::new(Stage::Punctuation { tick: true }, Rule::Gpt2) },
    ),
    (
        &["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
        PreTokenizer {
            whole_words: true,
            adds_bos: true,
            ..PreTokenizer::new(Stage::Whole, Rule::Llama3 { digits: 3 })
        },
    ),
    (&["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], PreTokenizer::new(Stage::Whole, Rule::Llama3 { digits: 3 })),
    (
        &["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2"],
        PreTokenizer::new(Stage::Whole, Rule::Llama3 { digits: 1 }),
    ),
];

/// Iterator over the words of a text. Each level keeps the rest of its match: it examines a character once, however many
/// words the match is cut into.
pub(super) struct Words<'t> {
    pre: PreTokenizer,
    /// The rest of a run of numbers, or of other characters, where numbers are apart; else of the rule's match.
    run: &'t str,
    /// The rest of the rule's match behind that run.
    piece: &'t str,
    /// The rest of the first stage's fragment.
    fragment: &'t str,
    rest: &'t str,
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.run.is_empty() {
            self.run = self.next_run()?;
        }
        let len = if self.pre.digits_by_three { threes(self.run) } else { self.run.len() };
        take(&mut self.run, len)
    }
}

impl<'t> Words<'t> {
    /// The next run of numbers, or of other characters, where numbers are apart; else the rule's next match.
    fn next_run(&mut self) -> Option<&'t str> {
        if self.fragment.is_empty() && self.piece.is_empty() {
            let len = first_stage(self.pre.first, self.rest);
            self.fragment = take(&mut self.rest, len)?;
        }
        if self.piece.is_empty() {
            let len = match self.pre.rule {
                Rule::Gpt2 => gpt2(self.fragment),
                Rule::Llama3 { digits } => llama3(self.fragment, digits),
                Rule::Lines => lines(self.fragment),
            };
            self.piece = take(&mut self.fragment, len)?;
        }
        let len = if self.pre.numbers_apart {
            let number = starts_with(self.piece, |class| class == Class::Number);
            run(self.piece, |_, class| (class == Class::Number) == number)
        } else {
            self.piece.len()
        };
        take(&mut self.piece, len)
    }
}

/// Cuts `len` bytes (at least a character) off the front; none when nothing is left.
fn take<'t>(text: &mut &'t str, len: usize) -> Option<&'t str> {
    let least = text.chars().next()?.len_utf8();
    let (front, rest) = text.split_at_checked(len.max(least)).unwrap_or((text, ""));
    *text = rest;
    Some(front)
}

/// Bytes of the leading characters that are `wanted`.
fn run(text: &str, wanted: impl Fn(char, Class) -> bool) -> usize {
    text.char_indices().find(|&(_, c)| !wanted(c, Class::of(c))).map_or(text.len(), |(at, _)| at)
}

fn starts_with(text: &str, wanted: impl Fn(Class) -> bool) -> bool {
    text.chars().next().is_some_and(|c| wanted(Class::of(c)))
}

fn first_stage(stage: Stage, text: &str) -> usize {
    match stage {
        Stage::Whole => text.len(),
        // A number alone: `take` makes no match one character.
        Stage::Digits => run(text, |_, class| class != Class::Number),
        Stage::Punctuation { tick } => {
            let marked = |c: char, class| {
                class == Class::Punctuation
                    || matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '~' | '|')
                    || tick && c == '`'
            };
            match run(text, marked) {
                0 => run(text, |c, class| !marked(c, class)),
                len => len,
            }
        }
    }
}

/// Bytes of a contraction such as `'s` at the start of `text`; 0 when there is none.
fn contraction(text: &str, any_case: bool) -> usize {
    let mut letters = text.chars().map(|c| if any_case { c.to_ascii_lowercase() } else { c });
    match (letters.next(), letters.next(), letters.next()) {
        (Some('\''), Some('s' | 't' | 'm' | 'd'), _) => 2,
        (Some('\''), Some('r' | 'v'), Some('e')) | (Some('\''), Some('l'), Some('l')) => 3,
        _ => 0,
    }
}

/// `\s+(?!\S)|\s+`: white space, but not the last of several when a word follows.
fn spaces(text: &str) -> usize {
    let len = run(text, |_, class| class == Class::Space);
    let last = text.get(..len).and_then(|s| s.chars().next_back()).map_or(0, char::len_utf8);
    if len < text.len() && len > last { len - last } else { len }
}

fn gpt2(text: &str) -> usize {
    match contraction(text, false) {
        0 => {}
        len => return len,
    }
    let lead = usize::from(text.starts_with(' '));
    let body = text.get(lead..).unwrap_or("");
    match body.chars().next().map(Class::of) {
        Some(class @ (Class::Letter | Class::Number)) => lead + run(body, |_, c| c == class),
        Some(Class::Other | Class::Punctuation) => lead + run(body, |_, c| c.is_other()),
        Some(Class::Space) | None => spaces(text),
    }
}

fn llama3(text: &str, digits: u8) -> usize {
    match contraction(text, true) {
        0 => {}
        len => return len,
    }
    let is_break = |c: char| matches!(c, '\r' | '\n');
    let Some(first) = text.chars().next() else { return 0 };
    let after = text.get(first.len_utf8()..).unwrap_or("");
    match Class::of(first) {
        Class::Letter => return run(text, |_, class| class == Class::Letter),
        Class::Number => {
            let limit = text.char_indices().nth(usize::from(digits)).map_or(text.len(), |(at, _)| at);
            return run(text.get(..limit).unwrap_or(""), |_, class| class == Class::Number);
        }
        _ if !is_break(first) && starts_with(after, |class| class == Class::Letter) => {
            return first.len_utf8() + run(after, |_, class| class == Class::Letter);
        }
        _ => {}
    }
    let lead = usize::from(first == ' ');
    let body = text.get(lead..).unwrap_or("");
    if starts_with(body, Class::is_other) {
        let symbols = run(body, |_, class| class.is_other());
        return lead + symbols + run(body.get(symbols..).unwrap_or(""), |c, _| is_break(c));
    }
    let white = text.get(..run(text, |_, class| class == Class::Space)).unwrap_or("");
    steps::count(white.len());
    match white.rfind(is_break) {
        Some(at) => at + 1,
        None => spaces(text),
    }
}

/// A run of line feeds, or of other characters.
fn lines(text: &str) -> usize {
    let feeds = text.starts_with('\n');
    let len = text.bytes().position(|byte| (byte == b'\n') != feeds).unwrap_or(text.len());
    steps::count(len);
    len
}

/// Up to the end of three leading ASCII digits, else up to the start of the next three.
fn threes(text: &str) -> usize {
    let digits = |at: usize| {
        steps::count(1);
        text.as_bytes().get(at..at + 3).is_some_and(|d| d.iter().all(u8::is_ascii_digit))
    };
    if digits(0) {
        return 3;
    }
    (1..text.len()).find(|&at| digits(at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split<'t>(name: &str, text: &'t str) -> std::vec::Vec<&'t str> {
        PreTokenizer::by_name(name.as_bytes()).expect("a known name").words(text).collect()
    }

    // Expected splits follow from the regular expressions in the rules' documentation.
    #[test]
    fn gpt2_splits_as_its_expression_says() {
        assert_eq!(split("gpt-2", "Hello world's  end"), ["Hello", " world", "'s", " ", " end"]);
        assert_eq!(split("gpt-2", " 123abc !?\n\nx"), [" 123", "abc", " !?", "\n", "\n", "x"]);
        assert_eq!(split("gpt-2", "I'LL we'll"), ["I", "'", "LL", " we", "'ll"]);
        assert_eq!(split("gpt-2", "a   "), ["a", "   "]);
        assert_eq!(split("gpt-2", "a \u{3000}b"), ["a", " ", "\u{3000}", "b"]);
        assert!(split("gpt-2", "").is_empty());
    }

    #[test]
    fn smollm_isolates_digits_first() {
        assert_eq!(split("smollm", "a 123  4"), ["a", " ", "1", "2", "3", "  ", "4"]);
    }

    #[test]
    fn llama3_splits_as_its_expression_says() {
        assert_eq!(split("llama-bpe", "I'LL 12345\t\tab"), ["I", "'LL", " ", "123", "45", "\t", "\tab"]);
        assert_eq!(split("llama-bpe", "x!!\r\n\n y \n  z"), ["x", "!!\r\n\n", " y", " \n", " ", " z"]);
        assert_eq!(split("qwen2", "123 $5"), ["1", "2", "3", " $", "5"]);
        assert_eq!(split("qwen2", "\n  \n  "), ["\n  \n", "  "]);
    }

    #[test]
    fn default_isolates_punctuation_and_digit_triples() {
        assert_eq!(split("default", "a, 12345$+`x"), ["a", ",", " ", "123", "45", "$+", "`", "x"]);
        assert_eq!(split("default", "1٢345"), ["1٢", "345"]);
        assert_eq!(split("default", "a 12 b"), ["a", " ", "12", " b"]);
        assert_eq!(split("falcon", " 12345`"), [" ", "123", "45", "`"]);
    }

    #[test]
    fn gemma4_splits_off_runs_of_line_feeds() {
        let words: std::vec::Vec<_> = PreTokenizer::GEMMA4.words("\n\na  é\r\nb").collect();
        assert_eq!(words, ["\n\n", "a  é\r", "\n", "b"]);
    }

    #[test]
    fn words_are_all_of_the_text() {
        let text = "  a'S \u{301}\u{0} é1²\r\n\t\u{85}x \u{a0}y。 \n ";
        for name in ["gpt-2", "smollm", "llama3", "qwen2", "default", "falcon"] {
            assert_eq!(split(name, text).concat(), text, "{name}");
        }
        assert!(PreTokenizer::by_name(b"no-such").is_none());
    }
}
