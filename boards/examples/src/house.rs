//! Sentences to the model, and the model's answers.

use cortex_m_semihosting::{debug, hprintln};
use flashlet::arena::Static;
use flashlet::flash::{SliceFlash, Source};
use flashlet::kernels::KvType;
use flashlet::text::{ChatTemplate, Follower, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Model, Options, SamplerConfig, Session};

#[repr(align(64))]
struct Aligned<T: ?Sized>(T);

/// The model, in flash: a GGUF file as it is.
static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("../../../host-sim/demo/flashlet-demo-q4_k.gguf"));
/// RAM for the engine: `flashlet plan --ctx 128 --kv q8_0` says how much a model takes.
static ARENA: Static<{ 128 << 10 }> = Static::new();
const CTX: usize = 128;

/// Answers each sentence by the grammar that the file carries, and hands sentence and answer to `act`. As the file asks for a
/// probability, the answer is whole; in place of one that is not probable enough comes `{"do":"none","why":"unclear"}`.
///
/// # Errors
/// [`Error`], which says what is wrong and what to do.
pub async fn answer_each(sentences: &[&str], mut act: impl FnMut(&str, &str)) -> Result<(), Error> {
    let mut source = Source::with_mapping(SliceFlash(&MODEL.0), &MODEL.0);
    let model = Model::open(&mut source).await?;
    let (template, _) = ChatTemplate::find(model.gguf(), &mut source).await?;
    let options = Options { ctx: CTX as u32, kv: KvType::Q8_0, ..Options::default() };
    let mut session = Session::open(source, ARENA.take(), &options).await?;
    let grammar = session.grammar();

    let (mut tokens, mut lane, mut text, mut follower) = ([0; CTX], Lane::new(), [0; 256], Follower::new());
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
    conversation.follow(grammar.map(|grammar| (grammar, &mut follower)));
    let options = AnswerOptions { chat: true, ..AnswerOptions::default() };
    for sentence in sentences {
        session.reset();
        conversation.restart(SamplerConfig::GREEDY);
        let turn = Turn { first: true, system: None, user: sentence };
        let mut answer = session.answer_turn(&mut conversation, (Some(&template), &turn), &mut [], &options).await?;
        while let Some(token) = answer.next().await? {
            act(sentence, token.text);
        }
    }
    Ok(())
}

/// Ends the program, under an emulator or a debugger.
pub fn end(result: &Result<(), Error>) -> ! {
    if let Err(error) = result {
        hprintln!("error {}: {}", error.code(), error);
    }
    debug::exit(if result.is_ok() { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}
