//! The paths that a source file names in its imports and its code.

use crate::lexer::{Kind, Token};

/// A path to something in the same crate.
pub(crate) struct Import {
    /// The segments below the crate root.
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    /// The name that an import gives it: the one after `as`, else its last segment.
    pub(crate) name: String,
}

/// Looks up a name that stands alone: `(here, name)` to the path of what `name` means in the module `here`, if it is a
/// module.
pub(crate) type Lookup<'a> = dyn Fn(&[String], &str) -> Option<Vec<String>> + 'a;

/// Finds every path that starts with `crate`, `super`, `self` or a name that `relative` knows, use trees expanded.
/// `module` is the file's own module.
pub(crate) fn imported(shipped: &[Token], module: &[String], relative: &Lookup<'_>) -> Vec<Import> {
    let mut out = Vec::new();
    let scopes = inline_modules(shipped);
    let mut i = 0;
    while let Some(t) = shipped.get(i) {
        let (before, at) = (shipped.get(..i).unwrap_or_default(), i);
        i += 1;
        let Kind::Name(name) = &t.kind else { continue };
        if !starts_path(before) {
            continue;
        }
        let here = [module, scopes.get(at).map_or(&[], Vec::as_slice)].concat();
        let base = match name.as_str() {
            "crate" => Some(Vec::new()),
            "self" => Some(here),
            "super" => Some(parent(&here)),
            _ if is_path(before, shipped.get(i)) => relative(&here, name),
            _ => None,
        };
        if let Some(base) = base {
            i = tree(shipped, i, base, &mut out);
        }
    }
    out
}

/// True if a name after `before` can be a path's first: it is no later segment, no method, no `extern crate` and no
/// visibility (`pub(crate)`, `pub(in path)`).
fn starts_path(before: &[Token]) -> bool {
    let Some(last) = before.last() else { return true };
    let visibility = match before {
        [.., a, b] if b.is_punct('(') => a.is("pub"),
        [.., a, b, c] if c.is("in") => a.is("pub") && b.is_punct('('),
        _ => false,
    };
    !visibility && last.kind != Kind::Path && !last.is_punct('.') && !last.is("extern")
}

/// True if the name between `before` and `after` is a path although it has no keyword before it.
fn is_path(before: &[Token], after: Option<&Token>) -> bool {
    let imported = before.last().is_some_and(|t| t.is("use"));
    after.is_some_and(|t| t.kind == Kind::Path || imported && (t.is_punct(';') || t.is("as")))
}

/// For each token the inline modules (`mod name { .. }`) that it lies in, outermost first.
pub(crate) fn inline_modules(shipped: &[Token]) -> Vec<Vec<String>> {
    let mut here: Vec<String> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    let mut out = Vec::with_capacity(shipped.len());
    for (i, t) in shipped.iter().enumerate() {
        if t.is_punct('{') {
            let inline = match shipped.get(..i) {
                Some([.., m, Token { kind: Kind::Name(name), .. }]) if m.is("mod") => Some(name.clone()),
                _ => None,
            };
            open.push(inline.is_some());
            here.extend(inline);
        } else if t.is_punct('}') && open.pop() == Some(true) {
            here.pop();
        }
        out.push(here.clone());
    }
    out
}

fn parent(module: &[String]) -> Vec<String> {
    module.iter().take(module.len().saturating_sub(1)).cloned().collect()
}

/// Follows one path, or one branch of a use tree, from token `i`; returns the token after it.
fn tree(shipped: &[Token], mut i: usize, mut path: Vec<String>, out: &mut Vec<Import>) -> usize {
    let line = shipped.get(i.saturating_sub(1)).map_or(0, |t| t.line);
    while shipped.get(i).is_some_and(|t| t.kind == Kind::Path) {
        i += 1;
        match shipped.get(i).map(|t| &t.kind) {
            Some(Kind::Name(n)) if n == "super" => path = parent(&path),
            Some(Kind::Name(n)) => path.push(n.clone()),
            Some(Kind::Punct('*')) => path.push("*".into()),
            Some(Kind::Punct('{')) => return branches(shipped, i + 1, &path, out),
            _ => break,
        }
        i += 1;
    }
    let mut name = path.last().cloned().unwrap_or_default();
    // `a as b`; in an expression `b` is a type, which may be a path of its own.
    if let Some([r#as, Token { kind: Kind::Name(new), .. }, after]) = shipped.get(i..i + 3)
        && r#as.is("as")
        && after.kind != Kind::Path
    {
        name.clone_from(new);
        i += 2;
    }
    out.push(Import { path, line, name });
    i
}

/// Follows the branches of a use tree below `path` from token `i`, the first after the brace; returns the token after
/// the closing one.
fn branches(shipped: &[Token], mut i: usize, path: &[String], out: &mut Vec<Import>) -> usize {
    while let Some(t) = shipped.get(i) {
        i += 1;
        match &t.kind {
            Kind::Punct('}') => break,
            Kind::Name(n) => {
                let mut branch = path.to_vec();
                branch.extend((n != "self").then(|| n.clone()));
                i = tree(shipped, i, branch, out);
            }
            Kind::Punct('*') => {
                let path = path.iter().cloned().chain(["*".into()]).collect();
                out.push(Import { path, line: t.line, name: "*".into() });
            }
            _ => {}
        }
    }
    i
}
