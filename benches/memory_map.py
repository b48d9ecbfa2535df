#!/usr/bin/env python3
"""Draws benches/memory_map.svg: how the STM32F405's flash and RAM are used while the built-in model answers.

    cargo build --release && benches/memory_map.py [--check] [target/release/flashlet]

Program, static data, stack and instructions were measured under QEMU (boards/figures.txt, which
`board-runner test --update` writes); the model is the file in host-sim/demo; the parts of the arena are those of
`flashlet plan`, whose sum must be the arena that the board reported; clock and cycles per instruction, an estimate, are
those of the board's profile. `--check` writes nothing and fails if the committed picture is another one.
"""
import html, json, pathlib, re, subprocess, sys, tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PICTURE = ROOT / "benches/memory_map.svg"
PROGRAM = "stm32f405"
FLASH, RAM = 1 << 20, 128 << 10
PLAN = ["plan", "--board", PROGRAM, "--kv", "q8_0", "--json"]
# The parts of the arena, largest first: the plan's name, the label.
ARENA = [("kv_cache", "KV cache, q8_0, 128 tokens"), ("tokenizer_index", "tokenizer index"), ("activations", "activations"),
         ("tables", "tables"), ("logits_tile", "logits, one tile")]
WIDTH, LEFT, BAR, ROW = 760, 24, 712, 22
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .note { fill: #59636e; font-size: 12px }
.bytes { text-anchor: end; font-variant-numeric: tabular-nums } .card { fill: #ffffff; stroke: #d1d9e0 }
.program { fill: #cf5c36 } .model { fill: #2f6fb3 } .free { fill: #d1d9e0 } .static { fill: #8a6bb8 } .stack { fill: #cf5c36 }
.a0 { fill: #1f7a5c } .a1 { fill: #2f9d78 } .a2 { fill: #55b894 } .a3 { fill: #86cfb3 } .a4 { fill: #b5e3d1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 } .card { fill: #0d1117; stroke: #3d444d } .free { fill: #3d444d }
}"""


def figures():
    """The newest compiler's line of boards/figures.txt, by column, and the compiler."""
    lines = (ROOT / "boards/figures.txt").read_text().splitlines()
    head = next(line for line in lines if line.startswith("# compiler")).split()[2:]
    rows = [line.split() for line in lines if line.split()[1:2] == [PROGRAM]]
    row = max(rows, key=lambda row: [int(n) for n in re.findall(r"\d+", row[0])])
    return dict(zip(head[1:], map(int, row[2:]))), row[0].replace("-", " ")


def tokens_per_s(instructions):
    """The speed that the board's profile gives for so many instructions a token, and its clock in MHz."""
    profiles = tomllib.loads((ROOT / "host-sim/boards.toml").read_text())["board"]
    board = next(board for board in profiles if board["name"] == PROGRAM)
    return board["hz"] / board["cycles_per_instruction"] / instructions, board["hz"] / 1e6


def bars(binary):
    """Both memories: a title, its bytes, and the parts as (style, label, bytes); and the notes below them."""
    now, compiler = figures()
    plan = json.loads(subprocess.run([binary, *PLAN], check=True, capture_output=True, text=True).stdout)
    arena = [(f"a{i}", label, plan["memory"][part]) for i, (part, label) in enumerate(ARENA)]
    total = sum(size for _, _, size in arena)
    if total != now["arena"]:
        sys.exit(f"the plan's arena has {total} bytes, the board's {now['arena']}")
    flash = [("model", "model: 1.3 million parameters, tokenizer, as GGUF", (ROOT / "host-sim/demo/flashlet-demo-q4_k.gguf").stat().st_size),
             ("program", "program: engine, console, drivers", now["text"] + now["rodata"])]
    ram = [*arena, ("stack", "stack, deepest measured", now["stack"]), ("static", "other static data", now["bss"] - total)]
    speed, mhz = tokens_per_s(now["decode"])
    notes = [f"Arena: {total:,} bytes, as planned. Measured in QEMU, {compiler}. A token of an answer takes {now['decode'] / 1e6:.1f} million",
             f"instructions: about {speed:.1f} tokens/s at {mhz:.0f} MHz, with an estimate of the cycles per instruction."]
    return [("Flash, 1 MiB", FLASH, flash), ("RAM, 128 KiB", RAM, ram)], notes


def draw(binary):
    body, y = [], 36
    memories, notes = bars(binary)
    for title, total, parts in memories:
        parts = [*parts, ("free", "free", total - sum(size for _, _, size in parts))]
        body.append(f'<text class="title" x="{LEFT}" y="{y}">{title}</text>')
        x = LEFT
        for style, label, size in parts:
            width = BAR * size / total
            body.append(f'<rect class="{style}" x="{x:.1f}" y="{y + 10}" width="{width:.1f}" height="34"><title>{label}</title></rect>')
            x += width
        y += 66
        for style, label, size in parts:
            body.append(f'<rect class="{style}" x="{LEFT}" y="{y - 11}" width="13" height="13" rx="2"/>')
            body.append(f'<text x="{LEFT + 22}" y="{y}">{html.escape(label)}</text><text class="bytes" x="560" y="{y}">{size:,} bytes</text>')
            body.append(f'<text class="bytes" x="{LEFT + BAR}" y="{y}">{100 * size / total:.1f} %</text>')
            y += ROW
        y += 22
    for note in notes:
        body.append(f'<text class="note" x="{LEFT}" y="{y - 8}">{note}</text>')
        y += 18
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 2}" role="img" '
            f'aria-label="Memory map of the STM32F405 with the built-in model">\n<style>{STYLE}\n</style>\n'
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{y - 3}" rx="8"/>\n')
    return head + "\n".join(body) + "\n</svg>\n"


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--check"]
    picture = draw(args[0] if args else ROOT / "target/release/flashlet")
    if len(args) == len(sys.argv) - 1:
        PICTURE.write_text(picture)
    elif not PICTURE.exists() or PICTURE.read_text() != picture:
        sys.exit("benches/memory_map.svg is not what benches/memory_map.py draws from today's figures: run it")


if __name__ == "__main__":
    main()
