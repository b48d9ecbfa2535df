//! Answers that must have a probability: held back until that is known, and refused below it.

use super::edit::{Value, with_keys};
use super::model::Fixture;
use super::rewind::session;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::session::AnswerEnd;
use flashlet::text::{Encode, TextError};
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Model, Options, Piece, SamplerConfig};

const PROMPT: Piece<'static> = Piece {
    text: "the ring the ring",
    encode: Encode { bos: true, eos: false, special: false, continues: false, barred: &[] },
};
const KEYS: [(&str, Value<'_>); 2] =
    [("flashlet.min_prob", Value::F32(0.9999)), ("flashlet.unsure", Value::Str("what?"))];

/// An answer of 12 tokens, and how it came.
#[derive(Debug, Default, PartialEq)]
struct Made {
    /// The texts that were handed out, one for each token.
    texts: Vec<String>,
    ids: Vec<u32>,
    logprobs: Vec<f32>,
    end: Option<AnswerEnd>,
    error: Option<Error>,
}

/// The answer of `file` with `min_prob`, in a buffer of so many bytes for its text.
fn made(file: &[u8], min_prob: Option<f32>, text_bytes: usize, drafts: bool) -> Made {
    let mut made = Made::default();
    let (mut tokens, mut text, mut lane) = ([0; 128], vec![0; text_bytes], Lane::new());
    let (mut lanes, mut logprobs) = ([Lane::new(), Lane::new()], [0.0; 12]);
    let source = Source::with_mapping(SliceFlash(file), file);
    session(source, &Options { ctx: 64, chunk: 8, ..Options::default() }, async |session| {
        let drafter = session.drafter();
        let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut lanes, text: &mut text };
        let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
        conversation.keep_logprobs(&mut logprobs);
        conversation.draft_with(drafts.then_some(drafter));
        let options =
            AnswerOptions { tokens: 12, ignore_end: true, logprobs: true, min_prob, ..AnswerOptions::default() };
        let mut answer = session.answer(&mut conversation, &[PROMPT], &options).await?;
        loop {
            match answer.next().await {
                Ok(Some(token)) => made.texts.push(token.text.to_owned()),
                Ok(None) => break,
                Err(error) => {
                    // Asked again it says the same.
                    assert_eq!(answer.next().await.err(), Some(error));
                    made.error = Some(error);
                    break;
                }
            }
        }
        made.end = answer.end();
        drop(answer);
        made.ids = conversation.answer().to_vec();
        made.logprobs = conversation.logprobs().to_vec();
        Ok(())
    });
    made
}

#[test]
fn an_answer_comes_as_a_whole_or_not_at_all() {
    let plain = Fixture::load("llama-mixed32").file;
    let file = with_keys(&plain, &KEYS);
    let free = made(&plain, None, 300, false);
    assert_eq!((free.texts.len(), free.ids.len(), free.end), (12, 12, Some(AnswerEnd::Length)));
    assert_eq!(made(&file, Some(0.0), 300, false), free);
    let probability = free.logprobs.iter().sum::<f32>().exp();
    assert!(probability > 0.0 && probability < 0.9, "{probability}");
    for drafts in [false, true] {
        for (file, min_prob, text) in [
            (&plain, Some(probability * 0.999), free.texts.concat()),
            (&plain, Some(probability * 1.001), String::new()),
            (&plain, Some(f32::NAN), String::new()),
            (&file, None, "what?".into()),
            (&file, Some(probability * 0.999), free.texts.concat()),
        ] {
            let held = made(file, min_prob, 300, drafts);
            let end = if held.texts.concat() == free.texts.concat() { free.end } else { Some(AnswerEnd::Unsure) };
            assert_eq!((&held.texts, held.end), (&vec![text], end), "{min_prob:?} {drafts}");
            assert_eq!((&held.ids, &held.logprobs), (&free.ids, &free.logprobs), "{min_prob:?} {drafts}");
        }
    }
}

#[test]
fn what_cannot_be_held_back_is_an_error() {
    let plain = Fixture::load("llama-mixed32").file;
    let length = made(&plain, None, 300, false).texts.concat().len();
    assert_eq!(made(&plain, Some(1e-30), length, false).error, None);
    let error = made(&plain, Some(1e-30), length - 1, false);
    let want = TextError::AnswerTooLong { need: length, have: length - 1 };
    assert_eq!((error.error, error.texts.len()), (Some(Error::Text(want)), 0));
    // Nor is there room for the text in its place.
    let long = "?".repeat(400);
    let file = with_keys(&plain, &[KEYS[0], ("flashlet.unsure", Value::Str(&long))]);
    let want = TextError::AnswerTooLong { need: 400, have: 300 };
    assert_eq!(made(&file, None, 300, false).error, Some(Error::Text(want)));
}

#[test]
fn a_threshold_that_is_none_is_refused() {
    let plain = Fixture::load("llama-mixed32").file;
    let long = "?".repeat(1025);
    for (name, value) in [
        ("min_prob", Value::F32(1.5)),
        ("min_prob", Value::F32(-0.1)),
        ("min_prob", Value::F32(f32::NAN)),
        ("min_prob", Value::U32(1)),
        ("min_prob.rules", Value::U32s(&[1])),
        ("min_prob.rules", Value::Str("unlock")),
        ("unsure", Value::Str(&long)),
        ("unsure", Value::Bool(true)),
    ] {
        let file = with_keys(&plain, &[(&format!("flashlet.{name}"), value)]);
        let error = block_on(Model::open(&mut Source::with_mapping(SliceFlash(&file), &file)), || ()).err();
        assert_eq!(error, Some(Error::Text(TextError::UnusableThreshold(name))), "{value:?}");
    }
}
