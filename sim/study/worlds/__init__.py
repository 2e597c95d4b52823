"""One scenario in many parallel worlds."""
