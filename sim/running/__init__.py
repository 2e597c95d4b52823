"""Runs being played: what they begin from, and what happens from there to the pictures."""
