//! Questions to a board's prompt, and the answers that it must give: the simulator's tokens and logits, and plain words where
//! something is wrong.

use crate::emulator::{Serial, with_model};
use crate::figures::Figures;
use crate::model::RealModel;
use crate::paths::{target_dir, test_model};
use crate::simulator::{Answer, Simulator};
use board_table::{Cpu, Program, Qemu};
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

/// The most time for everything that is asked in one run, of which a busy machine takes several times the usual 20 s.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(600);
/// The most time for the real model.
const REAL_TIME_LIMIT: Duration = Duration::from_secs(1200);

/// Erased flash behind an image.
const ERASED: usize = 4096;

/// A program with a prompt, on one of its board's processors.
pub(crate) struct Subject<'a> {
    pub(crate) program: &'a Program<'a>,
    pub(crate) qemu: &'a Qemu,
    pub(crate) cpu: &'a Cpu,
    pub(crate) elf: &'a Path,
}

/// A line's `NAME=VALUE` pairs and ids, after an answer with `/stats on` or after `/stats`.
pub(crate) struct Stats<'s> {
    line: &'s str,
    ids: Vec<u32>,
    /// The text so far.
    text: &'s str,
}

impl Stats<'_> {
    pub(crate) fn parse(said: &str) -> Result<Stats<'_>, String> {
        let at = said.find("[stats] ").ok_or(format!("no figures in {said:?}"))?;
        let mut lines = said[at..].lines();
        let (line, ids) = (lines.next().unwrap_or(""), lines.next().and_then(|line| line.strip_prefix("[ids]")));
        let ids = ids.ok_or(format!("no ids in {said:?}"))?.split_whitespace();
        let ids: Result<Vec<u32>, _> = ids.map(str::parse).collect();
        Ok(Stats { line, ids: ids.map_err(|error| format!("ids: {error}"))?, text: &said[..at] })
    }

    fn value(&self, name: &str) -> Result<&str, String> {
        let mut pairs = self.line.split_whitespace().filter_map(|word| word.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value).ok_or(format!("no {name} in {:?}", self.line))
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, String> {
        self.value(name)?.parse().map_err(|error| format!("{name}: {error}"))
    }

    /// Compares with the simulator.
    pub(crate) fn is(&self, answer: &Answer) -> Result<(), String> {
        let text = format!("{}\n", answer.text);
        let said = (self.number("prompt")?, &self.ids, self.value("hash")?, self.value("stop")?, self.text);
        let want = (answer.prompt_ids.len() as u64, &answer.ids, &*answer.logits_hash, &*answer.stop, &*text);
        if said == want { Ok(()) } else { Err(format!("the board says {said:?},\nthe simulator {want:?}")) }
    }
}

fn expect(said: &str, part: &str) -> Result<(), String> {
    if said.contains(part) { Ok(()) } else { Err(format!("it should say {part:?}, and says {said:?}")) }
}

/// A file with `image` and erased flash behind it.
pub(crate) fn image_file(name: &str, mut image: Vec<u8>) -> Result<PathBuf, String> {
    image.resize(image.len() + ERASED, 0xFF);
    let folder = target_dir().join("board-images");
    let path = folder.join(name);
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, image));
    written.map(|()| path).map_err(|error| format!("{name}: {error}"))
}

impl Subject<'_> {
    /// Starts the program; its greeting must say what the table of boards says.
    pub(crate) fn open(&self, image: &Path, limit: Duration) -> Result<(Serial, String), String> {
        let Subject { program, qemu, cpu, elf } = self;
        let log = target_dir().join("board-images").join(format!("{}-{}.log", program.label, cpu.name));
        let (serial, said) = Serial::open(with_model(program.board, qemu, cpu, elf, image, &log), limit)?;
        expect(&said, &format!("on {}, {}\n", program.name, cpu.best_isa()))?;
        if program.mapped {
            expect(&said, &format!("model in {}\n", program.board.firmware.model_place()))?;
        }
        Ok((serial, said))
    }

    /// Everything that is asked about the test model. Gives the figures.
    pub(crate) fn house(&self, simulator: &Simulator) -> Result<Figures, String> {
        let model = fs::read(test_model()).map_err(|error| format!("the test model: {error}"))?;
        if model.len() > self.program.board.model_bytes {
            return Err(format!("the test model's {} bytes do not fit the flash", model.len()));
        }
        let (mut serial, said) = self.open(&image_file("house.bin", model.clone())?, TIME_LIMIT)?;
        expect(&said, &format!(" bytes of {}, ", self.program.arena))?;
        expect(&said, "ready")?;
        let figures = self.answers(&mut serial, simulator)?;
        errors(&mut serial, simulator, &self.program.board.firmware.kv)?;
        drop(serial);
        println!("   what is wrong is said, and the board goes on");
        self.broken_images(&model)?;
        println!("   broken images are refused, and the board goes on");
        Ok(figures)
    }

    /// Answers are the simulator's, with all settings.
    fn answers(&self, serial: &mut Serial, simulator: &Simulator) -> Result<Figures, String> {
        // The first answer after reset is the one that is counted; figures are not hashed then.
        let counted = "turn the bedroom lamp down to 30 percent in ten minutes";
        serial.ask(counted)?;
        let said = serial.ask("/stats")?;
        let stats = Stats::parse(&said)?;
        let decoded = stats.number("made")?.saturating_sub(1).max(1);
        let mut figures = Figures::of_elf(self.elf)?;
        figures.arena = stats.number("arena_bytes")?;
        // A program that streams the weights is a variant, which the table of boards does not plan.
        let planned = simulator.planned_arena(&self.program.board.name)?;
        if self.program.mapped && figures.arena != planned {
            return Err(format!("an arena of {} bytes; `flashlet plan` says {planned}", figures.arena));
        }
        figures.prefill = stats.number("prefill_ns")? / stats.number("prompt")?.max(1);
        figures.decode = stats.number("decode_ns")? / decoded;
        if (stats.number("flash_bytes")? > 100_000) == self.program.mapped {
            return Err(format!("weights are to be {}", if self.program.mapped { "in place" } else { "streamed" }));
        }
        serial.ask("/stats on")?;
        for prompt in
            [counted, "is the garage door open?", "tv off and close the blinds", "Größe, naïve café: 数学 🙂?"]
        {
            let said = serial.ask(prompt)?;
            let answer = simulator.chat(&self.program.board.firmware.kv, prompt)?;
            Stats::parse(&said)?.is(&answer).map_err(|error| format!("{prompt:?}: {error}"))?;
            println!(
                "   {prompt:?}: {} tokens and logits {} are the simulator's",
                answer.ids.len(),
                answer.logits_hash
            );
        }
        for line in ["/temp 1.3", "/top-k 30", "/top-p 0.98", "/min-p 0.01", "/seed 7", "/len 12", "/chat off"] {
            serial.ask(line)?;
        }
        let prompt = "set a timer for 12 minutes";
        let said = serial.ask(prompt)?;
        let settings = "--temp 1.3 --top-k 30 --top-p 0.98 --min-p 0.01 --seed 7 -n 12 --raw";
        let args: Vec<&str> = settings.split(' ').chain([prompt]).collect();
        let answer = simulator.house(&self.program.board.firmware.kv, &args)?;
        Stats::parse(&said)?.is(&answer).map_err(|error| format!("with settings: {error}"))?;
        println!("   with temperature, top-k, top-p, min-p, a seed and no template too");
        for line in ["/temp 0", "/seed 0", "/len 256", "/chat on"] {
            serial.ask(line)?;
        }
        self.drafts(serial, simulator)?;
        figures.stack = Stats::parse(&serial.ask("/stats")?)?.number("stack_bytes")?;
        Ok(figures)
    }

    /// Drafts, where the program has them, give the same answer, and in fewer passes where weights are streamed.
    fn drafts(&self, serial: &mut Serial, simulator: &Simulator) -> Result<(), String> {
        if !serial.ask("/help")?.contains("/draft") {
            return if self.program.mapped {
                Ok(())
            } else {
                Err("a program that streams weights has no drafts".into())
            };
        }
        let (prompt, length) = ("on on on on on on", "48");
        serial.ask("/chat off")?;
        serial.ask(&format!("/len {length}"))?;
        let answer =
            simulator.house(&self.program.board.firmware.kv, &["--raw", "--temp", "0", "-n", length, prompt])?;
        let mut passes = [0; 2];
        for (passes, setting) in passes.iter_mut().zip(["/draft off", "/draft on"]) {
            serial.ask(setting)?;
            let before = Stats::parse(&serial.ask("/stats")?)?.number("passes")?;
            let said = serial.ask(prompt)?;
            let stats = Stats::parse(&said)?;
            stats.is(&answer).map_err(|error| format!("{setting}: {error}"))?;
            *passes = stats.number("passes")? - before;
        }
        let [without, with] = passes;
        println!("   drafts: {} tokens in {with} passes, {without} without them", answer.ids.len());
        if with > without || !self.program.mapped && with == without {
            return Err(format!("{with} passes with drafts, {without} without"));
        }
        for line in ["/draft off", "/chat on", "/len 256"] {
            serial.ask(line)?;
        }
        Ok(())
    }

    /// A model that is none, or not whole.
    fn broken_images(&self, model: &[u8]) -> Result<(), String> {
        let flipped = |at: usize| {
            let mut image = model.to_vec();
            image[at] ^= 0x41;
            image
        };
        // The magic, the version, the number of tensors, the first key's length; then images cut in the weights, in the
        // vocabulary and after the magic, and erased flash.
        let cut = |bytes: usize| model[..bytes].to_vec();
        let images =
            [flipped(0), flipped(4), flipped(13), flipped(24), cut(model.len() / 2), cut(9000), cut(4), cut(0)];
        for (i, image) in images.into_iter().enumerate() {
            let bytes = image.len();
            let mut image = image;
            image.resize(model.len(), 0xFF);
            let path = image_file(&format!("broken-{i}.bin"), image)?;
            let (mut serial, said) = self.open(&path, TIME_LIMIT)?;
            let why = said.lines().find_map(|line| line.strip_prefix("error: no model: "));
            let why = why.ok_or(format!("broken image {i} ({bytes} bytes): it says {said:?}"))?;
            expect(&serial.ask("hello")?, &format!("error: no model: {why}\n"))?;
            expect(&serial.ask("/load")?, &format!("error: no model: {why}\n"))?;
            expect(&serial.ask("/help")?, "/reset")?;
            println!("   image {i}: {why}");
        }
        Ok(())
    }

    /// The real model, whose tokens are known from another program.
    pub(crate) fn real(&self, golden: &RealModel) -> Result<(), String> {
        let (mut serial, said) = self.open(&golden.path, REAL_TIME_LIMIT)?;
        expect(&said, "ready")?;
        serial.ask("/stats on")?;
        serial.ask(&format!("/len {}", golden.ids.len()))?;
        let words: Vec<_> = golden.prompt_ids.iter().map(u32::to_string).collect();
        let said = serial.ask(&format!("/ids {}", words.join(" ")))?;
        let stats = Stats::parse(&said)?;
        if stats.ids != golden.ids {
            return Err(format!("the board says {:?}, llama.cpp {:?}", stats.ids, golden.ids));
        }
        let hash = stats.value("hash")?;
        if hash != golden.answer.logits_hash {
            return Err(format!("logits {hash}, the simulator's {}", golden.answer.logits_hash));
        }
        println!("   {} tokens are llama.cpp's, logits {hash} the simulator's", stats.ids.len());
        println!("   {}", stats.line);
        // A long answer is stopped in its midst.
        serial.ask("/len 400")?;
        serial.ask("/chat off")?;
        let said = serial.interrupt_after("One, two,", 2)?;
        let stats = Stats::parse(&said)?;
        expect(stats.text, "^C\n")?;
        match (stats.value("stop")?, stats.number("made")?) {
            ("interrupt", 1..400) => Ok(()),
            _ => Err(format!("Ctrl-C does not stop the answer: {}", stats.line)),
        }
    }
}

/// Asserts that the board says what a user does wrong, and answers the next prompt as before.
fn errors(serial: &mut Serial, simulator: &Simulator, kv: &str) -> Result<(), String> {
    let prompt = "open the garage door";
    let answer = simulator.chat(kv, prompt)?;
    let goes_on = |serial: &mut Serial| Stats::parse(&serial.ask(prompt)?)?.is(&answer);
    expect(&serial.ask(&"x".repeat(600))?, "error: the line has 600 bytes, 512 are the most\n")?;
    goes_on(serial)?;
    let long = "lamp on, tv off and ".repeat(25);
    expect(&serial.ask(&long)?, " tokens is full: it holds 0, and ")?;
    goes_on(serial)?;
    expect(&serial.ask("/ids 1 2 99999999")?, "error: there is no token 99999999")?;
    expect(&serial.ask("/ids 1 two")?, "error: word 2 is not a token id")?;
    expect(&serial.ask("/nonsense")?, "error: there is no command /nonsense; /help lists them\n")?;
    expect(&serial.ask("/temp hot")?, "error: /temp wants a number")?;
    expect(&serial.ask("/help")?, "/top-k K")?;
    let said = serial.ask_and_interrupt(prompt)?;
    let stats = Stats::parse(&said)?;
    expect(stats.text, "^C\n")?;
    expect(stats.value("stop")?, "interrupt")?;
    goes_on(serial)?;
    // RAM that is too small for what is asked.
    let said = serial.ask("/ctx 1000000")?;
    expect(&said, "error: no model: the model needs an arena of at least")?;
    expect(&serial.ask(prompt)?, "error: no model: the model needs an arena of at least")?;
    expect(&serial.ask("/ctx 64")?, "ready")?;
    goes_on(serial)?;
    // Two turns of one conversation, until its context is full; then a new one.
    serial.ask("/keep on")?;
    serial.ask("/reset")?;
    goes_on(serial)?;
    let mut last = String::new();
    for _ in 0..8 {
        last = serial.ask(prompt)?;
        if last.contains("the context of 64 tokens is full") || last.contains("(the context is full") {
            break;
        }
    }
    expect(&last, "/reset forgets the conversation")?;
    serial.ask("/reset")?;
    goes_on(serial)?;
    serial.ask("/keep off")?;
    expect(&serial.ask("/ctx 0")?, "ready")?;
    goes_on(serial)
}
