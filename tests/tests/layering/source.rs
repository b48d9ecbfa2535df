//! The source files that are checked.

use std::{fs, path::Path};

/// A source file, its path relative to the repository's root with `/` between the parts.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) source: String,
}

impl File {
    /// The folder that holds the files of the modules which this file declares: for `a/b.rs` it is `a/b`, for a face
    /// (`a/mod.rs`, `lib.rs`, `main.rs`) its own folder.
    pub(crate) fn module_folder(&self) -> &str {
        let stem = self.path.trim_end_matches(".rs");
        match stem.rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder,
            _ => stem,
        }
    }
}

/// All Rust files in `folder` and below it, sorted by path.
pub(crate) fn rust_files(root: &Path, folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    collect(root, folder, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let source = fs::read_to_string(&path).expect("the file is UTF-8");
            files.push(File { path: relative(root, &path), source });
        }
    }
}

/// The source folders of all crates in `folder` and below it, relative to `root`, sorted.
pub(crate) fn crate_sources(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    find_crates(root, folder, &mut found);
    found.sort();
    found
}

fn find_crates(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.ends_with("src") && folder.join("Cargo.toml").is_file() {
            found.push(relative(root, &path));
        } else if path.is_dir() && !path.ends_with("target") {
            find_crates(root, &path, found);
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).expect("files lie below the root");
    inside.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/")
}
