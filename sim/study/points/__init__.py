"""Settings that vary: over which values, at which points, and playing these points."""
