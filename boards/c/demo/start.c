/* From reset to main, on a Cortex-M4F. */
#include "board.h"

extern uint32_t stack_low[], stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);

#define PAINT 0xCCCCCCCCu
#define REGISTER(address) (*(volatile uint32_t *)(address))

void reset(void) {
    /* The FPU's coprocessors. Its mode stays as it is out of reset: flush-to-zero off. */
    REGISTER(0xE000ED88) |= 0xFu << 20;
    __asm volatile("dsb\n isb" ::: "memory");
    for (uint32_t *to = data_start, *from = data_load; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    /* Nothing lies below the stack pointer. */
    volatile uint32_t *stack;
    __asm volatile("mov %0, sp" : "=r"(stack));
    for (volatile uint32_t *at = stack_low; at < stack; at++)
        *at = PAINT;
    finish(main());
}

static void fault(void) {
    uart_write("fault\n", 6);
    finish(102);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault, 0,
    0,         0,             0,             (void *)fault, (void *)fault, 0,             (void *)fault, (void *)fault,
};

size_t stack_peak(void) {
    const volatile uint32_t *at = stack_low;
    while (at < stack_top && *at == PAINT)
        at++;
    return (size_t)((const volatile char *)stack_top - (const volatile char *)at);
}

_Noreturn void finish(int code) {
    /* Semihosting's SYS_EXIT_EXTENDED. */
    uint32_t block[2] = {0x20026, (uint32_t)code};
    register uint32_t operation __asm("r0") = 0x20;
    register void *argument __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
    }
}
