#!/usr/bin/env bash
# Cargo's runner for firmware: PROGRAM [MODEL], in QEMU.
set -euo pipefail
program=$(realpath "$1")
model=()
[ $# -lt 2 ] || model=("$(realpath "$2")")
# Away from the board's folder, whose configuration names another target.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec cargo run --quiet --release --package board-runner -- run "$program" "${model[@]}"
