//! From reset to `main` on RISC-V, in machine mode: floats on where there are any, a guard below the stack, and faults reported.

use core::arch::global_asm;

// The guard is a region of 64 KiB which the memory protection forbids machine mode too, as the entry is locked.
global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "csrr t0, mhartid",
    "bnez t0, 9f",
    "la t0, fault_vector",
    "csrw mtvec, t0",
    "li t0, 1 << 13", // mstatus.FS; without floats the bit stays 0
    "csrs mstatus, t0",
    "la sp, _stack_start",
    "la t1, _stack_end",
    "li t2, 0xCCCCCCCC", // see stack.rs
    "0: sw t2, 0(t1)",
    "addi t1, t1, 4",
    "bltu t1, sp, 0b",
    "la t0, __bss_start",
    "la t1, __bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: la t0, _stack_guard",
    "srli t0, t0, 2",
    "li t1, (1 << 13) - 1", // the region's size, in the low bits
    "or t0, t0, t1",
    "csrw pmpaddr0, t0",
    "li t0, 0x98", // locked, a region of a power of two, no access
    "csrw pmpcfg0, t0",
    "call main",
    "9: wfi",
    "j 9b",
);

// Every trap is a fault. There may be no stack left, and nothing returns from here: each takes the whole stack anew.
global_asm!(
    ".section .text.fault_vector, \"ax\"",
    ".balign 4",
    "fault_vector:",
    "la sp, _stack_start",
    "j {report}",
    report = sym crate::fault::report,
);
