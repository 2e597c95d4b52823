"""Text to a frozen, typed ``Scenario``; errors with file, line and column."""

from sim.scenario.dump import dump, json_schema, scenario_hash
from sim.scenario.load import Loaded, load, load_file, load_text, loads
from sim.scenario.model import Scenario

__all__ = [
    "Loaded",
    "Scenario",
    "dump",
    "json_schema",
    "load",
    "load_file",
    "load_text",
    "loads",
    "scenario_hash",
]
