"""One file per ecosystem: what the user has becomes differentiable scores over numeric coordinates.

A new ecosystem is one new file here, with a function decorated by :func:`~agop_tabular.adapters.registry.adapts`.
"""

from agop_tabular.adapters.registry import adapt, adapts

__all__ = ["adapt", "adapts"]
