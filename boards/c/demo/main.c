/* One answer of the model in flash, and its figures. */
#include "board.h"
#include "flashlet.h"
#include <string.h>

#define PROMPT "set a timer for 12 minutes"

/* Of flashlet_session_size, or of `flashlet plan --board`, and what the session takes besides. */
static uint8_t arena[104 * 1024] __attribute__((aligned(FLASHLET_ALIGN)));

static void print(const char *text) {
    uart_write(text, strlen(text));
}

static void print_number(const char *name, uint32_t number) {
    char digits[10];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    print(name);
    uart_write(digits + at, sizeof digits - at);
}

static int failed(const flashlet_session_t *session, int32_t code) {
    static char why[200];
    flashlet_error_text(session, why, sizeof why);
    print_number("\nerror ", (uint32_t)code);
    print(": ");
    print(why);
    print("\n");
    return 1;
}

static void panicked(const char *file, size_t file_bytes, uint32_t line) {
    print("\npanic at ");
    uart_write(file, file_bytes);
    print_number(":", line);
    print("\n");
    finish(101);
}

int main(void) {
    uart_begin();
    flashlet_on_panic(panicked);
    const flashlet_model_t model = {.mapped = model_start, .bytes = (uint64_t)(model_end - model_start)};
    const flashlet_options_t options = {.ctx = 128, .kv = FLASHLET_KV_Q8_0};
    flashlet_session_t *session;
    int32_t code = flashlet_open(&model, &options, arena, sizeof arena, &session);
    if (code != FLASHLET_OK)
        return failed(session, code);

    const flashlet_ask_t ask = {
        .text = PROMPT,
        .text_bytes = sizeof PROMPT - 1,
        .tokens = 64,
        .flags = FLASHLET_ASK_CHAT | FLASHLET_ASK_HASH,
    };
    flashlet_token_t token;
    code = flashlet_ask(session, &ask);
    if (code != FLASHLET_OK)
        return failed(session, code);
    do {
        code = flashlet_next(session, &token);
        if (code != FLASHLET_OK)
            return failed(session, code);
        uart_write(token.text, token.text_bytes);
    } while (token.end == FLASHLET_END_NONE);

    flashlet_stats_t stats;
    flashlet_plan_t plan;
    flashlet_stats(session, &stats);
    code = flashlet_plan(&model, &options, sizeof arena, &plan);
    if (code != FLASHLET_OK)
        return failed(session, code);
    print("\n[stats] hash=");
    print(stats.hash);
    print_number(" prompt=", stats.prompt_tokens);
    print_number(" made=", stats.tokens);
    print_number(" end=", stats.end);
    print_number(" arena_bytes=", (uint32_t)plan.arena_bytes);
    print_number(" session_bytes=", (uint32_t)plan.session_bytes);
    print_number(" stack_bytes=", (uint32_t)stack_peak());
    print("\n");
    return 0;
}
