//! Answers: the loop of the engine against feeding and sampling by hand, with drafts and without, dropped at every poll.

use super::device::Chip;
use super::model::Fixture;
use super::rewind::session;
use core::pin::pin;
use core::task::{Context, Waker};
use flashlet::flash::Flash;
use flashlet::model::Want;
use flashlet::session::{AnswerEnd, LogitsHash};
use flashlet::text::grammar::{Grammar, GrammarError};
use flashlet::text::{Drafter, Encode, Follower, Sampler, TextError};
use flashlet::weights::Residency;
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Options, Piece, SamplerConfig, Session};

/// A prompt that repeats itself, so that there is something to guess.
const PROMPT: Piece<'static> = Piece { text: "the ring the ring the ring", encode: RAW };
const RAW: Encode<'static> = Encode { bos: true, eos: false, special: false, continues: false, barred: &[] };

/// Memory of a conversation.
struct Memory {
    tokens: Vec<u32>,
    lane: Lane,
    drafts: Vec<Lane>,
    text: [u8; 300],
}

impl Memory {
    fn new(tokens: usize, drafts: usize) -> Memory {
        Memory { tokens: vec![0; tokens], lane: Lane::new(), drafts: vec![Lane::new(); drafts], text: [0; 300] }
    }

    fn conversation(&mut self, sampling: SamplerConfig) -> Conversation<'_> {
        let Memory { tokens, lane, drafts, text } = self;
        Conversation::new(Buffers { tokens, lane, drafts, text }, sampling)
    }
}

fn streamed() -> Options {
    Options { ctx: 96, residency: Residency::Streamed, chunk: 8, ..Options::default() }
}

fn options(tokens: u32) -> AnswerOptions<'static> {
    AnswerOptions { tokens, ignore_end: true, hash: true, ..AnswerOptions::default() }
}

/// The ids and the hash of an answer of `n` tokens that is fed and sampled by hand.
async fn by_hand<F: Flash>(
    session: &mut Session<'_, '_, F>,
    sampling: SamplerConfig,
    n: usize,
) -> Result<(Vec<u32>, String), Error> {
    let mut history = vec![0; 64];
    let fed = session.encode(PROMPT.text, PROMPT.encode, &mut history).await?;
    history.truncate(fed);
    let (mut sampler, mut hash, mut next) = (Sampler::new(sampling), LogitsHash::new(), history.clone());
    while history.len() < fed + n {
        sampler.begin(&history);
        let sink: &mut dyn FnMut(u32, u32, &[f32]) = &mut |_, first, logits| {
            sampler.push(first, logits);
            hash.push(logits);
        };
        session.feed(&next, Want::Last, sink).await?;
        hash.end_step();
        next = vec![sampler.finish()];
        history.push(next[0]);
    }
    Ok((history.split_off(fed), hash.to_string()))
}

/// The ids, the text and the hash of the rest of an answer.
async fn all<F: Flash>(
    session: &mut Session<'_, '_, F>,
    conversation: &mut Conversation<'_>,
    options: &AnswerOptions<'_>,
) -> Result<(Vec<u32>, String, String), Error> {
    let (mut ids, mut text) = (Vec::new(), String::new());
    let mut answer = session.answer(conversation, &[PROMPT], options).await?;
    while let Some(token) = answer.next().await? {
        ids.push(token.id);
        text.push_str(token.text);
    }
    let hash = answer.stats().hash.expect("it is asked for");
    Ok((ids, text, hash.to_string()))
}

#[test]
fn answers_are_those_of_feeding_and_sampling_by_hand() {
    let drawn = SamplerConfig { repeat_penalty: 1.1, seed: 5, ..SamplerConfig::default() };
    let fixture = Fixture::load("llama-f32-gqa");
    for sampling in [SamplerConfig::GREEDY, drawn] {
        session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
            let (ids, hash) = by_hand(session, sampling, 40).await?;
            session.reset();
            // With room for all tokens, and for few.
            for tokens in [128, 44] {
                let mut memory = Memory::new(tokens, 0);
                let mut conversation = memory.conversation(sampling);
                // A penalty needs what it looks back at.
                if tokens == 128 || sampling == SamplerConfig::GREEDY {
                    let (made, _, made_hash) = all(session, &mut conversation, &options(40)).await?;
                    assert_eq!((&made, &made_hash), (&ids, &hash), "{tokens} tokens");
                    assert_eq!(conversation.stats().end, Some(AnswerEnd::Length));
                    assert!(made.ends_with(conversation.answer()), "{tokens} tokens");
                }
                session.reset();
            }
            Ok(())
        });
    }
}

#[test]
fn drafts_change_nothing_but_the_passes() {
    let fixture = Fixture::load("llama-mixed32");
    let drawn = SamplerConfig { seed: 5, ..SamplerConfig::default() };
    for sampling in [SamplerConfig::GREEDY, drawn] {
        let mut runs = Vec::new();
        for longest in [0, 1, 4, 15] {
            session(Chip::<4>::source(&fixture.file, 1), &streamed(), async |session| {
                let mut memory = Memory::new(128, longest);
                let mut conversation = memory.conversation(sampling);
                conversation.draft_with((longest > 0).then(|| Drafter::new(1)));
                let answer = all(session, &mut conversation, &options(60)).await?;
                assert_eq!(session.position() as usize, conversation.fed().len());
                runs.push((answer, session.passes(), conversation.stats().drafted_right));
                Ok(())
            });
        }
        let (plain, passes, _) = &runs[0];
        for (answer, fewer, right) in &runs[1..] {
            assert_eq!(answer, plain);
            assert_eq!(*fewer as usize + right, *passes as usize, "each right guess spares a pass");
        }
        assert!(sampling != SamplerConfig::GREEDY || runs[2].2 > 0, "nothing was guessed right");
    }
}

/// Polls a future at most `n` times; `None` if it is not ready then.
fn poll<T>(future: impl Future<Output = T>, n: usize) -> Option<T> {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    (0..n).find_map(|_| match future.as_mut().poll(&mut context) {
        core::task::Poll::Ready(output) => Some(output),
        core::task::Poll::Pending => None,
    })
}

#[test]
fn dropped_futures_and_answers_leave_the_session_between_tokens() {
    let fixture = Fixture::load("llama-f32-gqa");
    session(Chip::<4>::source(&fixture.file, 1), &streamed(), async |session| {
        let mut memory = Memory::new(128, 4);
        let mut conversation = memory.conversation(SamplerConfig::GREEDY);
        conversation.draft_with(Some(Drafter::new(1)));
        let (want, _, hash) = all(session, &mut conversation, &options(30)).await?;
        // Every future is dropped after one poll more than the one before it, and asked for anew.
        session.reset();
        conversation.restart(SamplerConfig::GREEDY);
        let (mut ids, limits) = (Vec::new(), options(30));
        let mut answer = session.answer(&mut conversation, &[PROMPT], &limits).await?;
        let mut polls = 1;
        loop {
            match poll(answer.next(), polls) {
                None => polls += 7,
                Some(token) => match token? {
                    Some(token) => (ids, polls) = ([ids, vec![token.id]].concat(), 1),
                    None => break,
                },
            }
        }
        assert_eq!(ids, want);
        assert_eq!(answer.stats().hash.map(|hash| hash.to_string()), Some(hash));
        drop(answer);
        // Answers are dropped after every number of tokens, and gone on with.
        for n in 1..want.len() {
            session.reset();
            conversation.restart(SamplerConfig::GREEDY);
            let mut answer = session.answer(&mut conversation, &[PROMPT], &limits).await?;
            let prompt = answer.stats().prompt_tokens;
            for id in &want[..n] {
                assert_eq!(answer.next().await?.map(|token| token.id), Some(*id));
            }
            let n = n + usize::from(poll(answer.next(), 3).is_some());
            drop(answer);
            assert_eq!((session.position() as usize, conversation.fed().len()), (prompt + n - 1, prompt + n - 1));
            let (rest, limits) = (&want[n..], AnswerOptions { tokens: (want.len() - n) as u32, ..limits });
            let mut answer = session.answer(&mut conversation, &[], &limits).await?;
            let mut ids = Vec::new();
            while let Some(token) = answer.next().await? {
                ids.push(token.id);
            }
            assert_eq!(ids, rest, "after {n} tokens");
        }
        Ok(())
    });
}

#[test]
fn answers_end_where_they_should() {
    let fixture = Fixture::load("llama-f32-gqa");
    session(fixture.mapped(), &Options { ctx: 80, ..Options::default() }, async |session| {
        let mut memory = Memory::new(128, 0);
        let mut conversation = memory.conversation(SamplerConfig::GREEDY);
        let (ids, text, _) = all(session, &mut conversation, &options(u32::MAX)).await?;
        assert_eq!(conversation.stats().end, Some(AnswerEnd::Context));
        assert_eq!((session.position(), ids.len() + conversation.stats().prompt_tokens), (80, 81));
        // A stop string from the middle of the text, which tokens divide.
        let at = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        let stop: String = text[at..].chars().take(5).collect();
        session.reset();
        conversation.restart(SamplerConfig::GREEDY);
        let limits = AnswerOptions { stop: &[&stop], ..options(u32::MAX) };
        let (_, stopped, _) = all(session, &mut conversation, &limits).await?;
        assert_eq!(conversation.stats().end, Some(AnswerEnd::Stop));
        assert_eq!(stopped, text[..text.find(&stop).expect("it is from there")]);
        // No token at all.
        session.reset();
        conversation.restart(SamplerConfig::GREEDY);
        assert!(all(session, &mut conversation, &options(0)).await?.0.is_empty());
        assert_eq!((conversation.stats().end, conversation.is_open()), (Some(AnswerEnd::Length), false));
        Ok(())
    });
}

#[test]
fn a_prompt_that_cannot_be_answered_changes_nothing() {
    let fixture = Fixture::load("llama-f32-gqa");
    session(fixture.mapped(), &Options { ctx: 64, ..Options::default() }, async |session| {
        let mut memory = Memory::new(400, 0);
        let mut conversation = memory.conversation(SamplerConfig::GREEDY);
        let limits = options(4);
        assert_eq!(session.answer(&mut conversation, &[], &limits).await.err(), Some(Error::EmptyPrompt));
        let (first, ..) = all(session, &mut conversation, &limits).await?;
        let position = session.position();
        let long = Piece { text: &PROMPT.text.repeat(6), ..PROMPT };
        let error = session.answer(&mut conversation, &[long], &limits).await.err();
        assert!(matches!(error, Some(Error::ContextFull { ctx: 64, .. })), "{error:?}");
        conversation.push(u32::MAX)?;
        let error = session.answer(&mut conversation, &[], &limits).await.err();
        assert!(matches!(error, Some(Error::NoSuchToken { id: u32::MAX, .. })), "{error:?}");
        assert_eq!((session.position(), conversation.is_open()), (position, true));
        // The last token of the first answer is still the next to be fed.
        let mut answer = session.answer(&mut conversation, &[], &limits).await?;
        assert_eq!(answer.stats().prompt_tokens, 1);
        let second = answer.next().await?.map(|token| token.id);
        drop(answer);
        session.reset();
        conversation.restart(SamplerConfig::GREEDY);
        let (both, ..) = all(session, &mut conversation, &options(5)).await?;
        assert_eq!((&both[..4], both.last().copied()), (&first[..], second));
        Ok(())
    });
}

/// The tables of a grammar whose one rule is itself, or nothing: it has more readings at its beginning than can be followed.
const ENDLESS: [u8; 40] = *b"FGR1\x01\0\0\0\x03\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\x03\x03\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn a_grammar_that_cannot_be_begun_leaves_the_conversation_as_it_was() {
    let fixture = Fixture::load("llama-f32-gqa");
    let options = options(6);
    let answers = |fails: bool| {
        let (mut memory, mut follower, mut found) = (Memory::new(96, 0), Follower::new(), None);
        session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
            let mut conversation = memory.conversation(SamplerConfig::GREEDY);
            let first = all(session, &mut conversation, &options).await?;
            if fails {
                conversation.follow(Some((Grammar::open(&ENDLESS).expect("tables"), &mut follower)));
                let error = session.answer(&mut conversation, &[PROMPT], &options).await.err();
                let readings = GrammarError::TooManyReadings { have: 16 };
                assert_eq!(error, Some(Error::Text(TextError::Grammar(readings))));
                conversation.follow(None);
            }
            found = Some((first, all(session, &mut conversation, &options).await?, session.position()));
            Ok(())
        });
        found
    };
    assert_eq!(answers(true), answers(false));
}
