"""The report of an explained model."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from agop_tabular.report.options import ReportOptions


def write_report(explainer: Any, X: Any, y: Any, path: str | PathLike[str], options: ReportOptions) -> Path:
    """Write the report of a fitted explainer; see :meth:`agop_tabular.AGOPExplainer.report`.

    Parameters
    ----------
    explainer : AGOPExplainer
    X, y, path : as there
    options : ReportOptions
    """
    options.check()
    raise NotImplementedError
