#!/usr/bin/env python3
"""Writes a trained model as GGUF.

    python3 host-sim/demo/export.py PARAMS.npz OUT.gguf [--type f16|f32]
    python3 host-sim/demo/export.py PARAMS.npz OUT.gguf --type demo

`demo` is the mix that ships: made from F16 by llama.cpp's own quantiser.
"""
import argparse, ctypes, pathlib, tempfile

import numpy as np
from gguf import GGUFWriter

import model as M
import tokenizer

TEMPLATE = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
ABOUT = ("Turns a sentence about lights, blinds, heating, media and timers into one line of JSON, on a microcontroller. "
         "English, at most two actions, refuses what is no command with {\"do\":\"none\"}.")


def write(params, path, kind):
    """The parameters as one GGUF, matrices as F16 or F32."""
    w = GGUFWriter(path, "llama")
    w.add_name("flashlet demo")
    w.add_description(ABOUT)
    w.add_author("the flashlet authors")
    w.add_version("1")
    w.add_license("MIT OR Apache-2.0")
    w.add_tags(["home", "commands", "json"])
    w.add_languages(["en"])
    w.add_block_count(M.LAYERS)
    w.add_context_length(M.CONTEXT)
    w.add_embedding_length(M.WIDTH)
    w.add_feed_forward_length(M.HIDDEN)
    w.add_head_count(M.HEADS)
    w.add_head_count_kv(1)
    w.add_key_length(M.HEAD)
    w.add_value_length(M.HEAD)
    w.add_rope_dimension_count(M.HEAD)
    w.add_rope_freq_base(M.ROPE_BASE)
    w.add_layer_norm_rms_eps(M.EPS)
    w.add_vocab_size(M.VOCAB)
    tokens = tokenizer.load().tokens
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre("default")
    w.add_token_list([t for t, _ in tokens])
    w.add_token_scores([-float(i) for i in range(len(tokens))])
    w.add_token_types([kind for _, kind in tokens])
    w.add_unk_token_id(0)
    w.add_eos_token_id(1)
    w.add_add_bos_token(False)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(TEMPLATE)
    for name, x in params.items():
        x = np.asarray(x, np.float32)
        w.add_tensor(name + ".weight", x.astype(np.float16) if x.ndim == 2 and kind == "f16" else x)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def quantise(source, target, ftype, overrides=(), embedding=None, pure=False):
    """llama.cpp's quantiser. `overrides` are (pattern, type)."""
    import llama_cpp as L
    p = L.llama_model_quantize_default_params()
    p.ftype, p.nthread, p.pure = ftype, 2, pure
    if embedding is not None:
        p.token_embedding_type = embedding
        p.output_tensor_type = embedding
    if L.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(p)):
        raise SystemExit("the quantiser failed")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("params", type=pathlib.Path)
    args.add_argument("out", type=pathlib.Path)
    args.add_argument("--type", default="demo", choices=["f16", "f32", "demo"])
    args = args.parse_args()
    saved = np.load(args.params)
    params = {k.removeprefix("p:"): saved[k] for k in saved.files if k.startswith("p:") or ":" not in k and k != "step"}
    if args.type != "demo":
        return write(params, args.out, args.type)
    import llama_cpp as L
    with tempfile.TemporaryDirectory() as folder:
        full = pathlib.Path(folder) / "f16.gguf"
        write(params, full, "f16")
        # Q6_K for the embeddings, which are the head too.
        quantise(full, args.out, L.LLAMA_FTYPE_MOSTLY_Q4_K_M, embedding=14)


if __name__ == "__main__":
    main()
