"""Writes ``docs/reference/`` from the code that it describes.

    python docs/make_reference.py

A test compares the committed pages with what this would write.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from sim.analysis import SUMMARY_FIELDS
from sim.cli.main import app
from sim.core.actions import ACTIONS
from sim.core.units import HUMAN, AmountUnit, Multiple, Unit
from sim.engine import layout
from sim.feed.candidate import FIELDS
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES, TABLES
from sim.scenario.components import Choice, Component
from sim.scenario.model import Scenario
from sim.world.state import HashtagListing, SoundListing

FOLDER = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- Made by docs/make_reference.py; change the code that it reads, not this page. -->"

TABLE_MEANINGS = {
    "videos": "One row a video: the first catalogue, uploads during the run, and probes.",
    "creators": "One row a creator, accounts of probes included.",
    "users": "One row a user.",
    "timeline": "One row a time bin, surface and source with at least one impression.",
    "paths": "One row a snapshot and tracked video: how its counts grew.",
    "probes": "One row a planted video, at the end of the run.",
    "control": "One row a stage of people and kind of place: what they did with the slates that "
    "have a place that chance filled, after the warm-up.",
    "regret": "One row a stage of people, then one an age of videos: what the ranked places of "
    "slates that an oracle was shown are worth, after the warm-up.",
    "events": "One row an impression, in the order of play; only with `record: {events: true}`.",
    "shares": "One row a link that somebody sent, in the order of sending; only with "
    "`behaviour: {sharing: ...}` on.",
    "reactions": "One row a pause, an end or a change of topic of a creator who looks back at "
    "posts; only with `creators.react.enabled`.",
    "newcomers": "One row a part of the first 350 videos of people who joined after the warm-up, "
    "for those who ticked interests at sign-up and those who did not: seven parts each, of which "
    "`1` to `100` and `1` to `350` are several of the others together; only with "
    "`population: {joining: ...}` above 0.",
    "sounds": "One row a sound that more than one video carries, or that trended.",
    "hashtags": "One row a hashtag, of topics and of challenges.",
    "trends": "One row a look and place on the lists of what trends, an hour apart as a rule.",
}


def page(title: str, *blocks: str) -> str:
    """One page of Markdown."""
    return "\n\n".join([f"# {title}", NOTE, *blocks]) + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def code(text: str) -> str:
    """Text in the type of code; nothing for nothing."""
    return f"`{text}`" if text else ""


def columns_page() -> str:
    """Every column of every table of a run folder."""
    blocks = [
        "A run folder holds these tables as Parquet. Polars, DuckDB and pandas read them as they "
        "are. Times are seconds since the start of the scenario. A `category` is text, stored "
        "once per different value. Codes in `events` are positions in these lists, from 0:",
        f"- surfaces: {', '.join(map(code, SURFACE_NAMES))}\n"
        f"- sources: {', '.join(map(code, SOURCE_NAMES))}",
    ]
    for name, columns in TABLES.items():
        blocks += [
            f"## {name}.parquet",
            TABLE_MEANINGS[name],
            table(
                ("column", "type", "unit", "meaning"),
                ((code(c.name), c.dtype, c.unit, c.meaning) for c in columns),
            ),
        ]
    return page("Columns", *blocks)


def state_page() -> str:
    """Every column of every table of state."""
    blocks = [
        "The state of a run lies in these tables. A row belongs to its owner. `D` is the number of "
        "topics, rounded up to a multiple of 16; `G` the number of arms. The side says who may "
        "read a column: `truth` behaviour alone, `belief` the feed alone, `log` both. Columns with "
        "a line lie together on a cache line of that name, in a copy.",
    ]
    tables = [*(t for t in layout.TABLES), SoundListing, HashtagListing]
    for state in tables:
        blocks += [
            f"## {state.NAME}",
            (state.__doc__ or "").partition("\n")[0] + f" Owner: {state.OWNER}.",
            table(
                ("column", "type", "shape of a row", "unit", "side", "line", "meaning"),
                (
                    (code(name), str(c.dtype), " × ".join(map(str, c.shape)), c.unit,
                     c.side.value if c.side else "", c.line, c.meaning)
                    for name, c in state.COLUMNS.items()
                ),
            ),
        ]  # fmt: skip
    return page("State", *blocks)


def actions_page() -> str:
    """The action table."""
    return page(
        "Actions",
        "Everything that a person can do about one impression. Ranker weights, counters, columns "
        "of the event log and labels of plots use these names. An action of the kind `watch` "
        "follows from the seconds watched; a `click` is a decision of its own. The sign says "
        "whether it speaks for or against the video.",
        table(
            ("action", "kind", "sign", "counter", "meaning"),
            (
                (code(a.name), a.kind, f"{a.sign:+d}", code(a.plural), f"the user {a.meaning}")
                for a in ACTIONS
            ),
        ),
    )


def candidate_page() -> str:
    """What a compiled score is told."""
    return page(
        "Candidate",
        "What a [compiled score](../how-to/compiled_score.md) is told of one video and of the "
        "request. Nothing that only the people of the simulation know is among it. Counters, "
        "followers and the two numbers of the value model are those of the last refresh, momentum "
        "that of the last `reindex`; the affinity follows each impression. Ids count from 0, as in "
        f"the tables. The codes of sources, from 0: {', '.join(map(code, SOURCE_NAMES))}.",
        table(
            ("field", "type", "unit", "meaning"),
            (
                (code(f.name), np.dtype(f.dtype).name, f.unit, f.meaning.replace("``", "`"))
                for f in FIELDS
            ),
        ),
    )


def summary_page() -> str:
    """Every number of summary.json."""
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for field in SUMMARY_FIELDS:
        group = field.path.split(".")[0]
        row = (code(field.path), field.unit, field.meaning, field.population)
        groups.setdefault(group, []).append(row)
    blocks = [
        "The numbers of `summary.json`. A `*` stands for any one name. "
        "A number that cannot be computed is `null`. The last column says what was counted:",
        "- *ordinary* videos are those that no probe planted;\n"
        "- *measured* ones were posted after the warm-up;\n"
        "- *mature* ones are, besides, old enough to be compared (`population.min_age_s`).",
    ]
    for group, rows in groups.items():
        blocks += [f"## {group}", table(("number", "unit", "meaning", "counted over"), rows)]
    return page("Summary", *blocks)


def cli_page() -> str:
    """The help of every command."""
    group = typer.main.get_command(app)
    top = group.make_context("foryou", [], resilient_parsing=True, terminal_width=80)
    blocks = [f"```text\n{group.get_help(top).rstrip()}\n```"]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        context = command.make_context(
            name, [], parent=top, resilient_parsing=True, terminal_width=80
        )
        blocks += [f"## foryou {name}", f"```text\n{command.get_help(context).rstrip()}\n```"]
    blocks += [
        "## Exit codes",
        table(
            ("code", "meaning"),
            (
                ("0", "done"),
                ("1", "the reader of a pipe went away"),
                ("2", "something that you can mend: a wrong option, scenario or folder"),
                ("130", "stopped with Ctrl-C or by SIGTERM; the message says what is on disk"),
            ),
        ),
    ]
    return page("Command line", *blocks)


def scenario_page() -> str:
    """Every setting of a scenario."""
    blocks = [
        "A scenario is one YAML file. Keys that do not exist are refused, and so is a value "
        "without its unit: `10 min`, not `600`. What is left out has its default. A fact id such "
        "as K3 in the last column is the measurement that a default comes from; *assumption* means "
        "that there is none.",
        table(
            ("kind of value", "how to write it"),
            (
                ("duration", "`90 s`, `10 min`, `36 h`, `3 d`, `2 w`, `1 h 30 min`, `1 d 18:00`"),
                ("share", "`5 %` or `0.05`"),
                ("rate", "`2/day`, `3.9/week`"),
                ("count", "`20000` or `20_000`"),
                ("number", "`0.6`, `-0.5`, `2`"),
                (
                    "… or multiple",
                    "`0.1x`: so many times the stated `catalogue.mean_impressions`; or a plain "
                    "count or number",
                ),
                ("name", "small letters, digits, `-`, `_`"),
            ),
        ),
        "`extends: other.yaml` begins with the settings of another file, found beside this one: "
        "mappings are merged key by key, lists are replaced. On the command line "
        "`--set feed.weights.like=0.8` changes one setting, after everything else.",
        "A part of the feed is written as its name (`seen`), as a mapping with options "
        "(`{use: too_old, max_age: 7 d}`), or as `module:Class` for "
        "[code of your own](../how-to/custom_ranker.md).",
    ]
    for path, model, title in sections("", Scenario, ""):
        heading = f"## {path or 'The top'}" + (f" · `{title}`" if title else "")
        blocks += [heading, (model.__doc__ or "").split("\n\n")[0].replace("``", "`")]
        if rows := [setting(name, field) for name, field in settings(model)]:
            blocks.append(table(("key", "value", "default", "meaning"), rows))
    return page("Scenario", *blocks)


def settings(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """The keys of a model; the name of a component is not one of its settings."""
    name = model.KEY if issubclass(model, Component) else ""
    return [(key, field) for key, field in model.model_fields.items() if key != name]


def sections(
    path: str, model: type[BaseModel], title: str
) -> Iterator[tuple[str, type[BaseModel], str]]:
    """Path, model and component name of every group of settings, in the order of the file."""
    yield path, model, title
    for name, field in settings(model):
        for kind, tag, many in groups(field.annotation, field.metadata):
            below = f"{path}.{name}".lstrip(".") + ("[]" if many else "")
            yield from sections(below, kind, tag)


def groups(
    kind: Any, metadata: Iterable[Any] = (), *, many: bool = False
) -> Iterator[tuple[type[BaseModel], str, bool]]:
    """Models that a setting is made of: model, component name, whether they stand in a list."""
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        metadata = [*metadata, *more]
    choice = next((mark for mark in metadata if isinstance(mark, Choice)), None)
    if choice is not None:
        for tag, variant in choice.variants.items():
            yield variant, tag, many
    elif get_origin(kind) in (Union, types.UnionType):
        for part in get_args(kind):
            yield from groups(part, many=many)
    elif get_origin(kind) in (tuple, dict):
        for part in dict.fromkeys(get_args(kind)):
            yield from groups(part, many=True)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, "", many


def setting(name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    """One row: key, kind of value with its limits, default, meaning."""
    meaning = (field.description or "").replace("``", "`")
    return code(name), kind_of(field.annotation, field.metadata), default_of(field), meaning


def kind_of(kind: Any, metadata: Iterable[Any] = ()) -> str:
    """What may stand there, in words."""
    marks = list(metadata)
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        marks = [*more, *marks]
    beside = {type(None), Multiple}
    if get_origin(kind) in (Union, types.UnionType) and beside & set(get_args(kind)):
        (inner,) = (part for part in get_args(kind) if part not in beside)
        return kind_of(inner, marks)
    for mark in marks:
        if isinstance(mark, Choice):
            own = ["`module:Class`"] if mark.custom else []
            return "one of " + ", ".join([*map(code, mark.variants), *own])
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(code, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"list: {kind_of(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"mapping: name to {kind_of(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "group, see below"
    unit = next((mark for mark in marks if isinstance(mark, Unit)), None)
    word = unit.name if unit else {str: "text", bool: "`true` or `false`"}.get(kind, "number")
    if any(hasattr(mark, "pattern") for mark in marks):
        word = "name"
    return " ".join([word, *limits(marks, unit)])


def limits(marks: Iterable[Any], unit: Unit | None) -> list[str]:
    """Bounds as they would be written in a scenario, the narrowest of each side."""
    low: tuple[Any, str] | None = None
    high: tuple[Any, str] | None = None
    for mark in flat(marks):
        if isinstance(mark, Ge) and (low is None or mark.ge >= low[0]):
            low = (mark.ge, "from")
        elif isinstance(mark, Gt) and (low is None or mark.gt >= low[0]):
            low = (mark.gt, "above")
        elif isinstance(mark, Le) and (high is None or mark.le <= high[0]):
            high = (mark.le, "to")
        elif isinstance(mark, Lt) and (high is None or mark.lt <= high[0]):
            high = (mark.lt, "below")
    return [f"{word} {written(value, unit)}" for value, word in filter(None, (low, high))]


def flat(marks: Iterable[Any]) -> Iterator[Any]:
    """Marks, with those inside of ``Field(...)`` taken out."""
    for mark in marks:
        if isinstance(mark, AmountUnit):
            yield from Field(ge=mark.ge, gt=mark.gt, le=mark.le).metadata
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def written(value: Any, unit: Unit | None) -> str:
    """A plain number in the unit of a scenario."""
    text = unit.write(value) if unit else value
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    return f"{text:,}".replace(",", "_") if isinstance(text, int | float) else str(text)


def default_of(field: FieldInfo) -> str:
    """The default as it would be written, or what leaving it out means."""
    if field.is_required():
        return "must be given"
    if field.default is None:
        return "left out"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) and not isinstance(value, Component):
        return "see below"
    for mark in field.metadata:
        if isinstance(mark, Unit):
            return code(written(value, mark))
    text = flow(plain(value))
    return code(text) if text != '""' else ""


def plain(value: Any) -> Any:
    """Models as the data that a scenario text would have."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", context=HUMAN)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def flow(value: Any) -> str:
    """Plain data in YAML's one-line form."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return value if isinstance(value, str) and value else json.dumps(value)


def pages() -> dict[str, str]:
    """File name and text of every page."""
    return {
        "scenario.md": scenario_page(),
        "summary.md": summary_page(),
        "columns.md": columns_page(),
        "state.md": state_page(),
        "actions.md": actions_page(),
        "candidate.md": candidate_page(),
        "cli.md": cli_page(),
    }


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {FOLDER.name}/{name}, {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
