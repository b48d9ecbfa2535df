#!/usr/bin/env bash
# Mutation tests of the engine: cargo-mutants changes one expression at a time and runs the tests, which must notice.
#
#     tests/mutants.sh [LAYER...] [-- OPTION...]      # gguf, weights, session, text, model; all of them by default
#     tests/mutants.sh text -- --re sampler.rs        # the mutants with such names; options go to cargo-mutants
#
# A mutant meets three stages of tests, and takes part in the next only if it survives:
#   1. the engine's own quick tests, built for little: few formats, nothing optimised;
#   2. the quick integration tests of its layer;
#   3. all of the engine's own tests and all integration tests of these layers.
# What survives and is not in mutants.txt, which says why some may, is listed at the end, and the exit status is 1.
#
# Reports are in target/mutants/LAYER. A mutant that was caught is not tried again, so that a run which was interrupted goes
# on, and one after new tests is short. Remove the reports after the engine has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

accepted=tests/mutants.txt
reports=$PWD/target/mutants
# Builds of copies of the tree do not share a folder: each would build anew what another has built.
unset CARGO_TARGET_DIR
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=0

features=flashlet/bpe,flashlet/checksums,flashlet/f32,flashlet/flash-index,flashlet/kv_f16,flashlet/kv_q8_0
features+=,flashlet/q8_0,flashlet/snapshots,flashlet/stream,flashlet/yarn
# Integration tests run kernels, which are too slow where the engine is not optimised.
optimised=(--cargo-arg=--config --cargo-arg=profile.dev.package.flashlet.opt-level=1)
# Tests of more than a second, which wait for stage 3.
slow=(
  every_row_arrives_once_and_in_order names_are_compared_however_small
  steps_are_linear symbols_of_65535_bytes a_vocabulary_made_to_collide
  the_best_candidates_are_kept filters_apply_in_llama_cpps_order letters_and_white_space_agree
  what_is_restored_gives_the_logits instruction_sets_and_threads residencies ten_thousand drafts_rejected_at_any_place
  not_a_number_in_any_tensor shapes_are_compared_without_ones chunks_and_pieces
)
quick=(-- --)
for name in "${slow[@]}"; do quick+=(--skip "$name"); done

die() { echo "$*" >&2; exit 1; }

# The integration tests of a layer.
integration() {
  case $1 in
    gguf) echo --test=gguf ;;
    text) echo --test=tokenizer ;;
    weights | session | model) echo --test=session ;;
    *) die "no layer $1: gguf, weights, session, text, model" ;;
  esac
}

# Runs a stage. Exit statuses 2 and 3 say that mutants survived or took too long; all others above 0 are failures.
mutants() {
  local code=0
  cargo mutants --package flashlet --iterate "$@" || code=$?
  [ $code -eq 0 ] || [ $code -eq 2 ] || [ $code -eq 3 ] || exit $code
  # A test that never ends has noticed too.
  cat "$reports/$layer/mutants.out/timeout.txt" >>"$reports/$layer/mutants.out/caught.txt"
}

# Runs a stage of integration tests. A mutant that cannot be built there needs `std`, which the engine's own tests alone
# have: it lives on.
integrated() {
  local out=$reports/$layer/mutants.out
  mutants --test-package flashlet-tests --cargo-arg=--package=flashlet-tests "${optimised[@]}" \
    --minimum-test-timeout 60 "$@"
  cat "$out/unviable.txt" >>"$out/missed.txt"
  : >"$out/unviable.txt"
}

layers=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do layers+=("$1"); shift; done
[ $# -eq 0 ] || shift
[ ${#layers[@]} -gt 0 ] || layers=(gguf weights session text model)
cargo mutants --version >/dev/null 2>&1 || die "cargo-mutants is missing: cargo install --locked cargo-mutants"

survivors=$(mktemp)
trap 'rm -f "$survivors"*' EXIT
for layer in "${layers[@]}"; do
  tests=$(integration "$layer")
  mkdir -p "$reports/$layer"
  common=(--file "engine/src/$layer/**" --output "$reports/$layer" "$@")
  mutants "${common[@]}" --test-package flashlet --no-default-features --features "$features" --cargo-arg=--lib \
    --minimum-test-timeout 20 "${quick[@]}"
  integrated "${common[@]}" --cargo-arg="$tests" "${quick[@]}"
  integrated "${common[@]}" --test-package flashlet --cargo-arg=--lib --cargo-arg=--test={gguf,session,tokenizer,sampler}
  cat "$reports/$layer/mutants.out/missed.txt" >>"$survivors"
done

# Without the line and column, which move.
sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$survivors" | sort -u >"$survivors.found"
sed -E '/^(#|$)/d; s/ +# .*//' "$accepted" | sort -u >"$survivors.accepted"
new=$(comm -23 "$survivors.found" "$survivors.accepted")
[ -z "$new" ] || { printf 'survived, and not in %s:\n%s\n' "$accepted" "$new"; exit 1; }
echo "no mutant survived that is not in $accepted"
