"""Cost of fit and explain, relative to a bare torch loop."""
