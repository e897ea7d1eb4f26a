"""Attributions against known ground truth."""
