#!/usr/bin/env python3
"""What simulated boards make of a model: two tables in Markdown.

    python3 benches/boards.py MODEL.gguf [...]

The first is of how well transfers hide behind computation: two tiles of 128 KiB, an 8-bit KV cache, on the buses that boards
have, with a processor that takes half as long as the bus, as long, and twice as long. 1.00 is the longer of the two alone. The
second is of the boards that `--board` knows: tokens a second of an answer, and of the answers to four prompts of draft_prompts.txt
without drafts and with. FLASHLET names the binary (target/release/flashlet).
"""
import json, os, pathlib, subprocess, sys, tempfile

from draft import prompts

FLASHLET = os.environ.get("FLASHLET", "target/release/flashlet")
BUSES = [("QSPI", "qspi", 45e6, 0.3), ("OCTOSPI", "ospi", 170e6, 0.3), ("SD card", "sd", 20e6, 500), ("eMMC", "emmc", 90e6, 100)]
PROFILE = """name = "{name}"
what = "{name}"
arena = "64MiB"
isa = "dsp"
hz = {hz}
cores = 1
cycles_per_instruction = 1
flash = {{ kind = "{kind}", bytes = "2GiB", mapped = false, bytes_per_s = {rate}, latency_us = {latency} }}
"""
FLAGS = ["--kv", "q8_0", "--ctx", "512"]
BOARDS = """stm32h7b3i-dk mimxrt1170-evk stm32n6570-dk alif-e7 esp32-p4 raspi-zero2w raspi3b raspi4b raspi4b-emmc raspi5""".split()


def bench(model, board, *args):
    """The JSON of `flashlet bench` on a board; None and the reason if the model does not fit."""
    command = [FLASHLET, "bench", "-m", model, "--board", board, "--json", *args]
    done = subprocess.run(command, capture_output=True, text=True)
    return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr.strip())


def overlap(model, folder):
    print("| bus | half | as long | twice |\n|---|---|---|---|")
    args = ["-p", "0", "-n", "2", "--kv", "q8_0", "--ctx", "64", "--residency", "streamed", "--tile", "128KiB"]
    for name, kind, rate, latency in BUSES:
        path = folder / "bus.toml"

        def on(hz):
            path.write_text(PROFILE.format(name=name, kind=kind, hz=hz, rate=rate, latency=latency))
            load = bench(model, str(path), *args)[0]["board"]["decode"]
            return load["seconds"], load["bus"], load["compute"]

        _, bus, compute = on(1e9)
        cells = []
        for ratio in (0.5, 1.0, 2.0):
            seconds, bus_now, compute_now = on(1e9 * compute / bus / ratio)
            cells.append(f"{seconds / max(bus_now, compute_now):.3f}")
        print(f"| {name}, {rate / 1e6:.0f} MB/s, {latency} µs | " + " | ".join(cells) + " |", flush=True)


def answers(model, board, draft, residency):
    """Tokens a second of the answers to the prompts, and the answers. A model without a chat template continues the prompts."""
    inspect = subprocess.run([FLASHLET, "inspect", "-m", model, "--json"], check=True, text=True, capture_output=True).stdout
    chat = ["--chat"] if "tokenizer.chat_template" in inspect else []
    tokens, seconds, ids = 0, 0.0, []
    for name, text in [(name, text) for kind, name, text in prompts() if kind == "text"][:4]:
        command = [FLASHLET, "run", "-m", model, *chat, "--board", board, *FLAGS, "--residency", residency]
        command += ["--draft", draft, "--temp", "0", "-n", "96", "--json"]
        done = json.loads(subprocess.run(command, input=text, check=True, text=True, capture_output=True).stdout)
        tokens += len(done["ids"])
        seconds += len(done["ids"]) / done["timings"]["decode_tokens_per_s"]
        ids.append(done["ids"])
    return tokens / seconds, ids


def boards(model):
    print("| board | arena, bytes | flash a token | streamed | its answers, with drafts | pinned, as far as it fits | its answers, with drafts |\n|---|---|---|---|---|---|---|")
    for board in BOARDS:
        cells, arena, traffic = [], "", ""
        for residency in ("streamed", "auto"):
            plan = subprocess.run([FLASHLET, "plan", "-m", model, "--board", board, *FLAGS, "--residency", residency, "--json"], capture_output=True, text=True)
            plan = json.loads(plan.stdout) if plan.stdout else {"fits": False}
            result, why = bench(model, board, "-p", "16", "-n", "4", *FLAGS, "--residency", residency)
            if result is None:
                cells += ["flash too small" if "flash" in why else "does not fit", ""]
                continue
            if residency == "streamed":
                arena, traffic = f"{plan['arena_bytes']:,}", f"{plan['flash_bytes_per_token'] / 1e6:.1f} MB"
            cells += [f"{result['tg'][0]:.2f}, {result['board']['decode']['bound_by']}"]
            (without, ids), (drafted, same) = (answers(model, board, draft, residency) for draft in ("off", "prompt"))
            assert ids == same, f"{board}: drafts change an answer"
            cells += [f"{without:.2f}, {drafted:.2f}"]
        print(f"| {board} | {arena} | {traffic} | " + " | ".join(cells) + " |", flush=True)


def main(models):
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            print(f"\n{pathlib.Path(model).name}\n")
            overlap(model, pathlib.Path(folder))
            print()
            boards(model)


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
