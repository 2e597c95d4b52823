"""For tests: small worlds, and the contract suite that every feed component passes."""
