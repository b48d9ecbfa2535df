//! No circles between the source files of a crate.
//!
//! A file depends on the file that defines what one of its paths names: `crate::a::b::X`, `super::X`, `self::b::X`, or
//! `b::X` where `b` is a module declared or imported in the file. A path leads to its deepest module that has a file of
//! its own, so a name taken from a face (`mod.rs`, `lib.rs`, `main.rs`) counts for the face even if a room defines it.
//! Declaring a module (`mod b;`) is no dependency; exporting something of it (`pub use b::X;`) is one. A face may thus
//! import from its rooms, and a room must not import from its face. Test code may do what it likes.

use crate::lexer::{Kind, Token, tokens};
use crate::paths::{Import, imported, inline_modules};
use crate::source::File;
use crate::test_code::{TestFiles, without_tests};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Finds circles in one crate, given all `files` of its source folder: short ones, until every file that lies in a circle
/// was named. Each is reported as one text of several lines.
pub(crate) fn circles(files: &[File]) -> Vec<String> {
    let tests = TestFiles::of(files);
    let shipped: Vec<Source> = files.iter().filter(|f| !tests.contain(f)).map(Source::new).collect();
    let mut found = Vec::new();
    let mut reported = BTreeSet::new();
    for target in targets(&shipped) {
        let graph: Graph = target.iter().map(|(module, &file)| (file, arrows(&shipped, &target, module))).collect();
        for &file in graph.keys() {
            if !reported.contains(&file)
                && let Some(circle) = shortest_circle(&graph, file)
            {
                reported.extend(circle.iter().map(|arrow| arrow.from));
                found.push(report(&shipped, &circle));
            }
        }
    }
    found
}

/// A file and its tokens, those of tests left out.
struct Source<'f> {
    file: &'f File,
    tokens: Vec<Token>,
}

impl<'f> Source<'f> {
    fn new(file: &'f File) -> Self {
        Source { file, tokens: without_tests(&tokens(&file.source)).0 }
    }

    /// The modules in files of their own that this file declares, as segments below its own module.
    fn declared_modules(&self) -> Vec<Vec<String>> {
        let scopes = inline_modules(&self.tokens);
        let mut out = Vec::new();
        for (three, scope) in self.tokens.windows(3).zip(scopes) {
            if let [r#mod, Token { kind: Kind::Name(name), .. }, end] = three
                && r#mod.is("mod")
                && end.is_punct(';')
            {
                out.push([scope, vec![name.clone()]].concat());
            }
        }
        out
    }
}

/// The modules of a library or a program that have files of their own, as segments below its root, and their files'
/// indices.
type Target = BTreeMap<Vec<String>, usize>;

/// The libraries and programs of a crate. The root of each is a file that no other declares as a module.
fn targets(sources: &[Source]) -> Vec<Target> {
    let is_named_root = |s: &Source| s.file.path.ends_with("/src/lib.rs") || s.file.path.ends_with("/src/main.rs");
    let (first, others): (Vec<_>, Vec<_>) = (0..sources.len()).partition(|&i| is_named_root(&sources[i]));
    let mut targets: Vec<Target> = Vec::new();
    for root in first.into_iter().chain(others) {
        if !targets.iter().any(|target| target.values().any(|&file| file == root)) {
            let mut target = Target::new();
            let folder = sources[root].file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            add_module(sources, root, Vec::new(), folder, &mut target);
            targets.push(target);
        }
    }
    targets
}

/// Adds the module in file `index` to `target`, and the modules that it declares, whose files lie in `folder`.
fn add_module(sources: &[Source], index: usize, module: Vec<String>, folder: &str, target: &mut Target) {
    for below in sources[index].declared_modules() {
        let stem = format!("{folder}/{}", below.join("/"));
        let is_file = |s: &Source| s.file.path == format!("{stem}.rs") || s.file.path == format!("{stem}/mod.rs");
        assert!(sources.iter().any(is_file), "{} declares a module that has no {stem}.rs", sources[index].file.path);
        if let Some(child) = sources.iter().position(is_file) {
            add_module(sources, child, [module.clone(), below].concat(), &stem, target);
        }
    }
    target.insert(module, index);
}

/// A file's dependency on another, and one path in it that shows it.
struct Arrow {
    from: usize,
    to: usize,
    line: usize,
    path: String,
}

/// The arrows that start at each file.
type Graph = BTreeMap<usize, Vec<Arrow>>;

/// The dependencies of the file of `module`, one for each file that it depends on.
fn arrows(sources: &[Source], target: &Target, module: &[String]) -> Vec<Arrow> {
    let from = target[module];
    let tokens = &sources[from].tokens;
    let child = |here: &[String], name: &str| {
        let path = [here, &[name.to_owned()]].concat();
        target.contains_key(&path).then_some(path)
    };
    // `use crate::a::b;` makes `b::c` a path as well.
    let modules = imported(tokens, module, &child).into_iter().filter(|import| target.contains_key(&import.path));
    let imported_modules: BTreeMap<String, Vec<String>> = modules.map(|import| (import.name, import.path)).collect();
    let relative = |here: &[String], name: &str| child(here, name).or_else(|| imported_modules.get(name).cloned());

    let mut out: Vec<Arrow> = Vec::new();
    for Import { path, line, .. } in imported(tokens, module, &relative) {
        let Some(to) = (0..=path.len()).rev().find_map(|n| target.get(path.get(..n)?)) else { continue };
        if *to != from && !out.iter().any(|arrow| arrow.to == *to) {
            let path = ["crate".to_owned()].into_iter().chain(path).collect::<Vec<_>>().join("::");
            out.push(Arrow { from, to: *to, line, path });
        }
    }
    out
}

/// The shortest way from `start` back to it.
fn shortest_circle(graph: &Graph, start: usize) -> Option<Vec<&Arrow>> {
    let mut reached_by: BTreeMap<usize, &Arrow> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for arrow in graph.get(&file)? {
            if reached_by.contains_key(&arrow.to) {
                continue;
            }
            reached_by.insert(arrow.to, arrow);
            queue.push_back(arrow.to);
        }
    }
    let mut circle = vec![*reached_by.get(&start)?];
    while let Some(&first) = circle.first()
        && first.from != start
    {
        circle.insert(0, reached_by.get(&first.from)?);
    }
    Some(circle)
}

fn report(sources: &[Source], circle: &[&Arrow]) -> String {
    let lines = circle.iter().map(|arrow| {
        let (from, to) = (&sources[arrow.from].file.path, &sources[arrow.to].file.path);
        format!("\n  {from}:{} names `{}`, which lies in {to}", arrow.line, arrow.path)
    });
    format!("{} files depend on each other:{}", circle.len(), lines.collect::<String>())
}

/// The files in the circles of a made-up crate, each `file -> file -> ..` from the first in the order of paths.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let file = |(path, source): &(&str, &str)| File { path: format!("c/src/{path}"), source: (*source).into() };
    let named = |line: &str| line.trim_start().trim_start_matches("c/src/").split(' ').next().unwrap_or("").to_owned();
    let files: Vec<File> = files.iter().map(file).collect();
    circles(&files).iter().map(|text| text.lines().skip(1).map(named).collect::<Vec<_>>().join(" -> ")).collect()
}

#[test]
fn circles_of_two_and_three_files_are_found() {
    let lib = ("lib.rs", "mod a; mod b; mod c;");
    let c = ("c.rs", "");
    assert_eq!(found(&[lib, ("a.rs", "\nuse crate::b::B;"), ("b.rs", "use crate::a::A;"), c]), ["a.rs:2 -> b.rs:1"]);
    assert_eq!(found(&[lib, ("a.rs", "use super::b::B;"), ("b.rs", "fn f() { super::a::f() }"), c]).len(), 1);
    let three = [lib, ("a.rs", "use crate::b;"), ("b.rs", "use crate::{c::C};"), ("c.rs", "\n\nuse super::a::*;")];
    assert_eq!(found(&three), ["a.rs:1 -> b.rs:1 -> c.rs:3"]);
    let open = [lib, ("a.rs", "use crate::{b, c};"), ("b.rs", "use crate::c::C;"), ("c.rs", "use core::fmt;")];
    assert_eq!(found(&open), [""; 0]);
    let two = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::{a::A, c::C};"),
        ("c.rs", "use crate::d::D;"),
        ("d.rs", "use crate::c::C;"),
    ];
    assert_eq!(found(&two), ["a.rs:1 -> b.rs:1", "c.rs:1 -> d.rs:1"]);
}

#[test]
fn a_room_that_imports_from_its_face_makes_a_circle() {
    let lib = ("lib.rs", "mod house;");
    let face = ("house/mod.rs", "mod room;\nmod hall;\npub use room::Room;\npub use hall::{Hall, self as h};");
    let hall = ("house/hall.rs", "");
    let circle = ["house/mod.rs:3 -> house/room.rs:1"];
    for import in ["use super::Hall;", "use crate::house::Hall;", "use super::*;", "fn f(x: super::Hall) {}"] {
        assert_eq!(found(&[lib, face, hall, ("house/room.rs", import)]), circle, "{import}");
    }
    for import in
        ["use super::hall::Hall;", "use crate::house::hall;", "pub(super) fn f() {}", "pub(in crate::house) fn f() {}"]
    {
        assert_eq!(found(&[lib, face, hall, ("house/room.rs", import)]), [""; 0], "{import}");
    }
    let declared = ("house/mod.rs", "mod room; mod hall;");
    assert_eq!(found(&[lib, declared, hall, ("house/room.rs", "use super::Hall;")]), [""; 0]);
    let called = ("house/mod.rs", "mod room; mod hall;\nfn f() { room::f(); }");
    assert_eq!(found(&[lib, called, hall, ("house/room.rs", "use super::f;")]), ["house/mod.rs:2 -> house/room.rs:1"]);
    // The root is a face, too; a face beside its folder is one as well.
    assert_eq!(found(&[("lib.rs", "mod a; pub use a::A;"), ("a.rs", "use crate::Error;")]), ["lib.rs:1 -> a.rs:1"]);
    assert_eq!(
        found(&[("main.rs", "mod a;\nuse a::A;"), ("a.rs", "mod b; use b::B;"), ("a/b.rs", "use super::A;")]),
        ["a.rs:1 -> a/b.rs:1"]
    );
}

#[test]
fn names_are_followed_to_their_files() {
    let lib = ("lib.rs", "mod a; mod b;");
    let deep = ("b/mod.rs", "pub mod deep;");
    let back = ("b/deep.rs", "use crate::a::A;");
    for import in ["use crate::b; fn f() { b::deep::f() }", "use crate::b as other; use other::deep::X;"] {
        assert_eq!(found(&[lib, ("a.rs", import), deep, back]), ["a.rs:1 -> b/deep.rs:1"], "{import}");
    }
    // A macro is imported as anything else, and what it expands to counts where it is written.
    let named = ("b/mod.rs", "macro_rules! m { () => { $crate::a::f() } }\npub(crate) use m;");
    assert_eq!(found(&[lib, ("a.rs", "use crate::b::m;"), named]), ["a.rs:1 -> b/mod.rs:1"]);
    // Inline modules belong to their file; what has the same name elsewhere is not meant.
    let inline = "mod b { pub struct B; } use b::B; mod inner { use super::b; use super::super::b::X; }";
    assert_eq!(found(&[lib, ("a.rs", inline), ("b.rs", "use crate::a::A;")]), ["a.rs:1 -> b.rs:1"]);
    let others = "fn f(x: T) { x.a::<T>(); ::a::f(); core::a::f(); } // crate::a\nconst A: &str = \"crate::a\";";
    assert_eq!(found(&[lib, ("a.rs", "use crate::b::B;"), ("b.rs", others)]), [""; 0]);
}

#[test]
fn test_code_and_other_programs_are_left_alone() {
    let lib = ("lib.rs", "mod a; mod b; pub use a::A;");
    let tested = "#[cfg(test)]\nmod tests { use crate::a::A; }\n#[cfg(test)] mod cases;";
    let cases = ("b/cases.rs", "use crate::a::A; use super::*;");
    assert_eq!(found(&[lib, ("a.rs", "use crate::b::B;"), ("b.rs", tested), cases]), [""; 0]);
    // Each program has a root and modules of its own; modules of the same name elsewhere are others.
    let program = ("bin/p.rs", "mod a; mod b; fn main() {}");
    let of_program = [program, ("bin/a.rs", "use crate::b::B;"), ("bin/b.rs", "")];
    let library = [lib, ("a.rs", ""), ("b.rs", "use crate::a::A;")];
    assert_eq!(found(&[library.as_slice(), &of_program].concat()), [""; 0]);
    let bad = [program, ("bin/a.rs", "use crate::b::B;"), ("bin/b.rs", "\nuse super::a::A;")];
    assert_eq!(found(&[library.as_slice(), &bad].concat()), ["bin/a.rs:1 -> bin/b.rs:2"]);
}
