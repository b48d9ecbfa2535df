#!/usr/bin/env python3
"""Lets llama.cpp and flashlet answer the same sentences, both greedily, and compares.

    pip install llama-cpp-python==0.3.36 && python3 host-sim/demo/compare_llama_cpp.py MODEL.gguf FLASHLET [N]
"""
import json, subprocess, sys

import llama_cpp as L

from pathlib import Path

HERE = Path(__file__).parent


def main(model, flashlet, n="20"):
    rows = [json.loads(line) for line in open(HERE / "handwritten.jsonl")]
    rows = rows[:: max(1, len(rows) // int(n))][: int(n)]
    # Weights as they are in the file: llama.cpp's repacked ones for AMX end in an illegal instruction on some virtual machines.
    defaults = L.llama_cpp.llama_model_default_params

    def plain():
        params = defaults()
        params.use_extra_bufts = False
        return params

    L.llama_cpp.llama_model_default_params = plain
    # The chat template is the model's own, from its metadata.
    llama = L.Llama(model, n_ctx=128, n_threads=2, verbose=False)
    same = 0
    for row in rows:
        theirs = llama.create_chat_completion([{"role": "user", "content": row["text"]}], temperature=0, max_tokens=100)
        theirs = theirs["choices"][0]["message"]["content"]
        ours = subprocess.run([flashlet, "run", "-m", model, "--chat", "--temp", "0", row["text"]], capture_output=True, text=True, check=True)
        ours = ours.stdout.rstrip("\n")
        same += ours == theirs
        print("same  " if ours == theirs else "DIFFER", row["text"], "->", ours, "" if ours == theirs else f"<> {theirs}")
    print(f"{same} of {len(rows)} answers are the same")
    return same != len(rows)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
