#!/usr/bin/env python3
"""Packs a model and asks others whether it is still the same: PyPI gguf, llama.cpp, and the engine itself.

    pip install -r tests/e2e/requirements.txt
    cargo build --release && tests/e2e/pack.py MODEL.gguf [target/release/flashlet]

Every tensor must have the bytes that it had, at a multiple of the page; every key that was kept its value; the checksums
must be those that a bit by bit CRC-32C gives (of the small tensors); llama.cpp must answer greedily with the same tokens
and their probabilities, and the engine with the same logits, bit for bit, from wherever the weights are. Questions and
conversations must have the same tokens, and the template's pieces must be in the packed file.
"""
import json, pathlib, subprocess, sys, tempfile
import gguf, numpy as np, xllamacpp

HERE = pathlib.Path(__file__).resolve().parent
PROMPT, STEPS, PAGE = "The capital of Italy is", 24, 4096
QUESTION = "  What is <|im_end|> the capital of Italy?\n"
CONVERSATION = [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Hi\n"},
                {"role": "assistant", "content": " Hello! "}, {"role": "user", "content": "What is 2 + 2?"}]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def greedy(path):
    """What llama.cpp answers: its text, and the likeliest tokens of each step with their probabilities."""
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(path), 256, 1
    request = {"prompt": PROMPT, "n_predict": STEPS, "temperature": 0, "logprobs": 5, "seed": 1}
    answer = xllamacpp.Server(params).handle_completions(request)
    return answer["usage"]["prompt_tokens"], answer["choices"][0]["text"], answer["choices"][0]["logprobs"]


def flashlet(*args):
    p = subprocess.run([binary, *map(str, args)], capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"exit {p.returncode} of {args}: {p.stderr}")
    return p.stdout


def check(what, ok):
    print(f"{'ok  ' if ok else 'FAIL'} {what}", flush=True)
    failed.append(not ok)


failed = []
model = pathlib.Path(sys.argv[1])
binary = sys.argv[2] if len(sys.argv) > 2 else str(HERE.parents[1] / "target/release/flashlet")
with tempfile.TemporaryDirectory() as tmp:
    packed = pathlib.Path(tmp) / "packed.gguf"
    print(flashlet("pack", model, packed, "--page", PAGE, "--strip"))
    old, new = gguf.GGUFReader(model), gguf.GGUFReader(packed)
    was = {t.name: t for t in old.tensors}
    check("the same tensors", set(was) == {t.name for t in new.tensors} and len(was) == len(new.tensors))
    check("their bytes", all(np.array_equal(t.data, was[t.name].data) for t in new.tensors))
    check("their types and shapes", all(
        t.tensor_type == was[t.name].tensor_type and list(t.shape) == list(was[t.name].shape) for t in new.tensors))
    check("aligned", all(t.data_offset % PAGE == 0 for t in new.tensors))
    kept = [k for k in new.fields if not k.startswith(("flashlet.", "GGUF.")) and k != "general.alignment"]
    check(f"{len(kept)} keys kept their values", all(
        all(np.array_equal(a, b) for a, b in zip(new.fields[k].parts[2:], old.fields[k].parts[2:])) for k in kept))
    sums = new.fields["flashlet.crc32c.tensors"]
    sums = [int(sums.parts[i][0]) for i in sums.data]
    small = [(s, t) for s, t in zip(sums, new.tensors) if t.n_bytes <= 8192]
    check(f"checksums of {len(small)} tensors", small and all(s == crc32c(t.data.tobytes()) for s, t in small))
    was, now = greedy(model), greedy(packed)
    check(f"llama.cpp's tokens {was[1]!r}", was == now and len(was[2]["content"]) == STEPS)
    hashes = set()
    for path, verify in (model, "off"), (packed, "all"):
        for residency in ("mapped", "pinned", "streamed"):
            out = json.loads(flashlet(
                "run", "-m", path, "--raw", PROMPT, "-n", STEPS, "--temp", 0, "--ctx", 256, "--residency", residency,
                f"--verify={verify}", "--json"))
            hashes.add((out["logits_hash"], tuple(out["prompt_ids"]), tuple(out["ids"])))
    check(f"the engine's bits {[h[0] for h in hashes]}", len(hashes) == 1)
    conversation = pathlib.Path(tmp) / "conversation.json"
    conversation.write_text(json.dumps(CONVERSATION))
    for chat in [QUESTION], ["--system", "Be brief.", QUESTION], ["--system", "", QUESTION], ["--messages", conversation]:
        first, second = (json.loads(flashlet("run", "-m", path, *chat, "-n", 1, "--json")) for path in (model, packed))
        check(f"{len(first['prompt_ids'])} tokens of a chat", first["chat"] and first["prompt_ids"] == second["prompt_ids"])
    named = json.loads(flashlet("run", "-m", model, "--chat-format", "smollm2", QUESTION, "-n", 1, "--json"))["prompt_ids"]
    own = json.loads(flashlet("run", "-m", model, QUESTION, "-n", 1, "--json"))["prompt_ids"]
    check("the format by which boards know the template", named == own)
    pieces = {k.removeprefix("flashlet.chat.") for k in new.fields if k.startswith("flashlet.chat.")}
    check(f"pieces of the template {sorted(pieces)}", pieces >= {"version", "first", "after_user", "after_answer"})
sys.exit(1 if any(failed) else 0)
