"""Command lines and scenario files as somebody might make them who means harm; by number.

Each number is one case, the same on every machine. A case is a list of arguments for ``foryou``;
what files it needs are written to a folder.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

SECRET = "hunter2-of-somebody-else"
"""Stands in files to which links lead, and in files that are no scenario: never to be quoted."""
GOOD = (Path(__file__).parents[2] / "scenarios" / "zero_followers.yaml").read_text("utf-8")
HEAD = "name: x\nduration: 1 d\n"

CONTROL = [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u2028", "\u2029"]
BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DIGITS = ["٣", "۴", "७", "１", "²", "①", "𝟗", "Ⅷ", "三", "½", "৩"]
SEQUENCES = [
    "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\x1b[31mNo problems found.\x1b[0m", "\r foryou: ok",
    "\x1b]8;;http://x\x1b\\", "\u202egnp.exe", "\x00", "\n\nNo problems found.\n", "\u2028x",
]  # fmt: skip
PATHS = ["name", "question", "seed", "duration", "refresh", "viral.reach", "feed.weights.like",
         "feed.filters[0]", "feed.sources.fresh", "population.users", "probes[0].name",
         "population.locales[0].name", "feed.cold_start.policy", "record.events", "extends",
         'feed.sources["a:B"]', "tune", "behaviour.watch.hook"]  # fmt: skip
KEYS = ["seed", "question", "refresh", "feed", "population", "viral", "probes", "record", "tune"]


def words(draw: random.Random) -> str:
    """Text with something in it that no terminal should get."""
    parts = draw.choices([*CONTROL, *BIDI, *SEQUENCES, *DIGITS, "a", "like", " ", ":", "é"], k=6)
    return "".join(parts)


def quoted(text: str) -> str:
    """A YAML string with escapes, so that any character comes through."""
    return '"' + "".join(f"\\U{ord(char):08X}" for char in text) + '"'


def number(draw: random.Random) -> str:
    """A number that is huge, odd, or none."""
    return draw.choice([
        "9" * draw.choice([20, 400, 5_000]), "1e999", "-1e308", "1e-400", "0x" + "f" * 500,
        "1_" * 300 + "1", ".inf", "-.nan", "0o" + "7" * 300, "1" + "0" * 30 + " d",
        f"{'9' * 90} h", "1e99 %", f"{'9' * 60}/day", "-0", "0.1e-300x", "9" * 90 + "x",
        draw.choice(DIGITS) * draw.randint(1, 9), f"{draw.choice(DIGITS)} h",
        f"1{draw.choice(DIGITS)} %", f"{draw.choice(DIGITS)}/day",
    ])  # fmt: skip


def file(folder: Path, text: str | bytes, name: str = "x.yaml") -> str:
    path = folder / name
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    path.write_bytes(data)
    return str(path)


def controls_in_values(draw: random.Random, folder: Path) -> list[str]:
    lines = [f"{draw.choice(KEYS)}: {quoted(words(draw))}" for _ in range(draw.randint(1, 3))]
    return ["check", file(folder, HEAD + "\n".join(lines) + "\n")]


def controls_in_keys(draw: random.Random, folder: Path) -> list[str]:
    inner = f"{quoted(words(draw))}: {number(draw)}"
    return ["check", file(folder, f"{HEAD}feed: {{weights: {{{inner}}}, {inner}}}\n")]


def raw_controls(draw: random.Random, folder: Path) -> list[str]:
    return ["check", file(folder, f"{HEAD}question: {words(draw)}\n{words(draw)}: {words(draw)}\n")]


def controls_in_the_file_name(draw: random.Random, folder: Path) -> list[str]:
    name = words(draw).replace("\0", "").replace("/", "") + ".yaml"
    if draw.random() < 0.5:
        return ["check", str(folder / name)]
    return ["check", file(folder, f"{HEAD}seed: {number(draw)}\nquestion: {words(draw)}\n", name)]


def deep(draw: random.Random, folder: Path) -> list[str]:
    depth = draw.choice([30, 33, 200, 5_000, 100_000])
    opened = draw.choice(["[", "{a: ", "- ", "? ", "[{", "!x [", "&a ["])
    return ["check", file(folder, HEAD + "feed: " + opened * depth)]


def huge(draw: random.Random, folder: Path) -> list[str]:
    lines = [f"{draw.choice(PATHS[2:11]).split('.')[0]}: {number(draw)}" for _ in range(3)]
    weights = ", ".join(f"{name}: {number(draw)}" for name in ("like", "share", "watch"))
    tail = f"population: {{users: {number(draw)}}}\nfeed: {{weights: {{{weights}}}}}\n"
    return ["check", file(folder, HEAD + "\n".join(lines) + "\n" + tail)]


def many(draw: random.Random, folder: Path) -> list[str]:
    kind = draw.choice(["k{i}: {i}\n", "probes: [{i}]\n", "'{i}\x7f': 1\n", "? {{a: {i}}}\n: b\n"])
    text = "".join(kind.format(i=i) for i in range(draw.choice([50, 3_000, 30_000])))
    return ["check", file(folder, HEAD + text)]


def aliases(draw: random.Random, folder: Path) -> list[str]:
    laughs = "".join(f"a{i + 1}: &a{i + 1} [{f'*a{i},' * 9}]\n" for i in range(12))
    text = draw.choice([
        f"a0: &a0 lol\n{laughs}", "feed: &f {weights: *f}\n", "feed: *nothing\n",
        f"feed: *{'n' * 3_000}\n", "feed: &f {a: &f [*f]}\nseed: *f\n", "<<: *x\n", "*a : b\n",
        "a: &a [1]\nb: &a {c: *a}\nfeed: {weights: *a, filters: *a}\n", "&a\u202e x: *a\u202e\n",
    ])  # fmt: skip
    return ["check", file(folder, HEAD + text)]


def links(draw: random.Random, folder: Path) -> list[str]:
    target = Path(file(folder, draw.choice([
        f"{SECRET}\n", f"password: {SECRET}\n{SECRET}: 1\n", f"{HEAD}seed: {SECRET}\n",
        f"name: {SECRET} x\nduration: '{SECRET}'\n{SECRET}: [{SECRET}]\n", f"*{SECRET}\n",
        f"!{SECRET} x\n", f"{HEAD}feed: {{weights: {{{SECRET}: 1}}}}\nx: '{SECRET}", f"%{SECRET}\n",
        f"{HEAD}feed: {{filters: [{SECRET}], cold_start: {{policy: {SECRET}}}}}\n",
    ]), draw.choice(["secret", "secret.yaml", "id_rsa"])))  # fmt: skip
    link = folder / "link.yaml"
    link.symlink_to(draw.choice([target, target.name, "link.yaml", "missing", "..", "/dev/zero"]))
    if draw.random() < 0.3:
        return ["check", file(folder, f"extends: {link.name}\n{HEAD}")]
    return ["check", str(link), *(["--set", f"{SECRET[:4]}=1"] if draw.random() < 0.3 else [])]


def no_scenario(draw: random.Random, folder: Path) -> list[str]:
    text = draw.choice([
        f"root:{SECRET}:0:0\n", f"-----BEGIN KEY-----\n{SECRET}\n", f"{SECRET}", f"- {SECRET}\n",
        f"'{SECRET}'\n", f"TOKEN={SECRET}\nx: *{SECRET}\n", f"[{SECRET}\n", f"{SECRET}: {{\n",
        f"*{SECRET} {SECRET}: [\n", f"x: !{SECRET} y\nz: [\n", f"\x00{SECRET}", "\x7fELF" + SECRET,
    ])  # fmt: skip
    data = text.encode() + (b"\xff\xfe" if draw.random() < 0.2 else b"")
    return ["check", file(folder, data, draw.choice(["x.yaml", "passwd", "x.env"]))]


def overrides(draw: random.Random, folder: Path) -> list[str]:
    args = ["check", file(folder, GOOD)]
    for _ in range(draw.randint(1, 3)):
        path = draw.choice([*PATHS, words(draw), f"feed[{draw.choice(DIGITS)}]", "probes[9999999]"])
        value = draw.choice([
            number(draw), words(draw), quoted(words(draw)), "[" * 9_000, "{a: " * 3_000, "*a", "",
            "=", "&a [*a]", "!!python/object:os.system x", "~",
        ])  # fmt: skip
        args += ["--set", f"{path}={value}".replace("\0", "")]
    return args


def levels(draw: random.Random, folder: Path) -> list[str]:
    count = draw.choice([31, 32, 33, 1_000, 20_000])
    step = draw.choice([".a", "[0]", '["a.b"]', ".weights", '["\u202e"]'])
    start = draw.choice(["feed", "tune", "probes", "x", "name"])
    return ["check", file(folder, GOOD), "--set", f"{start}{step * count}={number(draw)}"]


def mutated(draw: random.Random, folder: Path) -> list[str]:
    data = bytearray(GOOD.encode())
    for _ in range(draw.randint(1, 12)):
        at = draw.randrange(len(data))
        if draw.random() < 0.5:
            data[at] = draw.randrange(256)
        else:
            data[at : at + draw.randint(0, 9)] = words(draw).encode()
    return ["check", file(folder, bytes(data))]


def below(draw: random.Random, folder: Path) -> list[str]:
    """A file that extends others, by hostile names and in circles."""
    name = draw.choice([
        words(draw), "../x.yaml", "/etc/passwd", "x.yaml", "~/x.yaml", "a\\..\\x.yaml", "b.yaml",
        "./" * 900 + "b.yaml", "a" * 5_000 + ".yaml", "[]", f"{words(draw)}.yaml",
    ])  # fmt: skip
    file(folder, f"extends: {draw.choice(['x.yaml', 'b.yaml', 'c.yaml'])}\n", "b.yaml")
    file(folder, f"feed: {{weights: {{{quoted(words(draw))}: 1}}}}\n{HEAD}", "c.yaml")
    return ["check", file(folder, f"extends: {quoted(name)}\n{HEAD}")]


def options(draw: random.Random, folder: Path) -> list[str]:
    said = words(draw).replace("\0", "")
    where = str(folder / said.replace("/", ""))
    broken = file(folder, f"{HEAD}seed: {quoted(said)}\n")
    return draw.choice([
        [said], [f"--{said}"], ["check"], ["check", broken, f"--{said}"], ["show", where],
        ["check", broken, said], ["run", broken, "--seed", said], ["run", broken, f"--seed={said}"],
        ["run", broken, "--engine", said], ["plot", where, "--format", said], ["show", broken],
        ["worlds", broken, "-n", draw.choice(DIGITS)], ["worlds", broken, "--level", said],
        ["compare", broken, "--arm", said], ["sweep", broken, "--vary", said], ["new", broken],
        ["tune", broken, "--time-limit", said], ["sensitivity", broken, "--method", said],
        ["worlds", broken, "--precision", said], ["perturb", broken, "--metric", said],
        ["compare", broken, broken, "--set", f"name={said}"], ["plot", broken, "--only", said],
        ["schema", "--out", str(folder / "no" / said.replace("/", ""))], ["new", f"{where}/x/y"],
    ])  # fmt: skip


KINDS: tuple[Callable[[random.Random, Path], list[str]], ...] = (
    controls_in_values, controls_in_keys, raw_controls, controls_in_the_file_name, deep, huge, many,
    aliases, links, no_scenario, overrides, levels, mutated, below, options,
)  # fmt: skip


def case(number: int, folder: Path) -> list[str]:
    """The arguments of one case; its files are in ``folder``, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    draw = random.Random(f"hostile {number}")
    return KINDS[number % len(KINDS)](draw, folder)
