//! Streams a model's weights from a slow device while the processor computes: a file behind 20 MB/s, as serial flash has, and an arena
//! that holds no weights.
//!
//! ```sh
//! cargo run --release -p flashlet --example stream -- MODEL.gguf "Once upon a time"
//! ```
use core::error::Error;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Instant;

use flashlet::flash::{Flash, FlashError, Source, block_on};
use flashlet::weights::Residency;
use flashlet::{AnswerOptions, Buffers, Conversation, Lane, Options, Piece, SamplerConfig, Session};

const CTX: usize = 128;
const BYTES_PER_SECOND: f64 = 20e6;

/// A device whose transfers take time, as those of a DMA controller do.
struct SlowFlash {
    file: File,
    bytes: u64,
}

impl Flash for SlowFlash {
    fn size(&self) -> u64 {
        self.bytes
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let ends = Instant::now() + Duration::from_secs_f64(dst.len() as f64 / BYTES_PER_SECOND);
        let done = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.read_exact(dst));
        done.map_err(|_| FlashError::Device { offset })?;
        // The transfer goes on while the engine computes. On a board an interrupt wakes the executor at its end.
        poll_fn(|_| if Instant::now() < ends { Poll::Pending } else { Poll::Ready(()) }).await;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, prompt] = args.as_slice() else { return Err("usage: stream MODEL.gguf PROMPT".into()) };
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut arena = vec![0; 1 << 30];
    block_on(generate(SlowFlash { file, bytes }, &mut arena, prompt), std::thread::yield_now)
}

/// Prints what the model on `flash` has to say after `prompt`, and what was read for it.
async fn generate(flash: SlowFlash, arena: &mut [u8], prompt: &str) -> Result<(), Box<dyn Error>> {
    let options = Options { ctx: CTX as u32, residency: Residency::Streamed, ..Options::default() };
    let mut session = Session::open(Source::new(flash), arena, &options).await?;
    let plan = *session.plan();

    let (mut tokens, mut lane, mut text) = ([0; CTX], Lane::new(), [0; 256]);
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::default());
    let options = AnswerOptions { tokens: 16, ..AnswerOptions::default() };
    let mut answer = session.answer(&mut conversation, &[Piece::raw(prompt)], &options).await?;
    print!("{prompt}");
    while let Some(token) = answer.next().await? {
        print!("{}", token.text);
        std::io::stdout().flush()?;
    }
    let read = answer.session().flash_stats().bytes_read;
    println!(
        "\n{} bytes of arena, {} bytes of weights a pass, {read} bytes read",
        plan.arena_bytes, plan.residency.streamed_bytes
    );
    Ok(())
}
