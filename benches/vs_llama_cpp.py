#!/usr/bin/env python3
"""Decode and prefill speed of `flashlet bench` and of llama.cpp on the same file, in turns, as ratios of medians.

    cargo build --release && pip install llama-cpp-python && benches/vs_llama_cpp.py MODEL.gguf [THREADS]

Each round measures both; only the ratio means something on a shared machine. llama.cpp is loaded twice, with
its weight repacking on (its default) and off, and the faster of the two counts.
"""
import json, pathlib, statistics, subprocess, sys, time
import llama_cpp

BINARY = pathlib.Path(__file__).resolve().parent.parent / "target/release/flashlet"
PROMPT, NEW, ROUNDS = 128, 64, 5
# llama.cpp keeps the pointer: the callback must live as long as the program.
SILENT = llama_cpp.llama_log_callback(lambda *_: None)


def load(model, threads, repack):
    params = llama_cpp.llama_model_default_params()
    params.use_extra_bufts = repack
    handle = llama_cpp.llama_model_load_from_file(model.encode(), params)
    ctx = llama_cpp.llama_context_default_params()
    ctx.n_ctx, ctx.n_batch, ctx.n_threads, ctx.n_threads_batch = 2 * PROMPT, PROMPT, threads, threads
    return llama_cpp.llama_init_from_model(handle, ctx)


def llama_round(ctx):
    def feed(ids):
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        if llama_cpp.llama_decode(ctx, llama_cpp.llama_batch_get_one(tokens, len(ids))):
            sys.exit("llama_decode failed")
        llama_cpp.llama_synchronize(ctx)

    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(ctx), True)
    start = time.perf_counter()
    feed([100 + i for i in range(PROMPT)])
    middle = time.perf_counter()
    for i in range(NEW):
        feed([300 + i])
    return PROMPT / (middle - start), NEW / (time.perf_counter() - middle)


def our_round(model, threads):
    command = [BINARY, "bench", "-m", model, "-p", PROMPT, "-n", NEW, "-t", threads, "-r", 1, "--json"]
    got = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout)
    return got["pp"][0], got["tg"][0]


def main():
    model, threads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    llama_cpp.llama_log_set(SILENT, None)
    llama_cpp.llama_backend_init()
    contexts = [load(model, threads, repack) for repack in (True, False)]
    ours, theirs = [], [[], []]
    for i in range(ROUNDS + 1):  # the first round warms up
        mine, other = our_round(model, threads), [llama_round(ctx) for ctx in contexts]
        if i:
            ours.append(mine)
            for all_rounds, one in zip(theirs, other):
                all_rounds.append(one)
    for k, name in enumerate(("prefill", "decode")):
        mine = statistics.median(r[k] for r in ours)
        best = max(statistics.median(r[k] for r in rounds) for rounds in theirs)
        print(f"{name:8} {mine:8.1f} tokens/s, llama.cpp {best:8.1f}, ratio {mine / best:.2f}")


if __name__ == "__main__":
    main()
