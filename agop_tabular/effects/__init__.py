"""Effects of one, two and three columns, as tensors: axes, sums, tables, look-up, remainder, refinement."""
