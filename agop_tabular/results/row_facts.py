"""What is said of one explained row, in pictures, words and tables alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.models.frames import cells_of
from agop_tabular.results.cells import cell_text, probability_text, score_text
from agop_tabular.results.one_target import one_target, predicts_classes

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation


@dataclass(frozen=True, eq=False)
class RowFacts:
    """One row and one score of an explanation.

    Attributes
    ----------
    label : str
        Of the row, in the table's index.
    target : str
        Name of the explained score; empty where a method explains none.
    prediction : str or None
        Name of the predicted class, or the predicted number; None where it is not known.
    is_predicted : bool
        Whether the explained class is the predicted one.
    probability : float or None
        Of the explained class.
    unit : str
        Of attributions; empty where they have none.
    base, gap, support, error : float or None
        As in :class:`~agop_tabular.Explanation`.
    names, cells : list of str, length d
    values, masked : ndarray of shape (d,)
        Attributions; and those that a gate set to zero, which are zero elsewhere.
    """

    label: str
    target: str
    prediction: str | None
    is_predicted: bool
    probability: float | None
    unit: str
    base: float | None
    gap: float | None
    support: float | None
    error: float | None
    names: list[str]
    cells: list[str]
    values: np.ndarray
    masked: np.ndarray

    @classmethod
    def of(cls, explanation: Explanation, row: Any, target: Any = None) -> RowFacts:
        """Of a row of an explanation.

        Parameters
        ----------
        explanation : Explanation
        row : int, or label of the index
        target : object, optional
            As in :func:`~agop_tabular.results.one_target.one_target`.
        """
        place = place_of_row(explanation, row)
        return cls.of_one(one_target(explanation[place], target), explanation.index[place])

    @classmethod
    def of_one(cls, one: Explanation, label: Any) -> RowFacts:
        """Of an explanation of one score of one row.

        Parameters
        ----------
        one : Explanation
        label : object
            Of the row in its table; rows that are taken out of an array are numbered from 0 again.
        """

        def number(part: np.ndarray | None) -> float | None:
            return None if part is None or np.isnan(part[0]) else float(part[0])

        name, prediction, predicted = str(one.row_targets()[0]), None, False
        if one.predictions is not None and predicts_classes(one):
            predicted_label = one.predictions.tolist()[0]
            prediction = str((one.label_names or {}).get(predicted_label, predicted_label))
            predicted = prediction == name
        elif one.predictions is not None:
            prediction, predicted = score_text(float(one.predictions[0])), True
        return cls(
            label=label_text(label),
            target=name,
            prediction=prediction,
            is_predicted=predicted,
            probability=number(one.probabilities),
            unit="" if one.gap is None else one.unit,
            base=number(one.base_values) if one.gap is not None else None,
            gap=number(one.gap),
            support=number(one.support),
            error=number(one.error),
            names=list(one.feature_names),
            cells=[cell_text(cells_of(one.data, j).iloc[0]) for j in range(len(one.feature_names))],
            values=np.asarray(one.values[0], dtype=float),
            masked=np.zeros(one.values.shape[1]) if one.residual is None else np.asarray(one.residual[0], dtype=float),
        )

    @property
    def score(self) -> float | None:
        """The explained score: base value, attributions and gap."""
        return None if self.base is None or self.gap is None else self.base + float(self.values.sum()) + self.gap

    @property
    def order(self) -> np.ndarray:
        """Places of the columns, the largest absolute attribution first."""
        return np.argsort(-np.abs(self.values), kind="stable")

    @property
    def error_bar(self) -> float | None:
        """Length that no attribution is off by more, where the row's error is bounded below 100%; in the unit.

        An attribution is off by no more than all of them together, which is ``error`` times the length of the Shapley
        values; that is at most the attributions' own length divided by 1 − error.
        """
        if self.error is None or self.error >= 1:
            return None
        return self.error / (1 - self.error) * float(np.linalg.norm(self.values))

    @property
    def has_class(self) -> bool:
        """Whether the explained score is that of a class."""
        return self.probability is not None or (self.prediction is not None and self.unit not in ("", "output"))

    def heading(self) -> str:
        """Prediction and probability in a line, such as "predicted: yes (probability 0.83)"."""
        if self.prediction is None:
            return f"explained: {self.target}" if self.target else ""
        if self.probability is None:
            named = self.target if self.target not in ("", "output", self.prediction) else ""
            return f"predicted: {self.prediction}" + (f" ({named})" if named else "")
        if self.is_predicted:
            return f"predicted: {self.prediction} (probability {probability_text(self.probability)})"
        return (
            f"predicted: {self.prediction}; explained: {self.target} (probability {probability_text(self.probability)})"
        )


def place_of_row(explanation: Explanation, row: Any) -> int:
    """Place of a row, from its place or the label that the index has for it.

    Parameters
    ----------
    explanation : Explanation
    row : int, or label of the index
        A whole number is a place, 0 for the first row and -1 for the last.

    Raises
    ------
    ValueError
        Where there is no such row.
    """
    n = len(explanation)
    if n == 0:
        raise ValueError("The explanation has no rows; explain at least one.")
    if isinstance(row, (int, np.integer)) and not isinstance(row, bool):
        if -n <= row < n:
            return int(row) % n
        raise ValueError(f"row={row} is not there: the explanation has {n:,} rows, whose places are 0 to {n - 1}.")
    if np.ndim(row) == 0 or isinstance(row, tuple):  # a tuple is a label of a MultiIndex
        found = np.flatnonzero([_is_label(label, row) for label in explanation.index])
        if len(found) == 1:
            return int(found[0])
        if len(found) > 1:
            raise ValueError(f"row={row!r} is the label of {len(found)} rows; give the place of one, 0 to {n - 1}.")
    raise ValueError(f"row={row!r} is neither a place from 0 to {n - 1} nor a label of the rows.")


def label_text(label: Any) -> str:
    """A row's label; that of a MultiIndex as "(p, 2)", whatever kinds of numbers are in it.

    Parameters
    ----------
    label : object
    """
    return f"({', '.join(map(str, label))})" if isinstance(label, tuple) else str(label)


def _is_label(label: Any, row: Any) -> bool:
    """Whether a row's label is the one that was given; a missing one, which equals nothing, is not."""
    try:
        return bool(label == row)
    except (TypeError, ValueError):  # pd.NA is neither true nor false
        return False
