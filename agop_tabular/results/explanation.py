"""Explanation: attributions with their rows, names, base values and support."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.models.frames import frame_rows, is_frame, other_frame, to_pandas
from agop_tabular.models.rows import take_rows
from agop_tabular.results.about import About

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
        The explained rows.
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

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: int | slice | np.ndarray) -> Explanation:
        """Explanation of some of the rows; a single row gives an Explanation of length 1."""
        chosen = np.atleast_1d(np.arange(len(self))[rows])
        names = ("target", "base_values", "support", "gap", "standard_errors", "residual", "error")
        parts: dict[str, Any] = {n: p[chosen] for n in names if isinstance(p := getattr(self, n), np.ndarray)}
        data = take_rows(self.data, chosen) if other_frame(self.data) is None else frame_rows(self.data, chosen)
        return replace(self, values=self.values[chosen], data=data, **parts)

    @property
    def index(self) -> pd.Index:
        """Row labels of the explained DataFrame; 0, 1, … for an array."""
        return self.data.index if hasattr(self.data, "index") else pd.RangeIndex(len(self))

    def to_frame(self) -> pd.DataFrame:
        """Attributions as a DataFrame (n, d); for all classes its columns are pairs (target, feature).

        Returns
        -------
        DataFrame
        """
        if self.values.ndim == 2:
            columns = self.data.columns if isinstance(self.data, pd.DataFrame) else list(self.feature_names)
            return pd.DataFrame(self.values, index=self.index, columns=columns)
        columns = pd.MultiIndex.from_product([self.target_names, self.feature_names], names=["target", "feature"])
        flat = self.values.transpose(0, 2, 1).reshape(len(self), -1)
        return pd.DataFrame(flat, index=self.index, columns=columns)

    def top(self, k: int = 5) -> pd.DataFrame:
        """The k features with the largest absolute attributions in each row.

        Parameters
        ----------
        k : int

        Returns
        -------
        DataFrame
            Indexed by row, target and place (1 for the largest), with columns feature, value and attribution.
        """
        if not isinstance(k, (int, np.integer)) or k < 1:
            raise ValueError(f"k={k!r} is not a positive whole number.")
        cube = self.values[:, :, None] if self.values.ndim == 2 else self.values
        k = min(int(k), cube.shape[1])
        n, _, n_targets = cube.shape
        order = np.argsort(-np.abs(cube), axis=1, kind="stable")[:, :k].transpose(0, 2, 1)  # (n, n_targets, k)
        rows = np.repeat(np.arange(n), n_targets * k)
        which = np.tile(np.repeat(np.arange(n_targets), k), n)
        features = order.ravel()
        cells = to_pandas(self.data).to_numpy(dtype=object) if is_frame(self.data) else np.asarray(self.data)
        names = self._row_targets() if self.values.ndim == 2 else None
        targets = names[rows] if names is not None else np.asarray(self.target_names, dtype=object)[which]
        index = pd.MultiIndex.from_arrays(
            [self.index[rows], targets, np.tile(np.arange(1, k + 1), n * n_targets)], names=["row", "target", "place"]
        )
        return pd.DataFrame(
            {
                "feature": np.asarray(self.feature_names, dtype=object)[features],
                "value": cells[rows, features],
                "attribution": cube[rows, features, which],
            },
            index=index,
        )

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
            raise ImportError("to_shap() needs the package shap: pip install shap") from error
        numeric, display = _numeric(self.data)
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

    def _row_targets(self) -> np.ndarray:
        if isinstance(self.target, np.ndarray) and self.label_names is not None:
            return np.array([self.label_names[label] for label in self.target.tolist()], dtype=object)
        if isinstance(self.target, np.ndarray):
            return self.target.astype(object)
        return np.full(len(self), "" if self.target is None else str(self.target), dtype=object)

    def _repr_html_(self) -> str:
        """Table for notebooks: the largest attributions of the first rows, as bars."""
        shown = self[: min(len(self), 5)]
        top = shown.top(min(6, self.values.shape[1])).reset_index(level=["row", "target"])
        k = min(6, self.values.shape[1])
        n_targets = 1 if self.values.ndim == 2 else self.values.shape[2]
        largest = float(np.nanmax(np.abs(top["attribution"].to_numpy(dtype=float)), initial=0.0)) or 1.0
        lines = []
        for first in range(0, len(top), k):
            group = top.iloc[first : first + k]
            place, row, target = first // (k * n_targets), group["row"].iloc[0], group["target"].iloc[0]
            note = f"row {row}" + (f", target {target}" if target != "" else "")
            if shown.support is not None and shown.support.ndim == 1:
                note += f", support {shown.support[place]:.2f}"
            lines.append(f'<tr><th colspan="4" style="text-align:left">{html.escape(note)}</th></tr>')
            for feature, value, attribution in group[["feature", "value", "attribution"]].itertuples(index=False):
                colour = "#d62f4b" if attribution > 0 else "#1f77b4"
                width = 120 * abs(attribution) / largest
                text = f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
                lines.append(
                    f'<tr><td style="text-align:left">{html.escape(str(feature))}</td>'
                    f'<td style="text-align:left">{html.escape(text)}</td><td>{attribution:+.4g}</td>'
                    f'<td style="text-align:left"><div style="background:{colour};height:0.8em;width:{width:.0f}px">'
                    "</div></td></tr>"
                )
        more = self._student_note() + self._gate_note()
        more += f"<p>… and {len(self) - len(shown)} more rows</p>" if len(self) > len(shown) else ""
        return (
            "<table><thead><tr><th>feature</th><th>value</th>"
            f"<th>attribution ({html.escape(self._caption())})</th><th></th></tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table>{more}"
        )

    def _caption(self) -> str:
        """The method, and the unit of its attributions where they have the explained score's."""
        return self.method if self.gap is None else f"{self.method}, {self.unit}"

    def _student_note(self) -> str:
        """How faithful the explained student is; empty if none was explained."""
        fidelity = self.about.get("fidelity")
        if fidelity is None:
            return ""
        agreement = f", the same class on {fidelity['agreement']:.1%}" if "agreement" in fidelity else ""
        return (
            f"<p>Of a student of {html.escape(self.about['predictor'])}, which has no gradient: R² "
            f"{fidelity['r2']:.2f}{agreement} of {fidelity['rows']:.0f} held-out rows.</p>"
        )

    def _gate_note(self) -> str:
        """How much of the attributions the gate set to zero."""
        if self.residual is None:
            return ""
        taken, kept = (float(np.abs(part).sum()) for part in (self.residual, self.values))
        share = taken / (taken + kept) if taken + kept > 0 else 0.0
        n = int((self.residual != 0).reshape(len(self), self.residual.shape[1], -1).any(axis=(0, 2)).sum())
        return f"<p>The gate set {share:.1%} of the absolute attributions to zero, in {n} columns.</p>"

    def __repr__(self) -> str:
        return f"Explanation(method={self.method!r}, values of shape {self.values.shape})"


def _numeric(data: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows as numbers for shap's colours, text as its rank in sorted order; unchanged for labels if any is text."""
    data = to_pandas(data)
    columns, text = [], False
    for _, column in data.items():
        try:
            columns.append(column.to_numpy(dtype=float, na_value=np.nan))
        except (TypeError, ValueError):
            text = True
            codes = column.astype("category").cat.codes.to_numpy(dtype=float)
            columns.append(np.where(codes < 0, np.nan, codes))
    numbers = np.column_stack(columns) if columns else np.empty((len(data), 0))
    return numbers, data.astype(object).where(data.notna(), np.nan).to_numpy() if text else None
