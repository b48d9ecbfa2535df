/* Not built in CI, see ../../module.yml. An answer of the model in the flash partition `model_partition`, read by Zephyr's driver. */
#include "flashlet.h"
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>

#define PROMPT "set a timer for 12 minutes"

static uint8_t arena[110 * 1024] __aligned(FLASHLET_ALIGN);

static int32_t read_partition(void *user, uint64_t offset, uint8_t *to, size_t bytes) {
    return flash_area_read(user, (off_t)offset, to, bytes) == 0 ? FLASHLET_OK : -1;
}

static void let_others_run(void *user) {
    ARG_UNUSED(user);
    k_yield();
}

static int failed(const flashlet_session_t *session, int32_t code) {
    char why[160];
    flashlet_error_text(session, why, sizeof why);
    printk("error %d: %s\n", (int)code, why);
    return 0;
}

int main(void) {
    const struct flash_area *area;
    if (flash_area_open(FIXED_PARTITION_ID(model_partition), &area) != 0) {
        printk("no partition for a model\n");
        return 0;
    }
    /* Where flash is mapped, .mapped with its address takes the weights where they lie. */
    const flashlet_model_t model = {.bytes = area->fa_size, .read = read_partition, .user = (void *)area};
    const flashlet_options_t options = {.ctx = 128, .kv = FLASHLET_KV_Q8_0, .idle = let_others_run};
    flashlet_session_t *session;
    int32_t code = flashlet_open(&model, &options, arena, sizeof arena, &session);
    if (code != FLASHLET_OK)
        return failed(session, code);
    const flashlet_ask_t ask = {.text = PROMPT, .text_bytes = strlen(PROMPT), .flags = FLASHLET_ASK_CHAT};
    flashlet_token_t token = {0};
    code = flashlet_ask(session, &ask);
    while (code == FLASHLET_OK && token.end == FLASHLET_END_NONE) {
        code = flashlet_next(session, &token);
        if (code == FLASHLET_OK)
            printk("%.*s", (int)token.text_bytes, token.text);
    }
    printk("\n");
    return code == FLASHLET_OK ? 0 : failed(session, code);
}
