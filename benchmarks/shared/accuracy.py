"""How well a network learned its task, and whether its explanations can be held to the task's truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

PASS_SHARE = 0.5
"""A network passes if it goes at least this share of the way from the majority class's rate to the accuracy of the true
scores. Halfway, because it is then closer to the true scores than to knowing nothing."""


@dataclass(frozen=True)
class Accuracy:
    """Shares of correct labels on rows that the network was not trained on.

    Attributes
    ----------
    network, true_scores, majority : float
        Of the network, of the scores that the labels were drawn from (NaN for real data), and of the most frequent
        class.
    """

    network: float
    true_scores: float
    majority: float

    @classmethod
    def of(cls, model: Any, truth: Any, X: Any, y: np.ndarray, likeliest: np.ndarray | None = None) -> Accuracy:
        """Measure on labelled rows; ``truth`` is None where it is unknown. Of a regressor it is R², the others zero."""
        if not hasattr(model, "classes_"):
            return cls(float(r2_score(y, np.ravel(model.predict(X)))), float("nan"), 0.0)
        if truth is not None:
            likeliest = truth.scores(X).argmax(axis=1)
        best = float("nan") if likeliest is None else float((likeliest == y).mean())
        return cls(float((model.predict(X) == y).mean()), best, float(np.bincount(y).max() / len(y)))

    @property
    def passed(self) -> bool:
        """Whether the network learned its task; True for real data, whose true scores are unknown."""
        if np.isnan(self.true_scores):
            return True
        return self.network - self.majority >= PASS_SHARE * (self.true_scores - self.majority)
