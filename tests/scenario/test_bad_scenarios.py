"""Each mistake has its message and its place, and all are told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.core.errors import ForyouError, ScenarioError
from sim.scenario import load, load_text, loads

HEAD = "name: x\nduration: 1 d\n"


def told(text: str, *overrides: str) -> list[tuple[int, int, str, str]]:
    """(line, column, path, message) of each problem; lines count from the one after HEAD."""
    with pytest.raises(ScenarioError) as error:
        loads(HEAD + text, "x.yaml", overrides)
    assert {p.file for p in error.value.problems} <= {"x.yaml", "--set"}
    return [(p.line - 2, p.column, p.path, p.message) for p in error.value.problems]


KINDS = "seen, own, ineligible, too_old, blocked, or module:Class of your own"

ONE_MISTAKE = [
    # ---- keys
    ("seeed: 1", (1, 1, "seeed", 'unknown key "seeed"; did you mean "seed"?')),
    ("slate: 1", (1, 1, "slate", 'unknown key "slate"; did you mean "feed.slate"?')),
    ("extend: a.yaml", (1, 1, "extend", 'unknown key "extend"; did you mean "extends"?')),
    (
        "viral: {qqq: 1}",
        (1, 9, "viral.qqq", 'unknown key "qqq"; known are reach, impressions, age'),
    ),
    ("name: y", (1, 1, "name", 'duplicate key "name"; the first stands at line 1')),
    (
        "feed: {weights: {like: 1, like: 2}}",
        (1, 27, "feed.weights.like", 'duplicate key "like"; the first stands at line 3'),
    ),
    ("1: x", (1, 1, "", 'a key must be text; got 1; write "1" in quotes')),
    ("~: x", (1, 1, "", 'a key must be text; got ~; write "~" in quotes')),
    ("? [a]\n: b", (1, 3, "", "a key must be text; got a list")),
    ("<<: {seed: 1}", (1, 1, "", 'merge keys ("<<") are not supported; use "extends"')),
    # ---- values of no kind
    ("seed:", (1, 6, "seed", "has no value; write one, or remove the key")),
    ("seed: null", (1, 7, "seed", "has no value; write one, or remove the key")),
    ("probes: [~]", (1, 10, "probes[0]", "has no value; write one, or remove the key")),
    (
        "feed: {weights: {like: .nan}}",
        (1, 24, "feed.weights.like", "must be a finite number; got .nan"),
    ),
    (
        "feed: {weights: {like: -.inf}}",
        (1, 24, "feed.weights.like", "must be a finite number; got -.inf"),
    ),
    (
        "feed: {weights: {like: 1e999}}",
        (1, 24, "feed.weights.like", "must be a finite number; got 1e999"),
    ),
    ("feed: {weights: {like: nan}}", (1, 24, "feed.weights.like", 'wants a number; got "nan"')),
    # ---- wrong kinds
    ("seed: x", (1, 7, "seed", 'wants a whole number such as 20_000; got "x"')),
    ("seed: '5'", (1, 7, "seed", 'wants a whole number such as 20_000; got "5"')),
    ("seed: true", (1, 7, "seed", "wants a whole number such as 20_000; got true")),
    ("seed: 2.5", (1, 7, "seed", "wants a whole number such as 20_000; got 2.5")),
    ("seed: 20,000", (1, 7, "seed", 'wants a whole number such as 20_000; got "20,000"')),
    ("question: 5", (1, 11, "question", "wants text; got 5")),
    ("question: [a]", (1, 11, "question", "wants text; got a list")),
    ("population: 5", (1, 13, "population", "wants a mapping; got 5")),
    ("population: [5]", (1, 13, "population", "wants a mapping; got a list")),
    ("probes: {name: a}", (1, 9, "probes", "wants a list; got a mapping")),
    ("probes: [a]", (1, 10, "probes[0]", 'wants a mapping; got "a"')),
    (
        "record: {events: yes}",
        (1, 18, "record.events", 'wants true or false; got "yes"; did you mean "true"?'),
    ),
    (
        "record: {events: False}",
        (1, 18, "record.events", 'wants true or false; got "False"; did you mean "false"?'),
    ),
    ("record: {events: 1}", (1, 18, "record.events", "wants true or false; got 1")),
    (
        "behaviour: {watch: {hook: x}}",
        (1, 27, "behaviour.watch.hook", 'wants a number; got "x"'),
    ),
    (
        "behaviour: {watch: {hook: true}}",
        (1, 27, "behaviour.watch.hook", "wants a number; got true"),
    ),
    # ---- units
    ("refresh: 6", (1, 10, "refresh", 'wants a duration such as "6 h"; got 6')),
    (
        "refresh: 6 m",
        (1, 10, "refresh", 'wants a duration such as "6 h"; got "6 m"; write "min" for minutes'),
    ),
    ("refresh: 5 %", (1, 10, "refresh", 'wants a duration such as "6 h"; got "5 %"')),
    (
        "viral: {reach: 6 h}",
        (1, 16, "viral.reach", 'wants a share such as "5 %" or 0.05; got "6 h"'),
    ),
    (
        "viral: {reach: 101 %}",
        (1, 16, "viral.reach", 'must be between 0 % and 100 %; got "101 %"'),
    ),
    (
        "viral: {reach: 5}",
        (1, 16, "viral.reach", 'must be between 0 % and 100 %; got 5; did you mean "5 %"?'),
    ),
    (
        "creators: {posts_per_week: 4}",
        (1, 28, "creators.posts_per_week", 'wants a rate such as "2/day"; got 4'),
    ),
    # ---- bounds
    ("population: {users: -4}", (1, 21, "population.users", "must be at least 1; got -4")),
    (
        "population: {users: 1_000_000_000}",
        (1, 21, "population.users", "must be at most 50_000_000; got 1_000_000_000"),
    ),
    ("seed: -1", (1, 7, "seed", "must be at least 0; got -1")),
    ("refresh: 0 s", (1, 10, "refresh", 'must be more than 0 s; got "0 s"')),
    ("refresh: 25 h", (1, 10, "refresh", 'must be at most 1 d; got "25 h"')),
    ("record: {timeline: -1 h}", (1, 20, "record.timeline", 'must not be negative; got "-1 h"')),
    ("viral: {reach: 0 %}", (1, 16, "viral.reach", 'must be more than 0 %; got "0 %"')),
    ("feed: {slate: 65}", (1, 15, "feed.slate", "must be at most 64; got 65")),
    (
        "feed: {weights: {like: 2e6}}",
        (1, 24, "feed.weights.like", "must be at most 1_000_000; got 2e6"),
    ),
    ("behaviour: {watch: {hook: 9}}", (1, 27, "behaviour.watch.hook", "must be at most 5; got 9")),
    ("population: {locales: []}", (1, 23, "population.locales", "needs at least 1 entry; got 0")),
    ("feed: {score: []}", (1, 15, "feed.score", "needs at least 1 entry; got 0")),
    ("feed: {sources: {}}", (1, 17, "feed.sources", "needs at least 1 entry; got 0")),
    (f"question: {'x' * 2001}", (1, 11, "question", "must have at most 2_000 characters")),
    # ---- names
    (
        "feed: {weights: {lik: 1}}",
        (1, 18, "feed.weights.lik", 'unknown action "lik"; did you mean "like"?'),
    ),
    (
        "feed: {learning: {signals: {watch: 1}}}",
        (
            1,
            29,
            "feed.learning.signals.watch",
            'unknown action "watch"; known are completion, skip, loop, like, '
            "comment, share, save, follow, sound_tap, not_interested, report, "
            "profile_visit, hashtag_tap, block, unfollow, parent_tap",
        ),
    ),
    (
        "feed: {sources: {intrest: 1}}",
        (1, 18, "feed.sources.intrest", 'unknown source "intrest"; did you mean "interest"?'),
    ),
    (
        "feed: {filters: [sen]}",
        (1, 18, "feed.filters[0]", 'unknown filter "sen"; did you mean "seen"?'),
    ),
    (
        "feed: {filters: [{use: sen}]}",
        (1, 24, "feed.filters[0].use", 'unknown filter "sen"; did you mean "seen"?'),
    ),
    ("feed: {filters: [{max_age: 3 d}]}", (1, 18, "feed.filters[0]", f'needs "use": {KINDS}')),
    ("feed: {filters: [5]}", (1, 18, "feed.filters[0]", f"wants a filter: {KINDS}; got 5")),
    (
        "feed: {filters: [{use: too_old, max_age: 6}]}",
        (1, 42, "feed.filters[0].max_age", 'wants a duration such as "6 h"; got 6'),
    ),
    (
        "feed: {filters: [{use: too_old, max_agee: 6 h}]}",
        (1, 33, "feed.filters[0].max_agee", 'unknown key "max_agee"; did you mean "max_age"?'),
    ),
    (
        "feed: {filters: ['os:system; rm']}",
        (1, 18, "feed.filters[0]", f'unknown filter "os:system; rm"; known are {KINDS}'),
    ),
    (
        "feed: {cold_start: {policy: pool}}",
        (
            1,
            29,
            "feed.cold_start.policy",
            'unknown cold-start policy "pool"; did you mean "pools"?',
        ),
    ),
    (
        "feed: {cold_start: {policy: none, first: 3}}",
        (1, 35, "feed.cold_start.first", 'unknown key "first"; known are policy'),
    ),
    ("feed: {predict: {prior: 0}}", (1, 25, "feed.predict.prior", "must be more than 0; got 0")),
    (
        "probes: [{name: A B, post_at: 1 h}]",
        (
            1,
            17,
            "probes[0].name",
            'must be made of small letters, digits, "-" and "_"; got "A B"; did you mean "a-b"?',
        ),
    ),
    (
        "probes: [{name: a, post_at: 1 h, sound: orig}]",
        (
            1,
            41,
            "probes[0].sound",
            'must be original, library or trending; got "orig"; did you mean "original"?',
        ),
    ),
    (
        "probes:\n  - name: a",
        (2, 5, "probes[0].post_at", "is missing (time of the first post, since the start)"),
    ),
    # ---- several settings together
    ("warmup: 1 d", (1, 9, "warmup", "must be shorter than the duration, 1 d; got 1 d")),
    (
        "probes: [{name: a, post_at: 2 d}]",
        (1, 29, "probes[0].post_at", "must be before the end, 1 d; got 2 d"),
    ),
    (
        "probes: [{name: a, post_at: 20 h, spread: 5 h}]",
        (
            1,
            43,
            "probes[0].spread",
            "the last post must be before the end, 1 d; post_at + spread is 25 h",
        ),
    ),
    (
        "probes: [{name: a, post_at: 1 h}, {name: a, post_at: 1 h}]",
        (1, 42, "probes[1].name", 'must be unique; "a" is the name of probes[0] too'),
    ),
    (
        "probes: [{name: a, post_at: 1 h, followers: 3_000}]",
        (1, 45, "probes[0].followers", "must be at most the number of users, 2_000; got 3_000"),
    ),
    (
        "probes: [{name: a, post_at: 1 h, topic: 16}]",
        (1, 41, "probes[0].topic", "must be below the number of topics, 16; got 16"),
    ),
    ("feed: {candidates: 5}", (1, 20, "feed.candidates", "must be at least the slate, 10; got 5")),
    (
        "feed: {sources: {fresh: 0}}",
        (1, 17, "feed.sources", "at least one source must have a weight above 0"),
    ),
    (
        "population: {locales: [{name: a, share: 50 %}]}",
        (1, 23, "population.locales", "shares must add up to 100 %; got 50 %"),
    ),
    (
        "population: {devices: [{name: phone, share: 95 %}, {name: tablet, share: 10 %}]}",
        (1, 23, "population.devices", "shares must add up to 100 %; got 105 %"),
    ),
    (
        "population: {topics: 2}",
        (1, 1, "population.declared_interests", "must be at most the number of topics, 2; got 3"),
    ),
    (
        "catalogue: {duration: {min: 20 min}}",
        (1, 29, "catalogue.duration.min", "must not be above max, 10 min; got 20 min"),
    ),
    (
        "catalogue: {duration: {median: 2 s}}",
        (1, 32, "catalogue.duration.median", "must not be below min, 5 s; got 2 s"),
    ),
    (
        "catalogue: {duration: {median: 11 min}}",
        (1, 32, "catalogue.duration.median", "must not be above max, 10 min; got 11 min"),
    ),
    (
        "population: {locales: [{name: a, share: 50 %}, {name: a, share: 50 %}]}",
        (
            1,
            55,
            "population.locales[1].name",
            'must be unique; "a" is the name of locales[0] too',
        ),
    ),
    # ---- YAML that a scenario must not use
    (
        "seed: !!python/object/apply:os.system [ls]",
        (
            1,
            7,
            "seed",
            'tags are not allowed; got "tag:yaml.org,2002:python/object/apply:os.system"',
        ),
    ),
    ("seed: !!int 5", (1, 7, "seed", 'tags are not allowed; got "tag:yaml.org,2002:int"')),
    ("seed: *a", (1, 7, "seed", 'the alias "*a" refers to nothing above it')),
    ("probes: &a [*a]", (1, 13, "probes[0]", 'the alias "*a" stands inside what it refers to')),
    ("---\nseed: 5", (1, 1, "", "only one YAML document is allowed in a file")),
    (
        "extends: a.yaml",
        (1, 1, "extends", "a text cannot extend a file; write the scenario to a file"),
    ),
    # ---- not YAML
    (
        "seed: [1",
        (
            1,
            9,
            "",
            "is not valid YAML: expected ',' or ']', but got '<stream end>' "
            "(while parsing a flow sequence that starts at 3:7)",
        ),
    ),
    ("seed: 1: 2", (1, 8, "", "is not valid YAML: mapping values are not allowed here")),
    (
        "feed:\n\tslate: 3",
        (2, 1, "", "is not valid YAML: a tab cannot be used here; indent with spaces"),
    ),
    ("seed: \x07", (1, 7, "", "holds a character that YAML does not allow: U+0007")),
    ("seed: " + "[" * 10_000, (1, 38, "", "is nested more than 32 levels deep")),
    ("seed: " + "{a: " * 10_000, (1, 131, "", "is nested more than 32 levels deep")),
]


@pytest.mark.parametrize(
    ("text", "problem"), ONE_MISTAKE, ids=[text[:50].replace("\n", "/") for text, _ in ONE_MISTAKE]
)
def test_a_mistake_is_told_with_its_place(text: str, problem: tuple[int, int, str, str]) -> None:
    assert told(text) == [problem]


def test_five_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "launch.yaml"
    path.write_text(
        "name: launch\n"
        "duration: 3 d\n"
        "warmup: 4 d\n"
        "population: {users: -4, creators: 8 %}\n"
        "feed:\n"
        "  weights:\n"
        "    completion: 1.0\n"
        "    lik: 0.6\n"
        "  filters:\n"
        "    - {use: too_old, max_age: 6}\n"
        "probes:\n"
        "  - {name: newcomer, count: 100, folowers: 0, post_at: 1 d 18:00}\n"
    )
    with pytest.raises(ScenarioError) as error:
        load(path)
    assert str(error.value) == (
        f"{path}: 5 problems\n"
        "\n"
        f"  {path}:3:9    warmup\n"
        "      must be shorter than the duration, 3 d; got 4 d\n"
        f"  {path}:4:21    population.users\n"
        "      must be at least 1; got -4\n"
        f"  {path}:8:5    feed.weights.lik\n"
        '      unknown action "lik"; did you mean "like"?\n'
        f"  {path}:10:31    feed.filters[0].max_age\n"
        '      wants a duration such as "6 h"; got 6\n'
        f"  {path}:12:34    probes[0].folowers\n"
        '      unknown key "folowers"; did you mean "followers"?'
    )


def test_a_broken_value_is_told_once() -> None:
    problems = told("warmup: ~\nprobes: [{name: a, post_at: ~}]\nfeed: {weights: {lik: .nan}}")
    assert [(line, path) for line, _, path, _ in problems] == [
        (1, "warmup"),
        (2, "probes[0].post_at"),
        (3, "feed.weights.lik"),
        (3, "feed.weights.lik"),  # its name is wrong as well
    ]


def test_settings_that_are_right_are_checked_together_beside_wrong_ones() -> None:
    problems = told(
        "population: {users: x, topics: 4}\n"
        "probes:\n"
        "  - {name: a, post_at: 2 d, count: x}\n"
        "  - 5\n"
        "  - {name: a, post_at: 1 h, followers: 1_000_000, topic: 4}\n"
    )
    assert [(line, path) for line, _, path, _ in problems] == [
        (1, "population.users"),
        (3, "probes[0].post_at"),
        (3, "probes[0].count"),
        (4, "probes[1]"),
        (5, "probes[2].name"),
        (5, "probes[2].topic"),
    ]


def test_a_refresh_longer_than_the_run_is_refused() -> None:
    with pytest.raises(ScenarioError) as error:
        loads("name: x\nduration: 30 s\nrefresh: 60 s\n")
    assert [(p.line, p.path, p.message) for p in error.value.problems] == [
        (3, "refresh", "must not be longer than the duration, 30 s; got 1 min")
    ]


def test_a_name_and_a_duration_are_needed() -> None:
    with pytest.raises(ScenarioError) as error:
        loads("seed: 1\n")
    assert [(p.line, p.column, p.path, p.message) for p in error.value.problems] == [
        (1, 1, "name", "is missing (name of the scenario)"),
        (1, 1, "duration", "is missing (simulated time, warm-up included)"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "is empty; a scenario needs at least a name"),
        ("# nothing\n", 0, "is empty; a scenario needs at least a name"),
        ("5", 1, 'must be a mapping, such as "name: my-scenario"; got "5"'),
        ("- a", 1, 'must be a mapping, such as "name: my-scenario"; got a list'),
        ("null", 1, "has no value; write one, or remove the key"),
        ("!!map {name: a}", 1, 'tags are not allowed; got "tag:yaml.org,2002:map"'),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        loads(text)
    assert (error.value.problems[0].line, error.value.problems[0].message) == (line, message)


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    with pytest.raises(ScenarioError) as error:
        loads("\n".join(lines))
    (problem,) = error.value.problems
    assert problem.message == "holds more than 20_000 values, aliases written out"
    assert problem.line == 5


def test_aliases_cannot_nest_deeper_than_text() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100))]
    with pytest.raises(ScenarioError, match="is nested more than 32 levels deep"):
        loads("\n".join(lines))


def test_an_honest_alias_is_fine() -> None:
    scenario = loads(
        HEAD + "probes:\n  - &p {name: a, post_at: &t 1 h}\n  - {name: b, post_at: *t}\n"
    )
    assert [probe.post_at for probe in scenario.probes] == [3600.0, 3600.0]


def test_words_mean_what_they_say() -> None:
    scenario = loads(
        "name: no\nduration: 1_0 h\nquestion: on\ndescription: 18:00\nseed: 1_000\n"
        "warmup: 00:30\npopulation: {users: 2e4}\n"
    )
    assert scenario.name == "no"
    assert scenario.duration == 36_000.0
    assert scenario.question == "on"
    assert scenario.description == "18:00"
    assert scenario.seed == 1000
    assert scenario.warmup == 1800.0
    assert scenario.population.users == 20_000


def test_a_problem_is_an_error_for_the_user_and_survives_a_process() -> None:
    with pytest.raises(ForyouError) as error:
        loads(HEAD + "seed: x")
    again = type(error.value)(*error.value.args)
    assert str(again) == str(error.value)


def test_places_are_known_after_loading_too() -> None:
    loaded = load_text(HEAD + "feed:\n  score: [{use: 'my:Score', half_life: 6}]\n", "x.yaml")
    problem = loaded.problem("feed.score[0].half_life", "is too short")
    assert str(problem) == "x.yaml:4:40  feed.score[0].half_life  is too short"
    assert loaded.problem("feed.select.gap", "no").line == 3  # the nearest part above it
    assert loaded.problem("seed", "no").line == 1


def test_options_of_own_components_are_checked_at_their_place() -> None:
    from sim.core.config import Config
    from sim.core.units import Duration

    class Options(Config):
        half_life: Duration = 3600.0

    loaded = load_text(
        HEAD + "feed:\n  score: [{use: 'my:Score', half_life: 6, halflife: 3 h}]\n", "x.yaml"
    )
    (part,) = loaded.scenario.feed.score
    with pytest.raises(ScenarioError) as error:
        loaded.options("feed.score[0]", Options, part.options)  # type: ignore[union-attr]
    assert [str(p) for p in error.value.problems] == [
        'x.yaml:4:40  feed.score[0].half_life  wants a duration such as "6 h"; got 6',
        'x.yaml:4:43  feed.score[0].halflife  unknown key "halflife"; did you mean "half_life"?',
    ]
    fine = loaded.options("feed.score[0]", Options, {"half_life": "6 h"})
    assert fine.half_life == 21_600.0


def test_no_message_speaks_pydantic() -> None:
    jargon = re.compile(r"input|pydantic|type=|validat|literal|dictionary|instance|tuple", re.I)
    for _, (_, _, _, message) in ONE_MISTAKE:
        assert not jargon.search(message), message
