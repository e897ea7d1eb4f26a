"""Real tables, bundled with the package or from OpenML."""

from agop_tabular.datasets.tables import fetch_adult, fetch_credit_default

__all__ = ["fetch_adult", "fetch_credit_default"]
