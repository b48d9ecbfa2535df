//! flashlet on a desktop: the command line, and what stands for a board's parts.
//!
//! The engine is the crate `flashlet`, the same that boards run. This crate gives it a file as its
//! flash ([`source`]), with [`faults`] if need be, another as the chip that keeps snapshots ([`nor`]), a mapping as its RAM ([`memory`]), threads ([`pool`]) and a user. The
//! session is driven by `engine.rs` alone; commands see tokens, logits and text. [`pack`] makes files ready for boards.

pub mod failure;
pub mod faults;
pub mod memory;
pub mod nor;
pub mod pack;
pub mod pool;
pub mod source;

mod bench;
mod boards;
mod chat;
mod cli;
mod demo;
mod engine;
mod eval;
mod generate;
mod input;
mod inspect;
mod output;
mod plan;
mod progress;
mod report;
mod run;
mod sim;
mod size;
mod stop;
mod temporary;
mod tokenize;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use cli::{Cli, Command};
use failure::Failure;

/// Runs the command that the process arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Chat(args) => chat::chat(&args),
        Command::Tokenize(args) => tokenize::tokenize(&args),
        Command::Eval(args) => eval::eval(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Report(args) => report::report(&args),
        Command::Pack(args) => pack::command(&args),
        Command::Completions(args) => output::completions(args.shell),
    };
    match result {
        Ok(()) | Err(Failure::Hangup) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            // Printed as clap prints its own; a closed standard error is nothing to report.
            let _ = cli::error(ErrorKind::MissingRequiredArgument, message).print();
            ExitCode::from(2)
        }
        Err(error @ Failure::Error(_)) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
