//! From reset to `main` on AArch64: floats on, memory mapped one to one but for a guard below the stack, and faults
//! reported.

use core::arch::global_asm;

// QEMU and most loaders enter at EL1. The first GiB is device memory, all else normal and cached: weights and
// activations are read at any address, which device memory does not allow. The second GiB, where programs lie, is mapped by
// blocks of 2 MiB, all but the one below the stack.
global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "mrs x0, MPIDR_EL1",
    "and x0, x0, #0xFF",
    "cbnz x0, 9f",
    "mov x0, #3 << 20", // CPACR: floats do not trap
    "msr CPACR_EL1, x0",
    "msr FPCR, xzr",
    "ldr x0, =_stack_start",
    "mov sp, x0",
    "ldr x1, =_stack_end",
    "ldr x2, =0xCCCCCCCCCCCCCCCC", // see stack.rs
    "0: stp x2, x2, [x1], #16",
    "cmp x1, x0",
    "b.lo 0b",
    "ldr x0, =__bss_start",
    "ldr x1, =__bss_end",
    "1: cmp x0, x1",
    "b.hs 2f",
    "stp xzr, xzr, [x0], #16",
    "b 1b",
    "2: ldr x0, =__page_table",
    "mov x1, #0x401", // a block, accessed, of memory kind 0
    "str x1, [x0]",
    "mov x2, #1",
    "mov x3, #0x705", // a block, accessed, inner shareable, of memory kind 1
    "3: add x4, x3, x2, lsl #30",
    "str x4, [x0, x2, lsl #3]",
    "add x2, x2, #1",
    "cmp x2, #512",
    "b.lo 3b",
    "add x1, x0, #4096", // the second GiB's blocks
    "orr x4, x1, #3",
    "str x4, [x0, #8]",
    "mov x2, #0",
    "mov x4, #1 << 30",
    "add x3, x3, x4",
    "4: add x4, x3, x2, lsl #21",
    "str x4, [x1, x2, lsl #3]",
    "add x2, x2, #1",
    "cmp x2, #512",
    "b.lo 4b",
    "ldr x2, =_stack_guard",
    "ubfx x2, x2, #21, #9",
    "str xzr, [x1, x2, lsl #3]",
    "msr TTBR0_EL1, x0",
    "mov x0, #0xFF00", // kind 0: device; kind 1: normal, write-back
    "msr MAIR_EL1, x0",
    "ldr x0, =0x200803519", // 39 bits of address, 4 KiB pages, cached walks, no upper half
    "msr TCR_EL1, x0",
    "dsb sy",
    "tlbi vmalle1",
    "dsb sy",
    "isb",
    "mrs x0, SCTLR_EL1",
    "ldr x1, =0x1005", // caches and the map on
    "orr x0, x0, x1",
    "bic x0, x0, #2", // unaligned access does not trap
    "msr SCTLR_EL1, x0",
    "isb",
    "ldr x0, =fault_vectors",
    "msr VBAR_EL1, x0",
    "isb",
    "bl main",
    "9: wfe",
    "b 9b",
);

// Every exception is a fault. There may be no stack left, and nothing returns from here: each takes the whole stack anew.
global_asm!(
    ".section .text.fault_vectors, \"ax\"",
    ".balign 2048",
    "fault_vectors:",
    ".rept 16",
    "adrp x0, _stack_start",
    "add x0, x0, :lo12:_stack_start",
    "mov sp, x0",
    "b {report}",
    ".balign 128",
    ".endr",
    report = sym crate::fault::report,
);
