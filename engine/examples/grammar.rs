//! Answers by the grammar that a file carries, and tells how probable the answer is: the built-in model's file has one.
//!
//! ```sh
//! cargo run --release -p flashlet --example grammar -- host-sim/demo/flashlet-demo-q4_k.gguf "turn off the fan"
//! ```
use core::error::Error;

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::text::{ChatFormat, Follower, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Lane, Model, Options, SamplerConfig, Session};

const CTX: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, sentence] = args.as_slice() else { return Err("usage: grammar MODEL.gguf SENTENCE".into()) };
    let file = std::fs::read(path)?;
    let mut arena = vec![0; 1 << 30];
    block_on(answer(&file, &mut arena, sentence), || {})
}

/// Prints the answer to `sentence`, which the file's grammar allows, and its probability.
async fn answer(file: &[u8], arena: &mut [u8], sentence: &str) -> Result<(), Box<dyn Error>> {
    let mut source = Source::with_mapping(SliceFlash(file), file);
    let model = Model::open(&mut source).await?;
    let template = ChatFormat::recognise(model.gguf(), &mut source).await?;
    let options = Options { ctx: CTX as u32, ..Options::default() };
    let mut session = Session::open(source, arena, &options).await?;
    let grammar = session.grammar().ok_or("the file carries no grammar: `flashlet pack --json-schema` adds one")?;

    // A follower keeps the place in the grammar. An answer that must have a probability comes as one token: its text needs room.
    let (mut tokens, mut lane, mut text, mut follower) = ([0; CTX], Lane::new(), [0; 512], Follower::new());
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
    conversation.follow(Some((grammar, &mut follower)));
    let options = AnswerOptions { chat: true, logprobs: true, ..AnswerOptions::default() };
    let turn = Turn { first: true, system: None, user: sentence };
    let mut answer = session.answer(&mut conversation, &template.pieces(&turn), &options).await?;
    while let Some(token) = answer.next().await? {
        print!("{}", token.text);
    }
    let logprob = answer.stats().logprob.ok_or("no probability was asked for")?;
    println!("\nprobability {:.3}, {:?}", logprob.exp(), answer.end());
    Ok(())
}
