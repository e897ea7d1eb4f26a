"""Audit: what was measured of one network's explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.attribution.attributor import Attributor
from agop_tabular.audit.error_bound import ErrorBound
from agop_tabular.results.facts import facts_html, facts_text

SHOWN = 3
"""Columns that are named when an audit is printed."""

NOISY = 1.0
"""Variance of the samples, as a multiple of the squared error, from which a printed audit says so."""


@dataclass(frozen=True)
class AuditedAs:
    """What attributions depend on beside rows and fit: an audit holds for explanations that are made alike.

    Attributes
    ----------
    method : str
    n_pairs : int
        Of ``refine``.
    gated : tuple of int
        Columns that a gate sets to zero.
    """

    method: str
    n_pairs: int
    gated: tuple[int, ...]

    @classmethod
    def now(cls, attributor: Attributor) -> AuditedAs:
        """As an attributor attributes."""
        mask, refine = attributor.mask, attributor.refine
        gated = () if mask is None else tuple(np.flatnonzero(~mask).tolist())
        return cls(attributor.method.method.name, 0 if refine is None else refine.n_pairs, gated)


@dataclass(frozen=True, eq=False)
class Audit:
    """How near the explanations of a network are to its own Shapley values, on rows that were held out.

    Shapley values are sampled with random permutations of the columns. The noise of the samples is measured, and taken
    out of all figures.

    Attributes
    ----------
    unit : str
        Of the explained scores.
    cosine : float
        Mean cosine of a row's attributions with its Shapley values.
    relative_error : float
        Distance of attributions from Shapley values over the length of these, as the root of both squares' sums.
    intervals : dict of str to (float, float)
        Of ``cosine`` and ``relative_error``: 95%, over rows.
    columns : DataFrame
        Indexed by column, the most wrong first: ``error`` (root mean square), ``share`` (of all columns' squared
        errors) and ``attribution`` (mean absolute).
    rows : DataFrame
        Indexed as the audited rows: ``target``, ``cosine``, ``relative_error`` and its ``bound``.
    noise_share : float
        Variance of the samples, as a multiple of the squared error. Above 1 figures are uncertain: more permutations
        help.
    n_permutations : int
        Of each row; half of them are the reverses of the others.
    n_evaluations : int
        Rows on which the network was evaluated.
    seconds : float
    error_bound : ErrorBound
        Bounds the relative error of further rows.
    of : AuditedAs
        How attributions were made.
    """

    unit: str
    cosine: float
    relative_error: float
    intervals: dict[str, tuple[float, float]]
    columns: pd.DataFrame
    rows: pd.DataFrame
    noise_share: float
    n_permutations: int
    n_evaluations: int
    seconds: float
    error_bound: ErrorBound
    of: AuditedAs

    @property
    def coverage(self) -> float:
        """Share of rows, drawn as these were, whose relative error stays below ``Explanation.error``."""
        return self.error_bound.coverage

    def __len__(self) -> int:
        return len(self.rows)

    def to_frame(self) -> pd.DataFrame:
        """The audited rows: target, cosine, relative error and its bound."""
        return self.rows.copy()

    def to_dict(self) -> dict[str, Any]:
        """All figures as numbers, strings, lists and dicts, as JSON takes them, but for the rows."""
        return {
            "method": self.of.method,
            "unit": self.unit,
            "n_rows": len(self),
            "cosine": self.cosine,
            "relative_error": self.relative_error,
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            "coverage": self.coverage,
            "noise_share": self.noise_share,
            "columns": [{"column": name, **row} for name, row in self.columns.to_dict("index").items()],
            "n_permutations": self.n_permutations,
            "n_evaluations": self.n_evaluations,
            "seconds": self.seconds,
        }

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        low, high = self.intervals["cosine"]
        lines = [("cosine", f"{self.cosine:.3f} (95%: {low:.3f} to {high:.3f})")]
        low, high = self.intervals["relative_error"]
        lines.append(("relative error", f"{self.relative_error:.1%} (95%: {low:.1%} to {high:.1%})"))
        bound = self.rows["bound"].median()
        bounded = f"below its bound in {self.coverage:.0%} of rows like these (median bound {bound:.0%})"
        lines.append(("error of a row", bounded))
        worst = self.columns[self.columns["share"] > 0].head(SHOWN)
        named = ", ".join(f"{name} ({share:.0%})" for name, share in worst["share"].items())
        lines.append(("most wrong", f"{named} of the squared error" if named else "no column"))
        noise = f", noise {self.noise_share:.1f} times the squared error: more permutations help"
        lines.append(
            (
                "measured by",
                f"{self.n_permutations} permutations a row, {self.n_evaluations:,} evaluations, {self.seconds:.1f} s"
                + (noise if self.noise_share > NOISY else ""),
            )
        )
        title = (
            f"Audit of method {self.of.method!r} on {len(self)} rows and {len(self.columns)} columns, in {self.unit}"
        )
        return title, lines

    def __repr__(self) -> str:
        return facts_text(*self.facts())

    def _repr_html_(self) -> str:
        """Table for notebooks."""
        return facts_html(*self.facts())
