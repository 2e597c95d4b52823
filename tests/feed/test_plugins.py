"""The user's own components: found, run with consent only, checked where they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.assemble import make_pipeline
from sim.core.errors import ComponentError, ConsentError
from sim.feed.component import checked, checked_prediction
from sim.feed.pipeline import Pipeline, StageCounts
from sim.testing.worlds import played, requests_of, tiny_platform, tiny_scenario

CODE = '''
"""A ranker of the user's own."""
import numpy as np
from pydantic import BaseModel


class Newest:
    class Config(BaseModel):
        model_config = {"extra": "forbid"}
        strength: float = 1.0

    def __init__(self, config):
        self.config = config

    def score(self, requests, candidates, prediction, scores, view):
        age = requests.time_s[:, None] - view.videos.uploaded_s[candidates.video]
        return scores - self.config.strength * age / 3600


class NoMethod:
    pass


class Wants:
    def __init__(self, something):
        pass


number = 3


def add(requests, candidates, prediction, scores, view, amount=0.0):
    return scores + amount


def only_creator_3(requests, candidates, view):
    return view.videos.creator[candidates.video] == 3


def ids(requests, view, count):
    return np.tile(np.arange(count), (len(requests), 1))


def first(requests, candidates, scores, view, length):
    return np.tile(np.arange(length), (len(requests), 1))


def half(requests, candidates, view):
    shape = candidates.video.shape
    return np.full((*shape, 16), 0.5), np.ones(shape)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def pipeline(folder: Path, allow: bool = True, **feed: Any) -> Pipeline:
    return make_pipeline(tiny_scenario(feed=feed), folder, allow)


def slates(made: Pipeline) -> Any:
    view = played().platform.view
    return made.run(requests_of([3, 40, 77], view), view, StageCounts(len(made.filters)))


def test_a_class_changes_the_ranking(folder: Path) -> None:
    view = played().platform.view
    plain = slates(pipeline(folder))
    mine = slates(pipeline(folder, score=["value", "mine:Newest"]))
    assert (plain.video != mine.video).any()
    uploaded = view.videos.uploaded_s

    def age(found: Any) -> float:
        return float(-uploaded[found.video[found.video >= 0]].mean())

    assert age(mine) < age(plain)
    weak = slates(pipeline(folder, score=["value", {"use": "mine:Newest", "strength": 0.0}]))
    np.testing.assert_array_equal(weak.video, plain.video)


def test_a_class_changes_a_whole_run(folder: Path) -> None:
    feed = {"score": ["value", "mine:Newest"]}
    plain = tiny_platform(duration=2 * 3600.0)
    mine = tiny_platform(duration=2 * 3600.0, feed=feed, base_dir=folder, allow_code=True)
    assert plain.log.hash != mine.log.hash
    assert mine.log.impressions > 0


def test_functions_serve_in_every_stage(folder: Path) -> None:
    made = pipeline(
        folder,
        sources={"mine:ids": 1.0},
        filters=["seen", "mine:only_creator_3"],
        predict="mine:half",
        score=["value", {"use": "mine:add", "amount": 2.0}],
        select="mine:first",
    )
    found = slates(made)
    view = played().platform.view
    shown = found.video[found.video >= 0]
    assert (view.videos.creator[shown] == 3).all()
    assert (found.source[found.video >= 0] == 7).all()


def test_a_function_gets_its_options(folder: Path) -> None:
    view = played().platform.view
    made = pipeline(folder, score=["value", {"use": "mine:add", "amount": 2.0}])
    scorer = made.score[1].component
    scores = np.zeros((1, 4), np.float32)
    assert (scorer.score(None, None, None, scores, view) == 2.0).all()


def test_without_consent_nothing_is_imported(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit('was run')", encoding="utf-8")
    for feed in (
        {"score": ["mine:Newest"]}, {"sources": {"mine:ids": 1.0}}, {"filters": ["mine:x"]},
        {"predict": "mine:half"}, {"select": "mine:first"},
    ):  # fmt: skip
        with pytest.raises(ConsentError, match=r"mine:\w+.*--allow-code"):
            pipeline(folder, allow=False, **feed)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("mine:Newst", r'mine:Newst: "mine" has no "Newst"; did you mean "Newest"\?'),
        ("mine:NoMethod", r"mine:NoMethod: a score needs a method score\(\.\.\.\)"),
        ("mine:number", "neither a class nor a function"),
        ("mine:Wants", "mine:Wants: cannot be made with"),
        ("yours:Newest", 'cannot find "yours".*yours.py beside the scenario'),
        ({"use": "mine:Newest", "strenght": 1}, "mine:Newest: option strenght"),
        ({"use": "mine:Newest", "strength": "x"}, "mine:Newest: option strength"),
    ],
)
def test_a_component_that_cannot_be_used_says_why(folder: Path, use: Any, message: str) -> None:
    with pytest.raises(ComponentError, match=message):
        pipeline(folder, score=[use])


def test_code_that_fails_while_loading_is_named(folder: Path) -> None:
    (folder / "mine.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(ComponentError, match="mine:X: failed while loading: ZeroDivisionError"):
        pipeline(folder, score=["mine:X"])


ANSWERS = {
    "source, shape": ("sources", "np.zeros((1, 1))", r"shape \(1, 1\)"),
    "source, floats": ("sources", "np.zeros((len(a[0]), a[2]))", "whole numbers"),
    "filter, shape": ("filters", "np.ones(3, bool)", r"shape \(3,\)"),
    "filter, numbers": ("filters", "np.ones(a[1].video.shape)", "True and False"),
    "score, shape": ("score", "a[3][:1]", "shape"),
    "score, NaN": ("score", "a[3] * np.nan", "NaN"),
    "score, text": ("score", "a[3].astype(str)", "numbers"),
    "score, nothing": ("score", "None", "shape"),
    "select, shape": ("select", "np.zeros((1, 2), int)", "shape"),
    "select, floats": ("select", "np.zeros((3, 6))", "whole numbers"),
    "select, twice": ("select", "np.zeros((3, 6), int)", "more than once"),
    "predict, range": ("predict", "(np.full((3, 40, 16), 1.5), np.ones((3, 40)))", "outside"),
    "predict, NaN": ("predict", "(np.full((3, 40, 16), np.nan), np.ones((3, 40)))", "NaN"),
    "predict, watch": ("predict", "(np.ones((3, 40, 16)), np.full((3, 40), np.inf))", "finite"),
    "predict, nothing": ("predict", "None", "probability"),
    "predict, actions": ("predict", "(np.ones((3, 40, 2)), np.ones((3, 40)))", "shape"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_wrong_answer_names_the_component(tmp_path: Path, case: str) -> None:
    stage, answer, message = ANSWERS[case]
    code = f"import numpy as np\n\n\ndef wrong(*a):\n    return {answer}\n"
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    wanted: Any = {"sources": {"mine:wrong": 1.0}}.get(stage, "mine:wrong")
    feed = {stage: [wanted] if stage in ("filters", "score") else wanted}
    made = make_pipeline(tiny_scenario(feed=feed), tmp_path, True)
    with pytest.raises(ComponentError, match=f"mine:wrong: .*{message}"):
        slates(made)


def test_ids_that_do_not_exist_are_empty_places(tmp_path: Path) -> None:
    code = (
        "import numpy as np\n\n\ndef wild(requests, view, count):\n"
        "    ids = np.full((len(requests), count), view.videos.count, np.int64)\n"
        "    ids[:, 1] = 2**32 + 1\n    ids[:, 2] = -(2**40)\n    ids[:, 3] = 0\n    return ids\n"
    )
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    feed = {"sources": {"mine:wild": 1.0}, "filters": []}
    found = slates(make_pipeline(tiny_scenario(feed=feed), tmp_path, True))
    assert found.video[:, 0].tolist() == [0, 0, 0]
    assert (found.video[:, 1:] == -1).all()


def test_minus_infinity_is_allowed_and_sinks(tmp_path: Path) -> None:
    code = (
        "import numpy as np\n\n\ndef sink(requests, candidates, prediction, scores, view):\n"
        "    return np.where(candidates.video % 2 == 0, scores, -np.inf)\n"
    )
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    feed = {"score": ["value", "mine:sink"], "filters": [], "control": 0.0}
    found = slates(make_pipeline(tiny_scenario(feed=feed), tmp_path, True))
    assert (found.video[found.video >= 0] % 2 == 0).all()
    assert found.length.min() > 0


@pytest.mark.parametrize(
    ("value", "dtype"),
    [([[1, 2]], np.float32), (np.ones((1, 2), np.int16), np.int64), ([[True, False]], np.bool_)],
)
def test_what_fits_is_converted(value: Any, dtype: Any) -> None:
    found = checked("x", value, (1, 2), dtype)
    assert found.dtype == dtype
    assert found.flags.c_contiguous


def test_a_prediction_may_be_an_object_or_a_pair() -> None:
    probability, watch = np.full((1, 2, 16), 0.5), np.ones((1, 2))
    pair = checked_prediction("x", (probability, watch), (1, 2))
    again = checked_prediction("x", pair, (1, 2))
    np.testing.assert_array_equal(again.probability, probability)
    np.testing.assert_array_equal(again.watch_s, watch)
