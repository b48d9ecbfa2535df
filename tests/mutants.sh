#!/usr/bin/env bash
# Mutation tests of the engine: cargo-mutants changes one expression at a time and runs the tests, which must notice.
#
#     tests/mutants.sh [LAYER...] [-- OPTION...]      # gguf, weights, session, text, model; all of them by default
#     tests/mutants.sh text -- --shard 0/8            # an eighth of a layer's mutants; options go to cargo-mutants
#
# A mutant meets the engine's own tests first, built for little: few formats, nothing optimised. The ones that survive meet
# the integration tests too. What survives both and is not in mutants.txt, which says why some may, is listed at the end,
# and the exit status is 1. Reports are in target/mutants/LAYER.
set -euo pipefail
cd "$(dirname "$0")/.."

# A mutant costs a build of the engine more than it costs a run of the tests.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0
features=flashlet/bpe,flashlet/checksums,flashlet/f32,flashlet/flash-index,flashlet/kv_f16,flashlet/kv_q8_0
features+=,flashlet/q8_0,flashlet/snapshots,flashlet/stream,flashlet/yarn
accepted=tests/mutants.txt
reports=${CARGO_TARGET_DIR:-target}/mutants

die() { echo "$*" >&2; exit 1; }

# The integration tests of a layer.
integration() {
  case $1 in
    gguf) echo --test gguf ;;
    text) echo --test tokenizer ;;
    weights | session | model) echo --test session ;;
    *) die "no layer $1: gguf, weights, session, text, model" ;;
  esac
}

# Exit statuses 2 and 3 say that mutants survived or took too long; all others above 0 are failures.
mutants() {
  local code=0
  cargo mutants --package flashlet --minimum-test-timeout 60 "$@" || code=$?
  [ $code -eq 0 ] || [ $code -eq 2 ] || [ $code -eq 3 ] || exit $code
}

layers=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do layers+=("$1"); shift; done
[ $# -eq 0 ] || shift
[ ${#layers[@]} -gt 0 ] || layers=(gguf weights session text model)
cargo mutants --version >/dev/null 2>&1 || die "cargo-mutants is missing: cargo install --locked cargo-mutants"

survivors=$(mktemp)
trap 'rm -f "$survivors"' EXIT
for layer in "${layers[@]}"; do
  tests=$(integration "$layer")
  read -ra tests <<<"$tests"
  mkdir -p "$reports/$layer"
  common=(--file "engine/src/$layer/**" --output "$reports/$layer" "$@")
  mutants "${common[@]}" --test-package flashlet --no-default-features --features "$features" --cargo-test-arg=--lib
  mutants "${common[@]}" --iterate --test-package flashlet-tests "${tests[@]/#/--cargo-test-arg=}"
  cat "$reports/$layer/mutants.out/missed.txt" >>"$survivors"
done

# Without the line and column, which move.
sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$survivors" | sort -u >"$survivors.found"
sed -E '/^(#|$)/d; s/ +# .*//' "$accepted" | sort -u >"$survivors.accepted"
new=$(comm -23 "$survivors.found" "$survivors.accepted")
rm -f "$survivors.found" "$survivors.accepted"
[ -z "$new" ] || { printf 'survived, and not in %s:\n%s\n' "$accepted" "$new"; exit 1; }
echo "no mutant survived that is not in $accepted"
