//! The engine's futures and objects are what a firmware's task must have room for: they stay small.
//!
//! The bounds are for 64-bit machines. What the code needs besides is measured by `tests/nostd/check.sh`.

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::{Inline, detect};
use flashlet::model::{LogitsSink, Want};
use flashlet::text::{Detokenizer, Encode, Sampler};
use flashlet::weights::Residency;
use flashlet::{AnswerOptions, Buffers, Conversation, Lane, Model, Options, Piece, SamplerConfig, Session};

static MODEL: &[u8] = include_bytes!("../fixtures/tiny/llama.gguf");

/// Memory that starts at a multiple of 64 bytes.
#[repr(align(64))]
struct Arena([u8; 256 * 1024]);

#[test]
fn futures_and_objects_stay_small() {
    let mut sizes = Vec::new();
    let mut arena = Box::new(Arena([0; 256 * 1024]));
    {
        let options = Options { ctx: 64, ..Options::default() };
        let open = Session::open(Source::new(SliceFlash(MODEL)), &mut arena.0, &options);
        sizes.push(("Session::open", size_of_val(&open), 16384));
        assert!(block_on(open, || ()).is_ok());
    }
    // A handle that reads: nothing is mapped, so that no path is left out.
    let mut source = Source::new(SliceFlash(MODEL));
    let model = {
        let open = Model::open(&mut source);
        sizes.push(("Model::open", size_of_val(&open), 5632));
        block_on(open, || ()).expect("the fixture is a model")
    };
    let options = Options { ctx: 64, residency: Residency::Streamed, ..Options::default() };
    let plan = {
        let plan = model.plan(&mut source, &options, Some(arena.0.len()));
        sizes.push(("Model::plan", size_of_val(&plan), 2560));
        block_on(plan, || ()).expect("the arena is large enough")
    };
    sizes.push(("Model", size_of_val(&model), 1216));
    let mut session = {
        let mut progress = |_| ();
        let new = Session::new(source, model, plan, &mut arena.0, detect(), &Inline, &mut progress);
        sizes.push(("Session::new", size_of_val(&new), 8192));
        block_on(new, || ()).expect("the plan holds")
    };
    sizes.push(("Session", size_of_val(&session), 2688));
    sizes.push(("Sampler", size_of::<Sampler>(), 4096));
    {
        let mut ids = [0; 16];
        let encode = session.encode("the ring", Encode::default(), &mut ids);
        sizes.push(("Session::encode", size_of_val(&encode), 4096));
        assert!(block_on(encode, || ()).expect("16 ids are enough") > 1);
    }
    {
        let mut n = 0;
        let sink: &mut LogitsSink<'_> = &mut |_, _, logits| n += logits.len();
        let feed = session.feed(&[5], Want::Last, sink);
        sizes.push(("Session::feed", size_of_val(&feed), 4096));
        block_on(feed, || ()).expect("the context has room");
        assert_eq!(n, session.n_vocab() as usize);
    }
    {
        let (mut detokenizer, mut out) = (Detokenizer::new(), |_: &str| ());
        let decode = session.decode(5, &mut detokenizer, &mut out);
        sizes.push(("Session::decode", size_of_val(&decode), 1152));
        block_on(decode, || ()).expect("token 5 exists");
    }
    {
        let (mut tokens, mut lane, mut text) = ([0; 32], Lane::new(), [0; 256]);
        let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
        let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
        sizes.push(("Lane", size_of::<Lane>(), 4096));
        sizes.push(("Conversation", size_of_val(&conversation), 512));
        let options = AnswerOptions { tokens: 2, ..AnswerOptions::default() };
        let prompt = [Piece::raw("the ring")];
        let begin = session.answer(&mut conversation, &prompt, &options);
        sizes.push(("Session::answer", size_of_val(&begin), 4608));
        let mut answer = block_on(begin, || ()).expect("the prompt is short");
        sizes.push(("Answer", size_of_val(&answer), 128));
        let next = answer.next();
        sizes.push(("Answer::next", size_of_val(&next), 5120));
        assert!(block_on(next, || ()).expect("the context has room").is_some());
    }
    println!("{sizes:?}");
    for (what, bytes, most) in sizes {
        assert!(bytes <= most, "{what} takes {bytes} bytes, more than {most}");
    }
}
