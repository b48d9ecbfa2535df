//! A model that carries a grammar and asks for a probability: the board's answers are the simulator's, and following the grammar
//! costs little.

use crate::paths::demo_model;
use crate::prompts::{Stats, Subject, TIME_LIMIT, image_file};
use crate::simulator::Simulator;
use std::fs;

/// Most instructions of a token that follows a grammar and has a probability, of those of one that does neither. The most are of
/// exponentials on a processor without floats.
const MOST: f64 = 1.15;

/// Prompts, among them such as the model refuses to answer.
const PROMPTS: [&str; 4] =
    ["dim the kitchen lights to 40 percent", "unlock the front door", "open the garage", "what is the meaning of life"];

impl Subject<'_> {
    /// Everything that is asked about the demo model, if the program follows grammars.
    pub(crate) fn carried(&self, simulator: &Simulator) -> Result<(), String> {
        if !self.program.grammar {
            println!("   the program follows no grammars");
            return Ok(());
        }
        let model = fs::read(demo_model()).map_err(|error| format!("the demo model: {error}"))?;
        let kv = &self.program.board.firmware.kv;
        let (mut serial, said) = self.open(&image_file("demo.bin", model.clone())?, TIME_LIMIT)?;
        if !said.contains("ready") {
            return Err(format!("the demo model is not loaded: {said:?}"));
        }
        let with = self.instructions(&mut serial)?;
        serial.ask("/stats on")?;
        let mut unsure = 0;
        for prompt in PROMPTS {
            let said = serial.ask(prompt)?;
            let answer = simulator.run(&["--kv", kv, "--chat", "--temp", "0", prompt])?;
            Stats::parse(&said)?.is(&answer).map_err(|error| format!("{prompt:?}: {error}"))?;
            unsure += u32::from(answer.stop == "unsure");
        }
        if unsure == 0 || unsure == PROMPTS.len() as u32 {
            return Err(format!("{unsure} of {} answers are refused: prompts of both kinds are needed", PROMPTS.len()));
        }
        drop(serial);
        let (mut serial, _) = self.open(&image_file("demo-free.bin", without(model))?, TIME_LIMIT)?;
        let free = self.instructions(&mut serial)?;
        println!("   answers by the demo model's grammar are the simulator's, {unsure} of {} refused", PROMPTS.len());
        println!("   {with} instructions a token with the grammar, {free} without");
        if with as f64 > MOST * free as f64 {
            return Err(format!("a grammar may cost {MOST} times the instructions"));
        }
        Ok(())
    }

    /// Instructions of a token of an answer that is the same with and without the grammar.
    fn instructions(&self, serial: &mut crate::emulator::Serial) -> Result<u64, String> {
        serial.ask(PROMPTS[0])?;
        let said = serial.ask("/stats")?;
        let stats = Stats::parse(&said)?;
        Ok(stats.number("decode_ns")? / stats.number("made")?.saturating_sub(1).max(1))
    }
}

/// `model` with other names in place of the keys of its grammar and of its probability, which are then of no meaning.
fn without(mut model: Vec<u8>) -> Vec<u8> {
    for prefix in [&b"flashlet.grammar."[..], b"flashlet.min_prob"] {
        let places: Vec<_> = (0..model.len()).filter(|&at| model[at..].starts_with(prefix)).collect();
        places.into_iter().for_each(|at| model[at + prefix.len() - 2] = b'_');
    }
    model
}
