//! A firmware's sizes and costs, and the committed table that says when they grew.

use crate::elf;
use core::fmt::Write;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The growth of a figure that fails, in percent.
const TOLERANCE: u64 = 5;

/// Bytes, and instructions for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) text: u64,
    pub(crate) rodata: u64,
    pub(crate) bss: u64,
    pub(crate) arena: u64,
    pub(crate) stack: u64,
    pub(crate) prefill: u64,
    pub(crate) decode: u64,
}

const NAMES: [&str; 7] = ["text", "rodata", "bss", "arena", "stack", "prefill", "decode"];

impl Figures {
    fn values(&self) -> [u64; 7] {
        [self.text, self.rodata, self.bss, self.arena, self.stack, self.prefill, self.decode]
    }

    fn from_values([text, rodata, bss, arena, stack, prefill, decode]: [u64; 7]) -> Figures {
        Figures { text, rodata, bss, arena, stack, prefill, decode }
    }

    /// A program's sections.
    pub(crate) fn of_elf(program: &Path) -> Result<Figures, String> {
        let mut figures = Figures::default();
        for section in elf::sections(program)? {
            let bytes = section.bytes;
            match &*section.name {
                ".text" | ".vector_table" => figures.text += bytes,
                // What starts with a value takes flash as well as RAM.
                ".rodata" => figures.rodata += bytes,
                ".data" => (figures.rodata, figures.bss) = (figures.rodata + bytes, figures.bss + bytes),
                ".bss" | ".uninit" => figures.bss += bytes,
                _ => {}
            }
        }
        Ok(figures)
    }
}

/// The committed table, from the repository's root on.
pub(crate) const PATH: &str = "boards/figures.txt";

/// The committed table: figures by compiler and program.
pub(crate) struct Table {
    path: PathBuf,
    compiler: String,
    rows: BTreeMap<(String, String), Figures>,
}

impl Table {
    /// The table in `path`, for programs of `compiler`.
    pub(crate) fn read(path: PathBuf, compiler: String) -> Result<Table, String> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let rows = parse(&text).ok_or(format!("{}: a line is not as it was written", path.display()))?;
        Ok(Table { path, compiler, rows })
    }

    /// Compares a program's figures with the table's. What grew is an error; what there is nothing to compare with is
    /// one too, unless another compiler is known instead.
    pub(crate) fn check(&self, program: &str, now: Figures) -> Result<(), String> {
        let Some(before) = self.rows.get(&(self.compiler.clone(), program.to_owned())) else {
            if self.rows.keys().any(|(compiler, _)| *compiler == self.compiler) || self.rows.is_empty() {
                return Err(format!("{program} is not in {}: --update adds it", self.path.display()));
            }
            println!("   not compared: the table has no figures of {}", self.compiler);
            return Ok(());
        };
        let grown: Vec<_> = NAMES
            .into_iter()
            .zip(before.values().into_iter().zip(now.values()))
            .filter(|(_, (before, now))| now * 100 > before * (100 + TOLERANCE))
            .map(|(name, (before, now))| format!("{name} grew from {before} to {now}"))
            .collect();
        if grown.is_empty() { Ok(()) } else { Err(format!("{} (--update takes it)", grown.join(", "))) }
    }

    /// A table for people: what programs of the newest compiler take.
    pub(crate) fn table(&self) -> String {
        let mut text =
            "| program | bytes in flash | statics | arena in use | deepest stack | instructions a token: prompt, answer |\n\
            |---|---|---|---|---|---|\n"
                .to_owned();
        let version =
            |compiler: &str| -> Vec<u32> { compiler.split(['-', '.']).filter_map(|part| part.parse().ok()).collect() };
        let newest = self.rows.keys().map(|(compiler, _)| compiler).max_by_key(|compiler| version(compiler));
        for ((compiler, program), figures) in &self.rows {
            if Some(compiler) == newest {
                let Figures { text: code, rodata, bss, arena, stack, prefill, decode } = *figures;
                let [flash, statics, arena, stack] = [code + rodata, bss, arena, stack].map(grouped);
                let [prefill, decode] = [prefill, decode].map(grouped);
                // Writing to a string does not fail.
                let _ =
                    writeln!(text, "| `{program}` | {flash} | {statics} | {arena} | {stack} | {prefill}, {decode} |");
            }
        }
        text
    }

    /// The deepest stack of a program, whatever the compiler.
    #[cfg(test)]
    pub(crate) fn deepest_stack(&self, program: &str) -> Option<u64> {
        let rows = self.rows.iter().filter(|((_, name), _)| name == program);
        rows.map(|(_, figures)| figures.stack).max()
    }

    /// Takes a program's figures.
    pub(crate) fn set(&mut self, program: &str, now: Figures) {
        self.rows.insert((self.compiler.clone(), program.to_owned()), now);
    }

    /// Writes the table.
    pub(crate) fn write(&self) -> Result<(), String> {
        fs::write(&self.path, format(&self.rows)).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// A number with a comma in front of each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

const HEAD: &str = "\
# Firmware with a prompt, answering with `tests/fixtures/models/house.gguf`, the demo model of 2026-11: bytes of .text,
# .rodata and .bss, of the arena and of the deepest stack; instructions for a prompt's token and for an answer's (QEMU's
# -icount). Written by `cargo run --release -p board-runner -- test --update`; a test fails when a number grows by more
# than 5 %.
";

fn format(rows: &BTreeMap<(String, String), Figures>) -> String {
    let mut text = HEAD.to_owned();
    // Writing to a string does not fail.
    let mut line = |compiler: &str, program: &str, values: [&str; 7]| {
        let _ = write!(text, "{compiler:16} {program:22}");
        for value in values {
            let _ = write!(text, " {value:>9}");
        }
        text.push('\n');
    };
    line("# compiler", "program", NAMES);
    for ((compiler, program), figures) in rows {
        let values = figures.values().map(|value| value.to_string());
        line(compiler, program, values.each_ref().map(String::as_str));
    }
    text
}

fn parse(text: &str) -> Option<BTreeMap<(String, String), Figures>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let key = (words.next()?.to_owned(), words.next()?.to_owned());
            let values: Vec<u64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
            Some((key, Figures::from_values(values.try_into().ok()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let rows = parse("# head\nrustc-1 board 1000 100 10 5 4 3 0\n").expect("it is a table");
        Table { path: PathBuf::from("table"), compiler: "rustc-1".into(), rows }
    }

    #[test]
    fn growth_is_found_and_named() {
        let table = table();
        let now = Figures::from_values([1050, 100, 10, 5, 4, 3, 0]);
        assert_eq!(table.check("board", now), Ok(()));
        let error = table.check("board", Figures { text: 1051, stack: 5, ..now }).expect_err("it grew");
        assert_eq!(error, "text grew from 1000 to 1051, stack grew from 4 to 5 (--update takes it)");
        assert!(table.check("board", Figures { decode: 1, ..now }).is_err());
        assert!(table.check("another", now).is_err());
        let other = Table { compiler: "rustc-2".into(), ..table };
        assert_eq!(other.check("board", Figures { text: 9999, ..now }), Ok(()));
    }

    #[test]
    fn what_is_written_is_read() {
        let rows = table().rows;
        assert_eq!(parse(&format(&rows)), Some(rows));
        assert_eq!(parse("rustc-1 board 1 2 3\n"), None);
    }

    #[test]
    fn this_programs_sections_are_found() {
        let this = std::env::current_exe().expect("it runs");
        let figures = Figures::of_elf(&this).expect("it is an ELF file");
        assert!(figures.text > 100_000 && figures.rodata > 10_000 && figures.bss > 0, "{figures:?}");
    }
}
