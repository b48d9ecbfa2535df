//! The rules, applied to one file at a time; `main.rs` says what they are for.

use crate::lexer::{Kind, Token, tokens};
use crate::paths::{Import, imported};
use crate::source::File;
use crate::test_code::{TestFiles, without_tests};

/// The engine's modules; each may import only from those before it.
pub(crate) const LAYERS: [&str; 10] =
    ["flash", "gguf", "arena", "simd", "quant", "kernels", "weights", "model", "text", "session"];
/// The one place for `unsafe`.
const UNSAFE_HOME: &str = "engine/src/simd/arch/";
/// Lines after which a file must be split; the aim is 400.
const MAX_LINES: usize = 450;
/// Generated tables, exempt from [`MAX_LINES`].
const GENERATED: &[&str] = &[];
const BANNED_MODULES: [&str; 6] = ["utils", "util", "helpers", "helper", "manager", "managers"];
/// Parts of tensor names as GGUF spells them.
const TENSOR_NAMES: [&str; 6] = ["blk.", ".weight", ".bias", "token_embd", "output_norm", "rope_freqs"];

/// Applies every rule to `files`. Each violation reads `path:line: what is wrong`.
pub(crate) fn violations(files: &[File]) -> Vec<String> {
    let test_files = TestFiles::of(files);
    let mut out = Vec::new();
    for file in files {
        let mut report = |line: usize, what: String| out.push(format!("{}:{line}: {what}", file.path));
        let all = tokens(&file.source);
        length(file, &mut report);
        names(file, &all, &mut report);
        if file.path.starts_with("engine/src/") {
            unsafe_code(file, &all, &mut report);
            let shipped = if test_files.contain(file) { Vec::new() } else { without_tests(&all).0 };
            no_std(file, &shipped, &mut report);
            imports(file, &shipped, &mut report);
            vocabulary(file, &shipped, &mut report);
        }
    }
    out
}

type Report<'a> = &'a mut dyn FnMut(usize, String);

fn length(file: &File, report: Report<'_>) {
    let lines = file.source.lines().count();
    if lines > MAX_LINES && !GENERATED.contains(&file.path.as_str()) {
        report(lines, format!("{lines} lines; split it, {MAX_LINES} is the limit"));
    }
}

fn names(file: &File, all: &[Token], report: Report<'_>) {
    for part in file.path.trim_end_matches(".rs").split('/').filter(|p| BANNED_MODULES.contains(p)) {
        report(1, format!("a module named `{part}` says nothing about its contents"));
    }
    for pair in all.windows(2) {
        let Kind::Name(name) = &pair[1].kind else { continue };
        if pair[0].is("mod") && BANNED_MODULES.contains(&name.as_str()) {
            report(pair[1].line, format!("a module named `{name}` says nothing about its contents"));
        }
        if pair[0].is("fn") && name.starts_with("get_") {
            report(pair[1].line, format!("`{name}`: getters carry no `get_`"));
        }
    }
}

fn unsafe_code(file: &File, all: &[Token], report: Report<'_>) {
    let may_allow = file.path.starts_with("engine/src/simd") || file.path == "engine/src/lib.rs";
    for t in all {
        if t.is("unsafe") && !file.path.starts_with(UNSAFE_HOME) {
            report(t.line, format!("`unsafe` outside {UNSAFE_HOME}"));
        }
        if t.is("unsafe_code") && !may_allow {
            report(t.line, "the `unsafe_code` lint is set here".into());
        }
    }
}

fn no_std(file: &File, shipped: &[Token], report: Report<'_>) {
    let is = |i: Option<usize>, name: &str| i.and_then(|i| shipped.get(i)).is_some_and(|t| t.is(name));
    let kind = |i: Option<usize>| i.and_then(|i| shipped.get(i)).map(|t| &t.kind);
    for (i, t) in shipped.iter().enumerate() {
        let (before, before2) = (i.checked_sub(1), i.checked_sub(2));
        let starts_path = kind(Some(i + 1)) == Some(&Kind::Path)
            && !(kind(before) == Some(&Kind::Path) && matches!(kind(before2), Some(Kind::Name(_))));
        if (t.is("std") || t.is("alloc")) && (starts_path || is(before, "use")) {
            report(t.line, "the engine has neither `std` nor `alloc`".into());
        }
        if t.is("crate") && is(before, "extern") {
            report(t.line, "`extern crate` in the engine".into());
        }
        let included = t.is("include") && kind(Some(i + 1)) == Some(&Kind::Punct('!'));
        let moved = t.is("path") && kind(before) == Some(&Kind::Punct('[')) && kind(before2) == Some(&Kind::Punct('#'));
        if included || moved {
            report(t.line, "source from elsewhere escapes these checks".into());
        }
    }
    let attribute =
        [Kind::Punct('#'), Kind::Punct('!'), Kind::Punct('['), Kind::Name("no_std".into()), Kind::Punct(']')];
    if file.path == "engine/src/lib.rs"
        && !shipped.windows(attribute.len()).any(|w| w.iter().zip(&attribute).all(|(t, k)| t.kind == *k))
    {
        report(1, "`#![no_std]` is missing".into());
    }
}

fn imports(file: &File, shipped: &[Token], report: Report<'_>) {
    let module = module_path(&file.path);
    let Some(home) = module.first() else { return };
    let rank = |name: &str| LAYERS.iter().position(|l| *l == name);
    let Some(own) = rank(home) else {
        return report(1, format!("`{home}` is not one of the layers {LAYERS:?}"));
    };
    for Import { path, line, .. } in imported(shipped, &module, &|_, _| None) {
        match path.first().map(|first| (first, rank(first))) {
            None => report(line, "imports the crate root; name the module".into()),
            Some((first, None)) => report(line, format!("`crate::{first}` is not a layer; name the module")),
            Some((first, Some(other))) if other > own => report(line, format!("`{home}` may not import `{first}`")),
            Some(_) => {}
        }
    }
}

fn vocabulary(file: &File, shipped: &[Token], report: Report<'_>) {
    let home = module_path(&file.path).into_iter().next().unwrap_or_default();
    for t in shipped {
        match &t.kind {
            Kind::Name(name) if home == "kernels" => {
                if let Some(word) = words(name).find(|w| w == "flash" || w == "gguf") {
                    report(t.line, format!("`{name}`: kernels know nothing of {word}"));
                }
            }
            Kind::Text(text) if home != "weights" && home != "model" => {
                if let Some(part) = TENSOR_NAMES.iter().find(|p| text.contains(**p)) {
                    report(t.line, format!("tensor name (`{part}`) outside weights and model"));
                }
            }
            _ => {}
        }
    }
}

/// The lower-case words of a snake_case or CamelCase name.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !spaced.ends_with(char::is_uppercase) {
            spaced.push('_');
        }
        spaced.push(c);
    }
    spaced.split('_').map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

/// `engine/src/quant/q4.rs` is the module `quant::q4`; `lib.rs` is the root, of no segments.
fn module_path(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("engine/src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|p| p == "mod" || parts.len() == 1 && p == "lib") {
        parts.pop();
    }
    parts
}
