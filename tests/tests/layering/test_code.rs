//! Test code: items and files that are compiled for tests alone.

use crate::lexer::{Kind, Token, tokens};
use crate::source::File;

/// The files of modules that are declared for tests alone, with the folders below them.
pub(crate) struct TestFiles(Vec<String>);

impl TestFiles {
    pub(crate) fn of(files: &[File]) -> TestFiles {
        TestFiles(files.iter().flat_map(test_module_paths).collect())
    }

    pub(crate) fn contain(&self, file: &File) -> bool {
        self.0.iter().any(|t| file.path == format!("{t}.rs") || file.path.starts_with(&format!("{t}/")))
    }
}

/// The paths of the out-of-line test modules that `file` declares, without `.rs`.
fn test_module_paths(file: &File) -> Vec<String> {
    without_tests(&tokens(&file.source)).1.iter().map(|m| format!("{}/{m}", file.module_folder())).collect()
}

/// `tokens` without items under `#[test]` or `#[cfg(test)]`, and the names of such modules in files of their own.
pub(crate) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
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
