"""Audits and their error bounds, on networks whose explanations are known to be wrong by so much."""
