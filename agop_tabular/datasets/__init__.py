"""Real tables, bundled with the package or from OpenML."""

from agop_tabular.datasets.adult import fetch_adult
from agop_tabular.datasets.credit_default import fetch_credit_default

__all__ = ["fetch_adult", "fetch_credit_default"]
