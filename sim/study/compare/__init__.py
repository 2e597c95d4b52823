"""Several scenarios in the same worlds."""
