#!/usr/bin/env python3
"""Exact answers by weight type: every matrix in one type by llama.cpp's quantiser, and what ships. Prints the model card's table.

    python3 host-sim/demo/table.py PARAMS.npz FLASHLET
"""
import json, pathlib, subprocess, sys, tempfile

import llama_cpp as L

import export

TYPES = [("F16", None), ("Q8_0", L.LLAMA_FTYPE_MOSTLY_Q8_0), ("Q6_K", L.LLAMA_FTYPE_MOSTLY_Q6_K), ("Q5_K", L.LLAMA_FTYPE_MOSTLY_Q5_K_S),
         ("Q4_K", L.LLAMA_FTYPE_MOSTLY_Q4_K_S), ("Q4_0", L.LLAMA_FTYPE_MOSTLY_Q4_0), ("Q3_K", L.LLAMA_FTYPE_MOSTLY_Q3_K_S),
         ("Q2_K", L.LLAMA_FTYPE_MOSTLY_Q2_K)]


def main(params, flashlet):
    params = export.load(pathlib.Path(params))
    with tempfile.TemporaryDirectory() as folder:
        full = pathlib.Path(folder) / "f16.gguf"
        export.write(params, full, "f16")
        models = []
        for name, ftype in TYPES:
            path = full
            if ftype is not None:
                path = pathlib.Path(folder) / f"{name}.gguf"
                export.quantise(full, path, ftype)
            models.append((name, path))
        shipped = pathlib.Path(folder) / "shipped.gguf"
        export.write(params, shipped, "demo")
        models.append(("shipped (Q4_K, Q6_K)", shipped))
        print("| weights | bytes | one action | two actions | no command | all | handwritten |\n|---|---|---|---|---|---|---|")
        for name, path in models:
            out = subprocess.run([flashlet, "demo", "-m", str(path), "--json"], capture_output=True, text=True, check=True)
            r = json.loads(out.stdout)
            cell = lambda keys: f"{100 * sum(r[k]['exact'] for k in keys) / sum(r[k]['n'] for k in keys):.2f}"
            held = ["single", "double", "none"]
            cells = [cell([k]) for k in held] + [cell(held), f"{r['handwritten']['exact']} of {r['handwritten']['n']}"]
            print(f"| {name} | {r['model_bytes']:,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
