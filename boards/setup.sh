#!/usr/bin/env bash
# Installs what building and emulating the boards' firmware needs: a compiler for the targets, one for C, a linker and QEMU.
# Safe to run again: what is there is left alone. Ends with one line for each piece, or fails naming the missing one.
#
# With rustup and a network the targets come from there. Otherwise, on Debian and its relatives, the distribution's
# own compiler is installed beside it with the sources of `core`, and the runner builds `core` from those.
set -euo pipefail

# Those of the table of boards, the smallest core, for which the engine alone is built, and those of the C library.
table=$(dirname "${BASH_SOURCE[0]}")/../host-sim/boards.toml
mapfile -t targets < <({ printf '%s\n' thumbv6m-none-eabi thumbv8m.main-none-eabihf riscv32imac-unknown-none-elf; sed -n 's/^target = "\(.*\)"$/\1/p' "$table"; } | sort -u)

die() { echo "boards: $*" >&2; exit 1; }

install() {
  command -v apt-get >/dev/null || die "no apt-get here; install by other means: $*"
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" && return
  "${root[@]}" apt-get update -q
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

have_targets() {
  local sysroot target
  sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
  for target in "${targets[@]}"; do
    [ -d "$sysroot/lib/rustlib/$target/lib" ] || return 1
  done
}

add_targets() {
  have_targets && return
  command -v rustup >/dev/null || return 1
  timeout "${RUSTUP_TIMEOUT:-120}" rustup target add "${targets[@]}" >&2
}

# The distribution's compiler has the sources of core, and a linker is at hand.
debian_sources() { [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src/rust/library/core ]; }
have_linker() { compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/rust-lld" >/dev/null || command -v ld.lld >/dev/null; }

if ! { command -v qemu-system-arm && command -v qemu-system-aarch64; } >/dev/null; then
  install qemu-system-arm
fi
if ! { command -v qemu-system-riscv32 && command -v qemu-system-riscv64; } >/dev/null; then
  install qemu-system-misc
fi
if ! { command -v arm-none-eabi-gcc && [ -e "$(arm-none-eabi-gcc -print-file-name=nano.specs)" ] && command -v make; } >/dev/null; then
  install gcc-arm-none-eabi libnewlib-arm-none-eabi make
fi
if add_targets; then
  echo "compiler: $(rustc --version), targets installed"
else
  debian_sources || install rustc-web cargo-web rust-web-src || install rustc cargo rust-src
  debian_sources || die "neither rustup's targets nor a distribution's compiler with the sources of core"
  echo "compiler: $(/usr/bin/rustc --version), core built from source"
  have_linker || install lld
fi
have_linker || die "no linker: neither rust-lld nor ld.lld"
echo "C: $(arm-none-eabi-gcc --version | head -n1)"
for qemu in qemu-system-arm qemu-system-aarch64 qemu-system-riscv32 qemu-system-riscv64; do
  command -v $qemu >/dev/null || die "$qemu is missing"
  echo "emulator: $($qemu --version | head -n1)"
done
