"""What a caller may choose of a report."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from agop_tabular.models.targets import asks_for_predicted

ROWS = 10_000
"""Rows in the table of a report unless ``n_rows`` says otherwise: their data stay below 5 MB."""


@dataclass(frozen=True, eq=False)
class ReportOptions:
    """What a caller may choose of a report.

    Attributes
    ----------
    title : str or None
        None for one that names the model.
    date : str, date or None
        None for no date: the same inputs then give the same bytes.
    groups : object
        As in :meth:`agop_tabular.Explanation.cohorts`; None for no cohorts.
    target : object
        The score whose attributions are shown; None, or "predicted", for each row's predicted class, or the first of
        several outputs.
    n_rows : int
        Rows that are listed, from all over the table where it has more.
    counted : str
        What the caller's parameter is called that ``n_rows`` comes from.
    """

    title: str | None = None
    date: Any = None
    groups: Any = None
    target: Any = None
    n_rows: int = ROWS
    counted: str = "n_rows"

    def __post_init__(self) -> None:
        if asks_for_predicted(self.target):
            object.__setattr__(self, "target", None)

    def check(self) -> None:
        """Raise if a choice is not one of its allowed values.

        Raises
        ------
        TypeError, ValueError
        """
        if self.title is not None and not isinstance(self.title, str):
            raise TypeError(f"title={self.title!r} is not text.")
        if self.date is not None and not isinstance(self.date, (str, datetime.date)):
            raise TypeError(f'date={self.date!r} is neither text nor a date, such as "2026-01-31".')
        if isinstance(self.n_rows, bool) or not isinstance(self.n_rows, Integral) or self.n_rows < 1:
            raise ValueError(f"{self.counted}={self.n_rows!r} is not a positive whole number.")

    @property
    def date_text(self) -> str:
        """The date as the file has it; empty for none."""
        return self.date.isoformat() if isinstance(self.date, datetime.date) else str(self.date or "")
