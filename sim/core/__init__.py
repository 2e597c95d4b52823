"""Core: errors, the action table, units, keyed draws, portable arithmetic."""
