"""Reports: one HTML file about a model for a reader who has to judge it, without the network and without Python."""

from agop_tabular.report.explainers import write_report
from agop_tabular.report.explanations import report_explanation

__all__ = ["report_explanation", "write_report"]
