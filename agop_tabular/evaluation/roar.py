"""ROAR (Hooker and others, 2019): remove columns in the order of a ranking, retrain, measure what the model loses."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.utils import check_random_state
from tqdm import tqdm

Scorer = Callable[[Any, pd.DataFrame, Any], dict[str, float]]
"""A function that maps a fitted model, rows and labels to scores by name."""

Key = tuple[tuple[str, ...], int]
"""The removed columns, sorted, and the seed of a retraining."""


def ranking(importances: np.ndarray, columns: Sequence[str], random_state: Any = None) -> list[str]:
    """Columns from the most to the least important, ties in random order.

    Parameters
    ----------
    importances : ndarray of shape (d,), or (n, d) of attributions, whose mean absolute value counts
    columns : sequence of str, length d
    random_state : int, RandomState or None

    Returns
    -------
    list of str
    """
    values = np.asarray(importances, dtype=float)
    values = np.abs(values).mean(axis=0) if values.ndim == 2 else values
    if values.shape != (len(columns),):
        raise ValueError(f"importances are for {values.shape[-1]} columns; the table has {len(columns)}.")
    if not np.isfinite(values).all():
        raise ValueError("importances have missing or infinite values, which cannot be ranked.")
    shuffled = check_random_state(random_state).permutation(len(values))
    return [columns[j] for j in shuffled[np.argsort(-values[shuffled], kind="stable")]]


def fill_values(X: pd.DataFrame) -> dict[str, Any]:
    """The value that replaces a removed column: the mean of numbers, the most frequent value of other columns."""
    return {
        str(name): column.mean() if pd.api.types.is_float_dtype(column) else _typical(column)
        for name, column in X.items()
    }


def _typical(column: pd.Series) -> Any:
    """The rounded mean of integers, which keeps their dtype; the mode of anything else."""
    if pd.api.types.is_integer_dtype(column):
        return round(column.mean())
    most = column.mode()
    return most.iloc[0] if len(most) else np.nan


def without(X: pd.DataFrame, columns: Iterable[str], fill: dict[str, Any]) -> pd.DataFrame:
    """The table with these columns set to their fill value; dtypes do not change."""
    out = X.copy()
    for name in columns:
        out[name] = pd.Series(fill[name], index=X.index).astype(X[name].dtype)
    return out


def scores(model: Any, X: pd.DataFrame, y: Any) -> dict[str, float]:
    """Accuracy and ROC-AUC (one against the rest) of a classifier, R² of a regressor."""
    if not is_classifier(model):
        return {"r2": float(r2_score(y, model.predict(X)))}
    probabilities = model.predict_proba(X)
    found = {"accuracy": float(accuracy_score(y, model.predict(X)))}
    positive = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    found["roc_auc"] = float(roc_auc_score(y, positive, multi_class="ovr"))
    return found


class Retrainings:
    """Scores of models retrained without some of the columns, each computed once.

    Parameters
    ----------
    make_model : callable
        Maps a seed to an unfitted estimator.
    train, test : pair of DataFrame and labels
        In both, removed columns are set to their mean or mode over the training rows.
    score : callable
        Maps a fitted model, rows and labels to scores by name; the default is :func:`scores`.
    folder : path-like, optional
        Scores are stored there as they are computed, so that an interrupted run can continue.
    name : str
        Subfolder for these scores; use another name when the model or the data change.
    """

    def __init__(
        self,
        make_model: Callable[[int], Any],
        train: tuple[pd.DataFrame, Any],
        test: tuple[pd.DataFrame, Any],
        *,
        score: Scorer = scores,
        folder: str | os.PathLike[str] | None = None,
        name: str = "retrainings",
    ):
        self.make_model, self.train, self.test, self.score = make_model, train, test, score
        self.columns = [str(c) for c in train[0].columns]
        if list(train[0].columns) != self.columns or list(test[0].columns) != self.columns:
            raise ValueError("train and test must be DataFrames with the same columns, named by text.")
        self.fill = fill_values(train[0])
        self.folder = None if folder is None else Path(folder) / name
        self.found: dict[Key, dict[str, float]] = {}

    def of(self, removed: Iterable[str], seed: int) -> dict[str, float]:
        """Scores of the model retrained with a seed and without these columns."""
        key = self.key(removed, seed)
        self.compute([key])
        return self.found[key]

    def key(self, removed: Iterable[str], seed: int) -> Key:
        """The key of a retraining."""
        columns = tuple(sorted(set(removed)))
        unknown = set(columns) - set(self.columns)
        if unknown:
            raise ValueError(f"The training table has no column {', '.join(map(repr, sorted(unknown)))}.")
        return columns, int(seed)

    def compute(self, keys: Iterable[Key], n_jobs: int = 1, verbose: int = 0) -> None:
        """Retrain for all keys that have no scores yet.

        Parameters
        ----------
        keys : iterable of (removed columns, seed)
        n_jobs : int
            Retrainings at a time; if several, each uses one thread.
        verbose : int
            Above 0, show a progress bar.
        """
        wanted = [key for key in dict.fromkeys(keys) if key not in self.found]
        for key in wanted:
            kept = self._read(key)
            if kept is not None:
                self.found[key] = kept
        missing = [key for key in wanted if key not in self.found]
        if n_jobs == 1:
            done: Iterable[tuple[Key, dict[str, float]]] = (self._retrain(key) for key in missing)
        else:
            parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
            done = parallel(joblib.delayed(self._on_one_thread)(key) for key in missing)
        for key, found in tqdm(done, total=len(missing), desc="retraining", unit="model", disable=not verbose):
            self.found[key] = found

    def _retrain(self, key: Key) -> tuple[Key, dict[str, float]]:
        removed, seed = key
        (X, y), (X_test, y_test) = self.train, self.test
        model = self.make_model(seed).fit(without(X, removed, self.fill), y)
        found = self.score(model, without(X_test, removed, self.fill), y_test)
        self._write(key, found)
        return key, found

    def _on_one_thread(self, key: Key) -> tuple[Key, dict[str, float]]:
        import torch

        torch.set_num_threads(1)
        return self._retrain(key)

    def _path(self, key: Key) -> Path:
        assert self.folder is not None
        return self.folder / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]}.json"

    def _read(self, key: Key) -> dict[str, float] | None:
        if self.folder is None:
            return None
        try:
            found: dict[str, float] = json.loads(self._path(key).read_text())
        except (OSError, ValueError):
            return None
        return found

    def _write(self, key: Key, found: dict[str, float]) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(found))
        os.replace(unfinished, path)


def removals(order: Sequence[str], *, keep: bool = False) -> list[tuple[str, ...]]:
    """Columns removed at each step k = 0 … d: the first k, or with ``keep`` all but the first k."""
    return [tuple(order[k:] if keep else order[:k]) for k in range(len(order) + 1)]


def roar(
    retrainings: Retrainings,
    order: Sequence[str],
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    keep: bool = False,
    n_jobs: int = 1,
    verbose: int = 0,
) -> pd.DataFrame:
    """Scores after removing the first k columns of a ranking, or after keeping only them, for every k.

    Parameters
    ----------
    retrainings : Retrainings
    order : sequence of str
        All columns, the most important first.
    seeds : sequence of int
        One retraining for each, at every k.
    keep : bool
        Keep the first k columns and remove the others, since the loss of a column can be hidden by a redundant one.
    n_jobs, verbose : int

    Returns
    -------
    DataFrame
        One row for each k from 0 to d, with the mean of each score over seeds.

    Notes
    -----
    A retrained model shows what can be learned from the *data* without the columns, not what the explained model used.

    References
    ----------
    Hooker, S., Erhan, D., Kindermans, P.-J., Kim, B.: A Benchmark for Interpretability Methods in Deep Neural Networks.
    NeurIPS 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from agop_tabular.evaluation import Retrainings, area, roar
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> train, test = (X[::2], y[::2]), (X[1::2], y[1::2])
    >>> retrain = Retrainings(lambda seed: LogisticRegression(max_iter=500), train, test)
    >>> good = roar(retrain, X.columns[::-1], seeds=[0])
    >>> bad = roar(retrain, X.columns, seeds=[0])
    >>> bool(area(good["accuracy"]) < area(bad["accuracy"]))
    True
    """
    if sorted(order) != sorted(retrainings.columns):
        raise ValueError("order must hold every column of the table once.")
    steps = removals(order, keep=keep)
    keys = [[retrainings.key(removed, seed) for seed in seeds] for removed in steps]
    retrainings.compute([key for of_step in keys for key in of_step], n_jobs, verbose)
    rows = [pd.DataFrame([retrainings.found[key] for key in of_step]).mean() for of_step in keys]
    return pd.DataFrame(rows).reset_index(drop=True).rename_axis(index="k")


def area(curve: Sequence[float] | pd.Series) -> float:
    """Mean score over the steps k = 1 … d - 1 of a curve: lower is better for removal, higher for keeping.

    Parameters
    ----------
    curve : sequence of float, length d + 1
        Scores from no column removed to all removed; both ends are the same for all rankings and do not count.
    """
    values = np.asarray(curve, dtype=float)
    if len(values) < 3:
        raise ValueError("A curve of fewer than two columns has no area.")
    return float(values[1:-1].mean())
