//! flashlet on a desktop: the command line, and a simulator of boards.
//!
//! The engine is the crate `flashlet`, the same that boards run. This crate gives it the parts of a board that this
//! machine plays: a file is its flash ([`source`]), with [`faults`] if need be, another the chip that keeps snapshots
//! ([`nor`]), a mapping its RAM ([`memory`]), and threads its cores ([`pool`]). Commands see tokens, logits and text.
//! [`pack`] makes files ready for boards.

pub mod failure;
pub mod pack;

mod boards;
mod chat;
mod cli;
mod commands;
mod digits;
mod engine;
mod generate;
mod habits;
mod hardware;
mod io;
mod measure;
mod predict;
mod report;
mod sim;
mod size;
mod tools;
mod values;

pub use hardware::{faults, memory, nor, pool, source};

use core::error::Error;
use std::io::Write;
use std::process::ExitCode;

use boards::BadFile;
use cli::Cli;
use failure::Failure;

/// Runs the command that the process arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    #[cfg(unix)]
    io::interrupt::report_size_limits();
    let args = habits::rewritten(std::env::args_os());
    let result = match Cli::read(args.iter().cloned()) {
        Ok(cli) => {
            let result = cli.command.run();
            // A changed file explains any result, errors included: the change is reported instead.
            io::in_use::check().and(result)
        }
        Err(error) if error.use_stderr() => {
            let Some(file) = error.source().and_then(|source| source.downcast_ref::<BadFile>()) else {
                return wrong_usage(error);
            };
            let _ = writeln!(std::io::stderr(), "error: {file}");
            return ExitCode::FAILURE;
        }
        // The help or the version.
        Err(text) => io::output::printed(text.print()),
    };
    match result {
        Ok(()) | Err(Failure::Hangup) => ExitCode::SUCCESS,
        Err(error @ Failure::Usage(_)) => {
            wrong_usage(cli::usage_error(&args.get(1).cloned().unwrap_or_default(), &error))
        }
        Err(error @ (Failure::Error(_) | Failure::Fatal(_) | Failure::Interrupted)) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_usage(error: clap::Error) -> ExitCode {
    // A closed standard error is nothing to report.
    let _ = cli::printable_error(error).print();
    ExitCode::from(2)
}
