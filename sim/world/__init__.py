"""World: the state arrays of one platform and how they are first filled; no decisions."""
