//! The `flashlet` command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    flashlet_sim::main()
}
