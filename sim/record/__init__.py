"""Record: columns, event log, observers, tables of a run folder."""
