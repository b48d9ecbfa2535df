//! The rules, applied to one file at a time; `main.rs` says what they are for.

use crate::lexer::{Kind, Token, tokens};

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

/// A source file, its path relative to the repository's root with `/` between the parts.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) source: String,
}

/// Applies every rule to `files`. Each violation reads `path:line: what is wrong`.
pub(crate) fn violations(files: &[File]) -> Vec<String> {
    let test_files: Vec<String> = files.iter().flat_map(test_module_paths).collect();
    let mut out = Vec::new();
    for file in files {
        let is_test =
            test_files.iter().any(|t| file.path == format!("{t}.rs") || file.path.starts_with(&format!("{t}/")));
        let mut report = |line: usize, what: String| out.push(format!("{}:{line}: {what}", file.path));
        let all = tokens(&file.source);
        length(file, &mut report);
        names(file, &all, &mut report);
        if file.path.starts_with("engine/src/") {
            unsafe_code(file, &all, &mut report);
            let shipped = if is_test { Vec::new() } else { without_tests(&all).0 };
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
    for (path, line) in paths(shipped, &module) {
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

/// Every path that starts with `crate`, `super` or `self`, as segments below the crate root, use trees
/// expanded. `module` is the file's own module.
fn paths(shipped: &[Token], module: &[String]) -> Vec<(Vec<String>, usize)> {
    let mut out = Vec::new();
    let mut here = module.to_vec();
    let mut open: Vec<bool> = Vec::new();
    for (i, t) in shipped.iter().enumerate() {
        let back = |n: usize| i.checked_sub(n).and_then(|i| shipped.get(i));
        match &t.kind {
            Kind::Punct('{') => {
                let inline = match (back(2), back(1).map(|t| &t.kind)) {
                    (Some(m), Some(Kind::Name(name))) if m.is("mod") => Some(name.clone()),
                    _ => None,
                };
                open.push(inline.is_some());
                here.extend(inline);
            }
            Kind::Punct('}') => {
                let was_module = open.pop() == Some(true);
                here.truncate(here.len().saturating_sub(usize::from(was_module)));
            }
            Kind::Name(name) if back(1).is_none_or(|b| b.kind != Kind::Path) => {
                let visibility = back(1).is_some_and(|b| b.is_punct('(')) && back(2).is_some_and(|b| b.is("pub"));
                let base = match name.as_str() {
                    _ if visibility || back(1).is_some_and(|b| b.is("extern")) => continue,
                    "crate" => Vec::new(),
                    "self" => here.clone(),
                    "super" => parent(&here),
                    _ => continue,
                };
                tree(shipped, i + 1, base, &mut out);
            }
            _ => {}
        }
    }
    out
}

fn parent(module: &[String]) -> Vec<String> {
    module.iter().take(module.len().saturating_sub(1)).cloned().collect()
}

/// Follows one path, or one branch of a use tree, from token `i`; returns the token after it.
fn tree(shipped: &[Token], mut i: usize, mut path: Vec<String>, out: &mut Vec<(Vec<String>, usize)>) -> usize {
    let line = shipped.get(i.saturating_sub(1)).map_or(0, |t| t.line);
    while shipped.get(i).is_some_and(|t| t.kind == Kind::Path) {
        i += 1;
        match shipped.get(i).map(|t| &t.kind) {
            Some(Kind::Name(n)) if n == "super" => path = parent(&path),
            Some(Kind::Name(n)) => path.push(n.clone()),
            Some(Kind::Punct('*')) => path.push("*".into()),
            Some(Kind::Punct('{')) => {
                i += 1;
                while let Some(t) = shipped.get(i) {
                    match &t.kind {
                        Kind::Punct('}') => return i + 1,
                        Kind::Name(n) => {
                            let mut branch = path.clone();
                            branch.extend((n != "self").then(|| n.clone()));
                            i = tree(shipped, i + 1, branch, out);
                        }
                        Kind::Punct('*') => {
                            out.push((path.iter().cloned().chain(["*".into()]).collect(), t.line));
                            i += 1;
                        }
                        _ => i += 1,
                    }
                    // `a as b`: the new name is no path.
                    if shipped.get(i).is_some_and(|t| t.is("as")) {
                        i += 2;
                    }
                }
                return i;
            }
            _ => break,
        }
        i += 1;
    }
    out.push((path, line));
    i
}

/// `tokens` without items under `#[test]` or `#[cfg(test)]`, and the names of such modules in files of their own.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut out, mut modules) = (Vec::new(), Vec::new());
    let mut i = 0;
    while let Some(t) = tokens.get(i) {
        if let Some(after) = test_attribute(tokens, i) {
            let mut item = after;
            while tokens.get(item).is_some_and(|t| t.is_punct('#')) {
                item = close(tokens, item + 1);
            }
            i = end_of_item(tokens, item);
            let mut names = tokens.get(item..i).unwrap_or_default().iter().skip_while(|t| !t.is("mod")).skip(1);
            if let (Some(Kind::Name(name)), Some(Kind::Punct(';'))) =
                (names.next().map(|t| &t.kind), names.next().map(|t| &t.kind))
            {
                modules.push(name.clone());
            }
        } else {
            out.push(t.clone());
            i += 1;
        }
    }
    (out, modules)
}

/// The token after an outer `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, ...))]` at `i`.
fn test_attribute(tokens: &[Token], i: usize) -> Option<usize> {
    let starts = |pattern: &[&str]| {
        pattern.iter().enumerate().all(|(n, p)| {
            tokens.get(i + n).is_some_and(|t| match &t.kind {
                Kind::Name(name) => name == p,
                Kind::Punct(c) => p.chars().eq([*c]),
                _ => false,
            })
        })
    };
    let test = starts(&["#", "[", "test", "]"])
        || starts(&["#", "[", "cfg", "(", "test", ")"])
        || starts(&["#", "[", "cfg", "(", "all", "(", "test", ","]);
    test.then(|| close(tokens, i + 1))
}

/// The token after the bracket that closes the one at `i`.
fn close(tokens: &[Token], mut i: usize) -> usize {
    let mut depth = 0usize;
    while let Some(t) = tokens.get(i) {
        i += 1;
        match t.kind {
            Kind::Punct('(' | '[' | '{') => depth += 1,
            Kind::Punct(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    i
}

/// The token after the item at `i`, which ends with its `;` or its body.
fn end_of_item(tokens: &[Token], mut i: usize) -> usize {
    while let Some(t) = tokens.get(i) {
        match t.kind {
            Kind::Punct(';') => return i + 1,
            Kind::Punct('{') => return close(tokens, i),
            Kind::Punct('(' | '[') => i = close(tokens, i),
            Kind::Punct(')' | ']' | '}') => return i,
            _ => i += 1,
        }
    }
    i
}

/// Where the out-of-line test modules that `file` declares live, without `.rs`.
fn test_module_paths(file: &File) -> Vec<String> {
    let stem = file.path.trim_end_matches(".rs");
    let folder = stem.strip_suffix("/mod").or_else(|| stem.strip_suffix("/lib")).unwrap_or(stem);
    without_tests(&tokens(&file.source)).1.iter().map(|m| format!("{folder}/{m}")).collect()
}
