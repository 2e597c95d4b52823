"""A run folder to numbers: pure functions on tables.

load_tables(folder) -> Tables -> summarise(tables) -> summary.json
"""

from sim.analysis.fields import SUMMARY_FIELDS, Field
from sim.analysis.intervals import Share, wilson
from sim.analysis.summary import summarise, value_at
from sim.analysis.tables import Tables, load_tables, make_tables, read_manifest, read_tables

__all__ = [
    "SUMMARY_FIELDS",
    "Field",
    "Share",
    "Tables",
    "load_tables",
    "make_tables",
    "read_manifest",
    "read_tables",
    "summarise",
    "value_at",
    "wilson",
]
