"""A search for settings that do better, and the test of what it finds."""
