#!/usr/bin/env python3
"""Checks the Markdown documents: what they show is what the program prints, and what they point at exists.

    cargo build --release && tests/e2e/documents.py [--update] [target/release/flashlet]

- A fenced block with lines that begin with `$ ` is a session. Its commands run in a temporary folder that links to the
  repository's folders, and their output must be the lines shown. A line `...` stands for one or more lines. Speeds and
  times of this machine may differ; those of a simulated board (`--board`) may not. The blocks of a document share one
  shell, so a variable keeps its value. A command must succeed unless an `error: ` is shown.
- A session that cannot run here has a comment in front of it: `<!-- not checked: REASON -->`.
- `cargo run --release -- ARGS` runs the binary with ARGS; other cargo commands cannot be checked.
- A ```rust block must be a run of lines of the engine's crate documentation, which `cargo test --doc` compiles.
- Relative links and their anchors must exist, and so must paths in `code` and in blocks of commands that begin with a
  folder of the repository.
- Tables of plans show the arenas that `flashlet plan` prints for SmolLM2.
- README.md has at most 140 lines, and its picture is what benches/memory_map.py draws.

`--update` writes the printed output into the documents, and draws the picture. Needs Python's standard library; SmolLM2
is fetched by smollm2.py.
"""
import dataclasses, difflib, glob, json, os, pathlib, queue, re, subprocess, sys, tempfile, threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
README_LINES = 140
SECONDS = 180
NOT_CHECKED = re.compile(r"<!-- not checked: (.+?) -->")
FENCE = re.compile(r"^```(\w*)$")
# Speeds and times of the machine that runs the command.
SPEED = re.compile(r" *[\d.]+ ± [\d.]+ tokens/s +\([\d. ]+\)| *\b[\d.]+ (?:tokens/s|MB/s|GB/s|ms|s)\b")
CARGO = """#!/bin/sh
[ "$1 $2 $3" = "run --release --" ] || { echo "documents.py cannot run: cargo $*"; exit 1; }
shift 3 && exec flashlet "$@"
"""


@dataclasses.dataclass
class Block:
    """A fenced block: its language, the index of its first line in the document, its lines, and why it is not checked."""
    language: str
    start: int
    lines: list
    reason: str


@dataclasses.dataclass
class Example:
    """A command of a session, as typed, and the output shown: lines `first..last` of the document."""
    command: str
    shown: list
    first: int
    last: int


def blocks(lines):
    """The document's fenced blocks."""
    found, opened = [], None
    for i, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence and opened is None:
            before = next((text for text in reversed(lines[:i]) if text.strip()), "")
            marked = NOT_CHECKED.search(before)
            opened = Block(fence[1], i + 1, [], marked[1] if marked else "")
        elif fence:
            opened.lines = lines[opened.start:i]
            found.append(opened)
            opened = None
    return found


def prose(lines):
    """The document's text with its fenced blocks blanked out, so that line numbers stay."""
    lines = list(lines)
    for block in blocks(lines):
        for i in range(block.start - 1, block.start + len(block.lines) + 1):
            lines[i] = ""
    return lines


def examples(block):
    """The commands of a session with their output. Lines that end with a backslash go on."""
    found, i = [], 0
    while i < len(block.lines):
        if not block.lines[i].startswith("$ "):
            sys.exit(f"{block.lines[i]!r}: output in front of a session's first command")
        typed = [block.lines[i][2:]]
        while typed[-1].endswith("\\"):
            i += 1
            typed.append(block.lines[i])
        i += 1
        first = i
        while i < len(block.lines) and not block.lines[i].startswith("$ "):
            i += 1
        found.append(Example("\n".join(typed), block.lines[first:i], block.start + first, block.start + i))
    return found


def same(command, shown, printed):
    """One line as shown and as printed: equal but for this machine's speeds."""
    if "--board" in command:
        return shown == printed
    return SPEED.sub(" N", shown) == SPEED.sub(" N", printed)


def matches(command, shown, printed):
    """The lines as shown match those printed; `...` stands for one or more lines."""
    if not shown or not printed:
        return not shown and not printed
    if shown[0] == "...":
        return any(matches(command, shown[1:], printed[n:]) for n in range(1, len(printed) + 1))
    return same(command, shown[0], printed[0]) and matches(command, shown[1:], printed[1:])


def updated(command, shown, printed):
    """The lines to show: those printed, with shown speeds and the place of the first `...` kept."""
    if matches(command, shown, printed):
        return shown
    kept = [next((old for old in shown if same(command, old, line)), line) for line in printed]
    if "..." not in shown:
        return kept
    head, tail = shown.index("..."), shown[::-1].index("...")
    return kept[:head] + ["..."] + kept[max(len(kept) - tail, head):]


class Shell:
    """A shell in a temporary folder, in which the commands of one document run."""
    END = "-- end of the command --"

    def __init__(self, folder, binary):
        for path in ROOT.iterdir():
            if path.is_dir() and not path.name.startswith(".") and path.name != "target":
                (folder / path.name).symlink_to(path)
        tools = folder / ".bin"
        tools.mkdir()
        (tools / "flashlet").symlink_to(binary)
        (tools / "cargo").write_text(CARGO)
        (tools / "cargo").chmod(0o755)
        env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        self.process = subprocess.Popen(["bash", "--norc"], cwd=folder, env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def run(self, command):
        """The exit code and the printed lines of a command; no code if it ends the shell or takes too long."""
        self.process.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n%s %d\\n' '{self.END}' $?\n")
        self.process.stdin.flush()
        printed = []
        while True:
            try:
                line = self.lines.get(timeout=SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                self.close()
                return None, printed
            if line.startswith(self.END):
                # The marker begins with a line break of its own, which ends an answer that has none.
                while printed and not printed[-1]:
                    printed.pop()
                return int(line.removeprefix(self.END)), printed
            printed.append(line)

    def close(self):
        self.process.kill()
        self.process.wait()


class Check:
    """The documents, and what was found in them."""

    def __init__(self, binary, update):
        self.binary, self.update = binary, update
        self.passed = self.failed = self.commands = 0
        self.marked = []
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                                check=True, capture_output=True, text=True).stdout.split()
        self.documents = {path: (ROOT / path).read_text().split("\n") for path in sorted(listed) if (ROOT / path).exists()}
        self.top = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in (".git", "target")}

    def count(self, what, problem=""):
        self.passed += not problem
        self.failed += bool(problem)
        if problem:
            print(f"FAIL {what}: {problem}", flush=True)

    def sessions(self, path):
        """Runs the commands of one document, until one ends the shell or takes too long."""
        lines = self.documents[path]
        found = [block for block in blocks(lines) if any(line.startswith("$ ") for line in block.lines)]
        self.marked += [f"{path}:{block.start}: {block.reason}" for block in found if block.reason]
        todo = [example for block in found if not block.reason for example in examples(block)]
        changes = []
        with tempfile.TemporaryDirectory() as folder:
            shell = Shell(pathlib.Path(folder), self.binary)
            while todo and shell.process.poll() is None:
                changes += self.example(path, shell, todo.pop(0))
            shell.close()
        for first, last, shown in reversed(changes):
            lines[first:last] = shown
        if changes:
            (ROOT / path).write_text("\n".join(lines))
            print(f"updated {path}: {len(changes)} commands")

    def example(self, path, shell, example):
        """Compares one command's output; with --update, a change to make."""
        self.commands += 1
        where = f"{path}:{example.first}: {example.command.splitlines()[0]}"
        models = os.environ.get("FLASHLET_MODELS")
        command = example.command.replace("~/.cache/flashlet/models", models) if models else example.command
        code, printed = shell.run(command)
        refused = any(line.startswith("error: ") for line in example.shown)
        if code is None or bool(code) != refused:
            self.count(where, f"exit {code}\n" + "\n".join(printed[-10:]))
            return []
        if matches(command, example.shown, printed):
            self.count(where)
            return []
        if self.update:
            return [(example.first, example.last, updated(command, example.shown, printed))]
        self.count(where, "\n" + "\n".join(difflib.unified_diff(example.shown, printed, "shown", "printed", lineterm="")))
        return []

    def rust(self, path, compiled):
        """Compares a document's Rust with the crate documentation's example."""
        for block in blocks(self.documents[path]):
            if block.language == "rust":
                code = "\n".join(line.strip() for line in block.lines)
                self.count(f"{path}:{block.start}: rust", "" if code in compiled else "not in engine/src/lib.rs's example")

    def links(self, path):
        """Follows a document's relative links and the paths that it names."""
        for number, line in enumerate(prose(self.documents[path]), 1):
            for link in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", re.sub(r"`[^`]*`", "", line)):
                link = link[0] or link[1]
                if not re.match(r"[a-z]+:", link):
                    self.count(f"{path}:{number}: {link}", self.dead(path, link))
            self.paths(path, number, re.findall(r"`([^`\s]+)`", line))
        for block in blocks(self.documents[path]):
            if block.language in ("", "sh"):
                for number, line in enumerate(block.lines, block.start + 1):
                    self.paths(path, number, line.split())

    def paths(self, path, number, words):
        """Looks for the files of the repository that are named on a line."""
        for word in words:
            if word.split("/")[0] in self.top and "/" in word and not re.search(r"[A-Z]{4}|\$", word):
                self.count(f"{path}:{number}: {word}", "" if self.exists(word) else "no such file")

    def exists(self, pattern):
        """A file of the repository, by a pattern of the shell, or one that git ignores because a tool makes it."""
        if glob.glob(str(ROOT / re.sub(r"\{[^}]*\}", "*", pattern))):
            return True
        return subprocess.run(["git", "check-ignore", "-q", pattern], cwd=ROOT).returncode == 0

    def dead(self, path, link):
        """The reason why a link leads nowhere, if it does."""
        target, _, anchor = link.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
        if file.startswith("..") or not (ROOT / file).exists():
            return "no such file"
        if anchor and file not in self.documents:
            return "an anchor in what is no document"
        return "no such heading" if anchor and anchor not in self.anchors(file) else ""

    def anchors(self, path):
        """The anchors that GitHub gives a document's headings."""
        found = {}
        for line in prose(self.documents[path]):
            if heading := re.match(r"#{1,6} (.+)", line):
                text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
                slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
                found[slug] = found.get(slug, -1) + 1
        return {f"{slug}-{n}" if n else slug for slug, last in found.items() for n in range(last + 1)}

    def picture(self):
        flag = [] if self.update else ["--check"]
        done = subprocess.run([sys.executable, ROOT / "benches/memory_map.py", *flag, self.binary], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.count("the picture", done.stdout.strip() if done.returncode else "")

    def plans(self, path):
        """The arenas of SmolLM2 in a table of plans: a row ends with bytes, those of another model, and the options of `plan`."""
        for i, line in enumerate(self.documents[path]):
            if row := re.match(r"\| [^|]+ \| ([\d,]+) \| [\d,]+ \| `(--residency [^`]+)` \|$", line):
                models = pathlib.Path(os.environ.get("FLASHLET_MODELS") or "~/.cache/flashlet/models").expanduser()
                command = [self.binary, "plan", "-m", models / "smollm2-135m-instruct-q4_1.gguf", *row[2].split(), "--json"]
                arena = json.loads(subprocess.run(command, text=True, check=True, capture_output=True).stdout)["arena_bytes"]
                self.count(f"{path}:{i + 1}", "" if f"{arena:,}" == row[1] else f"an arena of {arena:,} bytes")

    def all(self):
        docs = re.findall(r"^//! ?(.*)$", (ROOT / "engine/src/lib.rs").read_text(), re.M)
        compiled = "\n".join(line.strip() for line in docs)
        for path, lines in self.documents.items():
            self.sessions(path)
            self.rust(path, compiled)
            self.links(path)
            self.plans(path)
        length = len(self.documents["README.md"]) - 1
        self.count("README.md", f"{length} lines, at most {README_LINES}" if length > README_LINES else "")
        self.picture()
        print(f"{len(self.documents)} documents, {self.commands} commands run, {len(self.marked)} sessions not checked:")
        print("\n".join(f"  {text}" for text in self.marked))
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--update"]
    binary = pathlib.Path(args[0] if args else ROOT / "target/release/flashlet").resolve()
    if not binary.is_file():
        sys.exit(f"{binary} is not there: cargo build --release")
    subprocess.run([sys.executable, ROOT / "tests/e2e/smollm2.py", "--fetch"], check=True)
    sys.exit(Check(binary, len(args) < len(sys.argv) - 1).all())


if __name__ == "__main__":
    main()
