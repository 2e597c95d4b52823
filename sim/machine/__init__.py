"""Machine: what compiled code is made of; it knows nothing of feeds."""
