/* UART 0 of Arm's MPS2 boards, a CMSDK UART. */
#include "board.h"

#define UART(offset) (*(volatile uint32_t *)(0x40004000u + (offset)))

void uart_begin(void) {
    UART(0x10) = 25000000u / 115200u; /* the clock's divisor */
    UART(0x08) = 1;                   /* sends */
}

void uart_write(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        while (UART(0x04) & 1) {
        }
        UART(0x00) = (uint8_t)text[i];
    }
}
