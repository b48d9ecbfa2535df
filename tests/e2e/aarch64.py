#!/usr/bin/env python3
"""Builds the `flashlet` command for AArch64 Linux, runs it in an emulator, and compares it with this machine's.

    cargo build --release && tests/e2e/aarch64.py [target/release/flashlet]

On each emulated processor it must choose the best instruction set that the processor has, and answer a prompt with the
demo model as this machine does: the same text, and the same logits bit for bit. One thread, as qemu-aarch64 7.2 hangs with
more. The kernels are compiled at opt-level 1 and for the demo model's formats alone, in a fraction of the time: their bits
depend on neither. Needs Python's standard library, qemu-aarch64 (Debian: qemu-user), and the target by
`rustup target add aarch64-unknown-linux-musl`.
"""
import json, os, pathlib, shutil, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "aarch64-unknown-linux-musl"
# Processors of the emulator, with the set that `--isa auto` is to choose, and other sets that they have.
PROCESSORS = {
    "cortex-a53": ("neon", []),
    "cortex-a76": ("neon+dotprod", ["neon"]),
    "max": ("neon+i8mm", ["neon+dotprod"]),
}
PROMPT = "turn the bedroom lamp down to 30 percent in ten minutes"
SECONDS = 120


def build():
    """The path of the command for AArch64."""
    linker = f"CARGO_TARGET_{TARGET.upper().replace('-', '_')}_LINKER"
    profile = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "1", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
    environment = {**os.environ, linker: "rust-lld", **profile}
    target_dir = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute() / "aarch64"
    command = ["cargo", "build", "--quiet", "--release", "--no-default-features"]
    subprocess.run([*command, "--target", TARGET, "--target-dir", target_dir], check=True, cwd=ROOT, env=environment)
    return target_dir / TARGET / "release/flashlet"


def answer(command, isa):
    """The JSON object of an answer."""
    run = [*command, "run", "--json", "--temp", "0", "--threads", "1", "--isa", isa, PROMPT]
    done = subprocess.run(run, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        sys.exit(f"FAIL {' '.join(map(str, run))}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


binary = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/flashlet"
emulator = shutil.which("qemu-aarch64") or sys.exit("qemu-aarch64 is missing (Debian: qemu-user)")
expected = answer([binary], "auto")
emulated = build()
failed = 0
for cpu, (best, others) in PROCESSORS.items():
    for isa in ["auto", *others]:
        got = answer([emulator, "-cpu", cpu, emulated], isa)
        said = [got[key] for key in ["isa", "ids", "text", "logits_hash"]]
        want = [best if isa == "auto" else isa, *(expected[key] for key in ["ids", "text", "logits_hash"])]
        ok = said == want
        failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {cpu}, --isa {isa}: {got['isa']}, logits {got['logits_hash']}", flush=True)
        if not ok:
            print(f"     got      {said}\n     expected {want}")
sys.exit(1 if failed else 0)
