//! The structure of the engine, checked on its sources.
//!
//! - A module imports only from its left: `flash -> gguf -> arena -> simd -> quant -> kernels -> weights -> model
//!   -> text -> session`. Inside a layer, paths name modules and never a re-export of the crate root.
//! - `unsafe` stands in `simd/arch/` only; no `std`, `alloc` or `extern crate`.
//! - Kernels mention neither flash nor GGUF; tensor names are spelled in `weights` and `model` only.
//! - No file over 450 lines, no module named `utils`, `helpers` or `manager`, no `get_` functions.
//! - No circle between the files of a crate, those of the simulator and of the boards included ([`circles`]).
//!
//! Test code may import anything, but follows the rules on `unsafe`, names and length.

mod circles;
mod lexer;
mod paths;
mod rules;
mod source;
mod test_code;

use rules::{LAYERS, violations};
use source::{File, crate_sources, rust_files};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// The product's crates but for the boards'.
const CRATES: [&str; 3] = ["engine/src", "host-sim/src", "host-sim/grammar/src"];

/// The source files in `folder`, of which there are some.
fn sources(folder: &str) -> Vec<File> {
    let files = rust_files(root(), &root().join(folder));
    assert!(!files.is_empty(), "no sources in {folder}");
    files
}

#[test]
fn the_workspace_follows_its_rules() {
    let files = CRATES.map(sources).concat();
    let found = violations(&files);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_files_depend_on_each_other() {
    let boards = crate_sources(root(), &root().join("boards"));
    assert!(boards.iter().any(|folder| folder == "boards/console/src"), "not all crates are found: {boards:?}");
    let crates = CRATES.map(str::to_owned).into_iter().chain(boards);
    let found: Vec<String> = crates.flat_map(|folder| circles::circles(&sources(&folder))).collect();
    let way_out = "Move what both files need into a file of its own, named after what it defines. A face (`mod.rs`, `lib.rs`, \
         `main.rs`) exports what its rooms define; a room imports from the room that defines a name, not from the face.";
    assert!(found.is_empty(), "{} circles between source files:\n\n{}\n\n{way_out}", found.len(), found.join("\n\n"));
}

/// A key that is not read for all architectures, but stands among those that are, would be accepted from all files and ignored.
#[test]
fn keys_of_all_architectures_are_read_for_all() {
    let text = |path| std::fs::read_to_string(root().join(path)).expect("a source file");
    let (keys, reader) = (text("engine/src/model/keys.rs"), text("engine/src/model/read.rs"));
    let list = keys.split("\nfields! {\n").nth(1).and_then(|list| list.split("; some").next()).expect("a list of keys");
    let fields: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(fields.contains(&"RopeBase"), "these are no keys: {fields:?}");
    let is_read = |field: &&str| {
        let name = format!("Field::{field}");
        reader.split(&name).skip(1).any(|after| !after.starts_with(|c: char| c.is_alphanumeric()))
    };
    let unread: Vec<&&str> = fields.iter().filter(|field| !is_read(field)).collect();
    assert!(unread.is_empty(), "read.rs does not read {unread:?}: below `; some` are keys of single architectures");
}

/// What the rules say about one made-up file.
fn check(path: &str, source: &str) -> Vec<String> {
    violations(&[File { path: path.into(), source: source.into() }])
}

fn assert_found(path: &str, source: &str, lines: &[usize]) {
    let found = check(path, source);
    let want: Vec<String> = lines.iter().map(|l| format!("{path}:{l}: ")).collect();
    let same = found.len() == want.len() && found.iter().zip(&want).all(|(f, w)| f.starts_with(w));
    assert!(same, "in {source:?}\nfound {found:#?}\nexpected {want:?}");
}

#[test]
fn every_pair_of_layers_is_ordered() {
    for (i, from) in LAYERS.iter().enumerate() {
        for (j, to) in LAYERS.iter().enumerate() {
            let lines: &[usize] = if j > i { &[1] } else { &[] };
            for source in [format!("use crate::{to}::X;"), format!("fn f() {{ super::{to}::f() }}")] {
                // Kernels may not even mention the first two, whatever their order.
                if !(*from == "kernels" && j < 2) {
                    assert_found(&format!("engine/src/{from}.rs"), &source, lines);
                }
            }
            if !(*from == "kernels" && j < 2) {
                assert_found(&format!("engine/src/{from}/a/b.rs"), &format!("use super::super::super::{to};"), lines);
            }
        }
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let bad = |source: &str, lines: &[usize]| assert_found("engine/src/quant/q4.rs", source, lines);
    bad("use crate::{simd::Isa, model};", &[1]);
    bad("use crate::{arena::{self, Arena}, text::{a, b}, kernels as k};", &[1, 1, 1]);
    bad("use {\n crate::simd,\n crate::text,\n};", &[3]);
    bad("\npub(crate) use super::super::weights::*;", &[2]);
    bad("fn f(x: &crate::session::Plan) -> [u8; crate::model::N] {}", &[1, 1]);
    bad("m!{ $crate::kernels::dot }", &[1]);
    bad("mod inner { use super::super::super::text::T; }", &[1]);
    bad("mod inner { mod deep {} use super::super::text::T; } use super::model::M;", &[]);
    bad("fn f() { self::super::super::text::f() }", &[1]);
    bad("use crate::Model;", &[1]);
    bad("use crate::*;\nuse crate::{*};\nuse crate as c;\nuse crate::{self as d};", &[1, 2, 3, 4]);
    bad("use super::super as root;", &[1]);
    bad("use super::q5::B; pub(crate) fn a() {} pub(super) fn b() {} pub(in crate::quant) fn c(self) {}", &[]);
    bad("// use crate::text;\n/* crate::text */ const A: &str = \"crate::text\";", &[]);
    assert_found("engine/src/lib.rs", "#![no_std]\npub use session::Session; use crate::text;", &[]);
    assert_found("engine/src/sampler.rs", "", &[1]);
    assert_found("engine/src/kernels/mod.rs", "use crate::quant; use super::simd; use self::matmul::x;", &[]);
}

#[test]
fn tests_may_import_anything() {
    let good = |source: &str| assert_found("engine/src/flash.rs", source, &[]);
    good("#[cfg(test)]\nmod tests { extern crate std; use crate::text::T; use std::vec; }");
    good("#[cfg(all(test, feature = \"x\"))]\n#[allow(a)]\nuse crate::text::{A, B};");
    good("#[test]\nfn f<A, B>(x: [u8; 3]) { crate::text::f() }");
    let after = "#[cfg(test)]\nmod tests { fn f() {} }\n#[cfg(not(test))]\nuse crate::text;\nuse crate::model;";
    assert_found("engine/src/flash.rs", after, &[4, 5]);
    let file = |path: &str, source: &str| File { path: path.into(), source: source.into() };
    let apart = [
        file("engine/src/gguf/mod.rs", "#[cfg(test)]\nmod tests;\nmod reader;"),
        file("engine/src/gguf/tests.rs", "use crate::text;"),
        file("engine/src/gguf/reader.rs", "#[cfg(test)] mod cases;"),
        file("engine/src/gguf/reader/cases.rs", "use std::vec;"),
        file("engine/src/gguf/cases.rs", "use std::vec;"),
    ];
    assert_eq!(violations(&apart), ["engine/src/gguf/cases.rs:1: the engine has neither `std` nor `alloc`"]);
}

#[test]
fn unsafe_std_and_foreign_sources_are_found() {
    let bad = |source: &str, lines: &[usize]| assert_found("engine/src/simd/scalar.rs", source, lines);
    bad("fn f() {\n unsafe { g() } }\nunsafe impl A for B {}", &[2, 3]);
    bad("#[cfg(test)]\nmod tests { unsafe fn f() {} }", &[2]);
    bad("// unsafe\n#![deny(unsafe_code)]\nconst A: &str = r#\"unsafe\"#;", &[]);
    assert_found("engine/src/simd/arch/avx2.rs", "unsafe fn f() {}", &[]);
    assert_found("engine/src/text/bpe.rs", "#![allow(unsafe_code)]", &[1]);
    bad("extern crate alloc;\nextern crate std as core;\nextern crate self as flashlet;", &[1, 2, 3]);
    bad(
        "use std::vec::Vec;\nuse {alloc::boxed::Box};\nfn f() -> ::std::string::String { std::mem::take(x) }",
        &[1, 2, 3, 3],
    );
    bad("use std as s;", &[1]);
    bad("use core::alloc::Layout; fn std() { x.alloc() }", &[]);
    bad("include!(\"x.rs\");\n#[path = \"y.rs\"] mod y;\nconst A: &[u8] = include_bytes!(\"z\");", &[1, 2]);
    assert_found("engine/src/lib.rs", "#![cfg_attr(not(test), no_std)]", &[1]);
}

#[test]
fn kernels_and_tensor_names_are_kept_apart() {
    let kernels = "engine/src/kernels/matmul.rs";
    assert_found(
        kernels,
        "/// Flash and GGUF in words.\nfn flashlet(x: FlashError) {}\nfn f(gguf_type: u8) {}",
        &[2, 3],
    );
    assert_found(kernels, "#[cfg(test)]\nmod tests { use crate::flash::Flash; }", &[]);
    assert_found(kernels, "f(\"blk.0.attn_q.weight\")", &[1]);
    assert_found("engine/src/session.rs", "f(b\"token_embd\")", &[1]);
    assert_found("engine/src/model/arch.rs", "f(\"blk.{}.attn_q.weight\")", &[]);
}

#[test]
fn names_and_lengths_are_checked_everywhere() {
    assert_found("host-sim/src/run.rs", "fn get_x() {}\nmod utils;\nfn budget_x() { get_y() }", &[1, 2]);
    assert_found("host-sim/src/helpers.rs", "", &[1]);
    assert_found("engine/src/text/manager/mod.rs", "", &[1]);
    assert_found("host-sim/src/run.rs", &"\n".repeat(450), &[]);
    assert_found("host-sim/src/run.rs", &"\n".repeat(451), &[451]);
    assert_found("host-sim/src/pool.rs", "unsafe { std::mem::zeroed() }", &[]);
}
