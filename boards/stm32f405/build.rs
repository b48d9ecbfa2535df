//! Hands the memory map, and the section of defmt's strings, to the linker.

fn main() {
    println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    // In front of memory.x, which provides a number only if there is none.
    if std::env::var_os("CARGO_FEATURE_GRAMMAR").is_some() {
        println!("cargo:rustc-link-arg=--defsym=_stack_bytes=22K");
    }
    println!("cargo:rustc-link-arg=-Tstack.x");
    println!("cargo:rustc-link-arg=-Tlink.x");
    // Functions of equal code are one.
    println!("cargo:rustc-link-arg=--icf=all");
    println!("cargo:rustc-link-arg=-Tdefmt.x");
    println!("cargo:rerun-if-changed=memory.x");
}
