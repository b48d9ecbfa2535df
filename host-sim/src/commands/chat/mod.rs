//! `flashlet chat`: turn by turn, with all turns kept in the KV cache.

mod args;
mod command;
mod talk;

use crate::engine::{Context, Engine, Extras, Opened, open_model};
use crate::failure::Failure;
use crate::generate::{Generator, Memory};
use crate::io::in_use;
use crate::io::lines::{Line, Lines};
use crate::io::output::note;
pub(crate) use args::ChatArgs;
use command::{Command, HELP};
use talk::Talk;

/// Runs the command.
pub(crate) fn chat(args: &ChatArgs) -> Result<(), Failure> {
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let template = opened.needed_chat(args.chat_format)?;
    let compiled = args.grammar.source.compile()?;
    let extras = Extras { draft: args.draft.draft, follow: compiled.is_some() };
    let plan = opened.plan(&args.engine, args.compute.isa, Context::ANY, extras)?;
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, None)?;
    let engine = Engine::load(opened, plan, &mut machine)?;
    let config = args.sampling.config(file.is_built_in());
    let drafter = engine.drafter_of(args.draft);
    let stop: Vec<&str> = args.end.stop.iter().map(String::as_str).collect();
    let mut memory = Memory::new(plan.ctx, &stop);
    let mut generator = Generator::new(&mut memory, config, drafter);
    if let Some(grammar) = args.grammar.grammar(compiled.as_ref(), &engine)? {
        generator.follow(&engine, grammar);
    }
    let mut talk = Talk::new(args, engine, template, generator, file.is_built_in());
    let mut lines = Lines::new(!args.no_history);
    if lines.prompted() {
        note(&format!("{} tokens of context; /help lists the commands\n", talk.ctx()));
    }
    // Ctrl-C was pressed, and nothing written since.
    let mut interrupted = false;
    loop {
        let done = match lines.next()? {
            Line::End => return Ok(()),
            Line::Interrupted if interrupted => return Ok(()),
            Line::Interrupted => {
                note("(Ctrl-C once more leaves, and so does /quit)\n");
                interrupted = true;
                continue;
            }
            Line::Unusable(failure) => Err(failure),
            Line::Text(line) => match Command::parse(&line) {
                Command::Quit => return Ok(()),
                command => perform(&mut talk, command),
            },
        };
        interrupted = matches!(done, Ok(false));
        // The conversation goes on; only what concerns the program as a whole ends it.
        match done {
            Ok(_) => {}
            Err(Failure::Error(message)) => {
                // A changed file explains any error.
                in_use::check()?;
                note(&format!("error: {}\n", Failure::new(message)));
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Performs `command`; returns false if the user stopped it.
fn perform(talk: &mut Talk<'_, '_>, command: Command<'_>) -> Result<bool, Failure> {
    match command {
        Command::Nothing | Command::Quit => {}
        Command::Help => note(HELP),
        Command::Stats => talk.print_stats(),
        Command::Reset => talk.reset(),
        Command::System(text) => talk.set_system(text),
        Command::Save(path) => talk.save(path)?,
        Command::Load(path) => return talk.load(path),
        Command::Say(text) => return talk.say(text),
        Command::Unknown(word) => {
            return Err(Failure::new(format!("there is no command {word}; /help lists them")));
        }
        Command::Incomplete(usage) => return Err(Failure::new(format!("{usage} is needed"))),
    }
    Ok(true)
}
