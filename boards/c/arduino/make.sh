#!/usr/bin/env bash
# Not run in CI. Puts the Arduino library together: arduino/make.sh FOLDER, for `libraries` in the sketchbook. FEATURES names those of
# the model; the archives are for Cortex-M4F, M7 and M33 with hard floats, as precompiled libraries are laid out.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:?a folder}")/flashlet
features=${FEATURES:-small,isa-dsp,engine/kv_q8_0,engine/q4_k,engine/q6_k}
target_dir=${CARGO_TARGET_DIR:-../../target}/boards
mkdir -p "$out/src"
cp arduino/library.properties "$out/"
cp -r arduino/examples "$out/"
cp include/flashlet.h "$out/src/"
for pair in thumbv7em-none-eabihf:cortex-m4/fpv4-sp-d16-hard thumbv7em-none-eabihf:cortex-m7/fpv5-sp-d16-hard \
  thumbv8m.main-none-eabihf:cortex-m33/fpv5-sp-d16-hard; do
  target=${pair%%:*}
  cargo build --quiet --manifest-path ../Cargo.toml --package flashlet-c --target "$target" --profile size \
    --no-default-features --features "$features" --target-dir "$target_dir"
  mkdir -p "$out/src/${pair#*:}"
  cp "$target_dir/$target/size/libflashlet.a" "$out/src/${pair#*:}/"
done
echo "$out"
