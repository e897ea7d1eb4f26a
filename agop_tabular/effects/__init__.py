"""Main and pair effects of scores, and some of three, as tensors: axes, sums, tables, look-up, remainder, refinement."""
