"""What people do (truth): interest, watch, act, session, create.

Small scalar functions, compiled, with all randomness from keyed streams. They know what a person
really likes and never see a ranker. A compiled kernel and plain Python call the same functions.
"""
