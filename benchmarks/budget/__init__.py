"""Error against model evaluations."""
