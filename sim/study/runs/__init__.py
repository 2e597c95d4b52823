"""The runs of a study: what they are, who plays them, and the folder that keeps them."""
