//! The loop: a model is looked for, lines are read and done.

use crate::answer::{Memory, Prompt, Settings, Trouble, answer, end_name};
use crate::board::Board;
use crate::command::{Command, Complaint, HELP, parse};
use crate::input::{Buffer, Entry, Input, MAX_LINE};
use crate::load::{Loaded, NoModel, aligned, load, write_plan};
use crate::log::{info, warning};
use crate::output::{LineError, Message, Output};
use core::convert::Infallible;
use core::fmt;
use core::pin::pin;
use core::task::Poll;
use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use flashlet::flash::{Flash, apart};
use flashlet::session::{AnswerEnd, AnswerStats};
#[cfg(feature = "grammar")]
use flashlet::text::Follower;
use flashlet::{Conversation, Error, SamplerConfig};

/// Tokens of an answer where nothing else is asked for.
const LENGTH: u32 = 256;

/// Both halves of the line.
pub(crate) struct Line<'h, R, W> {
    input: Input<'h, R>,
    typed: Buffer,
    out: Output<W>,
}

impl<'h, R: Read, W: Write> Line<'h, R, W> {
    pub(crate) fn new(rx: R, tx: W, hold: Option<&'h dyn Fn(bool)>) -> Self {
        Line { input: Input::new(rx, hold), typed: Buffer::new(), out: Output::new(tx) }
    }
}

/// A float of a setting, from 0 to the highest temperature, with three digits after the point.
struct Milli(f32);

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = (self.0 * 1000.0 + 0.5) as u32;
        write!(f, "{}.{:03}", milli / 1000, milli % 1000)
    }
}

/// Looks for a model and answers, for ever.
pub(crate) async fn talk<F: Flash, R: Read, W: Write>(
    board: &Board<'_, '_>,
    flash: &mut F,
    line: &mut Line<'_, R, W>,
    arena: &mut [u8],
) -> Result<Infallible, LineError> {
    let isa = board.kernels.isa().name();
    writeln!(line.out.gather(), "\nflashlet {} on {}, {isa}", env!("CARGO_PKG_VERSION"), board.name);
    line.out.send_gathered().await?;
    let sampling = SamplerConfig { temperature: 0.0, ..SamplerConfig::default() };
    let mut settings = Settings {
        sampling,
        length: LENGTH,
        chat: true,
        #[cfg(feature = "chat-pieces")]
        think: true,
        keep: false,
        stats: false,
        #[cfg(feature = "drafts")]
        draft: false,
    };
    let mut ctx = None;
    loop {
        writeln!(line.out.gather(), "model in {}", board.model_at);
        line.out.send_gathered().await?;
        let memory = aligned(arena);
        let arena_bytes = memory.len();
        let mut slot = Poll::Pending;
        let mut model = apart(pin!(load(board, ctx, flash, memory, &mut line.out, &mut slot))).await;
        let message = line.out.gather();
        match &model {
            Ok(_) => {
                info!("model ready");
                message.push("ready; /help lists the commands\n");
            }
            Err(NoModel::Line(error)) => return Err(*error),
            Err(error) => {
                warning!("no model");
                write!(message, "{}", Why(error));
            }
        }
        line.out.send_gathered().await?;
        // Made after the model, so that its bytes are those that loading took.
        let mut memory = Memory::new();
        #[cfg(feature = "grammar")]
        let mut follower = Follower::new();
        let mut conversation = Conversation::new(memory.buffers(), settings.sampling);
        #[cfg(feature = "grammar")]
        if let Ok(model) = &model {
            conversation.follow(model.session.grammar().map(|grammar| (grammar, &mut follower)));
        }
        let mut talk = Talk { board, settings: &mut settings, conversation: &mut conversation, arena_bytes, ctx };
        ctx = apart(pin!(talk.serve(line, &mut model))).await?;
    }
}

/// The state that commands work on.
struct Talk<'t, 'c, 'a, 'm> {
    board: &'t Board<'a, 'm>,
    settings: &'t mut Settings,
    conversation: &'t mut Conversation<'c>,
    arena_bytes: usize,
    /// The context that was asked for.
    ctx: Option<u32>,
}

impl Talk<'_, '_, '_, '_> {
    /// Does line after line until the model is to be loaded anew; returns the context to ask for then.
    async fn serve<F: Flash, R: Read, W: Write>(
        &mut self,
        line: &mut Line<'_, R, W>,
        model: &mut Result<Loaded<'_, '_, '_, F>, NoModel>,
    ) -> Result<Option<u32>, LineError> {
        let Line { input, typed, out } = line;
        loop {
            out.gather().push("> ");
            out.send_gathered().await?;
            let reply = match self.react(input.line(typed, out).await?) {
                Reaction::Load(ctx) => return Ok(ctx),
                Reaction::Reply(reply) => reply,
                Reaction::Answer(prompt) => match model {
                    Ok(model) => {
                        self.answer(prompt, model, input, out).await?;
                        if self.settings.stats { Reply::Figures } else { Reply::Nothing }
                    }
                    Err(_) => Reply::Plan,
                },
            };
            out.say(&mut |number, message| self.write(reply, model, number, message)).await?;
        }
    }

    /// Understands what was typed; settings change at once, but those of sampling with the next conversation.
    fn react<'l>(&mut self, entry: Entry<'l>) -> Reaction<'l> {
        let line = match entry {
            Entry::Line(line) => line,
            Entry::TooLong(bytes) => return Reaction::Reply(Reply::TooLong(bytes)),
            Entry::NotText(at) => return Reaction::Reply(Reply::NotText(at)),
            Entry::Interrupt => return Reaction::Reply(Reply::Nothing),
        };
        let command = match parse(line) {
            Ok(command) => command,
            Err(complaint) => return Reaction::Reply(Reply::Complaint(complaint)),
        };
        match command {
            Command::Prompt(text) => Reaction::Answer(Prompt::Text(text)),
            Command::Ids(words) => Reaction::Answer(Prompt::Ids(words)),
            Command::Load => Reaction::Load(self.ctx),
            Command::Context(n) => Reaction::Load(Some(n).filter(|&n| n > 0)),
            Command::Help => Reaction::Reply(Reply::Help),
            Command::ShowStats => Reaction::Reply(Reply::Stats),
            Command::ShowPlan => Reaction::Reply(Reply::Plan),
            command => {
                self.set(command);
                Reaction::Reply(Reply::Nothing)
            }
        }
    }

    /// Writes a reply, message by message; false after the last.
    fn write<F: Flash>(
        &self,
        reply: Reply<'_>,
        model: &Result<Loaded<'_, '_, '_, F>, NoModel>,
        number: usize,
        message: &mut Message,
    ) -> bool {
        match (reply, model) {
            (Reply::Help, _) => match HELP.get(number) {
                Some(line) => message.push(line),
                None => return false,
            },
            (Reply::Stats, _) if number == 0 => self.write_settings(message),
            (Reply::Stats, _) => return self.write_figures(model.as_ref().ok(), number - 1, message),
            (Reply::Figures, _) => return self.write_figures(model.as_ref().ok(), number, message),
            (Reply::Plan, Ok(model)) => {
                return write_plan(model.session.plan(), self.arena_bytes, number, message);
            }
            _ if number > 0 => return false,
            (Reply::Plan, Err(error)) => write!(message, "{}", Why(error)),
            (Reply::TooLong(bytes), _) => {
                writeln!(message, "error: the line has {bytes} bytes, {MAX_LINE} are the most");
            }
            (Reply::NotText(at), _) => writeln!(message, "error: the line is not UTF-8: byte {at} is invalid"),
            (Reply::Complaint(complaint), _) => writeln!(message, "error: {complaint}"),
            (Reply::Nothing, _) => return false,
        }
        true
    }

    /// Does a command that changes how answers are made.
    fn set(&mut self, command: Command<'_>) {
        let Settings { sampling, length, chat, keep, stats, .. } = self.settings;
        match command {
            Command::Temperature(t) => sampling.temperature = t,
            Command::TopK(k) => sampling.top_k = k,
            Command::TopP(p) => sampling.top_p = p,
            Command::MinP(p) => sampling.min_p = p,
            Command::Seed(seed) => sampling.seed = seed,
            Command::Length(n) => *length = n,
            Command::Chat(on) => *chat = on,
            Command::Keep(on) => *keep = on,
            Command::Stats(on) => *stats = on,
            #[cfg(feature = "chat-pieces")]
            Command::Think(on) => self.settings.think = on,
            #[cfg(feature = "drafts")]
            Command::Draft(on) => self.settings.draft = on,
            Command::Reset => self.conversation.restart(*sampling),
            _ => {}
        }
    }

    /// Answers a prompt, until Ctrl-C at most.
    async fn answer<F: Flash, R: Read, W: Write>(
        &mut self,
        prompt: Prompt<'_>,
        model: &mut Loaded<'_, '_, '_, F>,
        input: &mut Input<'_, R>,
        out: &mut Output<W>,
    ) -> Result<(), LineError> {
        #[cfg(feature = "chat-pieces")]
        if let Some(template) = &mut model.template {
            *template = template.with_thinking(self.settings.think);
        }
        let answer = answer(self.board, self.settings, model, self.conversation, prompt, out);
        let end = select(answer, input.interrupt()).await;
        let AnswerStats { tokens: made, end: stop, prompt_tokens: prompt, .. } = *self.conversation.stats();
        let message = out.gather();
        match end {
            Either::First(Ok(())) => message.push("\n"),
            Either::First(Err(Trouble::Line(error))) | Either::Second(Err(error)) => return Err(error),
            Either::First(Err(trouble)) => {
                warning!("no answer");
                let hint = match trouble {
                    Trouble::Engine(Error::ContextFull { .. }) => {
                        ": /reset forgets the conversation, /ctx N asks for more room"
                    }
                    _ => "",
                };
                let line_break = if made > 0 { "\n" } else { "" };
                writeln!(message, "{line_break}error: {trouble}{hint}");
            }
            Either::Second(Ok(())) => message.push("^C\n"),
        }
        if stop == Some(AnswerEnd::Context) {
            message.push("(the context is full: /reset forgets the conversation, /ctx N asks for more room)\n");
        }
        info!("answer: {} tokens after {}, {}", made, prompt, end_name(stop));
        // Without a log that is all that it is for.
        let _ = prompt;
        out.send_gathered().await
    }

    fn write_settings(&self, message: &mut Message) {
        let Settings { sampling, length, chat, keep, .. } = *self.settings;
        let switch = |on| if on { "on" } else { "off" };
        let [temp, top_p, min_p] = [sampling.temperature, sampling.top_p, sampling.min_p].map(Milli);
        let (chat, keep) = (switch(chat), switch(keep));
        writeln!(
            message,
            "/temp {temp}, /top-k {}, /top-p {top_p}, /min-p {min_p}, /seed {}, /len {length}, /chat {chat}, /keep {keep}",
            sampling.top_k, sampling.seed
        );
    }

    /// The last answer's figures, on two lines for programs to read: `[stats] NAME=VALUE ...` and `[ids] ID ...`.
    fn write_figures<F: Flash>(
        &self,
        model: Option<&Loaded<'_, '_, '_, F>>,
        number: usize,
        message: &mut Message,
    ) -> bool {
        /// Ids of a message.
        const IDS: usize = 32;
        let stats = self.conversation.stats();
        match number {
            0 => {
                let (prompt, made, stop) = (stats.prompt_tokens, stats.tokens, end_name(stats.end));
                write!(message, "[stats] prompt={prompt} made={made} stop={stop}");
                if let Some(hash) = stats.hash {
                    write!(message, " hash={hash}");
                }
                write!(message, " prefill_ns={} decode_ns={}", stats.prefill_time, stats.decode_time);
                #[cfg(feature = "drafts")]
                write!(message, " drafted={} right={}", stats.drafted, stats.drafted_right);
            }
            1 => {
                if let Some(peak) = self.board.stack_peak {
                    write!(message, " stack_bytes={}", peak());
                }
                if let Some(Loaded { session, .. }) = model {
                    let (plan, flash) = (session.plan(), session.flash_stats());
                    write!(
                        message,
                        " arena_bytes={} ctx={} position={} flash_bytes={} flash_reads={}",
                        plan.arena_bytes,
                        plan.ctx,
                        session.position(),
                        flash.bytes_read,
                        flash.reads
                    );
                    #[cfg(feature = "drafts")]
                    write!(message, " passes={}", session.passes());
                }
                message.push("\n[ids]");
            }
            _ => {
                let ids = self.conversation.answer();
                let first = (number - 2) * IDS;
                if first > ids.len() {
                    return false;
                }
                let rest = ids.get(first..).unwrap_or_default();
                for id in rest.iter().take(IDS) {
                    write!(message, " {id}");
                }
                if rest.len() < IDS {
                    message.push("\n");
                }
            }
        }
        true
    }
}

/// The reaction to a line.
enum Reaction<'l> {
    Reply(Reply<'l>),
    Answer(Prompt<'l>),
    /// The model is loaded anew, with a context of so many tokens.
    Load(Option<u32>),
}

/// A reply to a line.
#[derive(Clone, Copy)]
enum Reply<'l> {
    Nothing,
    TooLong(usize),
    NotText(usize),
    Complaint(Complaint<'l>),
    Help,
    Stats,
    Figures,
    /// The plan, or why there is none.
    Plan,
}

/// Why there is no model, as a message.
struct Why<'e>(&'e NoModel);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: no model: {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Milli;
    use crate::command::{Command, parse};
    use std::string::ToString;

    #[test]
    fn settings_are_shown_as_they_were_typed() {
        for milli in 0..=1_000_000 {
            let typed = std::format!("{}.{:03}", milli / 1000, milli % 1000);
            let line = ["/temp ", &typed].concat();
            let Ok(Command::Temperature(t)) = parse(&line) else { unreachable!("{line} is a temperature") };
            assert_eq!(Milli(t).to_string(), typed);
        }
    }
}
