#!/usr/bin/env python3
"""Samples answers of a model that follow random schemas, and asks PyPI `jsonschema` whether they are valid.

    pip install jsonschema==4.26.0 llguidance==1.9.1
    cargo build --release && tests/e2e/sampled.py [target/release/flashlet [ANSWERS [SEED [MODEL.gguf]]]]

Without MODEL it is a tiny one of random weights, of which 10,000 answers take a minute or two; a real one answers an instruction by its
chat template. The temperature is 1.5, without truncation: all that the grammar allows comes up. Every answer that ends must be
valid JSON by its schema. Fewer than a fifth may be cut off, and these must begin a text that llguidance accepts, if it takes the schema
and members come in the same order there (`make_llguidance.py` says where they do not).
"""
import concurrent.futures, decimal, json, pathlib, random, subprocess, sys, tempfile
from jsonschema import Draft202012Validator

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fixtures"))
import make_grammar, make_llguidance

binary = sys.argv[1] if len(sys.argv) > 1 else str(HERE.parents[1] / "target/release/flashlet")
n_answers, seed = int(sys.argv[2]) if len(sys.argv) > 2 else 600, int(sys.argv[3]) if len(sys.argv) > 3 else 1
# Of each schema.
TIMES, TOKENS = 4, 480
TINY = HERE.parent / "fixtures/chat/bpe.gguf"
MODEL = sys.argv[4] if len(sys.argv) > 4 else TINY
ANY = ["--temp", "1.5", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--min-prob", "0"]


def schemas():
    """Random schemas of all keywords, and of those that llguidance takes too."""
    rng = random.Random(seed)
    for kind in (make_grammar, make_llguidance):
        kind.rng.seed(seed)
    while True:
        schema = make_grammar.schema(3) if rng.random() < .5 else make_llguidance.schema(3)
        if isinstance(schema, dict):
            yield {"$defs": make_llguidance.DEFS, **schema}


def answers(job):
    """The stop and the text of some answers by a schema; None if it is refused."""
    i, schema, folder = job
    path = folder / f"{i}.json"
    path.write_text(json.dumps(schema))
    found = []
    for j in range(TIMES):
        prompt = ["--ids", folder / "ids"] if MODEL == TINY else ["Give an example."]
        p = subprocess.run([binary, "run", "-m", MODEL, *prompt, "--json-schema", path, "--json", *ANY, "-s", str(i * TIMES + j + 1),
                            "-n", str(TOKENS), "-t", "1"], capture_output=True, text=True)
        if p.returncode == 1 and any(why in p.stderr for why in ("keyword", "no text is valid", "there is room for")):
            return schema, None
        if p.returncode:
            sys.exit(f"exit {p.returncode} by {json.dumps(schema)}: {p.stderr}")
        report = json.loads(p.stdout)
        found.append((report["stop"], report["text"]))
    return schema, found


def number(text):
    """A number of JSON that is not rounded."""
    value = decimal.Decimal(text)
    return int(value) if value == value.to_integral_value() else value


def has_one_order(schema):
    """True if llguidance asks for members in the same order as we do."""
    if isinstance(schema, list):
        return all(map(has_one_order, schema))
    if not isinstance(schema, dict):
        return True
    required, named = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and not set(required) <= set(named if isinstance(named, dict) else ()):
        return False
    return not {"anyOf", "oneOf", "allOf"} & set(schema) and all(map(has_one_order, schema.values()))


def is_prefix(schema, text):
    """True if llguidance takes the text as a beginning; None if it does not take the schema, or another spelling."""
    used = {key: value for key, value in schema.items() if key != "$defs"}
    matcher = make_llguidance.matcher(schema) if has_one_order(used) else None
    if matcher is None or not make_llguidance.is_same_form(text, make_llguidance.numbers_in(schema)):
        return None
    ids = list(text.encode())
    return matcher.try_consume_tokens(ids) == len(ids)


def is_valid(schema, text):
    """True if the text is valid by the schema. Numbers of both are compared as decimals, without rounding."""
    try:
        exact = json.loads(json.dumps(schema), parse_float=number)
        return Draft202012Validator(exact).is_valid(json.loads(text, parse_float=number))
    except ValueError:
        return False


valid = invalid = cut = begun = unknown = refused = 0
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "ids").write_text("3 4 5")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        source = enumerate(schemas())
        while valid + invalid + cut < n_answers:
            jobs = [(i, schema, folder) for (i, schema), _ in zip(source, range(16))]
            for schema, found in pool.map(answers, jobs):
                if found is None:
                    refused += 1
                    continue
                for stop, text in found:
                    if stop == "eos":
                        ok = is_valid(schema, text)
                        valid, invalid = valid + ok, invalid + (not ok)
                        if not ok:
                            print(f"invalid: {text!r} by {json.dumps(schema)}")
                    else:
                        cut += 1
                        known = is_prefix(schema, text.rstrip("\ufffd"))
                        begun, unknown = begun + (known is True), unknown + (known is None)
                        if known is False:
                            invalid += 1
                            print(f"no beginning: {text!r} by {json.dumps(schema)}")
share = cut / max(1, valid + invalid + cut)
print(f"{valid} answers valid, {invalid} not; {cut} cut off at {TOKENS} tokens ({share:.1%}), {begun} of them begin a text by llguidance, "
      f"{unknown} not compared; {refused} schemas refused, or too long for the context")
sys.exit(0 if invalid == 0 and share < .2 else 1)
