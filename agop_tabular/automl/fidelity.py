"""How faithful a student is to its predictor, score by score, and how much of the log-odds clipping takes away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from agop_tabular.core.warning import warn_user
from agop_tabular.models.targets import asks_for_all, asks_for_predicted

CLIP = 1e-3
"""Probabilities are kept this far from 0 and 1, so that the log-odds of forests, which vote 0 or 1, stay finite: of two
classes they end at ±6.9."""

LITTLE_CLIPPED = 0.9
"""R² of the clipped log-odds to those of the predictor, below which a warning is due. Boosted trees had .995 on Adult
and .8 on digits, a naive Bayes classifier of breast cancer .1."""

FEWEST_FINITE = 10
"""Held-out rows with finite log-odds that this R² takes."""

CONSTANT = 1e-9
"""Share of its size by which a score may vary that counts as constant; it has no R². Numerical: above rounding."""


@dataclass(frozen=True, eq=False)
class Fidelity:
    """R² of a student on held-out rows, one for each score that it learned.

    Attributes
    ----------
    labels : list
        What ``target=`` calls the scores, in their order: labels of the classes, or indices of the outputs. Of two
        classes both mean the only score.
    classifies : bool
    r2, r2_shuffled : ndarray of shape (m,)
        On held-out rows, and on those with shuffled columns; NaN where the predictor's score is constant.
    rows : int
        Held-out rows.
    agreement : float or None
        Share of rows whose label the student predicts; None of a regressor.
    clipped : float or None
        Share of rows with a probability beyond :data:`CLIP`; None without probabilities.
    after_clipping : float
        R² of the clipped log-odds to the predictor's own, where these are finite; 1 where there are none.
    """

    labels: list[Any]
    classifies: bool
    r2: np.ndarray
    r2_shuffled: np.ndarray
    rows: int
    agreement: float | None = None
    clipped: float | None = None
    after_clipping: float = 1.0

    def of(self, target: Any) -> dict[str, float]:
        """Figures of the scores that a target asks for, of several the smallest."""
        places = self._places(target)
        figures = {
            "r2": _smallest(self.r2[places]),
            "r2_shuffled": _smallest(self.r2_shuffled[places]),
            "rows": float(self.rows),
        }
        more = {"agreement": self.agreement, "clipped": self.clipped}
        return figures | {name: value for name, value in more.items() if value is not None}

    def worst(self, target: Any) -> str:
        """Name of the score, among those that a target asks for, that the student has learned worst."""
        places = self._places(target)
        place = int(places[np.nanargmin(self.r2[places])]) if np.isfinite(self.r2[places]).any() else int(places[0])
        if len(self.r2) == 1:
            return "log-odds" if self.classifies else "output"
        label = self.labels[place]
        return f"log-odds of class {label!r}" if self.classifies else f"output {label!r}"

    def warn_of_clipping(self, name: str) -> None:
        """Warn where clipping takes away much of the log-odds of a predictor of this name."""
        if self.after_clipping < LITTLE_CLIPPED:
            warn_user(
                f"The student learned log-odds that are clipped at probabilities of {CLIP:g} and {1 - CLIP:g}, and "
                f"{self.clipped:.0%} of the held-out rows are beyond: they have {max(self.after_clipping, 0):.2f} of "
                f"the variance of the log-odds of {name}, so attributions of such rows are too small; "
                'model_output="probability" explains probabilities, which clipping hardly changes.'
            )

    def _places(self, target: Any) -> np.ndarray:
        """Places of the scores that are asked for; all of them where the target is unknown, which is refused later."""
        every = np.arange(len(self.r2))
        if len(every) == 1 or asks_for_predicted(target) or asks_for_all(target):
            return every
        wanted = np.asarray(target, dtype=object).ravel().tolist()
        found = [place for place in every if self.labels[place] in wanted]
        return np.array(found, dtype=int) if found else every


def r2_by_score(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """R² (m,) of each score (n, m); NaN where it is constant."""
    r2 = np.asarray(r2_score(truth, found, multioutput="raw_values"), dtype=float)
    constant = np.ptp(truth, axis=0) <= CONSTANT * np.abs(truth).max(axis=0)
    return np.where(constant, np.nan, r2)


def log_odds(p: np.ndarray) -> np.ndarray:
    """Scores (n, m) of probabilities (n, C): one log-odds for two classes, centred log-probabilities for more."""
    if p.shape[1] == 2:
        return np.asarray(np.log(p[:, 1:] / p[:, :1]))
    logarithms = np.log(p)
    return np.asarray(logarithms - logarithms.mean(axis=1, keepdims=True))


def clipped_log_odds(p: np.ndarray) -> np.ndarray:
    """:func:`log_odds` of probabilities kept away from 0 and 1."""
    return log_odds(p.clip(CLIP, 1 - CLIP))


def clipping(p: np.ndarray) -> tuple[float, float]:
    """Share of the rows of probabilities (n, C) that are clipped, and R² of their log-odds after clipping.

    The R², the smallest of all scores, is over rows whose log-odds are finite; it is 1 where they are few.
    """
    beyond = float(((p < CLIP) | (p > 1 - CLIP)).any(axis=1).mean())
    finite = p[((p > 0) & (p < 1)).all(axis=1)]
    if len(finite) < FEWEST_FINITE:
        return beyond, 1.0
    r2 = r2_by_score(log_odds(finite), clipped_log_odds(finite))
    return beyond, float(np.nanmin(r2)) if np.isfinite(r2).any() else 1.0


def _smallest(r2: np.ndarray) -> float:
    """The smallest R²; 0 where all scores are constant, as there is nothing to explain."""
    return float(np.nanmin(r2)) if np.isfinite(r2).any() else 0.0
