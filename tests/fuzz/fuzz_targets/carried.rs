//! Answers by the grammar, and with the probability, that a model file carries, where these are arbitrary.
//!
//! An input's first byte says what the file has, the second the element type of the tables; then come a length and so many bytes of
//! tables, the room, the probability and the rules, and the rest are tokens of the prompt. Beyond not panicking: a file that is
//! mapped and one that is read, whose tables and vocabulary are copied, give the same answer or the same error; an answer is a text
//! that the grammar may begin with.
#![no_main]

use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::text::Follower;
use flashlet::text::grammar::Matcher;
use flashlet::weights::Residency;
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Options, SamplerConfig, Session};
use flashlet_fuzz::{Input, Memory, Words};
use libfuzzer_sys::fuzz_target;

/// A model of 54 kB.
const MODEL: &[u8] = include_bytes!("../../fixtures/tiny/llama.gguf");
/// Bytes in front of its metadata: the mark, the version, the counts of tensors and of keys.
const HEADER: usize = 24;
/// The memory of a session.
const MEMORY: usize = 1 << 20;
const TOKENS: u32 = 12;

// Types of values, as files number them.
const U32: u32 = 4;
const F32: u32 = 6;
const STRING: u32 = 8;
const ARRAY: u32 = 9;
/// Types of elements, U8 first, and their bytes.
const ELEMENTS: [(u32, usize); 6] = [(0, 1), (1, 1), (2, 2), (U32, 4), (F32, 4), (10, 8)];

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let file = file(&mut input);
    let ids: Vec<u32> = input.bytes(20).iter().map(|&id| u32::from(id % 64)).collect();
    let options = Options { ctx: 48, ..Options::default() };
    let mapped = answer(Source::with_mapping(SliceFlash(&file), &file), options, &ids);
    let streamed = Options { residency: Residency::Streamed, tile_bytes: 8192, ..options };
    let streamed = answer(Source::new(Words(&file)), streamed, &ids);
    assert_eq!(mapped, streamed);
});

/// The model with what the input says.
fn file(input: &mut Input<'_>) -> Vec<u8> {
    let (flags, element) = (input.byte(), input.byte());
    let has = |bit: u8| flags >> bit & 1 != 0;
    let len = usize::from(input.byte()) | usize::from(input.byte()) << 8;
    let mut keys = Keys { bytes: Vec::new(), n: 0 };
    let tables = input.bytes(len);
    let (element, bytes) = ELEMENTS[if has(0) { usize::from(element) % ELEMENTS.len() } else { 0 }];
    let n = tables.len() / bytes;
    keys.add("flashlet.grammar.tables", ARRAY).extend(array(element, n, &tables[..n * bytes]));
    let four = |input: &mut Input<'_>| -> [u8; 4] { core::array::from_fn(|_| input.byte()) };
    let (room, min_prob) = (four(input), four(input));
    if has(1) {
        keys.add("flashlet.grammar.room", if has(2) { F32 } else { U32 }).extend(room);
    }
    if has(3) {
        keys.add("flashlet.min_prob", F32).extend(min_prob);
    }
    if has(4) {
        let n = input.below(5);
        let (mut texts, mut probs) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let len = input.below(70);
            texts.extend(string(input.bytes(len)));
            probs.extend(four(input));
        }
        keys.add("flashlet.min_prob.rules", ARRAY).extend(array(STRING, n, &texts));
        keys.add("flashlet.min_prob.rules.prob", ARRAY).extend(array(F32, n, &probs));
    }
    if has(5) {
        keys.add("flashlet.unsure", STRING).extend(string(b"who knows"));
    }
    keys.in_front_of(MODEL)
}

/// Metadata as it is written in a file.
struct Keys {
    bytes: Vec<u8>,
    n: u64,
}

impl Keys {
    /// Adds a key; its value is what is written next.
    fn add(&mut self, name: &str, value_type: u32) -> &mut Vec<u8> {
        self.n += 1;
        self.bytes.extend(string(name.as_bytes()));
        self.bytes.extend(value_type.to_le_bytes());
        &mut self.bytes
    }

    /// `model` with these keys in front of its own, whose tensors are as far from a page's beginning as before.
    fn in_front_of(mut self, model: &[u8]) -> Vec<u8> {
        const ALIGNMENT: usize = 64;
        let bytes = self.add("filler", STRING);
        let text = vec![b' '; ALIGNMENT - (bytes.len() + 8) % ALIGNMENT];
        bytes.extend(string(&text));
        let (header, rest) = model.split_at(HEADER);
        let (front, n) = header.split_at(HEADER - 8);
        let n = u64::from_le_bytes(n.try_into().expect("eight bytes")) + self.n;
        [front, &n.to_le_bytes(), &self.bytes, rest].concat()
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes(), bytes].concat()
}

fn array(element: u32, len: usize, elements: &[u8]) -> Vec<u8> {
    [&element.to_le_bytes()[..], &(len as u64).to_le_bytes(), elements].concat()
}

/// The tokens and the text of the answer to `ids`, or what keeps it from being made.
fn answer<F: Flash>(source: Source<'_, F>, options: Options, ids: &[u32]) -> Result<(Vec<u32>, String), Error> {
    let mut memory = Memory::new(MEMORY);
    block_on(
        async {
            let mut session = Session::open(source, memory.arena(), &options).await?;
            follow(&mut session, ids).await
        },
        || (),
    )
}

async fn follow<F: Flash>(session: &mut Session<'_, '_, F>, ids: &[u32]) -> Result<(Vec<u32>, String), Error> {
    let grammar = session.grammar().expect("the file carries one");
    let (mut tokens, mut lane, mut room, mut follower) = ([0; 64], Lane::new(), [0; 4096], Follower::new());
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut room };
    let mut conversation = Conversation::new(buffers, SamplerConfig { seed: 7, ..SamplerConfig::default() });
    conversation.follow(Some((grammar, &mut follower)));
    for &id in ids {
        conversation.push(id)?;
    }
    let options = AnswerOptions { tokens: TOKENS, ..AnswerOptions::default() };
    let mut text = String::new();
    let mut answer = session.answer(&mut conversation, &[], &options).await?;
    while let Some(token) = answer.next().await? {
        text.push_str(token.text);
    }
    text.push_str(answer.rest());
    drop(answer);
    let ids = conversation.answer().to_vec();
    assert!(ids.len() <= TOKENS as usize);
    // A byte that is no character comes out as another.
    if !text.contains(char::REPLACEMENT_CHARACTER) && text != "who knows" {
        assert_eq!(Matcher::new(&grammar).take_all(&grammar, text.as_bytes()), Ok(true), "{text:?}");
    }
    Ok((ids, text))
}
