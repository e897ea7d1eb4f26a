"""Adapters, one file per ecosystem: an estimator becomes differentiable scores over numeric coordinates.

For a new ecosystem, add a file here with a function decorated by :func:`~agop_tabular.adapters.registry.adapts`.
"""

from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter

__all__ = ["Adapter", "adapt", "adapts"]
