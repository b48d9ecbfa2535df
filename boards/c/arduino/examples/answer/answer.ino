// Not built in CI, see library.properties. An answer to each line, by the model at MODEL in mapped flash.
#include <flashlet.h>

#define MODEL ((const uint8_t *)0x08020000)
#define MODEL_BYTES 0xE0000

static uint8_t arena[104 * 1024] __attribute__((aligned(FLASHLET_ALIGN)));
static flashlet_session_t *session;

static void failed(int32_t code) {
  char why[160];
  flashlet_error_text(session, why, sizeof why);
  Serial.print("error ");
  Serial.print(code);
  Serial.print(": ");
  Serial.println(why);
}

void setup() {
  Serial.begin(115200);
  flashlet_model_t model = {};
  model.mapped = MODEL;
  model.bytes = MODEL_BYTES;
  flashlet_options_t options = {};
  options.ctx = 128;
  options.kv = FLASHLET_KV_Q8_0;
  int32_t code = flashlet_open(&model, &options, arena, sizeof arena, &session);
  if (code != FLASHLET_OK) failed(code);
}

void loop() {
  if (!Serial.available()) return;
  String line = Serial.readStringUntil('\n');
  flashlet_ask_t ask = {};
  ask.text = line.c_str();
  ask.text_bytes = line.length();
  ask.flags = FLASHLET_ASK_CHAT;
  flashlet_token_t token = {};
  flashlet_reset(session, NULL);
  int32_t code = flashlet_ask(session, &ask);
  while (code == FLASHLET_OK && token.end == FLASHLET_END_NONE) {
    code = flashlet_next(session, &token);
    if (code == FLASHLET_OK) Serial.write(token.text, token.text_bytes);
  }
  Serial.println();
  if (code != FLASHLET_OK) failed(code);
}
