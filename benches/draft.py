#!/usr/bin/env python3
"""What drafts gain: tokens per pass over the weights, and time, with `--draft prompt` against `--draft off`.

    cargo build --release && benches/draft.py MODEL.gguf [--rounds N] [--kind KIND] [-- FLAGS OF flashlet run]

The prompts are draft_prompts.txt: `text` ones ask for something about a text they bring along, `free` ones do not. Every
answer must be the same with drafts and without, ids and logits. Passes count everything, the prompt's chunks included.
Times are processor times of whole runs, measured in turns (N rounds, 0 leaves them out), without --json, whose hashes cost
time of their own; each prompt's medians are compared. Without flags: --temp 0 --residency streamed --arena 16MiB --ctx 512 -n 160 -t 1.
"""
import argparse, json, pathlib, resource, statistics, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parent / "target/release/flashlet"
FLAGS = "--temp 0 --residency streamed --arena 16MiB --ctx 512 -n 160 -t 1".split()
DRAFTS = ("off", "prompt")


def prompts():
    for part in (HERE / "draft_prompts.txt").read_text().split("=== ")[1:]:
        head, text = part.split("\n", 1)
        kind, name = head.split(": ", 1)
        yield kind, name, text.strip()


def flashlet(model, prompt, draft, *flags):
    command = [BINARY, "run", "-m", model, "--chat", "--draft", draft, *flags]
    return subprocess.run(list(map(str, command)), input=prompt, text=True, check=True, capture_output=True)


def seconds(model, prompt, draft, flags):
    """Processor time of a run, reading included; other programs disturb it less than they do the clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    flashlet(model, prompt, draft, *flags)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def line(name, rows):
    """One line of the table: the sums of rows (tokens, passes without, with, guesses, right, seconds without, with)."""
    tokens, off, on, guesses, right, slow, fast = map(sum, zip(*rows))
    times = f"{fast / slow:8.3f}" if slow else ""
    print(f"{name:32} {tokens:6} {off:6} {on:6} {tokens / off:6.2f} {tokens / on:6.2f} {off / on:6.2f} "
          f"{guesses:6} {right:6} {times}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", default="", help="only these prompts: text or free")
    parser.add_argument("flags", nargs="*", default=FLAGS)
    args = parser.parse_args()
    flags = args.flags or FLAGS
    print("flashlet run", *flags)
    print(f"{'':32} {'':6} {'passes':>13} {'tokens/pass':>13} {'':6} {'guesses':>13} {'time':>8}")
    print(f"{'prompt':32} {'tokens':>6} {'off':>6} {'drafts':>6} {'off':>6} {'drafts':>6} {'gain':>6} {'all':>6} {'right':>6} {'ratio':>8}")
    rows, ratios, ended = {}, {}, {}
    for kind, name, text in prompts():
        if args.kind not in ("", kind):
            continue
        off, on = (json.loads(flashlet(args.model, text, draft, "--json", *flags).stdout) for draft in DRAFTS)
        for field in ("prompt_ids", "ids", "text", "stop", "logits_hash"):
            if off[field] != on[field]:
                sys.exit(f"{kind}: {name}: drafts change {field}: {off[field]} became {on[field]}")
        times = {draft: [] for draft in DRAFTS}
        for i in range(args.rounds):
            for draft in DRAFTS if i % 2 else DRAFTS[::-1]:
                times[draft].append(seconds(args.model, text, draft, flags))
        slow, fast = (statistics.median(times[draft] or [0]) for draft in DRAFTS)
        row = (len(on["ids"]), off["passes"], on["passes"], on["drafts"]["tokens"], on["drafts"]["right"], slow, fast)
        rows.setdefault(kind, []).append(row)
        ratios.setdefault(kind, []).append(fast / slow if slow else 0)
        if on["stop"] == "eos":
            ended.setdefault(kind, []).append(row)
        line(f"{kind}: {name}", [row])
    for kind in rows:
        line(f"all of {kind}", rows[kind])
        # What does not end by itself repeats itself, which is easy to guess.
        if ended.get(kind):
            line(f"those of {kind} that ended", ended[kind])
        if args.rounds:
            print(f"{kind}: time with drafts, of that without: median {statistics.median(ratios[kind]):.3f}, "
                  f"most {max(ratios[kind]):.3f}")


if __name__ == "__main__":
    main()
