#!/usr/bin/env python3
"""Writes a trained model as GGUF.

    python3 host-sim/demo/export.py PARAMS.npz OUT.gguf [--type f16|f32|demo]

`demo` (the default) is what ships: Q6_K embeddings, Q4_K otherwise, rounded as in training.
"""
import argparse, ctypes, pathlib

import numpy as np
from gguf import GGMLQuantizationType as T, GGUFWriter, LlamaFileType

import model as M
import pack
import tokenizer

# Every sentence is a conversation of its own.
TEMPLATE = "{{ '<|im_start|>user\\n' + messages[-1]['content'] + '<|im_end|>\\n<|im_start|>assistant\\n' }}"
ABOUT = ("Turns a sentence about lights, blinds, heating, media and timers into one line of JSON, on a microcontroller. "
         "English, at most two actions, refuses what is no command with {\"do\":\"none\"}.")


def write(params, path, kind):
    """The parameters as one GGUF; matrices as F16, F32, or as they ship: Q6_K for the embeddings, which are the head too, Q4_K for
    the rest."""
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
    if kind == "demo":
        w.add_file_type(LlamaFileType.MOSTLY_Q4_K_S)
        w.add_quantization_version(2)
    for name, x in params.items():
        x = np.asarray(x, np.float32)
        if x.ndim == 1 or kind == "f32":
            w.add_tensor(name + ".weight", x)
        elif kind == "f16":
            w.add_tensor(name + ".weight", x.astype(np.float16))
        elif name == "token_embd":
            w.add_tensor(name + ".weight", pack.q6k(x), raw_dtype=T.Q6_K)
        else:
            w.add_tensor(name + ".weight", pack.q4k(x), raw_dtype=T.Q4_K)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def quantise(source, target, ftype):
    """llama.cpp's quantiser, with one type for all matrices."""
    import llama_cpp as L
    p = L.llama_model_quantize_default_params()
    p.ftype, p.nthread, p.pure = ftype, 2, True
    quiet = L.llama_log_callback(lambda *_: None)
    L.llama_log_set(quiet, None)
    if L.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(p)):
        raise SystemExit("the quantiser failed")


def load(path):
    """The parameters of a final or intermediate checkpoint."""
    saved = np.load(path)
    prefix = "p:" if "step" in saved.files else ""
    return {k.removeprefix(prefix): saved[k] for k in saved.files if k.startswith(prefix) and k != "step"}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("params", type=pathlib.Path)
    args.add_argument("out", type=pathlib.Path)
    args.add_argument("--type", default="demo", choices=["f16", "f32", "demo"])
    args = args.parse_args()
    write(load(args.params), args.out, args.type)


if __name__ == "__main__":
    main()
