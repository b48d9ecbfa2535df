#!/usr/bin/env python3
"""Trains the demo's model on generated sentences.

    python3 host-sim/demo/train.py [--steps N] [--out FOLDER]

Writes checkpoints to FOLDER and goes on from the last one; final.npz is the result. Two threads. Matrices are multiplied in bfloat16,
which takes a processor with instructions for it (AMX, AVX512-BF16); on others --float32 is faster.
"""
import argparse, json, os, pathlib, time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads=2")
import jax
import jax.numpy as jnp
import numpy as np

import model as M
import tokenizer
from generate import HERE, Generator

# A row holds about three samples; the few longer than a row are left out.
ROWS, PART, LENGTH, ANSWERS = 80, 10, 80, 30
MATRIX_RATE, VECTOR_RATE, MOMENTUM, DECAY = 0.01, 2e-3, 0.95, 0.02


class Batches:
    """Whole samples, packed in rows of LENGTH tokens."""

    def __init__(self, seed):
        self.tok = tokenizer.load()
        self.generator = Generator(seed)
        self.waiting = []

    def sample(self):
        while True:
            row = self.generator.sample()
            prompt = self.tok.prompt(row["text"])
            answer = self.tok.answer(row["json"]) + [self.tok.ids[tokenizer.EOS]]
            if len(prompt) + len(answer) <= LENGTH and len(answer) <= ANSWERS:
                return prompt, answer

    def next(self):
        tokens = np.zeros((ROWS, LENGTH), np.int32)
        segments = np.zeros((ROWS, LENGTH), np.int32)
        positions = np.zeros((ROWS, LENGTH), np.int32)
        at, want, weight = (np.zeros((ROWS, ANSWERS), kind) for kind in (np.int32, np.int32, np.float32))
        for r in range(ROWS):
            used, segment, k = 0, 1, 0
            while True:
                # The first of the waiting samples that fits.
                while len(self.waiting) < 24:
                    self.waiting.append(self.sample())
                fits = next((i for i, (p, a) in enumerate(self.waiting) if used + len(p) + len(a) <= LENGTH and k + len(a) <= ANSWERS), None)
                if fits is None:
                    break
                prompt, answer = self.waiting.pop(fits)
                both = prompt + answer
                end = used + len(both)
                tokens[r, used:end], segments[r, used:end], positions[r, used:end] = both, segment, range(len(both))
                n = len(answer)
                at[r, k:k + n] = np.arange(end - n - 1, end - 1)
                want[r, k:k + n], weight[r, k:k + n] = answer, 1
                k, used, segment = k + n, end, segment + 1
        return tokens, segments, positions, at, want, weight


def exact(params, rows, tok):
    """Share of samples whose every token is the likeliest, by category: what greedy decoding gets right."""
    right = {}
    tokens_of = lambda r: (tok.prompt(r["text"]), tok.answer(r["json"]) + [tok.ids[tokenizer.EOS]], r["category"])
    rows = [r for r in map(tokens_of, rows) if len(r[0]) + len(r[1]) <= M.CONTEXT]
    for start in range(0, len(rows), 48):
        part = rows[start:start + 48]
        tokens = np.zeros((48, M.CONTEXT), np.int32)
        for r, (p, a, _) in enumerate(part):
            tokens[r, :len(p) + len(a)] = p + a
        best = np.asarray(predict(params, tokens, np.int32(1)))
        for r, (p, a, category) in enumerate(part):
            right.setdefault(category, []).append(list(best[r, len(p) - 1:len(p) + len(a) - 1]) == a)
    return {c: round(float(np.mean(r)), 4) for c, r in sorted(right.items())}


@jax.jit
def predict(params, tokens, one):
    segments = jnp.ones_like(tokens)
    positions = jnp.broadcast_to(jnp.arange(tokens.shape[1]), tokens.shape)
    return M.logits(M.rounded(params), tokens, segments, positions, positions, one).argmax(-1).reshape(tokens.shape)


def orthogonal(g):
    """Newton-Schulz towards the nearest orthogonal matrix (Muon)."""
    x = g / (jnp.linalg.norm(g) + 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    for _ in range(5):
        half = x.astype(M.HALF)
        a = M.dot(half, half, (1, 1))
        b = -4.7750 * a + 2.0315 * M.dot(a.astype(M.HALF), a.astype(M.HALF), (1, 0))
        x = 3.4445 * x + M.dot(b.astype(M.HALF), half, (1, 0))
    return x.T if flip else x


def update(params, state, batch, step, rate, one, quantise):
    seen = M.rounded(params) if quantise else params

    def loss_of(params, part):
        *places, want, weight = part
        logp = jax.nn.log_softmax(M.logits(params, *places, one))
        nll = -jnp.take_along_axis(logp, want.reshape(-1, 1), -1)[:, 0]
        return (nll * weight.reshape(-1)).sum()

    def add(total, part):
        return jax.tree.map(jnp.add, total, jax.value_and_grad(loss_of)(seen, part)), None

    # Rounding lets gradients pass. In small parts, whose activations stay in the cache.
    parts = [a.reshape(-1, PART, *a.shape[1:]) for a in batch]
    (loss, grads), _ = jax.lax.scan(add, (0.0, jax.tree.map(jnp.zeros_like, params)), parts)
    loss, grads = jax.tree.map(lambda a: a / batch[-1].sum(), (loss, grads))
    new, new_state = {}, {}
    for name, w in params.items():
        g, s = grads[name], state[name]
        if w.ndim == 2 and name != "token_embd":
            m = MOMENTUM * s[0] + g
            direction = orthogonal(g + MOMENTUM * m) * max(1, w.shape[0] / w.shape[1]) ** 0.5
            new[name] = w * (1 - rate * MATRIX_RATE * DECAY) - rate * MATRIX_RATE * direction
            new_state[name] = (m,)
        else:
            m, v = 0.9 * s[0] + 0.1 * g, 0.98 * s[1] + 0.02 * g * g
            step_ = m / (1 - 0.9 ** step) / (jnp.sqrt(v / (1 - 0.98 ** step)) + 1e-8)
            new[name] = w - rate * VECTOR_RATE * step_
            new_state[name] = (m, v)
    return new, new_state, loss


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--steps", type=int, default=10000)
    args.add_argument("--decay", type=float, default=0.5, help="share of the steps over which the rate falls to zero")
    args.add_argument("--quantise", type=float, default=0.5, help="share of the steps after which weights are rounded")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--out", type=pathlib.Path, default=pathlib.Path("target/demo"))
    args.add_argument("--float32", action="store_true", help="multiply matrices in float32")
    args.add_argument("--start", type=pathlib.Path, help="parameters to start from")
    args = args.parse_args()
    M.HALF = jnp.float32 if args.float32 else M.HALF
    args.out.mkdir(parents=True, exist_ok=True)
    steps = {q: jax.jit(lambda p, s, b, n, r, o, q=q: update(p, s, b, n, r, o, q), donate_argnums=(0, 1)) for q in (False, True)}
    params = M.init(args.seed)
    if args.start:
        params = {k: jnp.asarray(v) for k, v in np.load(args.start).items()}
    state = {k: (jnp.zeros_like(w),) * (1 if w.ndim == 2 and k != "token_embd" else 2) for k, w in params.items()}
    state = jax.tree.map(jnp.copy, state)
    first, checkpoint = 0, args.out / "checkpoint.npz"
    if checkpoint.exists():
        saved = np.load(checkpoint)
        first = int(saved["step"])
        params = {k: jnp.asarray(saved["p:" + k]) for k in params}
        state = {k: tuple(jnp.asarray(saved[f"s{i}:{k}"]) for i in range(len(s))) for k, s in state.items()}
    held = [json.loads(line) for line in open(HERE / "heldout.jsonl")][::4]
    fresh = Generator(args.seed + 7)
    seen = [fresh.sample() for _ in range(600)]
    began = time.time()
    log = open(args.out / "log.txt", "a")

    def say(text):
        print(text, flush=True)
        print(text, file=log, flush=True)

    # A resumed run sees other sentences, not the same ones again.
    batches = Batches(args.seed * 1000 + first)
    losses = []
    for step in range(first + 1, args.steps + 1):
        done = step / args.steps
        rate = min(1.0, step / 50) * min(1.0, max(0.0, (1 - done) / args.decay) + 0.002)
        params, state, loss = steps[done > args.quantise](params, state, batches.next(), float(step), rate, np.int32(1))
        losses.append(loss)
        if step % 50 == 0:
            mean = float(np.mean([float(x) for x in losses]))
            losses = []
            say(f"step {step} loss {mean:.4f} rate {rate:.3f} {time.time() - began:.0f} s")
        if step % 500 == 0 or step == args.steps:
            say(f"step {step} held out {exact(params, held, batches.tok)} seen templates {exact(params, seen, batches.tok)}")
        if step % 100 == 0 or step == args.steps:
            arrays = {"p:" + k: np.asarray(w) for k, w in params.items()}
            arrays |= {f"s{i}:{k}": np.asarray(x) for k, s in state.items() for i, x in enumerate(s)}
            np.savez(args.out / "new.npz", step=step, **arrays)
            os.replace(args.out / "new.npz", checkpoint)
    np.savez(args.out / "final.npz", **{k: np.asarray(w) for k, w in sorted(params.items())})


if __name__ == "__main__":
    main()
