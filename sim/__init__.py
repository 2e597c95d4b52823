"""foryou: a laboratory for short-video For You feeds."""
