//! Hands the memory map, and the section of defmt's strings, to the linker.

fn main() {
    println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rustc-link-arg=-Tvirt.x");
    let is_64 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv64");
    println!("cargo:rustc-link-arg=-T{}", if is_64 { "log64.x" } else { "defmt.x" });
    println!("cargo:rerun-if-changed=virt.x");
    println!("cargo:rerun-if-changed=log64.x");
}
