"""How wrong explanations of one network are: measured on rows of their own, and from there bounded for each row."""

from agop_tabular.audit.result import Audit

__all__ = ["Audit"]
