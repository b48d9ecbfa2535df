//! Talks with a model in its chat template, which the engine knows or `flashlet pack` has put into the file: a line is a turn,
//! and the end of input ends the conversation.
//!
//! ```sh
//! cargo run --release -p flashlet --example chat -- MODEL.gguf
//! ```
use core::error::Error;
use std::io::Write;

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::text::{ChatTemplate, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Lane, Model, Options, SamplerConfig, Session};

const CTX: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path] = args.as_slice() else { return Err("usage: chat MODEL.gguf".into()) };
    let file = std::fs::read(path)?;
    let mut arena = vec![0; 1 << 30];
    block_on(chat(&file, &mut arena), || {})
}

/// Answers lines of standard input.
async fn chat(file: &[u8], arena: &mut [u8]) -> Result<(), Box<dyn Error>> {
    let mut source = Source::with_mapping(SliceFlash(file), file);
    let model = Model::open(&mut source).await?;
    let (template, _) = ChatTemplate::find(model.gguf(), &mut source).await?;
    let options = Options { ctx: CTX as u32, ..Options::default() };
    let mut session = Session::open(source, arena, &options).await?;

    let (mut tokens, mut lane, mut text, mut room) = ([0; CTX], Lane::new(), [0; 256], [0; 4096]);
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::default());
    let options = AnswerOptions { chat: true, ..AnswerOptions::default() };
    for line in std::io::stdin().lines() {
        let line = line?;
        let turn = Turn { first: session.position() == 0, system: None, user: &line };
        // The session goes on from where the last answer ended: only what is new is fed.
        let mut answer = session.answer_turn(&mut conversation, (Some(&template), &turn), &mut room, &options).await?;
        while let Some(token) = answer.next().await? {
            print!("{}", token.text);
            std::io::stdout().flush()?;
        }
        println!();
    }
    Ok(())
}
