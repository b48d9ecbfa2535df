//! `flashlet chat`: turn by turn, with all turns kept in the KV cache.

use std::io::{self, IsTerminal};

use clap::Args;
use flashlet::text::{ChatFormat, Detokenizer, Turn};

use crate::engine::{ComputeArgs, Context, DraftArgs, Engine, EngineArgs, Opened, open_model};
use crate::failure::Failure;
use crate::generate::{EndArgs, Generator, Limits, SamplingArgs, StopReason, print_stats};
use crate::io::input;
use crate::io::output::{Output, note};
use crate::io::printable::printable;
use crate::values::{chat_format, tokens};

#[derive(Args, Debug)]
pub(crate) struct ChatArgs {
    /// System message
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Chat template in place of the model's own
    #[arg(long, value_name = "NAME", value_parser = chat_format())]
    pub(crate) chat_format: Option<ChatFormat>,
    /// Tokens per answer, at most; -1 for as many as the context has room for
    #[arg(short = 'n', long, value_name = "N", default_value = "512", value_parser = tokens)]
    pub(crate) n_predict: u32,
    #[command(flatten)]
    pub(crate) end: EndArgs,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

const HELP: &str = "\
/reset  forget the conversation
/stats  show speed, memory and flash traffic
/help   show this
/exit   end (as does the end of input)
";

/// Runs the command.
pub(crate) fn chat(args: &ChatArgs) -> Result<(), Failure> {
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let format = opened.chat_format(args.chat_format)?;
    let plan = opened.plan(&args.engine, args.compute.isa, Context::ANY, args.draft.draft)?;
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, None)?;
    let engine = Engine::load(opened, plan, &mut machine)?;
    let config = args.sampling.config(file.is_built_in());
    let generator = Generator::new(config, engine.drafter(args.draft.draft), false);
    let mut talk = Talk { args, engine, format, generator, last: None, one_turn: file.is_built_in() };
    let terminal = io::stdin().is_terminal();
    if terminal {
        note(&format!("{} tokens of context; /help lists the commands\n", talk.engine.session.plan().ctx));
    }
    loop {
        if terminal {
            note("> ");
        }
        let Some(line) = input::line_from_stdin()? else {
            if terminal {
                note("\n");
            }
            return Ok(());
        };
        match line.trim() {
            "" => {}
            "/exit" | "/quit" => return Ok(()),
            "/help" => note(HELP),
            "/stats" => print_stats(&talk.engine, &talk.generator),
            "/reset" => talk.reset(),
            command if command.starts_with('/') && !command.contains(char::is_whitespace) => {
                note(&format!("there is no command {}; /help lists them\n", printable(command)));
            }
            _ => {
                if talk.one_turn {
                    talk.reset();
                }
                let turn = talk.turn(&line)?;
                match talk.check_room(&turn) {
                    Ok(()) => talk.answer(&turn)?,
                    // A person can go on from here; a script cannot.
                    Err(error) if terminal => note(&format!("{error}\n")),
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// A conversation.
struct Talk<'a> {
    args: &'a ChatArgs,
    engine: Engine<'a>,
    format: ChatFormat,
    generator: Generator,
    /// The answer's last token, which the model has not seen yet, and why the answer ended.
    last: Option<(u32, StopReason)>,
    /// Every line is a conversation of its own: the built-in model was trained on no longer ones.
    one_turn: bool,
}

impl Talk<'_> {
    fn reset(&mut self) {
        self.engine.session.reset();
        self.generator.reset();
        self.last = None;
    }

    /// Checks that the context has room for `turn`.
    fn check_room(&self, turn: &[u32]) -> Result<(), Failure> {
        let (need, room, ctx) = (turn.len(), self.engine.room() as usize, self.engine.session.plan().ctx);
        if need <= room {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the message takes {need} tokens, the context of {ctx} has room for {room}: \
             /reset forgets the conversation, --ctx gives it more room"
        )))
    }

    /// Feeds `turn`, answers it and remembers both.
    fn answer(&mut self, turn: &[u32]) -> Result<(), Failure> {
        let args = self.args;
        let limits = Limits::new(args.n_predict.max(1), &args.end);
        self.generator.prefill(&mut self.engine, turn)?;
        let (mut out, mut is_empty) = (Output::new(), true);
        let (ids, reason) = self.generator.generate(&mut self.engine, limits, Detokenizer::new(), &mut |piece| {
            is_empty &= piece.is_empty();
            out.write(piece);
            out.check()
        })?;
        out.end_line();
        out.check()?;
        self.last = ids.last().map(|&id| (id, reason));
        if is_empty {
            note(&format!("(no text: {})\n", reason.why_nothing_came(true)));
        } else if reason == StopReason::Context {
            note("(the context is full: /reset forgets the conversation, --ctx gives it more room)\n");
        }
        if args.end.stats {
            print_stats(&self.engine, &self.generator);
        }
        Ok(())
    }

    /// The tokens of `message` with what lies between it and the last answer.
    fn turn(&mut self, message: &str) -> Result<Vec<u32>, Failure> {
        let turn = Turn { first: self.last.is_none(), system: self.args.system.as_deref(), user: message };
        let pieces = self.engine.encode_pieces(&self.format.pieces(&turn))?;
        // The turn itself closes the answer before it, however that ended.
        let open = self.last.filter(|&(_, reason)| reason != StopReason::Eos).map(|(id, _)| id);
        Ok(open.into_iter().chain(pieces).collect())
    }
}
