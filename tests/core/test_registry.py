"""What is unknown is an error that names it, and codes are those of the log."""

from __future__ import annotations

import pytest

from sim.core.errors import ForyouError
from sim.core.registry import entry_of, position_of
from sim.core.sources import CUSTOM_SOURCE, SOURCE_NAMES, SOURCES, source_code
from sim.core.surfaces import (
    FOLLOWING,
    FOR_YOU,
    SOUND_PAGE,
    SURFACE_NAMES,
    SURFACES,
    surface_at,
    surface_code,
)
from sim.scenario.feed import SOURCES as BUILT_IN


def test_codes_are_those_of_the_logs_so_far() -> None:
    assert SURFACE_NAMES[:3] == ("for_you", "following", "sound_page")
    assert (FOR_YOU, FOLLOWING, SOUND_PAGE) == (0, 1, 2)
    assert SOURCE_NAMES == (
        "interest", "sound", "hashtag", "following", "fresh", "trending", "random", "custom",
        "link", "control", "injected", "notification", "friends", "profile", "search",
        "parent",
    )  # fmt: skip
    assert (*BUILT_IN, CUSTOM_SOURCE) == SOURCE_NAMES[:8]


def test_a_code_is_a_position() -> None:
    assert [surface_code(name) for name in SURFACE_NAMES] == list(range(len(SURFACES)))
    assert [source_code(name) for name in SOURCE_NAMES] == list(range(len(SOURCES)))
    assert [surface_at(code).name for code in range(len(SURFACES))] == list(SURFACE_NAMES)


def test_names_are_unique_and_rows_are_told() -> None:
    for rows in (SURFACES, SOURCES):
        assert len({row.name for row in rows}) == len({row.label for row in rows}) == len(rows)
        assert all(row.meaning for row in rows)


def test_a_page_has_a_source_and_one_surface_is_ranked() -> None:
    assert [surface.name for surface in SURFACES if surface.ranked] == ["for_you"]
    for surface in SURFACES:
        assert surface.ranked or source_code(surface.source) >= 0
        assert surface.length is None or surface.length >= 1


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (lambda: surface_code("folowing"), 'unknown surface "folowing"; did you mean "following"?'),
        (lambda: surface_code("x"), "known are for_you, following, sound_page"),
        (lambda: surface_at(len(SURFACES)), f"unknown surface {len(SURFACES)}"),
        (lambda: surface_at(-1), "unknown surface -1"),
        (lambda: source_code("intrest"), 'unknown source "intrest"; did you mean "interest"?'),
        (
            lambda: position_of("pet", ["cat", "dog"], "cow"),
            'unknown pet "cow"; known are cat, dog',
        ),
        (lambda: entry_of("pet", {"cat": 1}, "cot"), 'unknown pet "cot"; did you mean "cat"?'),
    ],
)
def test_what_is_unknown_is_an_error(find: object, message: str) -> None:
    with pytest.raises(ForyouError) as error:
        find()  # type: ignore[operator]
    assert message in str(error.value)
