"""Many weights screened in one world, by giving every user weights of their own."""
