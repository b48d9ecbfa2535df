//! A light that does as it is told.
#![no_std]
#![no_main]

use cortex_m_semihosting::hprintln;
use flashlet::flash::block_on;
use flashlet_board_examples::{Command, Light, answer_each, end};

const SENTENCES: [&str; 4] =
    ["turn on the light", "dim the lamp to 30 percent", "what is the meaning of life", "tv on and lights out"];

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut light = Light::default();
    let answers = answer_each(&SENTENCES, |sentence, answer| {
        let commands = Command::parse(answer).into_iter().flatten();
        let obeyed = commands.filter(|command| light.obey(command)).count();
        hprintln!("{sentence:?}: {answer} -> {obeyed} for the light, which is at {} %", light.level);
    });
    end(&block_on(answers, || {}))
}
