//! Links the program alone: no C library, no start files, no loader.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        for arg in ["-nostdlib", "-nostartfiles", "-static", "-no-pie", "-Wl,--gc-sections", "-Wl,--no-undefined"] {
            println!("cargo::rustc-link-arg-bins={arg}");
        }
    }
}
