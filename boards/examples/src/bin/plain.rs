//! A model's answer on bare metal, and nothing else: where one's own firmware begins.
#![no_std]
#![no_main]

use cortex_m_semihosting::{debug, hprint, hprintln};
use flashlet::arena::Static;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::KvType;
use flashlet::text::{ChatTemplate, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Model, Options, SamplerConfig, Session};
use panic_semihosting as _;

#[repr(align(64))]
struct Aligned<T: ?Sized>(T);

/// The model, in flash: a GGUF file as it is.
static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("../../../../host-sim/demo/flashlet-demo-q4_k.gguf"));
/// RAM for the engine: `flashlet plan --arena 128KiB --ctx 128 --kv q8_0` tells whether it is enough for a model.
static ARENA: Static<{ 128 << 10 }> = Static::new();
const CTX: usize = 128;

async fn answer(sentence: &str) -> Result<(), Error> {
    let mut source = Source::with_mapping(SliceFlash(&MODEL.0), &MODEL.0);
    let model = Model::open(&mut source).await?;
    let (template, _) = ChatTemplate::find(model.gguf(), &mut source).await?;
    let options = Options { ctx: CTX as u32, kv: KvType::Q8_0, ..Options::default() };
    let mut session = Session::open(source, ARENA.take(), &options).await?;

    let (mut tokens, mut lane, mut text) = ([0; CTX], Lane::new(), [0; 256]);
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
    // The file asks for a probability, for which an answer is held back until it is whole; here it comes token by token.
    let options = AnswerOptions { chat: true, min_prob: Some(0.0), ..AnswerOptions::default() };
    let turn = Turn { first: true, system: None, user: sentence };
    let mut answer = session.answer_turn(&mut conversation, (Some(&template), &turn), &mut [], &options).await?;
    while let Some(token) = answer.next().await? {
        hprint!("{}", token.text);
    }
    Ok(())
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let result = block_on(answer("turn off the fan"), || {});
    match &result {
        Ok(()) => hprintln!(),
        Err(error) => hprintln!("error {}: {}", error.code(), error),
    }
    debug::exit(if result.is_ok() { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}
