"""What people like leans with locale and device, by as much as is said, and by its own draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.random import key
from sim.scenario.population import PopulationConfig
from sim.testing.worlds import tiny_world
from sim.world.leaning import leaning_weights
from sim.world.publish import topic_weights

LOCALES = [{"name": "a", "share": 0.6}, {"name": "b", "share": 0.4}]
PHONE = {"name": "phone", "share": 1.0}
TRUTH = ("interests", "generosity", "patience", "activity", "chronotype")


def _logs(leaning: float, locales: int = 2, devices: int = 3) -> NDArray[np.float64]:
    """[locales, devices, D] ln of how much more each topic weighs than without leaning."""
    people = PopulationConfig(
        locales=tuple({"name": f"l{i}", "share": 1 / locales} for i in range(locales)),  # type: ignore[arg-type]
        devices=tuple({"name": f"d{i}", "share": 1 / devices} for i in range(devices)),  # type: ignore[arg-type]
        topics=64, leaning=leaning,
    )  # fmt: skip
    weights = np.diff(leaning_weights(people, key(1, "leaning")), prepend=0.0, axis=2)
    return np.asarray(
        np.log(weights) - np.log(np.diff(topic_weights(PopulationConfig(topics=64)), prepend=0.0))
    )


def test_without_leaning_the_weights_are_those_of_anybody_to_the_bit() -> None:
    people = PopulationConfig(locales=LOCALES, leaning=0.0)  # type: ignore[arg-type]
    rows = leaning_weights(people, key(1, "leaning")).reshape(-1, 16)
    assert len(rows) == 6
    for row in rows:
        assert row.tobytes() == topic_weights(PopulationConfig(topics=16)).tobytes()


def test_without_leaning_devices_change_nothing_else() -> None:
    one = tiny_world(population={"leaning": 0.0, "devices": [PHONE]})
    three = tiny_world(population={"leaning": 0.0})
    assert not one.accounts.device.any()
    assert three.accounts.device.any()
    for name in TRUTH:
        np.testing.assert_array_equal(getattr(one.truth, name), getattr(three.truth, name))
    np.testing.assert_array_equal(one.accounts.declared, three.accounts.declared)
    np.testing.assert_array_equal(one.creators.niche, three.creators.niche)
    np.testing.assert_array_equal(one.follows.creator, three.follows.creator)
    np.testing.assert_array_equal(one.videos.caption, three.videos.caption)


def test_locale_and_device_add_up_and_have_the_spread_that_is_said() -> None:
    logs = _logs(0.3, locales=10, devices=10)
    by_locale = logs - logs.mean(axis=0)
    np.testing.assert_allclose(by_locale, by_locale[:, :1] + 0 * by_locale, atol=1e-9)
    for spread in (logs[:, 0].std(axis=0, ddof=1), logs[0].std(axis=0, ddof=1)):
        assert abs(np.sqrt((spread**2).mean()) - 0.3) < 4 * 0.3 / np.sqrt(2 * 9 * 64)
    np.testing.assert_allclose(_logs(0.9, 10, 10), 3 * logs, atol=1e-9)
    # what the two lean to has nothing in common
    assert abs(np.corrcoef(by_locale[0, 0], (logs - logs.mean(axis=1)[:, None])[0, 0])[0, 1]) < 0.5


def test_one_more_locale_or_device_changes_no_other() -> None:
    few, many = _logs(0.5), _logs(0.5, locales=3, devices=5)
    np.testing.assert_allclose(many[:2, :3], few, atol=1e-9)
    assert abs(many[2, 3] - many[1, 3]).max() > 0.1


def test_devices_have_their_shares_whatever_else_is_true_of_a_person() -> None:
    world = tiny_world(population={"users": 20_000, "leaning": 0.0, "locales": LOCALES})
    device = world.accounts.device
    for number, share in enumerate((0.85, 0.05, 0.1)):
        assert abs((device == number).mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000)
    for other in (
        world.accounts.locale, world.truth.activity, world.truth.interests[:, 0],
        world.accounts.declared != 0,
    ):  # fmt: skip
        assert abs(np.corrcoef(device != 0, other)[0, 1]) < 4 / np.sqrt(20_000)


def test_a_person_has_the_same_device_however_many_people_there_are() -> None:
    few, many = (tiny_world(population={"users": n}).accounts.device for n in (100, 1_000))
    np.testing.assert_array_equal(few, many[:100])


def test_people_like_what_is_liked_where_they_are() -> None:
    settings: dict[str, Any] = {"users": 20_000, "locales": LOCALES, "devices": [PHONE]}
    world = tiny_world(population={**settings, "leaning": 1.0})
    best = world.truth.interests[:, :6].argmax(axis=1)
    people = PopulationConfig(topics=6, leaning=1.0, locales=LOCALES, devices=[PHONE])  # type: ignore[arg-type]
    weights = np.diff(leaning_weights(people, key(1, "leaning")), prepend=0.0, axis=2)[:, 0]
    for locale in (0, 1):
        found = np.bincount(best[world.accounts.locale == locale], minlength=6)
        wanted = weights[locale] / weights[locale].sum()
        # a topic drawn second or third is the strongest now and then, so that all are drawn in
        np.testing.assert_allclose(found / found.sum(), wanted, atol=0.05)
    assert abs(weights[0] / weights[0].sum() - weights[1] / weights[1].sum()).max() > 0.1
