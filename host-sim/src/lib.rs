//! flashlet on a desktop: the command line, and a simulator of boards.
//!
//! The engine is the crate `flashlet`, the same that boards run. This crate gives it the parts of a board that this
//! machine plays: a file is its flash ([`source`]), with [`faults`] if need be, another the chip that keeps snapshots
//! ([`nor`]), a mapping its RAM ([`memory`]), and threads its cores ([`pool`]). Commands see tokens, logits and text.
//! [`pack`] makes files ready for boards.

pub mod failure;
pub mod pack;

mod boards;
mod cli;
mod commands;
mod engine;
mod generate;
mod hardware;
mod io;
mod measure;
mod report;
mod sim;
mod size;
mod values;

pub use hardware::{faults, memory, nor, pool, source};

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use cli::Cli;
use failure::Failure;

/// Runs the command that the process arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) | Err(Failure::Hangup) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            // Printed as clap prints its own; a closed standard error is nothing to report.
            let _ = Cli::command().error(ErrorKind::MissingRequiredArgument, message).print();
            ExitCode::from(2)
        }
        Err(error @ Failure::Error(_)) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
