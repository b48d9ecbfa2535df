//! Answers that a chat template renders otherwise once another turn follows: what the session is fed, against the tokens of what
//! Jinja2 renders of the whole conversation (`fixtures/make_templates.py`).

use super::chat_pieces::{fixtures, packed_model};
use super::rewind::session;
use flashlet::flash::{SliceFlash, Source};
use flashlet::text::grammar::Grammar;
use flashlet::text::{ChatTemplate, Encode, Follower, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Options, SamplerConfig, Session};
use serde_json::Value;

/// The tables of a grammar that allows `text` alone.
fn only(text: &str) -> Vec<u8> {
    let n = text.len() as u16;
    let mut tables = b"FGR1".to_vec();
    tables.extend((n + 1).to_le_bytes());
    tables.extend([0; 2]);
    tables.extend(u32::from(n).to_le_bytes());
    tables.extend([1, 0, 1, 0, 0, 0, 0, 0]);
    for state in 0..=n {
        let [low, high] = state.to_le_bytes();
        tables.extend([low, high, 0, u8::from(state == n)]);
    }
    tables.extend([n.to_le_bytes()[0], n.to_le_bytes()[1], 0, 0]);
    for (state, byte) in text.bytes().enumerate() {
        let [low, high] = (state as u16 + 1).to_le_bytes();
        tables.extend([byte, byte, low, high]);
    }
    tables
}

/// The contents of a conversation of the fixtures, and what `template` renders of it.
fn conversation(template: &str, name: &str) -> (Option<String>, Vec<String>, String) {
    let text = std::fs::read_to_string(fixtures().join("templates.json")).expect("readable");
    let reference: Value = serde_json::from_str(&text).expect("JSON");
    let messages = reference["conversations"][name].as_array().expect("messages");
    let content = |message: &Value| message["content"].as_str().expect("a text").to_owned();
    let system = messages.first().filter(|first| first["role"] == "system").map(content);
    let turns = messages[usize::from(system.is_some())..].iter().map(content).collect();
    let rendered = reference["rendered"][template][name].as_str().expect("a text");
    // The template writes BOS, or the tokenizer does.
    (system, turns, rendered.strip_prefix("<s>").unwrap_or(rendered).to_owned())
}

/// Options of an answer in a chat, of at most so many tokens.
fn options(tokens: u32) -> AnswerOptions<'static> {
    AnswerOptions { tokens, ignore_end: true, chat: true, hash: true, ..AnswerOptions::default() }
}

/// The hash of eight tokens after `ids`, in a session that is fed them all.
async fn fresh(session: &mut Session<'_, '_, SliceFlash<'_>>, ids: &[u32]) -> Result<String, Error> {
    session.reset();
    let (mut tokens, mut lane, mut text) = (vec![0; 2048], Lane::new(), [0; 300]);
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
    let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
    for &id in ids {
        conversation.push(id)?;
    }
    let options = options(8);
    let mut answer = session.answer(&mut conversation, &[], &options).await?;
    while answer.next().await?.is_some() {}
    drop(answer);
    Ok(conversation.stats().hash.expect("it is asked for").to_string())
}

/// Holds the conversation with answers that grammars make the model give, and checks what the session was fed at its end.
fn holds(model: &str, template: &str, name: &str, remembered: usize) {
    let what = format!("{model}, {template}, {name}, {remembered} tokens");
    let (system, turns, rendered) = conversation(template, name);
    let file = packed_model(model, template);
    let grammars: Vec<Vec<u8>> = turns.iter().map(|turn| only(turn)).collect();
    let mut followers = vec![Follower::new(); turns.len()];
    let ctx = Options { ctx: 512, ..Options::default() };
    session(Source::with_mapping(SliceFlash(&file), &file), &ctx, async |session| {
        let mut source = Source::new(SliceFlash(&file));
        let gguf = flashlet::gguf::Gguf::open(&mut source).await.expect("a file");
        let (template, error) = ChatTemplate::find(&gguf, &mut source).await?;
        assert_eq!(error, None, "{what}");
        assert!(template.rewrites_earlier_answers(), "{what}");
        let (mut tokens, mut lane, mut text) = (vec![0; remembered], Lane::new(), [0; 300]);
        let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut [], text: &mut text };
        let mut conversation = Conversation::new(buffers, SamplerConfig::GREEDY);
        let mut followers = followers.iter_mut();
        let mut last = None;
        for (i, user) in turns.iter().enumerate().step_by(2) {
            conversation.follow(match grammars.get(i + 1) {
                Some(tables) => Some((Grammar::open(tables).expect("tables"), followers.next().expect("one each"))),
                None => None,
            });
            let turn = Turn { first: i == 0, system: system.as_deref(), user };
            let options = options(if i + 1 < turns.len() { 200 } else { 8 });
            let mut room = [0; 1024];
            let mut answer =
                session.answer_turn(&mut conversation, (Some(&template), &turn), &mut room, &options).await?;
            while answer.prefill().await? {}
            last = Some(answer.conversation().fed().to_vec());
            let mut said = String::new();
            while let Some(token) = answer.next().await? {
                said.push_str(token.text);
            }
            if let Some(wanted) = turns.get(i + 1) {
                assert_eq!(said, *wanted, "{what}");
            }
        }
        let (last, hash) = (last.expect("a turn"), conversation.stats().hash.expect("it is asked for").to_string());
        let mut ids = vec![0; 1024];
        let n = session.encode(&rendered, Encode { bos: true, special: true, ..Encode::default() }, &mut ids).await?;
        assert!(ids[..n].ends_with(&last), "{what}: {last:?} of {:?}", &ids[..n]);
        assert!(remembered < 1024 || last.len() == n, "{what}");
        assert_eq!(hash, fresh(session, &ids[..n]).await?, "{what}");
        Ok(())
    });
}

#[test]
fn a_session_was_fed_what_the_template_renders_of_the_whole_conversation() {
    for (template, name) in [
        ("thoughts_dropped", "thoughts"),
        ("wide_bars", "thoughts"),
        ("wide_bars", "two turns"),
        ("wide_bars", "three turns"),
        ("headers_trimmed", "spaces"),
        ("system_in_first_user", "spaces"),
    ] {
        // The recurrent model cannot take so much back, and is fed all again.
        for (model, remembered) in [("bpe", 1024), ("bpe", 100), ("bpe-recurrent", 1024)] {
            holds(model, template, name, remembered);
        }
    }
}
