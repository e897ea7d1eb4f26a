"""LIME for tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from agop_tabular.baselines.base import Baseline
from agop_tabular.baselines.numeric_coding import NumericCoding


class Lime(Baseline):
    """lime.lime_tabular.LimeTabularExplainer (Ribeiro and others, 2016) on the user's columns.

    It explains a classifier's probabilities, as LIME does, and a regressor's output. Attributions are the weights of
    LIME's local linear model.

    Parameters
    ----------
    n_samples : int
        Perturbed rows for each explained row.
    discretize_continuous : bool
        Whether the local model sees quartiles in place of numbers, which is LIME's default.
    """

    package = "lime"

    def __init__(self, *, n_samples: int = 1000, discretize_continuous: bool = True):
        self.n_samples = n_samples
        self.discretize_continuous = discretize_continuous

    def _prepare(self, background: Any) -> None:
        from lime.lime_tabular import LimeTabularExplainer

        self.coding_ = NumericCoding.of(background)
        embedded = self.feature_map_.column_of[self.adapter_.code_coordinates().numpy()]
        self.explainer_ = LimeTabularExplainer(
            self.coding_.encode(background),
            mode="classification" if self.adapter_.classes is not None else "regression",
            categorical_features=sorted({*self.coding_.levels, *embedded.tolist()}),
            discretize_continuous=self.discretize_continuous,
            random_state=self.random_state_.randint(2**31),
        )

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        weights = [self._row(row, [c]) for row, c in zip(self.coding_.encode(X), index.tolist(), strict=True)]
        return np.stack(weights)[:, :, 0]

    def _every(self, X: Any) -> np.ndarray:
        return np.stack([self._row(row, range(self.adapter_.n_scores)) for row in self.coding_.encode(X)])

    def _row(self, row: np.ndarray, classes: Sequence[int]) -> np.ndarray:
        """Weights (d, n_classes) for one row."""
        d = self.feature_map_.n_columns
        out = np.zeros((d, len(classes)))
        if self.adapter_.classes is not None:
            explained = self.explainer_.explain_instance(
                row, self._probabilities, labels=classes, num_features=d, num_samples=self.n_samples
            )
            found = [explained.local_exp[c] for c in classes]
        else:
            found = []
            for c in classes:
                explained = self.explainer_.explain_instance(
                    row, lambda codes, c=c: self._scores(codes)[:, c], num_features=d, num_samples=self.n_samples
                )
                found.append(explained.local_exp[1])
        for i, pairs in enumerate(found):
            for j, weight in pairs:
                out[j, i] = weight
        return out

    def _scores(self, codes: np.ndarray) -> np.ndarray:
        return self._scores_of(self.coding_.decode(codes))

    def _probabilities(self, codes: np.ndarray) -> np.ndarray:
        scores = self._scores(codes)
        if self.adapter_.one_logit:
            scores = scores * 0.5  # (-s, s) are two scores of one logit, whose softmax is sigmoid(2s)
        return np.asarray(softmax(scores, axis=1))
