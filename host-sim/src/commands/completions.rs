//! `flashlet completions`: the script that completes commands and flags in a shell.

use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::io::output::print;

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Runs the command; `program` is the definition of the whole command line.
pub(crate) fn completions(args: &CompletionsArgs, program: &mut clap::Command) -> Result<(), Failure> {
    // Into memory first: the generator panics when a write fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, program, "flashlet", &mut script);
    print(&String::from_utf8_lossy(&script))
}
