//! The C library on the desktop, by a program in C: with the sanitizers where the compiler has them, and without.

use super::library::{PROMPT, TOKENS, build, folder, run, shown};
use crate::paths::{demo_model, target_dir, test_model};
use crate::simulator::{Answer, Simulator};
use crate::toolchain::Toolchain;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The features that the two models take.
const FEATURES: &str = "full,engine/f32,engine/q4_k,engine/q6_k";

/// Builds library and program and compares the program's answers with the simulator's.
pub(crate) fn check(simulator: &Simulator) -> Result<String, String> {
    let version = run(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    let out = target_dir().join("c-host");
    fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let library = |features: &str| -> Result<PathBuf, String> {
        Ok(build(&Toolchain::Installed, host, "release", features)?.join("release/libflashlet.a"))
    };
    let program = out.join("blocking");
    compile(&library(&format!("{FEATURES},blocking"))?, &program, &["-O1"])?;
    answers(simulator, &program)?;
    let mut said = ", blocking".to_owned();
    let library: PathBuf = library(FEATURES)?;
    for (name, flags) in [("plain", &["-O1"][..]), ("sanitized", &["-O1", "-fsanitize=address,undefined"])] {
        let program = out.join(name);
        match compile(&library, &program, flags) {
            Err(error) if name == "sanitized" => {
                said += &format!(
                    ", without the sanitizers, which do not link here ({})",
                    error.lines().next().unwrap_or("")
                );
            }
            compiled => {
                compiled?;
                answers(simulator, &program)?;
                said += &format!(", {name}");
            }
        }
    }
    Ok(said)
}

fn compile(library: &Path, program: &Path, flags: &[&str]) -> Result<(), String> {
    let folder = folder();
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]).arg(folder.join("include"));
    cc.args(flags).arg(folder.join("tests/host.c")).arg(library).arg("-o").arg(program);
    run(&mut cc).map(drop)
}

/// Runs the program with each model and looks at all of its answers.
fn answers(simulator: &Simulator, program: &Path) -> Result<(), String> {
    let asked = ["--chat", "--temp", "0", "--kv", "f16", "-n", TOKENS, PROMPT];
    // The demo model carries a grammar and asks for a probability; the test model has neither.
    for (model, with) in [(test_model(), &[][..]), (demo_model(), &["grammar"])] {
        let model = shown(&model);
        let want = simulator.run(&[&["-m", &model][..], &asked].concat())?;
        let said = run(Command::new(program).args([&model, PROMPT, TOKENS]).args(with))?;
        compare(&said, &want)?;
    }
    Ok(())
}

/// Lines are `NAME|HASH|TEXT`.
fn compare(said: &str, want: &Answer) -> Result<(), String> {
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.splitn(3, '|').collect()).collect();
    if lines.len() != 5 {
        return Err(format!("five answers were to come, not {said:?}"));
    }
    for line in lines {
        if line.get(1..) != Some(&[&*want.logits_hash, &*want.text]) {
            return Err(format!("{line:?}; the simulator has {} {:?}", want.logits_hash, want.text));
        }
    }
    Ok(())
}
