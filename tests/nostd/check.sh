#!/usr/bin/env bash
# Proves on a linked program that the engine needs no std, no alloc, no allocator and no C library, and that
# no input can make it panic: lists every panic that the linker kept, with its callers.
#
# The first holds because the link succeeds: std would bring a second panic handler, alloc would ask
# for an allocator, the C library is not on the link line. The symbols are looked at all the same.
set -euo pipefail
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "$0")/../../target}")/nostd
cd "$(dirname "$0")"

# Kept by the compiler in every `async fn`; unreachable while a future is not polled after it is ready.
allowed='core::panicking::panic_fmt|core::panicking::panic_const::panic_const_async_fn_resumed'

die() { echo "nostd: $*" >&2; exit 1; }
for tool in cargo nm readelf objdump awk; do
  command -v "$tool" >/dev/null || die "$tool is missing (binutils, gawk or mawk, and a Rust toolchain are needed)"
done

build() { cargo build --quiet --release --target-dir "$target_dir" "$@"; }

# Defined symbols, demangled, without the legacy mangling's hashes.
symbols() { nm -C --defined-only "$1" | cut -d' ' -f3- | sed -E 's/::h[0-9a-f]{16}$//'; }

# "caller <tab> callee" for every direct call or jump from one function to another.
calls() {
  objdump -d -C --no-show-raw-insn "$1" | awk '
    function name(s) { sub(/^[^<]*</, "", s); sub(/>:?$/, "", s); sub(/\+0x[0-9a-f]+$/, "", s); sub(/::h[0-9a-f]+$/, "", s); return s }
    /^[0-9a-f]+ <.*>:$/ { caller = name($0); next }
    /^ .*<.*>$/ { callee = name($0); if (callee != caller && !seen[caller, callee]++) print caller "\t" callee }'
}

# Panic functions in the program beyond the allowed ones: the members of core::panicking, and whatever calls
# the one that all panics end in.
panics() {
  { symbols "$1" | grep -E '^core::panicking::|::panic_|_failed$|_fail$' || true
    calls "$1" | awk -F'\t' '$2 ~ /core::panicking::panic_fmt$/ { print $1 }'
  } | sort -u | grep -vxE "$allowed" || true
}

# Nothing of the given program may come from std or alloc, or be left to a loader.
check_alone() {
  local foreign
  foreign=$(symbols "$1" | grep -E '(^|[^:_[:alnum:]])(std|alloc)::|__(rust|rdl|rg)_|^(malloc|calloc|realloc|free)$' || true)
  [ -z "$foreign" ] || die "$1 holds symbols of std, alloc or an allocator:"$'\n'"$foreign"
  [ -z "$(nm -u "$1")" ] || die "$1 has undefined symbols: $(nm -u "$1")"
  ! readelf -d "$1" | grep NEEDED || die "$1 needs a shared library"
  symbols "$1" | grep '^flashlet' >/dev/null || die "$1 has no symbols to look at"
}

check_panics() {
  local found
  found=$(panics "$1")
  [ -z "$found" ] && return
  echo "nostd: panics can be reached in $1 (callers indented):" >&2
  calls "$1" | awk -F'\t' -v found="$found" '
    { callers[$2] = callers[$2] "\n" $1 }
    function show(f, depth, list, n, i) {
      printf "%*s%s\n", 2 * depth, "", f
      if (depth == 3) return
      n = split(substr(callers[f], 2), list, "\n")
      for (i = 1; i <= n; i++) show(list[i], depth + 1)
    }
    END { n = split(found, f, "\n"); for (i = 1; i <= n; i++) show(f[i], 1) }' >&2
  exit 1
}

size() { readelf -SW "$1" | awk '$2 == ".text" || $3 == ".text" { for (i = 1; i < NF; i++) if ($i == ".text") print $(i + 4) }'; }

# Planted faults first: a check that cannot fail shows nothing.
program=$target_dir/release/flashlet-nostd
build --no-default-features --features few-formats,planted-panic
for name in panic_bounds_check panic_const_div_by_zero; do
  [[ $(panics "$program") == *$name* ]] || die "the planted $name was not found"
done
report=$(check_panics "$program" 2>&1) && die "the planted panic did not fail the check"
[[ $report == *flashlet_nostd::* ]] || die "the planted panic's caller was not found"
! build --no-default-features --features few-formats,planted-alloc 2>"$target_dir/planted-alloc.log" || die "a program with alloc was linked"
grep -q 'no global memory allocator' "$target_dir/planted-alloc.log" || die "$(cat "$target_dir/planted-alloc.log")"

# What was built: alone, without reachable panics, and giving the right answers. At opt-level z the compiler leaves
# checks in functions of core that it inlines at the others, reachable or not: there is nothing to see there.
for variant in "3:" "3:--no-default-features --features few-formats,detect" "s:--features stack" "s:--no-default-features --features few-formats"; do
  level=${variant%%:*} features=${variant#*:}
  # shellcheck disable=SC2086
  CARGO_PROFILE_RELEASE_OPT_LEVEL=$level build $features
  check_alone "$program"
  check_panics "$program"
  "$program" 2>"$target_dir/said" || die "the program failed: exit $?"
  [[ $features != *stack* ]] || cp "$target_dir/said" "$target_dir/stack"
  echo "nostd: opt-level $level ${features:-all}: $((16#$(size "$program"))) bytes of code, no std, no alloc, no reachable panic"
done

# Bytes of stack that any step may take, its future included: the vector kernels of x86-64 take most of it, AVX-512's for
# quantised weights, which unroll many tokens, more than the others.
stack_limit=18432
load_limit=28672
quantised_limit=24576
stack=$(sed -n 's/^stack of \(.*\): \([0-9]*\) bytes$/\2 \1/p' "$target_dir/stack" | sort -rn | awk '!seen[substr($0, index($0, " "))]++')
echo "$stack" | sed 's/^/nostd: stack, bytes: /'
within() { # the steps' numbers, greatest first, and their limit
  [ -n "$1" ] || die "no stack was measured"
  [ "${1%%$'\n'*}" -le "$2" ] || die "more than $2 bytes of stack"
}
within "$(echo "$stack" | sed -n 's/ feed .* quantised weights$//p')" $quantised_limit
within "$(echo "$stack" | sed -n 's/ load$//p')" $load_limit
within "$(echo "$stack" | sed -n '/quantised\| load$/!s/ .*//p')" $stack_limit

cargo check --quiet --target-dir "$target_dir" --manifest-path ../../engine/Cargo.toml --features defmt

bare=x86_64-unknown-none
[ -d "$(rustc --print sysroot)/lib/rustlib/$bare" ] || die "$bare is not installed: rustup target add $bare"
# The portable kernels: the target is without vector registers, and LLVM fails on the AVX code that `detect` brings.
build --target $bare --no-default-features --features few-formats
program=$target_dir/$bare/release/flashlet-nostd
check_alone "$program"
check_panics "$program"
echo "nostd: $bare: $((16#$(size "$program"))) bytes of code, no std, no alloc, no reachable panic"
