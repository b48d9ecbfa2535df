//! Templates of well-known families by name, for files that have none of their own or a wrong one.

use flashlet::text::ChatFormat;

/// The template of `format`.
pub(super) fn template(format: ChatFormat) -> String {
    match format {
        ChatFormat::ChatMl => chatml(""),
        _ if format.default_system().is_some() => chatml(format.default_system().unwrap_or_default()),
        ChatFormat::Gemma => GEMMA.into(),
        ChatFormat::Llama2 => LLAMA2.into(),
        ChatFormat::Llama3 => LLAMA3.into(),
        ChatFormat::Zephyr => ZEPHYR.into(),
        _ => chatml(""),
    }
}

/// ChatML, with a system message where a conversation has none unless `system` is empty.
fn chatml(system: &str) -> String {
    let default = match system {
        "" => String::new(),
        _ => format!(
            "{{% if messages[0]['role'] != 'system' %}}{{{{ '<|im_start|>system\\n{system}<|im_end|>\\n' }}}}{{% endif %}}"
        ),
    };
    default
        + "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}\
           {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
}

const GEMMA: &str = "\
{{ bos_token }}{% set system = '' %}\
{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] | trim + '\\n\\n' %}\
{% set messages = messages[1:] %}{% endif %}\
{% for m in messages %}\
{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\\n' + (system if loop.first else '') }}\
{{ m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}";

const LLAMA2: &str = "\
{% set system = '' %}\
{% if messages[0]['role'] == 'system' %}\
{% set system = '<<SYS>>\\n' + messages[0]['content'] | trim + '\\n<</SYS>>\\n\\n' %}{% set messages = messages[1:] %}{% endif %}\
{% for m in messages %}{% if m['role'] == 'user' %}\
{{ bos_token + '[INST] ' + (system if loop.first else '') + m['content'] | trim + ' [/INST]' }}\
{% else %}{{ ' ' + m['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}";

const LLAMA3: &str = "\
{{ bos_token }}{% for m in messages %}\
{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";

const ZEPHYR: &str = "\
{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + eos_token + '\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}";
