"""Adapters, one file per ecosystem: an estimator becomes differentiable scores over numeric coordinates.

For a new ecosystem, add a file here with a function decorated by :func:`~agop_tabular.adapters.registry.adapts`.
"""

from agop_tabular.adapters.registry import adapt, adapts

__all__ = ["adapt", "adapts"]
