//! The engine with the formats of one model and nothing else, for `board-runner size`: greedy text from a GGUF that
//! lies in memory, each piece's length written to one place. The kernels are named: `kernels::detect` would bring the
//! scalar ones too.
#![no_std]
#![no_main]

use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::Inline;
use flashlet::session::{Error, Model, Options, Session, Want};
use flashlet::simd::arch::cortex_m::Dsp;
use flashlet::text::{Detokenizer, Encode, Sampler, SamplerConfig};

/// Where the board's flash holds the model.
const MODEL: *const u8 = 0x2100_0000 as *const u8;
const MODEL_BYTES: usize = 16 << 20;
/// Bytes of the arena, in the board's RAM.
const ARENA_BYTES: usize = 3 << 20;
const PROMPT: &str = "Once upon a time";

#[repr(align(64))]
struct Memory([u8; ARENA_BYTES]);

async fn tell(gguf: &[u8], arena: &mut [u8], print: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let mut source = Source::with_mapping(SliceFlash(gguf), gguf);
    let model = Model::open(&mut source).await?;
    let plan = model.plan(&mut source, &Options::default(), Some(arena.len())).await?;
    let mut session = Session::new(source, model, plan, arena, Dsp::declared(), &Inline, &mut |_| {}).await?;
    let (mut ids, mut text) = ([0; 64], Detokenizer::new());
    let mut n = session.encode(PROMPT, Encode { bos: true, ..Encode::default() }, &mut ids).await?;
    let mut sampler = Sampler::new(SamplerConfig::GREEDY);
    loop {
        let fed = ids.get(..n).unwrap_or_default();
        sampler.begin(fed);
        session.feed(fed, Want::Last, &mut |_, first_id, logits| sampler.push(first_id, logits)).await?;
        (ids[0], n) = (sampler.finish(), 1);
        if session.is_end(ids[0]) {
            return Ok(());
        }
        session.decode(ids[0], &mut text, print).await?;
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory([0; ARENA_BYTES]);
    static mut SAID: usize = 0;
    // SAFETY: the board's memory map has the model there.
    let gguf = unsafe { core::slice::from_raw_parts(MODEL, MODEL_BYTES) };
    // SAFETY: a reference is good for writing.
    let mut say = |n: usize| unsafe { core::ptr::from_mut(SAID).write_volatile(n) };
    let ended = block_on(tell(gguf, &mut MEMORY.0, &mut |text| say(text.len())), || {});
    say(usize::from(ended.is_ok()));
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
