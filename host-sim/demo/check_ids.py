#!/usr/bin/env python3
"""Compares the token ids of 1,000 sentences: this folder's tokenizer, llama.cpp and the engine.

    python3 host-sim/demo/check_ids.py MODEL.gguf FLASHLET
"""
import json, pathlib, subprocess, sys, tempfile

import llama_cpp as L

import tokenizer
from generate import HERE, Generator


def main(model, flashlet):
    tok = tokenizer.load()
    generator = Generator(4321)
    texts = [generator.sample()["text"] for _ in range(880)]
    texts += [json.loads(line)["text"] for line in open(HERE / "handwritten.jsonl")]
    texts += [generator.sample()["json"] for _ in range(50)]
    texts += ["", " ", "  two  spaces ", "Zürich 21 °C — 灯をつけて 🙂", "▁▁", "<|im_end|>", "tab\there", "100%%", "{\"do\":\"on\"}", "0:00 00 007"]
    llama = L.Llama(model, vocab_only=True, verbose=False)
    bad = 0
    for text in texts:
        ours = tok.text(text)
        theirs = llama.tokenize(text.encode(), add_bos=False, special=False)
        run = subprocess.run([flashlet, "tokenize", "-m", model, "--no-bos", "--no-special", "--text", text], capture_output=True, text=True)
        engine = [int(w) for w in run.stdout.split()] if run.returncode == 0 else run.stderr
        if not ours == theirs == engine:
            bad += 1
            print(repr(text), ours, theirs, engine, sep="\n  ")
    print(len(texts), "texts,", bad, "differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
