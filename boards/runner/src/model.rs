//! The real model, and what another program says of it.

use crate::paths::root;
use crate::simulator::{Answer, Simulator};
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Tokens of the answer that boards give: emulating the model takes seconds for each.
const TOKENS: usize = 8;

/// The file `tests/e2e/smollm2.json`: greedy answers of llama.cpp's.
#[derive(Deserialize)]
struct Golden {
    model: String,
    prompts: Vec<GoldenPrompt>,
}

#[derive(Deserialize)]
struct GoldenPrompt {
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
}

/// The model, its shortest prompt, and the answer, from llama.cpp and from the simulator.
pub(crate) struct RealModel {
    pub(crate) path: PathBuf,
    pub(crate) prompt_ids: Vec<u32>,
    pub(crate) ids: Vec<u32>,
    pub(crate) answer: Answer,
}

impl RealModel {
    /// Brings the model here, unless it is, and asks the simulator.
    pub(crate) fn fetch(simulator: &Simulator) -> Result<RealModel, String> {
        let e2e = root().join("tests/e2e");
        let status = Command::new("python3").arg(e2e.join("smollm2.py")).arg("--fetch").status();
        if !status.map_err(|error| format!("python3: {error}"))?.success() {
            return Err("the real model cannot be fetched".into());
        }
        let text = fs::read_to_string(e2e.join("smollm2.json")).map_err(|error| format!("smollm2.json: {error}"))?;
        let golden: Golden = serde_json::from_str(&text).map_err(|error| format!("smollm2.json: {error}"))?;
        let home = || std::env::home_dir().map(|home| home.join(".cache/flashlet/models"));
        let models = std::env::var_os("FLASHLET_MODELS").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = models.or_else(home).ok_or("no home folder")?.join(&golden.model);
        let shortest = golden.prompts.into_iter().min_by_key(|prompt| prompt.prompt_ids.len());
        let GoldenPrompt { prompt_ids, mut ids } = shortest.ok_or("smollm2.json has no prompts")?;
        if ids.len() < TOKENS {
            return Err("smollm2.json's answer is too short".into());
        }
        ids.truncate(TOKENS);
        let ids_file = std::env::temp_dir().join(format!("board-runner-{}.ids", std::process::id()));
        let words: Vec<_> = prompt_ids.iter().map(u32::to_string).collect();
        fs::write(&ids_file, words.join(" ")).map_err(|error| format!("{}: {error}", ids_file.display()))?;
        let (model, file, n) = (path.display().to_string(), ids_file.display().to_string(), TOKENS.to_string());
        let answer = simulator.run(&["-m", &model, "--ids", &file, "-n", &n, "--temp", "0"]);
        let _ = fs::remove_file(&ids_file);
        Ok(RealModel { path, prompt_ids, ids, answer: answer? })
    }
}
