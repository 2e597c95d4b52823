"""Categories: names of the topics, how large their audience is, and what their videos give.

The first sixteen have names. How large an audience is follows a flat Zipf's law, but for the last:
a niche that hardly anybody looks for. What videos give says how many of them teach and how many
inspire; the rest entertains. All of it is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CATEGORIES", "Category", "category_at"]


@dataclass(frozen=True)
class Category:
    """One row of the table of categories."""

    name: str
    """Name in YAML and columns."""
    weight: float
    """How often people like it and creators choose it, relative."""
    teaches: float = 0.15
    """Share of its videos that teach."""
    inspires: float = 0.1
    """Share of its videos that inspire."""


def _zipf(place: int) -> float:
    return 1.0 / (place + 5.0)


CATEGORIES: Final[tuple[Category, ...]] = (
    Category("comedy", _zipf(0), 0.0, 0.05),
    Category("dance", _zipf(1), 0.05, 0.2),
    Category("music", _zipf(2), 0.05, 0.2),
    Category("beauty", _zipf(3), 0.35, 0.2),
    Category("sport", _zipf(4), 0.15, 0.25),
    Category("animals", _zipf(5), 0.1, 0.1),
    Category("food", _zipf(6), 0.45, 0.15),
    Category("gaming", _zipf(7), 0.15, 0.05),
    Category("fashion", _zipf(8), 0.15, 0.35),
    Category("diy", _zipf(9), 0.65, 0.15),
    Category("education", _zipf(10), 0.8, 0.1),
    Category("product_reviews", _zipf(11), 0.6, 0.05),
    Category("travel", _zipf(12), 0.2, 0.5),
    Category("family", _zipf(13), 0.1, 0.2),
    Category("politics", _zipf(14), 0.3, 0.15),
    Category("energy", 0.01, 0.8, 0.05),
)
"""Names of the first topics; the k-th of all has weight 1 / (k + 5), the niche less."""


def category_at(topic: int) -> Category:
    """The category of a topic, from 0; those beyond the table have a number for a name."""
    if topic < len(CATEGORIES):
        return CATEGORIES[topic]
    return Category(f"topic_{topic}", _zipf(topic))
