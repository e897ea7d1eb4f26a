"""Explanation: attributions with their rows, names, base values and support."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.models.frames import frame_rows, other_frame
from agop_tabular.models.row_order import check_row_order
from agop_tabular.models.rows import take_rows
from agop_tabular.results.about import About
from agop_tabular.results.cohorts import Cohorts, compare_cohorts
from agop_tabular.results.explanation_html import explanation_html
from agop_tabular.results.facts import facts_text, named_list
from agop_tabular.results.row_text import row_text
from agop_tabular.results.saving import save_explanation
from agop_tabular.results.tables import as_numbers, long_table, top_table, wide_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 6
"""Targets that are named when an explanation is printed."""

ROUNDING = 1e-3
"""Numerical: a gap below this share of a row's absolute attributions counts as zero, since networks run in float32."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attributions of some rows.

    Attributes
    ----------
    values : ndarray of shape (n, d) or (n, d, n_classes)
        Attributions; of "agop", "agop-ixg" and "ixg" in ``unit``, of the other methods unsigned.
    data : ndarray or DataFrame of shape (n, d)
        The explained rows: a copy, so that later changes of the table do not show.
    feature_names : tuple of str, length d
    target : ndarray of shape (n,), "all" or None
        Label of the explained class of each row, or index of the output for a regressor; None for a method that
        explains no class.
    target_names : tuple of str
        Names of all scores.
    base_values : ndarray of shape (n,) or (n, n_classes), or None
        Explained score at the baseline; for "agop" its mean over the training rows.
    support : ndarray of shape (n,) or (n, n_classes), or None
        How much of what the network does at a row is known from the training rows: kept / (kept + left out). "agop"
        keeps effects, and leaves out what these leave of the score; other methods keep a subspace of gradients, and
        leave out what of the row's gradient is outside of it, NaN where the gradient is zero. It is no error.
    gap : ndarray of shape (n,) or (n, n_classes), or None
        Explained score minus base value minus the sum of the row's attributions: zero up to rounding for "agop",
        whose attributions add up. None for methods without sign.
    method : str
    standard_errors : ndarray of shape of values, or None
        Of refined attributions.
    residual : ndarray of shape of values, or None
        Attributions that a gate set to zero; zero elsewhere.
    error : ndarray of shape (n,) or (n, n_classes), or None
        Bound of the distance of a row's attributions from its Shapley values, over the length of these, which holds for
        the share of rows that :meth:`~agop_tabular.AGOPExplainer.audit` was asked for (``coverage``). None before.
    unit : str
        Of the explained scores: "log-odds" (of several classes, the mean over the other classes), "probability",
        "score", or "output" of a model without classes.
    label_names : dict of label to str, or None
        Names of the classes, or outputs, where ``class_names`` or ``output_name`` was given.
    about : About
        What was explained and how; empty unless :func:`agop_tabular.automl.explain` made the explanation.
    predictions : ndarray of shape (n,) or (n, n_outputs), or None
        Label of the predicted class of each row; of a model without classes the explained output, or all of them. None
        for "agop-global", which calls no network.
    probabilities : ndarray of shape (n,) or (n, n_classes), or None
        Probability of the explained class of each row, as ``predict_proba`` has it; None without classes, and
        where it does not follow from the scores.
    """

    values: np.ndarray
    data: Any
    feature_names: tuple[str, ...]
    target: Any
    target_names: tuple[str, ...]
    base_values: np.ndarray | None
    support: np.ndarray | None
    gap: np.ndarray | None
    method: str
    standard_errors: np.ndarray | None = None
    residual: np.ndarray | None = None
    error: np.ndarray | None = None
    about: About = field(default_factory=About)
    unit: str = "score"
    label_names: dict[Any, str] | None = None
    predictions: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: int | slice | np.ndarray) -> Explanation:
        """Explanation of some of the rows; a single row gives an Explanation of length 1."""
        if isinstance(rows, pd.Series) and pd.api.types.is_bool_dtype(rows.dtype):
            check_row_order(rows, self.data, "the mask")
        chosen = np.atleast_1d(np.arange(len(self))[rows])
        names = ["target", "base_values", "support", "gap", "standard_errors", "residual", "error", "predictions"]
        names.append("probabilities")
        parts: dict[str, Any] = {n: p[chosen] for n in names if isinstance(p := getattr(self, n), np.ndarray)}
        data = take_rows(self.data, chosen) if other_frame(self.data) is None else frame_rows(self.data, chosen)
        return replace(self, values=self.values[chosen], data=data, **parts)

    @property
    def index(self) -> pd.Index:
        """Row labels of the explained DataFrame; 0, 1, … for an array."""
        return self.data.index if hasattr(self.data, "index") else pd.RangeIndex(len(self))

    def row_targets(self) -> np.ndarray:
        """Names of the explained scores of the rows, (n,) of str; "all", or empty where a method explains none."""
        if isinstance(self.target, np.ndarray):
            return np.array([self._target_name(label) for label in self.target.tolist()], dtype=object)
        return np.full(len(self), "" if self.target is None else str(self.target), dtype=object)

    def _target_name(self, label: Any) -> str:
        """Name of a class, by its label, or of an output, by its index."""
        if self.label_names is not None and label in self.label_names:
            return str(self.label_names[label])
        if str(label) not in self.target_names and isinstance(label, int) and 0 <= label < len(self.target_names):
            return self.target_names[label]
        return str(label)

    def to_frame(self, *, long: bool = False) -> pd.DataFrame:
        """Attributions as a DataFrame.

        Parameters
        ----------
        long : bool, default=False
            One line for each row, target and column: row, target, prediction, probability, base_value, support, error,
            feature, value and attribution, without those that are not known.

        Returns
        -------
        DataFrame
            Of shape (n, d); for all classes its columns are pairs (target, feature).
        """
        return long_table(self) if long else wide_table(self)

    def top(self, k: int = 5) -> pd.DataFrame:
        """The k columns with the largest absolute attributions in each row.

        Parameters
        ----------
        k : int

        Returns
        -------
        DataFrame
            Indexed by row, target and place (1 for the largest), with columns feature, value and attribution.
        """
        return top_table(self, k)

    def to_text(self, row: Any, *, target: Any = None) -> str:
        """What is predicted of a row, and why, in two sentences.

        Parameters
        ----------
        row : int, or label of the index
            A whole number is a place, as in ``explanation[row]``.
        target : label or name of a class, or index of an output, optional
            Where all were explained; by default the predicted class.
        """
        return row_text(self, row, target)

    def plot(self, row: Any, ax: Axes | None = None, *, n: int = 10, target: Any = None) -> Axes:
        """Draw the attributions of a row: bars from the base value to the score, the largest first.

        Thin lines bound how far each bar is off, where :meth:`~agop_tabular.AGOPExplainer.audit` measured it.

        Parameters
        ----------
        row : int, or label of the index
            A whole number is a place, as in ``explanation[row]``.
        ax : matplotlib Axes, optional
            A new figure's by default, which is the caller's to close.
        n : int, default=10
            Columns with a bar of their own; the others share one.
        target : label or name of a class, or index of an output, optional
            Where all were explained; by default the predicted class.
        """
        from agop_tabular.results.plots.row import plot_row

        return plot_row(self, row, ax, n=n, target=target)

    def plot_summary(self, ax: Axes | None = None, *, n: int = 10, target: Any = None) -> Axes:
        """Draw the attributions of all rows: a dot for each, coloured by its value; categories by their levels.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        n : int, default=10
            Columns, those with the largest mean absolute attribution.
        target : label or name of a class, or index of an output, optional
            By default what was explained; of two classes the second one, for all rows.
        """
        from agop_tabular.results.plots.summary import plot_summary

        return plot_summary(self, ax, n=n, target=target)

    def plot_comparison(
        self,
        other: Explanation,
        row: Any = None,
        ax: Axes | None = None,
        *,
        names: tuple[str, str] = ("this model", "the other model"),
        n: int = 10,
        target: Any = None,
    ) -> Axes:
        """Draw this explanation and that of another model, or method, for the same rows side by side.

        Parameters
        ----------
        other : Explanation
            Of the same rows and columns, in the same unit.
        row : int, or label of the index, optional
            By default the mean absolute attributions of all rows are compared.
        ax : matplotlib Axes, optional
        names : pair of str
            What the two are called.
        n : int, default=10
            Columns, those with the largest attributions in either.
        target : label or name of a class, or index of an output, optional
        """
        from agop_tabular.results.plots.comparison import plot_comparison

        return plot_comparison(self, other, row, ax, names=names, n=n, target=target)

    def cohorts(
        self,
        groups: Any,
        *,
        target: Any = None,
        against: Any = None,
        confidence: float = 0.95,
        random_state: int | np.random.RandomState | None = None,
    ) -> Cohorts:
        """Mean attributions of groups of rows, and their differences with intervals.

        Parameters
        ----------
        groups : str or array-like of shape (n,)
            Name of a column, or the group of each row.
        target : label or name of a class, or index of an output, optional
            By default the one that all rows explain; of two classes the second one.
        against : object, optional
            The group that others are compared with; by default all rows outside of the group, of two groups the other.
        confidence : float, default=0.95
            Of the bootstrap intervals.
        random_state : int, RandomState or None, default=None
            Draws rows for the bootstrap; None draws the same ones always.
        """
        return compare_cohorts(self, groups, target, against, confidence, random_state)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the explanation in the form that the ending says, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            Ends in .parquet or .csv (as ``to_frame(long=True)``), .json (one object a row) or .html (a page to read).
        """
        save_explanation(self, path)

    def to_shap(self) -> Any:
        """The same attributions as a ``shap.Explanation``, for shap's plots.

        If they do not add up to the score, reading ``base_values`` warns, as waterfall and force plots do.

        Returns
        -------
        shap.Explanation
        """
        try:
            import shap

            from agop_tabular.results.shap_explanation import NonAdditiveExplanation
        except ImportError as error:
            raise ImportError("to_shap() needs the package shap: pip install 'agop-tabular[shap]'") from error
        numeric, display = as_numbers(self.data)
        everything = self.values.ndim == 3
        base = np.zeros(len(self)) if self.base_values is None else self.base_values
        return (shap.Explanation if self._adds_up() else NonAdditiveExplanation)(
            values=np.asarray(self.values, dtype=float),
            base_values=np.asarray(base, dtype=float),
            data=numeric,
            display_data=display,
            feature_names=list(self.feature_names),
            output_names=list(self.target_names) if everything else None,
        )

    def _adds_up(self) -> bool:
        """Whether every row's gap is negligible compared with its attributions."""
        if self.gap is None:
            return False
        return bool((np.abs(self.gap) <= ROUNDING * np.abs(self.values).sum(axis=1).clip(min=ROUNDING)).all())

    def _repr_html_(self) -> str:
        """Table for notebooks: the first rows with prediction, base value, largest attributions as bars, and sum."""
        return explanation_html(self)

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        n, d = self.values.shape[:2]
        title = f"Explanation of {n:,} row{'s' * (n != 1)} and {d:,} column{'s' * (d != 1)} by method {self.method!r}"
        unit = "units of the output" if self.unit == "output" else self.unit
        title += f", in {unit}" if self.gap is not None else ", without sign"
        if self.values.ndim == 3:
            targets = f"all {self.values.shape[2]}: {named_list(self.target_names, SHOWN)}"
        else:
            count = pd.Series(self.row_targets()).value_counts()
            named = [f"{name} ({k:,} row{'s' * (k != 1)})" for name, k in count.items() if name]
            targets = named_list(named, SHOWN) or "none: the same for every row"
        facts = [("targets", targets)]
        if self.support is not None and self.support.size and not np.isnan(self.support).all():
            facts.append(("support", f"median {np.nanmedian(self.support):.2f}, lowest {np.nanmin(self.support):.2f}"))
        if self.error is not None and self.error.size:
            facts.append(
                ("error", f"bound of a row: median {np.median(self.error):.0%}, largest {self.error.max():.0%}")
            )
        elif self.method == "agop":
            facts.append(("error", "not known before explainer.audit(X), on rows that were held out"))
        return title, facts

    def __repr__(self) -> str:
        return facts_text(*self.facts())
