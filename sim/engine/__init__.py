"""Engine: the clock of rare events, and two players of the swipes between them."""
