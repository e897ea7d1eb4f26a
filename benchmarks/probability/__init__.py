"""Probabilities explained in place of scores."""
