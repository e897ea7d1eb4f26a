"""A network trained on the answers of a predictor without gradient, and a measure of how well it predicts them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from agop_tabular.automl.dates import DaysOfDates
from agop_tabular.automl.fidelity import Fidelity, clipped_log_odds, clipping, r2_by_score
from agop_tabular.models.frames import is_frame
from agop_tabular.models.inputs import readable_table
from agop_tabular.models.rows import take_rows
from agop_tabular.models.targets import ALL
from agop_tabular.networks.tabular_mlp import TabularMLPRegressor

MOST_ROWS = 20_000
"""Most training rows a student learns from, to bound its training time; it gets as many rows with shuffled columns."""

FEWEST_ROWS = 20
"""Fewer training rows leave fewer than 4 held-out rows to measure fidelity on."""

HELD_OUT = 0.2
"""Share of the rows held out to measure fidelity: the usual fifth."""

SUM_TOLERANCE = 1e-3
"""Probabilities of a row must sum to 1 within this: more than a float32 error, less than several labels give."""

TIMED = 200
"""Rows used to time the predictor: enough that the cost of the call itself does not dominate."""

STUDENT: dict[str, Any] = {"hidden_layer_sizes": (256, 128), "dropout": 0.0, "max_epochs": 60, "lr": 2e-3}
"""The default student: wider than TabularMLP's default and without dropout, since its targets have no noise."""

DATES = DaysOfDates()
"""What a student reads dates by."""


class Student(BaseEstimator):
    """A TabularMLPRegressor trained to predict another predictor's log-odds or outputs.

    It learns from the predictor's answers on training rows and on rows with shuffled columns, since explanations
    evaluate it on both. Log-odds are of probabilities clipped at .001 and .999, so that those of forests, which may say
    0 or 1, are finite; rows beyond count as if they were there, in the fidelity too.

    Parameters
    ----------
    network : TabularMLPRegressor, optional
        Not fitted; None for one with layers of 256 and 128 units, without dropout.
    max_seconds : float, optional
        Time for the predictor's answers and for training; a slow predictor is asked for fewer rows.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : ndarray
        The predictor's classes, if it is a classifier.
    fidelity_ : dict of str to float
        On held-out rows: ``r2`` of the clipped log-odds (of the outputs for a regressor), of several classes or outputs
        the smallest; ``agreement``, the share of rows for which the student predicts the predictor's label;
        ``clipped``, the share of rows with a probability below .001 or above .999; ``r2_shuffled``, the R² on held-out
        rows with shuffled columns; ``rows``, their number.
    fidelity_by_score_ : Fidelity
        The same, class by class or output by output.
    """

    network_: TabularMLPRegressor

    @property
    def preprocessing_(self) -> tuple[Any, ...]:
        """What is done to rows before the network's own preprocessing."""
        return (DATES,)

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
            Fitted, with ``predict_proba`` or ``predict``. A classifier without probabilities is learned by its labels.
        X : ndarray, DataFrame (of pandas or polars) or pyarrow Table of shape (n, d)
            Training rows.

        Returns
        -------
        Student
            Itself.
        """
        rng = check_random_state(0 if self.random_state is None else self.random_state)
        X = readable_table(X, "X_train")
        if len(X) < FEWEST_ROWS:
            raise ValueError(
                f"A student needs at least {FEWEST_ROWS} training rows to learn from; X_train has {len(X)}."
            )
        if _is_classifier(predictor, take_rows(X, slice(0, 2))):
            self.classes_ = _classes(predictor)
        started = time.perf_counter()
        rows = np.sort(rng.permutation(len(X))[: self._n_rows(predictor, X)])
        train, held_out = train_test_split(rows, test_size=HELD_OUT, random_state=rng)
        seen, unseen = take_rows(X, train), take_rows(X, held_out)
        shuffled, shuffled_unseen = (_shuffled(table, rng) for table in (seen, unseen))
        answers = [self._answers(predictor, table) for table in (seen, shuffled, unseen, shuffled_unseen)]
        scores = [self._scores(each) for each in answers]
        network = self.network
        if network is None:
            seed = rng.randint(2**31)
            network = TabularMLPRegressor(**STUDENT, random_state=seed)
        if self.max_seconds is not None:
            left = max(0.0, self.max_seconds - (time.perf_counter() - started))
            network = clone(network).set_params(max_seconds=left)
        lessons = [DATES.transform(table) for table in (seen, shuffled)]
        taught = np.concatenate(scores[:2])
        taught = taught[:, 0] if taught.shape[1] == 1 else taught  # regressors take one output as a list
        self.network_ = network.fit(pd.concat(lessons) if is_frame(X) else np.concatenate(lessons), taught)
        predictions = [_as_matrix(self.network_.predict(DATES.transform(table))) for table in (unseen, shuffled_unseen)]
        r2, r2_shuffled = map(r2_by_score, scores[2:], predictions)
        self.fidelity_by_score_ = Fidelity(
            self.classes_.tolist() if hasattr(self, "classes_") else list(range(len(r2))),
            hasattr(self, "classes_"),
            r2,
            r2_shuffled,
            len(held_out),
            **self._of_classes(predictor, unseen, answers[2], predictions[0]),
        )
        self.fidelity_ = self.fidelity_by_score_.of(ALL)
        return self

    def _of_classes(self, predictor: Any, X: Any, answers: np.ndarray, found: np.ndarray) -> dict[str, float]:
        """What is measured of a classifier alone, on held-out rows: the labels, and how much is clipped."""
        if not hasattr(self, "classes_"):
            return {}
        labels = self.classes_[_class_index(found)]
        agreement = float(np.mean(labels == np.asarray(predictor.predict(X)).ravel()))
        if not hasattr(predictor, "predict_proba"):
            return {"agreement": agreement}
        clipped, after_clipping = clipping(answers)
        return {"agreement": agreement, "clipped": clipped, "after_clipping": after_clipping}

    def _n_rows(self, predictor: Any, X: Any) -> int:
        """Number of rows to learn from: those that the predictor answers twice in a third of the time."""
        if self.max_seconds is None:
            return MOST_ROWS
        few = take_rows(X, slice(0, TIMED))
        self._answers(predictor, few)  # the first call may load or compile something; it is not timed
        started = time.perf_counter()
        self._answers(predictor, few)
        seconds_per_row = max(time.perf_counter() - started, 1e-9) / len(few)
        return int(np.clip(self.max_seconds / 3 / (2 * seconds_per_row), TIMED, MOST_ROWS))

    def _answers(self, predictor: Any, X: Any) -> np.ndarray:
        """What the predictor says: probabilities (n, C), 1 for the label and 0 for the others, or outputs (n, m)."""
        if not hasattr(self, "classes_"):
            outputs = _as_matrix(np.asarray(predictor.predict(X), dtype=float))
            return _finite(outputs, predictor, "predict")
        if not hasattr(predictor, "predict_proba"):
            return (np.asarray(predictor.predict(X)).reshape(-1, 1) == self.classes_).astype(float)
        p = _finite(np.asarray(predictor.predict_proba(X), dtype=float), predictor, "predict_proba")
        if p.ndim != 2 or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
            raise ValueError(_several_labels(predictor))
        if p.shape[1] != len(self.classes_):
            raise ValueError(
                f"predict_proba of {type(predictor).__name__} has {p.shape[1]} columns for the {len(self.classes_)} "
                "labels in its classes_; set one label for each column."
            )
        return p

    def _scores(self, answers: np.ndarray) -> np.ndarray:
        """Scores to learn (n, m): one log-odds for two classes, centred log-probabilities for more, or outputs."""
        return clipped_log_odds(answers) if hasattr(self, "classes_") else answers

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities of the student, (n, n_classes)."""
        check_is_fitted(self, "network_")
        scores = _as_matrix(self.network_.predict(DATES.transform(X)))
        if scores.shape[1] == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        probabilities: np.ndarray = softmax(scores, axis=1)
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Labels, or outputs, of the student."""
        check_is_fitted(self, "network_")
        if not hasattr(self, "classes_"):
            return self.network_.predict(DATES.transform(X))
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def _is_classifier(predictor: Any, few: Any) -> bool:
    """Whether the predictor predicts classes; an AutoML tool for both tasks is tried on a few rows."""
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
    """Labels of the columns of ``predict_proba``, two at least."""
    name = type(predictor).__name__
    given = next(
        (found for n in ("classes_", "class_labels") if (found := getattr(predictor, n, None)) is not None), None
    )
    if given is None and hasattr(predictor, "n_classes_"):  # xRFM, whose labels are 0, 1, …
        given = np.arange(predictor.n_classes_)
    if given is None:
        raise ValueError(f"{name} has predict_proba but no classes_; add the labels of its columns as classes_.")
    if isinstance(given, list) and any(np.ndim(labels) for labels in given):
        raise ValueError(_several_labels(predictor))
    classes = np.asarray(given)
    if len(classes) < 2:
        raise ValueError(
            f"{name} knows {len(classes)} class(es), {classes.tolist()}, so that there is nothing to explain; fit it "
            "on rows of at least two classes."
        )
    return classes


def _several_labels(predictor: Any) -> str:
    return (
        f"{type(predictor).__name__} predicts several labels a row, each with a probability of its own; a student "
        "learns one. Explain the labels' estimators one by one."
    )


def _finite(answers: np.ndarray, predictor: Any, method: str) -> np.ndarray:
    """The answers; raises where one is no finite number."""
    if not np.isfinite(answers).all():
        raise ValueError(
            f"{type(predictor).__name__}.{method} returns NaN or infinity on training rows, or on such rows with "
            "shuffled columns, which no student can learn; repair the predictor, or leave such rows out."
        )
    return answers


def _shuffled(X: Any, rng: np.random.RandomState) -> Any:
    """The rows with the cells of each column in a random order of its own."""
    if not is_frame(X):
        return np.column_stack([rng.permutation(column) for column in X.T])
    if not isinstance(X, pd.DataFrame):
        orders = [rng.permutation(len(X)) for _ in X.columns]
        return X.with_columns(*(X[name].gather(order) for name, order in zip(X.columns, orders, strict=True)))
    return pd.DataFrame({name: X[name].to_numpy()[rng.permutation(len(X))] for name in X.columns}).astype(X.dtypes)


def _as_matrix(values: np.ndarray) -> np.ndarray:
    """Values (n,) or (n, m) as (n, m)."""
    return values.reshape(len(values), -1)


def _class_index(scores: np.ndarray) -> np.ndarray:
    """Index of the predicted class, (n,), from one log-odds or from the scores of all classes."""
    return np.asarray((scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1))
