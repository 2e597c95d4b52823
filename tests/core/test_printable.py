"""What a terminal may obey is spelled out, and means the same inside of JSON."""

from __future__ import annotations

import json

import pytest

from sim.core.errors import Problem, ScenarioError
from sim.core.printable import one_line, printable
from sim.core.units import shown

STEERING = [
    *map(chr, [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0)]), *"\u2028\u2029",
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "\ud800", "\udfff",
]  # fmt: skip


@pytest.mark.parametrize("char", STEERING, ids=ascii)
def test_each_is_spelled_out(char: str) -> None:
    assert printable(f"a{char}b") == f"a\\u{ord(char):04x}b"
    assert one_line(f"a{char}b") == f"a\\u{ord(char):04x}b"


def test_all_else_stays() -> None:
    text = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x2028)]))
    text = text.translate(dict.fromkeys(map(ord, STEERING))) + "\u3042🎈\ue000"
    assert printable(text) == one_line(text) == text


def test_a_line_feed_ends_a_line_or_is_spelled_out() -> None:
    assert printable("a\nb") == "a\nb"
    assert one_line("a\nb") == "a\\u000ab"


def test_json_stays_the_same_json() -> None:
    text = "".join(char for char in STEERING if char < "\ud800")
    said = json.dumps({text: text}, ensure_ascii=False)
    assert json.loads(printable(said)) == {text: text}


def test_errors_quote_nothing_raw() -> None:
    assert shown("a\x1b[2J\n\u202e") == '"a\\u001b[2J\\u000a\\u202e"'
    problem = Problem("a\x1b.yaml", 1, 2, "x\n.y", "got \x9b")
    assert str(problem) == "a\\u001b.yaml:1:2  x\\u000a.y  got \\u009b"
    assert str(ScenarioError("a\n.yaml", [problem])).splitlines() == [
        "a\\u000a.yaml: 1 problem", "", "  a\\u001b.yaml:1:2    x\\u000a.y", "      got \\u009b",
    ]  # fmt: skip
