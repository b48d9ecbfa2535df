/* The C library on the desktop: a model answers from memory and through a read function, and wrong arguments are told.
 *
 *     host MODEL PROMPT TOKENS [grammar]
 *
 * has the answer follow the file's grammar, if it is to, and prints the answer and the hash of its logits, once for each way, as `NAME|HASH|TEXT`; `board-runner c` compares them with
 * `flashlet run --json`. It ends with 1 and says where, if anything is not as it must be. */
#include "flashlet.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                                           \
    do {                                                                                                                           \
        if (!(condition)) {                                                                                                        \
            fprintf(stderr, "host.c:%d: %s\n", __LINE__, #condition);                                                              \
            exit(1);                                                                                                               \
        }                                                                                                                          \
    } while (0)

/* A file behind a read function. Every third read goes on for two more calls, as DMA would; `fails` more reads fail. */
struct device {
    const uint8_t *bytes;
    uint64_t size;
    unsigned reads, waits, fails, idles;
    flashlet_session_t *calls;
};

static int32_t device_read(void *user, uint64_t offset, uint8_t *to, size_t bytes) {
    struct device *device = user;
    if (device->calls) {
        uint32_t more;
        CHECK(flashlet_prefill(device->calls, &more) == FLASHLET_ERROR_BUSY);
    }
    if (device->fails) {
        device->fails--;
        return -5;
    }
    if (device->waits == 0 && ++device->reads % 3 == 0)
        device->waits = 3;
    if (device->waits && --device->waits)
        return FLASHLET_PENDING;
    CHECK(offset <= device->size && bytes <= device->size - offset);
    memcpy(to, device->bytes + offset, bytes);
    return FLASHLET_OK;
}

static void idle(void *user) {
    ((struct device *)user)->idles++;
}

static void panicked(const char *file, size_t file_bytes, uint32_t line) {
    fprintf(stderr, "panic at %.*s:%u\n", (int)file_bytes, file, (unsigned)line);
    abort();
}

static void *arena_of(size_t bytes) {
    void *arena = aligned_alloc(FLASHLET_ALIGN, (bytes + FLASHLET_ALIGN - 1) / FLASHLET_ALIGN * FLASHLET_ALIGN);
    CHECK(arena);
    return arena;
}

/* Opens `model` in the smallest arena, or in one of `bytes` bytes. */
static flashlet_session_t *open_in(const flashlet_model_t *model, const flashlet_options_t *options, size_t bytes, void **arena) {
    flashlet_session_t *session = NULL;
    if (bytes == 0)
        CHECK(flashlet_session_size(model, options, &bytes) == FLASHLET_OK);
    *arena = arena_of(bytes);
    int32_t code = flashlet_open(model, options, *arena, bytes, &session);
    if (code != FLASHLET_OK) {
        char why[200];
        flashlet_error_text(session, why, sizeof why);
        fprintf(stderr, "%d: %s\n", (int)code, why);
    }
    CHECK(code == FLASHLET_OK && session);
    return session;
}

/* The whole answer to a prompt, in `text`. */
static void answer(flashlet_session_t *session, const flashlet_ask_t *ask, char *text, size_t room) {
    flashlet_token_t token;
    size_t used = 0;
    CHECK(flashlet_ask(session, ask) == FLASHLET_OK);
    do {
        CHECK(flashlet_next(session, &token) == FLASHLET_OK);
        CHECK(used + token.text_bytes < room);
        memcpy(text + used, token.text, token.text_bytes);
        used += token.text_bytes;
    } while (token.end == FLASHLET_END_NONE);
    text[used] = 0;
}

static void print_answer(const char *name, flashlet_session_t *session, const flashlet_ask_t *ask) {
    char text[4096];
    flashlet_stats_t stats;
    answer(session, ask, text, sizeof text);
    CHECK(flashlet_stats(session, &stats) == FLASHLET_OK);
    CHECK(strlen(stats.hash) == 16 && stats.tokens > 0 && stats.end != FLASHLET_END_NONE);
    printf("%s|%s|%s\n", name, stats.hash, text);
}

static void refuses_wrong_arguments(const flashlet_model_t *model, const flashlet_ask_t *ask) {
    flashlet_options_t options = {0};
    flashlet_session_t *session = (flashlet_session_t *)1;
    flashlet_token_t token;
    flashlet_plan_t plan;
    flashlet_stats_t stats;
    size_t bytes, least = 0;
    uint32_t number;
    char text[256];

    options.ctx = 64;
    CHECK(flashlet_session_size(NULL, &options, &bytes) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_session_size(model, NULL, &bytes) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_session_size(model, &options, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_plan(model, &options, 0, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_session_size(model, &options, &least) == FLASHLET_OK && least > 0);
    CHECK(flashlet_plan(model, &options, least, &plan) == FLASHLET_OK);
    CHECK(plan.arena_bytes <= least && plan.ctx == 64 && plan.session_bytes < plan.arena_bytes);
    CHECK(flashlet_plan(model, &options, least - 1, &plan) == FLASHLET_ERROR_DOES_NOT_FIT);
    CHECK(plan.arena_bytes == least);
    /* Without `ctx` in the options, the plan tells the bytes for the model's own context. */
    flashlet_options_t any_ctx = {0};
    CHECK(flashlet_session_size(model, &any_ctx, &bytes) == FLASHLET_OK);
    CHECK(flashlet_plan(model, &any_ctx, 1, &plan) == FLASHLET_ERROR_DOES_NOT_FIT && plan.arena_bytes == bytes);

    uint8_t *arena = arena_of(least + FLASHLET_ALIGN);
    CHECK(flashlet_open(model, &options, arena, least, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_open(NULL, &options, arena, least, &session) == FLASHLET_ERROR_NULL && !session);
    CHECK(flashlet_open(model, NULL, arena, least, &session) == FLASHLET_ERROR_NULL && !session);
    CHECK(flashlet_open(model, &options, NULL, least, &session) == FLASHLET_ERROR_NULL && !session);
    CHECK(flashlet_open(model, &options, arena + 8, least, &session) == FLASHLET_ERROR_ALIGNMENT && !session);
    CHECK(flashlet_open(model, &options, arena, 16, &session) == FLASHLET_ERROR_ARENA_TOO_SMALL && !session);
    CHECK(flashlet_open(model, &options, arena, SIZE_MAX, &session) == FLASHLET_ERROR_ARENA_TOO_SMALL && !session);
    CHECK(flashlet_open(model, &options, arena, least - 1, &session) == FLASHLET_ERROR_DOES_NOT_FIT && session);
    CHECK(flashlet_error_text(session, text, sizeof text) == strlen(text) && strstr(text, "arena"));
    CHECK(flashlet_error_text(session, text, 5) > 5 && strlen(text) == 4);
    CHECK(flashlet_error_text(session, NULL, 0) > 5);
    CHECK(flashlet_ask(session, ask) == FLASHLET_ERROR_NOT_OPEN);
    CHECK(flashlet_next(session, &token) == FLASHLET_ERROR_NOT_OPEN);
    for (number = 1; number < 4; number++) {
        flashlet_options_t wrong = options;
        *(number == 1 ? &wrong.kv : number == 2 ? &wrong.weights : &wrong.draft) = 77;
        CHECK(flashlet_open(model, &wrong, arena, least, &session) == FLASHLET_ERROR_OPTION);
    }
    flashlet_model_t wrong = {0};
    CHECK(flashlet_open(&wrong, &options, arena, least, &session) == FLASHLET_ERROR_MODEL);
    /* A file that was cut anywhere is refused. */
    for (uint64_t cut = 0; cut < model->bytes; cut = cut < 4096 ? cut + 61 : cut + model->bytes / 37) {
        wrong = *model;
        wrong.bytes = cut;
        int32_t refused = flashlet_open(&wrong, &options, arena, least, &session);
        CHECK(refused > 0 && refused < 900 && session);
        CHECK(flashlet_error_text(session, text, sizeof text) > 0);
    }
    CHECK(flashlet_open(model, &options, arena, least, &session) == FLASHLET_OK);
    CHECK(flashlet_error_text(session, text, sizeof text) == 0 && text[0] == 0);

    CHECK(flashlet_ask(NULL, ask) == FLASHLET_ERROR_NULL && flashlet_ask(session, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_next(NULL, &token) == FLASHLET_ERROR_NULL && flashlet_next(session, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_next((flashlet_session_t *)(arena + FLASHLET_ALIGN), &token) == FLASHLET_ERROR_SESSION);
    CHECK(flashlet_next((flashlet_session_t *)(arena + 4), &token) == FLASHLET_ERROR_SESSION);
    CHECK(flashlet_next(session, &token) == FLASHLET_ERROR_NO_ANSWER);
    CHECK(flashlet_stop(session, &token) == FLASHLET_ERROR_NO_ANSWER);
    CHECK(flashlet_prefill(session, &number) == FLASHLET_ERROR_NO_ANSWER);
    CHECK(flashlet_reset(NULL, NULL) == FLASHLET_ERROR_NULL && flashlet_rewind(NULL, 0, NULL) == FLASHLET_ERROR_NULL);
    CHECK(flashlet_stats(session, NULL) == FLASHLET_ERROR_NULL);
    flashlet_ask_t bad = *ask;
    bad.flags = 1u << 30;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_OPTION);
    bad = *ask;
    bad.min_prob = 1.5f;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_OPTION);
    bad = *ask;
    bad.n_stop = 9;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_OPTION);
    bad.n_stop = 1;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_NULL);
    bad = *ask;
    bad.text = "\xff\xfe";
    bad.text_bytes = 2;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_UTF8);
    bad = *ask;
    bad.grammar = (const uint8_t *)"none";
    bad.grammar_bytes = 4;
    int32_t code = flashlet_ask(session, &bad);
    CHECK(code == FLASHLET_ERROR_GRAMMAR_FORMAT || code == FLASHLET_ERROR_GRAMMAR_LENGTH);
    memset(&bad, 0, sizeof bad);
    uint32_t ids[65] = {0};
    bad.ids = ids;
    bad.n_ids = 65;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_CONTEXT_FULL);
    ids[0] = UINT32_MAX;
    bad.n_ids = 1;
    CHECK(flashlet_ask(session, &bad) == FLASHLET_ERROR_BAD_TOKEN);
    CHECK(flashlet_error_text(session, text, sizeof text) > 0);
    /* The text of the last failure stays after calls that succeed. */
    CHECK(flashlet_stats(session, &stats) == FLASHLET_OK && flashlet_error_text(session, text, sizeof text) > 0);
    CHECK(flashlet_error_text(NULL, text, sizeof text) == 0);
    CHECK(flashlet_code_text(FLASHLET_ERROR_CONTEXT_FULL, text, sizeof text) > 0 && strstr(text, "context"));
    CHECK(flashlet_code_text(FLASHLET_ERROR_BUSY, text, sizeof text) > 0 && flashlet_code_text(-3, text, sizeof text) == 0);

    /* An answer that ends early, then rewinding and another one: the same as the first. */
    char first[1024], again[1024];
    flashlet_ask_t some = *ask;
    some.tokens = 5;
    answer(session, &some, first, sizeof first);
    CHECK(flashlet_next(session, &token) == FLASHLET_OK && token.text_bytes == 0 && token.end == FLASHLET_END_LENGTH);
    CHECK(flashlet_stats(session, &stats) == FLASHLET_OK && stats.position > 0);
    CHECK(flashlet_rewind(session, UINT32_MAX, &number) == FLASHLET_OK && number == stats.position);
    CHECK(flashlet_rewind(session, 0, &number) == FLASHLET_OK && number == 0);
    CHECK(flashlet_ask(session, &some) == FLASHLET_OK);
    CHECK(flashlet_prefill(session, &number) == FLASHLET_OK);
    CHECK(flashlet_next(session, &token) == FLASHLET_OK && flashlet_stop(session, &token) == FLASHLET_OK);
    CHECK(flashlet_next(session, &token) == FLASHLET_ERROR_NO_ANSWER);
    CHECK(flashlet_reset(session, NULL) == FLASHLET_OK);
    answer(session, &some, again, sizeof again);
    CHECK(!strcmp(first, again));
    CHECK(flashlet_stats(session, &stats) == FLASHLET_OK && stats.tokens == 5 && stats.ctx == 64 && stats.position > 0);
    free(arena);
}

/* The text of the session's last failure has `part` in it. */
static int says(flashlet_session_t *session, const char *part) {
    char text[256];
    flashlet_error_text(session, text, sizeof text);
    return strstr(text, part) != NULL;
}

/* A pointer that is NULL is told as the session's last failure, in place of an older one. */
static void tells_null_pointers(const flashlet_model_t *model, const flashlet_options_t *options) {
    void *arena;
    flashlet_session_t *session = open_in(model, options, 0, &arena);
    for (int call = 0; call < 5; call++) {
        flashlet_token_t token;
        CHECK(flashlet_stop(session, &token) == FLASHLET_ERROR_NO_ANSWER && says(session, "no answer"));
        int32_t code = call == 0   ? flashlet_ask(session, NULL)
                       : call == 1 ? flashlet_prefill(session, NULL)
                       : call == 2 ? flashlet_next(session, NULL)
                       : call == 3 ? flashlet_stop(session, NULL)
                                   : flashlet_stats(session, NULL);
        CHECK(code == FLASHLET_ERROR_NULL && says(session, "NULL"));
    }
    free(arena);
}

/* A plan is written if it fits or if it does not; every other failure leaves it as it is. */
static void leaves_plans_alone(const flashlet_model_t *model, const flashlet_options_t *options) {
    flashlet_plan_t plan, before;
    flashlet_model_t none = {0}, cut = *model;
    flashlet_options_t wrong = *options;
    cut.bytes = 100;
    wrong.kv = 77;
    memset(&before, 0x5a, sizeof before);
    plan = before;
    CHECK(flashlet_plan(NULL, options, 0, &plan) == FLASHLET_ERROR_NULL && !memcmp(&plan, &before, sizeof plan));
    CHECK(flashlet_plan(&none, options, 0, &plan) == FLASHLET_ERROR_MODEL && !memcmp(&plan, &before, sizeof plan));
    CHECK(flashlet_plan(model, &wrong, 0, &plan) == FLASHLET_ERROR_OPTION && !memcmp(&plan, &before, sizeof plan));
    CHECK(flashlet_plan(&cut, options, 0, &plan) > 0 && !memcmp(&plan, &before, sizeof plan));
    CHECK(flashlet_plan(model, options, 1, &plan) == FLASHLET_ERROR_DOES_NOT_FIT);
    CHECK(plan.arena_bytes > 1 && plan.chunk == 0 && plan.bytes_per_pass == 0);
}

/* Settings of sampling out of their ranges are refused when a session is opened and when it is reset, which then goes on as it was. */
static void refuses_wrong_sampling(const flashlet_model_t *model, const flashlet_options_t *options, const flashlet_ask_t *ask) {
    const flashlet_sampling_t wrong[] = {
        {.temperature = -0.5f},        {.temperature = NAN},        {.temperature = INFINITY}, {.top_k = 257},
        {.top_p = -0.5f},              {.top_p = 1.5f},             {.top_p = NAN},            {.min_p = -0.5f},
        {.min_p = 1.5f},               {.min_p = NAN},              {.repeat_penalty = -1},    {.repeat_penalty = NAN},
        {.repeat_penalty = 0.0005f},   {.repeat_penalty = 1001},    {.repeat_last_n = 257},    {.repeat_penalty = INFINITY},
    };
    const flashlet_sampling_t right[] = {
        {0},
        {.temperature = -0.0f, .top_p = -0.0f, .repeat_penalty = -0.0f},
        {.temperature = 2, .top_k = 256, .top_p = 1, .min_p = 1, .repeat_penalty = 1000, .repeat_last_n = 256},
        {.repeat_penalty = 0.001f},
    };
    void *arena;
    flashlet_session_t *session = open_in(model, options, 0, &arena), *refused;
    flashlet_token_t token;
    size_t bytes;
    CHECK(flashlet_session_size(model, options, &bytes) == FLASHLET_OK);
    void *other = arena_of(bytes);
    CHECK(flashlet_ask(session, ask) == FLASHLET_OK && flashlet_next(session, &token) == FLASHLET_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        flashlet_options_t with = *options;
        with.sampling = wrong[i];
        CHECK(flashlet_open(model, &with, other, bytes, &refused) == FLASHLET_ERROR_OPTION && says(refused, "number"));
        CHECK(flashlet_reset(session, &wrong[i]) == FLASHLET_ERROR_OPTION && says(session, "number"));
        CHECK(flashlet_next(session, &token) == FLASHLET_OK);
    }
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        flashlet_options_t with = *options;
        with.sampling = right[i];
        CHECK(flashlet_open(model, &with, other, bytes, &refused) == FLASHLET_OK);
        CHECK(flashlet_reset(session, &right[i]) == FLASHLET_OK);
    }
    free(other);
    free(arena);
}

/* A stop string that the session's text has no room for is refused; one that just fits is not. */
static void refuses_long_stops(const flashlet_model_t *model, const flashlet_options_t *options, const flashlet_ask_t *ask) {
    char long_stop[514];
    const char *stops[] = {"\n", long_stop};
    flashlet_ask_t with = *ask;
    with.stop = stops;
    with.n_stop = 2;
    for (uint32_t text_bytes = 0; text_bytes <= 300; text_bytes += 300) {
        flashlet_options_t asked = *options;
        void *arena;
        size_t room = text_bytes ? text_bytes : 512;
        asked.text_bytes = text_bytes;
        flashlet_session_t *session = open_in(model, &asked, 0, &arena);
        memset(long_stop, 'x', room + 1);
        long_stop[room + 1] = 0;
        CHECK(flashlet_ask(session, &with) == FLASHLET_ERROR_OPTION && says(session, "number"));
        long_stop[room] = 0;
        CHECK(flashlet_ask(session, &with) == FLASHLET_OK);
        free(arena);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 4 || argc == 5);
    flashlet_on_panic(panicked);
    FILE *file = fopen(argv[1], "rb");
    CHECK(file && !fseek(file, 0, SEEK_END));
    long size = ftell(file);
    CHECK(size > 0 && !fseek(file, 0, SEEK_SET));
    uint8_t *bytes = malloc((size_t)size);
    CHECK(bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    CHECK(strlen(flashlet_version()) > 0);

    flashlet_model_t model = {0};
    model.mapped = bytes;
    model.bytes = (uint64_t)size;
    flashlet_options_t options = {0};
    options.ctx = 128;
    flashlet_ask_t ask = {0};
    ask.text = argv[2];
    ask.text_bytes = strlen(argv[2]);
    ask.tokens = (uint32_t)atoi(argv[3]);
    ask.flags = FLASHLET_ASK_CHAT | FLASHLET_ASK_HASH;
    if (argc == 5) {
        ask.flags |= FLASHLET_ASK_FILE_GRAMMAR;
        options.grammar = 1;
    }
    void *arena;
    flashlet_session_t *session = open_in(&model, &options, 0, &arena);
    print_answer("mapped", session, &ask);
    CHECK(flashlet_reset(session, NULL) == FLASHLET_OK);
    print_answer("mapped, after a reset", session, &ask);
    free(arena);
    options.weights = FLASHLET_WEIGHTS_STREAMED;
    session = open_in(&model, &options, 0, &arena);
    print_answer("mapped, streamed", session, &ask);
    free(arena);

    /* Through the read function, with all weights read for every pass, and with all of them copied. */
    for (uint32_t weights = FLASHLET_WEIGHTS_PINNED; weights <= FLASHLET_WEIGHTS_STREAMED; weights++) {
        struct device device = {0};
        device.bytes = bytes;
        device.size = (uint64_t)size;
        flashlet_model_t read = {0};
        read.bytes = (uint64_t)size;
        read.read = device_read;
        read.user = &device;
        options.weights = weights;
        options.idle = idle;
        options.idle_user = &device;
        device.fails = 2;
        session = open_in(&read, &options, 0, &arena);
        if (weights == FLASHLET_WEIGHTS_STREAMED)
            device.calls = session;
        print_answer(weights == FLASHLET_WEIGHTS_PINNED ? "read, pinned" : "read, streamed", session, &ask);
        CHECK(device.idles > 0 && device.reads > 0);
        device.calls = NULL;
        if (weights == FLASHLET_WEIGHTS_STREAMED) {
            /* A device that fails is told; the answer goes on when it works again. */
            flashlet_token_t token;
            CHECK(flashlet_reset(session, NULL) == FLASHLET_OK && flashlet_ask(session, &ask) == FLASHLET_OK);
            device.fails = UINT32_MAX;
            CHECK(flashlet_next(session, &token) == FLASHLET_ERROR_FLASH_DEVICE);
            device.fails = 0;
            CHECK(flashlet_next(session, &token) == FLASHLET_OK);
        }
        free(arena);
    }
    ask.flags &= ~(uint32_t)FLASHLET_ASK_FILE_GRAMMAR;
    ask.min_prob = -1;
    refuses_wrong_arguments(&model, &ask);
    flashlet_options_t small = {0};
    small.ctx = 64;
    tells_null_pointers(&model, &small);
    leaves_plans_alone(&model, &small);
    refuses_wrong_sampling(&model, &small, &ask);
    refuses_long_stops(&model, &small, &ask);
    free(bytes);
    return 0;
}
