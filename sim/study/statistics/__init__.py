"""Statistics of studies: numbers of runs, and what several worlds say about them."""
