//! How much stack a program took: before it starts, the stack is painted, and where the paint is gone it was used.

/// The paint: `cortex-m-rt`'s with its feature `paint-stack`, and what `aarch64.rs` takes.
const PAINT: u32 = 0xCCCC_CCCC;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The most bytes of stack that were in use since reset. Nothing if the stack was not painted.
#[must_use]
pub fn peak() -> usize {
    let (low, high) = (&raw const _stack_end, &raw const _stack_start);
    let mut at = low;
    // SAFETY: the linker's symbols bound the stack, whose words may be read; the program writes them through its own
    // stack alone, below which this one's frame never is.
    while at < high && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    if at == low { 0 } else { high.addr() - at.addr() }
}
