"""A run that stops and goes on: its state on disk, and another run that begins from it."""
