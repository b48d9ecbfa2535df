//! The loop: a model is looked for, lines are read and done.

use crate::answer::{Conversation, Figures, Prompt, Settings, Stop, Trouble};
use crate::command::{Command, HELP, parse};
use crate::input::{Buffer, Entry, Input};
use crate::load::{Loaded, NoModel, load, show_plan};
use crate::output::{LineError, Output};
use crate::{Board, MAX_LINE, info, warning};
use core::convert::Infallible;
use core::fmt;
use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use flashlet::flash::Flash;
use flashlet::session::Error;
use flashlet::text::SamplerConfig;

/// Tokens of an answer where nothing else is asked for.
const LENGTH: u32 = 256;

/// Both halves of the line.
pub(crate) struct Line<R, W> {
    input: Input<R>,
    typed: Buffer,
    out: Output<W>,
}

impl<R: Read, W: Write> Line<R, W> {
    pub(crate) fn new(rx: R, tx: W) -> Self {
        Line { input: Input::new(rx), typed: Buffer::new(), out: Output::new(tx) }
    }
}

/// A float of a setting, with three digits after the point.
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
    line: &mut Line<R, W>,
    arena: &mut [u8],
) -> Result<Infallible, LineError> {
    let isa = board.kernels.isa().name();
    line.out.say(format_args!("\nflashlet {} on {}, {isa}\n", env!("CARGO_PKG_VERSION"), board.name)).await?;
    let sampling = SamplerConfig { temperature: 0.0, ..SamplerConfig::default() };
    let mut settings = Settings { sampling, length: LENGTH, chat: true, keep: false, stats: false };
    let mut conversation = Conversation::new();
    let mut ctx = None;
    loop {
        line.out.say(format_args!("model in {}\n", board.model_at)).await?;
        let arena_bytes = arena.len();
        // It stays where it is made: a session is large.
        let mut model = load(board, ctx, flash, arena, &mut line.out).await;
        match &model {
            Ok(_) => {
                info!("model ready");
                line.out.write("ready; /help lists the commands\n").await?;
            }
            Err(NoModel::Line(error)) => return Err(*error),
            Err(error) => {
                warning!("no model");
                say_why(error, &mut line.out).await?;
            }
        }
        conversation.reset();
        let mut talk = Talk { board, settings: &mut settings, conversation: &mut conversation, arena_bytes, ctx };
        ctx = talk.serve(line, &mut model).await?;
    }
}

/// What commands work on.
struct Talk<'t, 'a, 'm> {
    board: &'t Board<'a, 'm>,
    settings: &'t mut Settings,
    conversation: &'t mut Conversation,
    arena_bytes: usize,
    /// The context that was asked for.
    ctx: Option<u32>,
}

impl Talk<'_, '_, '_> {
    /// Does line after line until the model is to be loaded anew; returns the context to ask for then.
    async fn serve<F: Flash, R: Read, W: Write>(
        &mut self,
        line: &mut Line<R, W>,
        model: &mut Result<Loaded<'_, '_, F>, NoModel>,
    ) -> Result<Option<u32>, LineError> {
        let Line { input, typed, out } = line;
        loop {
            out.write("> ").await?;
            let entry = match input.line(typed, out).await? {
                Entry::Line(text) => text,
                Entry::TooLong(bytes) => {
                    out.say(format_args!("error: the line has {bytes} bytes, {MAX_LINE} are the most\n")).await?;
                    continue;
                }
                Entry::NotText(at) => {
                    out.say(format_args!("error: the line is not UTF-8: byte {at} is invalid\n")).await?;
                    continue;
                }
                Entry::Interrupt => continue,
            };
            let command = match parse(entry) {
                Ok(command) => command,
                Err(complaint) => {
                    out.say(format_args!("error: {complaint}\n")).await?;
                    continue;
                }
            };
            let prompt = match command {
                Command::Prompt(text) => Prompt::Text(text),
                Command::Ids(words) => Prompt::Ids(words),
                Command::Load => return Ok(self.ctx),
                Command::Context(n) => return Ok(Some(n).filter(|&n| n > 0)),
                Command::Help => {
                    out.write(HELP).await?;
                    continue;
                }
                Command::ShowStats => {
                    self.show_settings(out).await?;
                    show_figures(self.board, self.conversation, model.as_ref().ok(), out).await?;
                    continue;
                }
                Command::ShowPlan => {
                    match &model {
                        Ok(model) => show_plan(model.session.plan(), self.arena_bytes, out).await?,
                        Err(error) => say_why(error, out).await?,
                    }
                    continue;
                }
                command => {
                    self.set(command);
                    continue;
                }
            };
            match model {
                Ok(model) => self.answer(prompt, model, input, out).await?,
                Err(error) => say_why(error, out).await?,
            }
        }
    }

    /// Does a command that changes how answers are made.
    fn set(&mut self, command: Command<'_>) {
        let Settings { sampling, length, chat, keep, stats } = self.settings;
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
            Command::Reset => self.conversation.reset(),
            _ => {}
        }
    }

    /// Answers a prompt, until Ctrl-C at most.
    async fn answer<F: Flash, R: Read, W: Write>(
        &mut self,
        prompt: Prompt<'_>,
        model: &mut Loaded<'_, '_, F>,
        input: &mut Input<R>,
        out: &mut Output<W>,
    ) -> Result<(), LineError> {
        let answer = self.conversation.answer(self.board, self.settings, model, prompt, out);
        let end = select(answer, input.interrupt()).await;
        let Figures { made, stop, .. } = self.conversation.figures;
        match end {
            Either::First(Ok(())) => out.write("\n").await?,
            Either::First(Err(Trouble::Line(error))) => return Err(error),
            Either::First(Err(trouble)) => {
                warning!("no answer");
                let hint = match trouble {
                    Trouble::Engine(Error::ContextFull { .. }) => {
                        ": /reset forgets the conversation, /ctx N asks for more room"
                    }
                    _ => "",
                };
                let line_break = if made > 0 { "\n" } else { "" };
                out.say(format_args!("{line_break}error: {trouble}{hint}\n")).await?;
            }
            Either::Second(interrupted) => {
                interrupted?;
                out.write("^C\n").await?;
            }
        }
        if stop == Stop::Context {
            out.write("(the context is full: /reset forgets the conversation, /ctx N asks for more room)\n").await?;
        }
        info!("answer: {} tokens after {}, {}", made, self.conversation.figures.prompt, stop.name());
        if self.settings.stats {
            show_figures(self.board, self.conversation, Some(model), out).await?;
        }
        Ok(())
    }

    async fn show_settings<W: Write>(&self, out: &mut Output<W>) -> Result<(), LineError> {
        let Settings { sampling, length, chat, keep, .. } = *self.settings;
        let switch = |on| if on { "on" } else { "off" };
        let [temp, top_p, min_p] = [sampling.temperature, sampling.top_p, sampling.min_p].map(Milli);
        let (chat, keep) = (switch(chat), switch(keep));
        out.say(format_args!(
            "/temp {temp}, /top-k {}, /top-p {top_p}, /min-p {min_p}, /seed {}, /len {length}, /chat {chat}, /keep {keep}\n",
            sampling.top_k, sampling.seed
        ))
        .await
    }
}

async fn say_why<W: Write>(why: &NoModel, out: &mut Output<W>) -> Result<(), LineError> {
    out.say(format_args!("error: no model: {why}\n")).await
}

/// The last answer's figures, on two lines for programs to read: `[stats] NAME=VALUE ...` and `[ids] ID ...`.
async fn show_figures<F: Flash, W: Write>(
    board: &Board<'_, '_>,
    conversation: &Conversation,
    model: Option<&Loaded<'_, '_, F>>,
    out: &mut Output<W>,
) -> Result<(), LineError> {
    let Figures { prompt, made, stop, hash, prefill_ns, decode_ns } = conversation.figures;
    out.say(format_args!("[stats] prompt={prompt} made={made} stop={}", stop.name())).await?;
    if let Some(hash) = hash {
        out.say(format_args!(" hash={hash}")).await?;
    }
    out.say(format_args!(" prefill_ns={prefill_ns} decode_ns={decode_ns}")).await?;
    if let Some(peak) = board.stack_peak {
        out.say(format_args!(" stack_bytes={}", peak())).await?;
    }
    if let Some(Loaded { session, .. }) = model {
        let (plan, flash) = (session.plan(), session.flash_stats());
        out.say(format_args!(
            " arena_bytes={} ctx={} position={} flash_bytes={} flash_reads={}",
            plan.arena_bytes,
            plan.ctx,
            session.position(),
            flash.bytes_read,
            flash.reads
        ))
        .await?;
    }
    out.write("\n[ids]").await?;
    for id in conversation.ids() {
        out.say(format_args!(" {id}")).await?;
    }
    out.write("\n").await
}
