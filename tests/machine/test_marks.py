"""Sets as bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.marks import list_below, mark_all, new_marks, take_marked


@given(st.lists(st.integers(0, 199)), st.lists(st.integers(0, 199)))
def test_a_set_gives_its_numbers_in_order_and_is_empty_then(a: list[int], b: list[int]) -> None:
    marks = new_marks(200)
    for numbers in (a, b):
        mark_all(marks, np.array(numbers, np.int32))
    assert take_marked(marks).tolist() == sorted({*a, *b})
    assert not marks.any()
    assert take_marked(marks).size == 0


def test_the_ends_of_words() -> None:
    ends = [0, 63, 64, 127, 128, 191, 192]
    marks = new_marks(193)
    mark_all(marks, np.array(ends[::-1]))
    assert take_marked(marks).tolist() == ends


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, np.inf, np.nan]), max_size=70),
    st.integers(0, 70), st.integers(0, 70), st.sampled_from([0.25, 1.0]),
)  # fmt: skip
def test_places_below_a_limit(values: list[float], first: int, last: int, limit: float) -> None:
    first, last = min(first, len(values)), min(last, len(values))
    last = max(first, last)
    out = np.full(len(values) + 1, -1)
    n = list_below(np.array(values, np.float64), first, last, limit, out)
    assert out[:n].tolist() == [i for i in range(first, last) if values[i] < limit]
    assert (out[n:] == -1).all()
