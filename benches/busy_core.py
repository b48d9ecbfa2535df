#!/usr/bin/env python3
"""Decode speed while another process keeps one core busy, against a quiet machine, in turns; medians.

    cargo build --release && benches/busy_core.py MODEL.gguf [CORES]

Every core but CORES (2) is left out of it: `taskset` holds flashlet and the busy process on the first ones. What
counts is the ratio of decode on all those cores, one of them busy, to decode on one of them.
"""
import json, os, pathlib, statistics, subprocess, sys

BINARY = pathlib.Path(__file__).resolve().parent.parent / "target/release/flashlet"
NEW, ROUNDS = 64, 5


def decode(model, threads):
    command = [BINARY, "bench", "-m", model, "-p", 0, "-n", NEW, "-t", threads, "-r", 3, "--json"]
    got = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout)
    return statistics.median(got["tg"])


def main():
    model, cores = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    speed = {(busy, threads): [] for busy in (False, True) for threads in (1, cores)}
    for _ in range(ROUNDS):
        for busy in (False, True):
            other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
            try:
                for threads in (1, cores):
                    speed[busy, threads].append(decode(model, threads))
            finally:
                if other:
                    other.kill()
                    other.wait()
    for (busy, threads), rates in speed.items():
        print(f"{'one core busy' if busy else 'quiet':13} {threads} threads {statistics.median(rates):8.1f} tokens/s")
    for busy, what in ((False, "quiet"), (True, "busy")):
        ratio = statistics.median(speed[True, cores]) / statistics.median(speed[busy, 1])
        print(f"{cores} threads on a busy machine / 1 thread on a {what} one: {ratio:.2f}")


if __name__ == "__main__":
    main()
