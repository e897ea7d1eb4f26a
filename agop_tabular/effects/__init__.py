"""Main and pair effects of scores, as tensors: axes, sums, tables, look-up, refinement."""
