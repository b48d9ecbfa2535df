/* What main.c needs of a board. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* The model's bytes; symbols of memory.ld. */
extern const uint8_t model_start[], model_end[];

/* Begins and uses the serial port. */
void uart_begin(void);
void uart_write(const char *text, size_t bytes);

/* The most bytes of stack that were in use since reset. */
size_t stack_peak(void);

/* Ends the program: under an emulator the emulation, with a code. */
_Noreturn void finish(int code);

#endif
