//! Continues a prompt with any model: what a firmware does, with a file in place of flash.
//!
//! ```sh
//! cargo run --release -p flashlet --example generate -- MODEL.gguf "Once upon a time"
//! ```
use core::error::Error;
use std::io::Write;

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::{AnswerOptions, Buffers, Conversation, Lane, Options, Piece, SamplerConfig, Session};

const CTX: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, prompt] = args.as_slice() else { return Err("usage: generate MODEL.gguf PROMPT".into()) };
    let file = std::fs::read(path)?;
    // All memory that the engine uses. On a board this is a static, as large as `flashlet plan` says.
    let mut arena = vec![0; 1 << 30];
    block_on(generate(&file, &mut arena, prompt), || {})
}

/// Prints what the model in `file` has to say after `prompt`.
async fn generate(file: &[u8], arena: &mut [u8], prompt: &str) -> Result<(), Box<dyn Error>> {
    let source = Source::with_mapping(SliceFlash(file), file);
    let options = Options { ctx: CTX as u32, ..Options::default() };
    let mut session = Session::open(source, arena, &options).await?;

    let (mut tokens, mut lane, mut text) = ([0; CTX], Lane::new(), [0; 256]);
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::default());
    let options = AnswerOptions { tokens: 100, ..AnswerOptions::default() };
    let mut answer = session.answer(&mut conversation, &[Piece::raw(prompt)], &options).await?;
    print!("{prompt}");
    while let Some(token) = answer.next().await? {
        print!("{}", token.text);
        std::io::stdout().flush()?;
    }
    println!();
    Ok(())
}
