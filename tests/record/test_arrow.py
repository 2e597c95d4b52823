"""Columns as Arrow arrays: the same as ``pyarrow`` makes, sooner."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sim.record.arrow import ARROW, to_arrow

WORDS = ["", "waiting", "naïve", "", "waiting", "音"]
COLUMNS: list[tuple[str, Any]] = [
    ("int64", np.array([-(2**62), 0, 2**62])),
    ("int32", np.arange(-9, 9)),
    ("int16", np.array([2**15 - 1, -(2**15)])),
    ("int8", np.arange(-128, 128)),
    ("int8", np.arange(60, dtype=np.int32).reshape(20, 3)[:, 1]),  # not contiguous
    ("float64", np.array([0.1, -0.0, np.nan, np.inf])),
    ("float64", np.arange(5, dtype=np.int32)),
    ("float32", np.array([0.1, 1e30, np.nan])),
    ("bool", np.arange(19) % 3 == 0),
    ("float64", [None, 2.5, None]),
    ("float64", [1.0, 2.5]),
    ("float64", [None] * 9),
    ("category", np.array(WORDS, object)),
    ("category", WORDS),
    *((dtype, []) for dtype in ("int64", "float64", "bool", "category")),
]


def _expected(dtype: str, values: Any) -> pa.Array:
    if dtype == "category":
        return pa.array(list(values), pa.string()).dictionary_encode()
    return pa.array(values).cast(ARROW[dtype])


@pytest.mark.parametrize(("dtype", "values"), COLUMNS)
def test_the_same_as_pyarrow_makes(dtype: str, values: Any) -> None:
    made, expected = to_arrow(values, dtype), _expected(dtype, values)
    made.validate(full=True)
    assert made.type == expected.type == ARROW[dtype]
    assert made.null_count == expected.null_count
    # as text: a not-a-number is equal to none
    assert str(made.to_pylist()) == str(expected.to_pylist())
    if dtype == "category":
        assert made.dictionary.equals(expected.dictionary)


@pytest.mark.parametrize(
    ("dtype", "value"), [("int8", 128), ("int16", -(2**15) - 1), ("int32", 2**31)]
)
def test_a_number_that_does_not_fit_is_refused(dtype: str, value: int) -> None:
    with pytest.raises(OverflowError, match=f"{dtype} cannot hold 0 to|{dtype} cannot hold -"):
        to_arrow(np.array([0, value]), dtype)


def test_no_other_library_is_imported() -> None:
    code = (
        "import sys, numpy; from sim.record.arrow import to_arrow\n"
        "to_arrow(numpy.arange(3), 'int8'); to_arrow(['a', 'b'], 'category')\n"
        "assert not {'pandas', 'pyarrow.compute'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
