//! The simulator's answers: the reference for every board.

use crate::paths::{root, target_dir, test_model};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::process::Command;

/// An answer of the simulator's.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) prompt_ids: Vec<u32>,
    pub(crate) ids: Vec<u32>,
    pub(crate) text: String,
    pub(crate) stop: String,
    pub(crate) logits_hash: String,
}

/// The binary `flashlet`, with its scalar kernels on one thread.
#[derive(Debug)]
pub(crate) struct Simulator {
    binary: PathBuf,
}

impl Simulator {
    /// Builds it, unless that is done.
    pub(crate) fn build() -> Result<Simulator, String> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--package", "flashlet-sim"]).current_dir(root());
        let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
        let binary = target_dir().join("release/flashlet");
        if status.success() { Ok(Simulator { binary }) } else { Err("the simulator does not build".into()) }
    }

    /// Bytes of the arena that `flashlet plan` finds for the test model on a board.
    pub(crate) fn planned_arena(&self, board: &str) -> Result<u64, String> {
        #[derive(Deserialize)]
        struct Plan {
            arena_bytes: u64,
        }
        let mut command = Command::new(&self.binary);
        command.args(["plan", "--json", "--board", board, "-m"]).arg(test_model());
        Ok(parsed::<Plan>(command)?.arena_bytes)
    }

    /// The test model's likeliest answer to `prompt`, with a cache in the format `kv`.
    pub(crate) fn chat(&self, kv: &str, prompt: &str) -> Result<Answer, String> {
        self.house(kv, &["--chat", "--temp", "0", prompt])
    }

    /// `flashlet run ARGS` of the test model, with a cache in the format `kv`.
    pub(crate) fn house(&self, kv: &str, args: &[&str]) -> Result<Answer, String> {
        let model = test_model();
        let model = model.to_str().ok_or("the repository's path is not UTF-8")?;
        self.run(&[&["-m", model, "--kv", kv], args].concat())
    }

    /// `flashlet run ARGS`.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Answer, String> {
        let mut command = Command::new(&self.binary);
        command.args(["run", "--json", "--isa", "scalar", "--threads", "1"]).args(args);
        parsed(command)
    }
}

/// Runs `command` and parses its output, one JSON object.
fn parsed<T: DeserializeOwned>(mut command: Command) -> Result<T, String> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if !output.status.success() {
        return Err(format!("the simulator: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the simulator's answer: {error}"))
}
