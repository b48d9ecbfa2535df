#!/usr/bin/env python3
"""The demo's tokenizer: SentencePiece-style BPE with byte fallback, trained on generated sentences.

    python3 host-sim/demo/tokenizer.py      rewrites vocab.json

Words merge from characters; numbers below 100 are tokens; the answers' keys, names and durations are tokens of their own.
"""
import collections, json, pathlib, re
from functools import lru_cache

from generate import Generator, HERE, serialise
from lexicon import COLORS, DEVICES, DOORS, ROOMS

SIZE = 1024
EOS, USER, ANSWER = "<|im_end|>", "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"
SPECIAL = ["<unk>", EOS, USER, ANSWER]
VERBS = "on off set up down open close stop lock unlock play pause next prev mute unmute start home ask none".split()
NAMES = ["all", "front", "back", "timer", "alarm", "on", "open", "locked", "temp", "level", "left", "at", "chat", "question",
         "unsupported", "unclear", "negated", "c", "f", *DEVICES, *ROOMS, *DOORS, *COLORS]
KEYS = ["room", "what", "level", "by", "temp", "unit", "color", "at", "after_s", "for_s"]
TEXT_KEYS = {"room", "what", "unit", "color", "at", "why", "do", "device"}
SECONDS = sorted({n * 60 for n in range(2, 61)} | {n * 3600 for n in (1, 2, 3, 4, 5, 6, 8, 10, 12, 24)} | {5400, 9000, 4500})


def structure():
    """The tokens between an answer's values."""
    out = ['{"do":"none","why":"', "[", "]", '"}', "}", '"},', "},", ":"]
    out += [f'{{"do":"{verb}","device":"' for verb in VERBS if verb != "none"]
    # A key follows a word, which its quote closes, or a number.
    for key in KEYS:
        after = ('"', "") if key in ("unit", "at", "after_s", "for_s") else ('"',)
        out += [f'{quote},"{key}":' + ('"' if key in TEXT_KEYS else "") for quote in after]
    return out


PIECE = re.compile("|".join(re.escape(t) for t in sorted(structure(), key=len, reverse=True)) + r"|[a-z_]+|\d+")


def train(texts, n):
    """BPE over words, which are letters, with the space before them: the n best pieces of two characters and more."""
    counts = collections.Counter()
    for text in texts:
        for word in re.findall(r"▁?[^\W\d_]+", text.replace(" ", "▁")):
            counts[word] += 1
    words = [(list(w), c) for w, c in counts.items()]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for k, (w, c) in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += c
            where[p].add(k)
    out = []
    while len(out) < n:
        best = max(pairs, key=lambda p: (pairs[p], p))
        merged = "".join(best)
        if merged not in out:
            out.append(merged)
        for k in where.pop(best):
            w, c = words[k]
            for p in zip(w, w[1:]):
                pairs[p] -= c
            i = 0
            while i + 1 < len(w):
                if (w[i], w[i + 1]) == best:
                    w[i:i + 2] = [merged]
                i += 1
            for p in zip(w, w[1:]):
                pairs[p] += c
                where[p].add(k)
        pairs.pop(best, None)
    return out


def build():
    """[text, kind] of every token, in the order of ids. The kinds are GGUF's: 1 normal, 2 unknown, 3 control, 6 byte."""
    generator = Generator(99)
    texts = [generator.sample()["text"] for _ in range(60000)]
    # What is rarer than these is spelled in bytes.
    chars = list("▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPRSTUVWY0123456789.,!?'%:-/+&;°")
    fixed = structure() + [str(n) for n in range(10, 101)] + [f"{n:02}" for n in range(10)] + [str(n) for n in SECONDS if n > 100]
    rest = [t for t in dict.fromkeys(fixed + NAMES) if t not in chars]
    room = SIZE - len(SPECIAL) - 256 - len(chars)
    # Names that are pieces as well need no place of their own.
    n = room - len(rest)
    while True:
        pieces = train(texts, n)
        extra = [t for t in rest if t not in pieces]
        if len(pieces) + len(extra) >= room:
            break
        n += room - len(pieces) - len(extra)
    pieces = pieces[:room - len(extra)]
    tokens = [[t, 2 if t == "<unk>" else 3] for t in SPECIAL] + [[f"<0x{b:02X}>", 6] for b in range(256)]
    tokens += [[t, 1] for t in pieces + extra + chars]
    assert len(tokens) == SIZE == len({t for t, _ in tokens}), len(tokens)
    return tokens


class Tokenizer:
    def __init__(self, tokens):
        self.tokens = tokens
        self.ids = {t: i for i, (t, _) in enumerate(tokens)}
        self.score = {t: -float(i) for i, (t, kind) in enumerate(tokens) if kind == 1}
        self.word = lru_cache(1 << 18)(self._word)

    def _word(self, word):
        """The ids of a word: the best adjacent pair is merged until none makes a token."""
        parts = list(word)
        while True:
            best = max(((self.score[a + b], -i) for i, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in self.score), default=None)
            if best is None:
                break
            i = -best[1]
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
        out = []
        for p in parts:
            out += [self.ids[p]] if p in self.score else [self.ids[f"<0x{b:02X}>"] for b in p.encode()]
        return tuple(out)

    def text(self, text):
        """What a user writes, as the engine and llama.cpp encode it."""
        return [i for word in re.findall(r"▁?[^▁]+|▁", text.replace(" ", "▁")) for i in self.word(word)]

    def answer(self, text):
        """An answer in the tokens that the model is to give, without the one that ends it."""
        parts = PIECE.findall(text)
        assert "".join(parts) == text, text
        return [self.ids[p] for p in parts]

    def prompt(self, text):
        return [self.ids[USER], *self.text(text), self.ids[ANSWER]]


def load():
    return Tokenizer(json.loads((HERE / "vocab.json").read_text()))


if __name__ == "__main__":
    (HERE / "vocab.json").write_text("[\n" + ",\n".join(json.dumps(t, ensure_ascii=False) for t in build()) + "\n]\n")
    t = load()
    rows = [Generator(5).sample() for _ in range(1)] + [r for g in [Generator(6)] for r in (g.sample() for _ in range(4000))]
    lens = sorted(len(t.prompt(r["text"])) + len(t.answer(r["json"])) + 1 for r in rows)
    print(len(t.tokens), "tokens; samples have", sum(lens) / len(lens), "on average, at most", lens[-1], "answers", sum(len(t.answer(r["json"])) + 1 for r in rows) / len(rows))
