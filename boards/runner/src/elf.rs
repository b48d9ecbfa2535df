//! A program's sections and symbols.

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind, elf};
use std::path::Path;

/// Parses the program and hands it to `read`.
pub(crate) fn open<T>(program: &Path, read: impl FnOnce(&object::File) -> T) -> Result<T, String> {
    let bytes = std::fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    object::File::parse(&*bytes).map(|file| read(&file)).map_err(|error| format!("{}: {error}", program.display()))
}

/// A section that has a place in the board's memory.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) bytes: u64,
    /// Its content is stored: code, constants, and what is copied to RAM at the start.
    pub(crate) in_flash: bool,
    /// It is written to.
    pub(crate) in_ram: bool,
}

/// The sections that have a place in memory, in the program's order.
pub(crate) fn sections(program: &Path) -> Result<Vec<Section>, String> {
    open(program, |file| {
        let placed = file.sections().filter_map(|section| {
            let SectionFlags::Elf { sh_flags } = section.flags() else { return None };
            let flag = |flag: u32| sh_flags & u64::from(flag) != 0;
            flag(elf::SHF_ALLOC).then(|| Section {
                name: section.name().unwrap_or_default().to_owned(),
                address: section.address(),
                bytes: section.size(),
                in_flash: section.kind() != SectionKind::UninitializedData,
                in_ram: flag(elf::SHF_WRITE),
            })
        });
        placed.collect()
    })
}

/// A function, a static, or an address that the linker has given a name.
#[derive(Debug)]
pub(crate) struct Symbol {
    /// The name that the linker gave it.
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) bytes: u64,
    pub(crate) is_function: bool,
}

/// The symbols that the program defines.
pub(crate) fn symbols(program: &Path) -> Result<Vec<Symbol>, String> {
    open(program, |file| {
        let defined = file.symbols().filter(|symbol| !symbol.is_undefined());
        let named = defined.filter_map(|symbol| {
            let name = symbol.name().ok()?.to_owned();
            let is_function = symbol.kind() == SymbolKind::Text;
            Some(Symbol { name, address: symbol.address(), bytes: symbol.size(), is_function })
        });
        named.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_programs_sections_are_told_apart() {
        let this = std::env::current_exe().expect("it runs");
        let sections = sections(&this).expect("it is an ELF file");
        for (name, flash, ram) in
            [(".text", true, false), (".rodata", true, false), (".data", true, true), (".bss", false, true)]
        {
            let found = sections.iter().find(|section| section.name == name).expect("every program has it");
            assert_eq!((found.in_flash, found.in_ram), (flash, ram), "{name}");
            assert!(found.bytes > 0);
        }
        assert!(sections.iter().all(|section| section.name != ".symtab"), "what has no place in memory");
        assert!(super::sections(Path::new("/nowhere")).is_err());
    }
}
