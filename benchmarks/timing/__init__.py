"""Seconds, memory and growth of every explainer."""
