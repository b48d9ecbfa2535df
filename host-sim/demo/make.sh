#!/bin/sh
# Makes the built-in model from nothing: test sentences, training, export, test. Needs Python 3.10 or later with
#   pip install "jax[cpu]==0.10.2" gguf==0.19.0 llama-cpp-python==0.3.36 numpy
# An interrupted training goes on where it was. Usage: host-sim/demo/make.sh [FOLDER]
set -eu
cd "$(dirname "$0")/../.."
out=${1:-target/demo}
demo=host-sim/demo

# The split and the vocabulary stay as they are: generate.py --draw and tokenizer.py would make others.
python3 $demo/generate.py --heldout
python3 $demo/train.py --out "$out"
python3 $demo/export.py "$out/final.npz" "$out/flashlet-demo-f16.gguf" --type f16
python3 $demo/export.py "$out/final.npz" "$out/flashlet-demo-plain.gguf"
cargo build --release -p flashlet-sim
$demo/demand.sh target/release/flashlet "$out/flashlet-demo-plain.gguf" "$out/flashlet-demo-q4_k.gguf"
target/release/flashlet demo --min-prob 0 -m "$out/flashlet-demo-q4_k.gguf"
echo "copy $out/flashlet-demo-q4_k.gguf to $demo to build it in"
