"""A network taught by a predictor that has no gradient, and how well it has learned."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from agop_tabular.models.adapter import take_rows
from agop_tabular.networks.tabular_mlp import TabularMLPRegressor

CLIP = 1e-3
"""Probabilities are held this far from 0 and 1 before their log-odds are taken."""

ROWS = 20_000
"""Training rows that a student learns from, at most; as many again have shuffled columns."""

HELD_OUT = 0.2

SUM = 1e-3
"""How far the probabilities of a row may be from summing to one."""

TIMED = 200
"""Rows that the predictor answers to be timed."""


class Student(BaseEstimator):
    """A TabularMLPRegressor that predicts another predictor's log-odds, or outputs.

    It learns from the predictor's answers on training rows, and on rows whose columns are shuffled, since explanations
    ask for those too.

    Parameters
    ----------
    network : TabularMLPRegressor, optional
        Not fitted; None for one with layers of 256 and 128, without dropout.
    max_seconds : float, optional
        For the predictor's answers and the training; fewer rows are asked for where answers are slow.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : ndarray
        The predictor's; only of a classifier.
    fidelity_ : dict of str to float
        On rows that were held out: ``r2``, of the log-odds (of the outputs for a regressor); ``agreement``, the share
        of rows for which it predicts the predictor's label; ``r2_shuffled``, on rows with shuffled columns; ``rows``.
    """

    network_: TabularMLPRegressor

    def __init__(
        self, network: TabularMLPRegressor | None = None, *, max_seconds: float | None = None, random_state: Any = None
    ):
        self.network = network
        self.max_seconds = max_seconds
        self.random_state = random_state

    def fit(self, predictor: Any, X: Any) -> Student:
        """Learn from a predictor's answers.

        Parameters
        ----------
        predictor : object
            Fitted, with ``predict_proba``, or ``predict``; a classifier without probabilities is taken at its labels.
        X : ndarray or DataFrame of shape (n, d)
            Training rows.

        Returns
        -------
        Student
            Itself.
        """
        rng = check_random_state(0 if self.random_state is None else self.random_state)
        X = X if hasattr(X, "iloc") else np.asarray(X)
        if len(X) < 20:
            raise ValueError(
                f"A student needs 20 training rows or more to learn a predictor from; X_train has {len(X)}."
            )
        if _is_classifier(predictor, take_rows(X, slice(0, 2))):
            self.classes_ = _classes(predictor)
        started = time.perf_counter()
        rows = np.sort(rng.permutation(len(X))[: self._n_rows(predictor, X)])
        train, held = train_test_split(rows, test_size=HELD_OUT, random_state=rng)
        seen, shuffled, tests = (take_rows(X, train), *(_shuffled(take_rows(X, r), rng) for r in (train, held)))
        answers = [self._scores(predictor, table) for table in (seen, shuffled, take_rows(X, held), tests)]
        network = self.network
        if network is None:
            seed = rng.randint(2**31)
            network = TabularMLPRegressor((256, 128), dropout=0.0, max_epochs=60, lr=2e-3, random_state=seed)
        if self.max_seconds is not None:
            rest = max(0.0, self.max_seconds - (time.perf_counter() - started))
            network = clone(network).set_params(max_seconds=rest)
        both = pd.concat([seen, shuffled]) if hasattr(X, "iloc") else np.concatenate([seen, shuffled])
        self.network_ = network.fit(both, np.concatenate(answers[:2]))
        found = [_two(self.network_.predict(table)) for table in (take_rows(X, held), tests)]
        self.fidelity_ = {
            "r2": _r2(answers[2], found[0]),
            "r2_shuffled": _r2(answers[3], found[1]),
            "rows": float(len(held)),
        }
        if hasattr(self, "classes_"):
            same = self.classes_[_predicted(found[0])] == np.asarray(predictor.predict(take_rows(X, held))).ravel()
            self.fidelity_["agreement"] = float(np.mean(same))
        return self

    def _n_rows(self, predictor: Any, X: Any) -> int:
        """Rows to learn from: as many as the predictor answers, twice, in a third of the time."""
        if self.max_seconds is None:
            return ROWS
        few = take_rows(X, slice(0, TIMED))
        self._scores(predictor, few)
        started = time.perf_counter()
        self._scores(predictor, few)
        a_row = max(time.perf_counter() - started, 1e-9) / len(few)
        return int(np.clip(self.max_seconds / 3 / (2 * a_row), TIMED, ROWS))

    def _scores(self, predictor: Any, X: Any) -> np.ndarray:
        """What is learned: one log-odds for two classes, centred logarithms for more, outputs of a regressor (n, m)."""
        if not hasattr(self, "classes_"):
            return _two(np.asarray(predictor.predict(X), dtype=float))
        if hasattr(predictor, "predict_proba"):
            p = np.asarray(predictor.predict_proba(X), dtype=float)
            if p.ndim != 2 or np.abs(p.sum(axis=1) - 1).max() > SUM:
                raise ValueError(
                    f"{type(predictor).__name__} predicts several labels a row, each with a probability of its own; a "
                    "student learns one. Explain the labels' estimators one by one."
                )
        else:
            p = np.asarray(predictor.predict(X)).reshape(-1, 1) == self.classes_
        p = np.asarray(p, dtype=float).clip(CLIP, 1 - CLIP)
        if p.shape[1] == 2:
            return np.log(p[:, 1:] / p[:, :1])
        logarithms: np.ndarray = np.log(p)
        return logarithms - logarithms.mean(axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities of the student, (n, n_classes)."""
        check_is_fitted(self, "network_")
        scores = _two(self.network_.predict(X))
        if scores.shape[1] == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        probabilities: np.ndarray = softmax(scores, axis=1)
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Labels, or outputs, of the student."""
        check_is_fitted(self, "network_")
        if not hasattr(self, "classes_"):
            return self.network_.predict(X)
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def _is_classifier(predictor: Any, few: Any) -> bool:
    """Whether it predicts classes; a tool for both tasks is asked."""
    if not hasattr(predictor, "predict_proba"):
        return isinstance(predictor, ClassifierMixin) and hasattr(predictor, "classes_")
    if getattr(predictor, "n_classes_", None) == 0:  # xRFM's regressors
        return False
    if getattr(predictor, "classes_", None) is None and hasattr(predictor, "predict"):  # FLAML's regressors
        try:
            predictor.predict_proba(few)
        except Exception:
            return False
    return True


def _classes(predictor: Any) -> np.ndarray:
    for name in ("classes_", "class_labels"):
        if getattr(predictor, name, None) is not None:
            return np.asarray(getattr(predictor, name))
    if hasattr(predictor, "n_classes_"):  # xRFM, whose labels are these
        return np.arange(predictor.n_classes_)
    raise ValueError(f"{type(predictor).__name__} has predict_proba, but no classes_ to name its columns.")


def _shuffled(X: Any, rng: np.random.RandomState) -> Any:
    """Every column in an order of its own."""
    if not hasattr(X, "iloc"):
        return np.column_stack([rng.permutation(column) for column in X.T])
    return pd.DataFrame({name: X[name].to_numpy()[rng.permutation(len(X))] for name in X.columns}).astype(X.dtypes)


def _two(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)


def _r2(truth: np.ndarray, found: np.ndarray) -> float:
    return float(r2_score(truth, found, multioutput="variance_weighted"))


def _predicted(scores: np.ndarray) -> np.ndarray:
    return np.asarray((scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1))
