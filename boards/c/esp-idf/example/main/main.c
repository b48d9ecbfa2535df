/* Not built in CI, see ../../flashlet/CMakeLists.txt. An answer of the model in the partition `model`, which is mapped. */
#include "esp_partition.h"
#include "flashlet.h"
#include <stdio.h>
#include <string.h>

#define PROMPT "set a timer for 12 minutes"

static uint8_t arena[112 * 1024] __attribute__((aligned(FLASHLET_ALIGN)));

static void failed(const flashlet_session_t *session, int32_t code) {
    char why[160];
    flashlet_error_text(session, why, sizeof why);
    printf("error %d: %s\n", (int)code, why);
}

void app_main(void) {
    const esp_partition_t *part = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, 0x40, "model");
    const void *bytes = NULL;
    esp_partition_mmap_handle_t handle;
    if (!part || esp_partition_mmap(part, 0, part->size, ESP_PARTITION_MMAP_DATA, &bytes, &handle) != ESP_OK) {
        printf("no partition for a model\n");
        return;
    }
    const flashlet_model_t model = {.mapped = bytes, .bytes = part->size};
    const flashlet_options_t options = {.ctx = 128, .kv = FLASHLET_KV_Q8_0};
    flashlet_session_t *session;
    int32_t code = flashlet_open(&model, &options, arena, sizeof arena, &session);
    if (code != FLASHLET_OK) {
        failed(session, code);
        return;
    }
    const flashlet_ask_t ask = {.text = PROMPT, .text_bytes = strlen(PROMPT), .flags = FLASHLET_ASK_CHAT};
    flashlet_token_t token = {0};
    code = flashlet_ask(session, &ask);
    while (code == FLASHLET_OK && token.end == FLASHLET_END_NONE) {
        code = flashlet_next(session, &token);
        if (code == FLASHLET_OK)
            printf("%.*s", (int)token.text_bytes, token.text);
    }
    printf("\n");
    if (code != FLASHLET_OK)
        failed(session, code);
}
