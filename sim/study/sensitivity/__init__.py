"""Which setting matters for which number of a run."""
