//! The C library: its header, its answers on the desktop and on an emulated board, and what it builds for.

mod demo;
mod header;
mod host;
mod library;

use crate::simulator::Simulator;
use crate::toolchain::Toolchain;
use library::build;
use std::time::Instant;

/// Targets that the library is built for besides those of the tests, and their instruction set's feature.
const TARGETS: [(&str, &str); 2] =
    [("thumbv8m.main-none-eabihf", "isa-dsp"), ("riscv32imac-unknown-none-elf", "small")];

/// Checks all of it, prints how each part went, and returns whether all passed. With `update` the header is written anew.
pub(crate) fn check(from_source: bool, update: bool) -> Result<bool, String> {
    let mut all = true;
    let mut part = |what: &str, run: &mut dyn FnMut() -> Result<String, String>| {
        let started = Instant::now();
        let result = run();
        all &= result.is_ok();
        let seconds = started.elapsed().as_secs();
        match result {
            Ok(said) => println!("-- C, {what}: passed in {seconds} s{said}"),
            Err(error) => println!("-- C, {what}: FAILED: {error}"),
        }
    };
    part("header", &mut || header::check(update).map(|()| String::new()));
    let simulator = Simulator::build()?;
    part("desktop", &mut || host::check(&simulator));
    part("demo on mps2-an386", &mut || demo::check(&simulator, from_source));
    for (target, feature) in TARGETS {
        part(target, &mut || {
            let features = format!("{feature},engine/kv_f16,engine/q4_k,engine/q6_k");
            let toolchain = Toolchain::find(target, from_source)?;
            let folder = build(&toolchain, target, "release", &features)?;
            let library = folder.join("release/libflashlet.a");
            let bytes = library.metadata().map_err(|error| format!("{}: {error}", library.display()))?.len();
            Ok(format!(", {bytes} bytes of archive"))
        });
    }
    Ok(all)
}
