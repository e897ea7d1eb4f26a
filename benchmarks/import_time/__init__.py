"""Study ``import-time``: what importing the package takes, beside skorch, which it needs."""
