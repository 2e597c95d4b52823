"""The feed in plain words: an obvious twin of each function that the fast engine has made fast.

Packed keys, bit sets and vector registers stand here as sorts, sets and loops, so that whoever
reads one of these files sees the model in it. The reference engine runs on them: the equality of
both engines then compares two texts, and not one with itself. Sums of float32 are rounded in the
same order, and luck is drawn with the same keyed draws (``sim.core.random``), so the two give the
same bits.
"""
