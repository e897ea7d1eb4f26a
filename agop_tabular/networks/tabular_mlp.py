"""TabularMLPClassifier and TabularMLPRegressor: networks that take a DataFrame as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, OneHotEncoder, StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d, validate_data
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import Callback, EarlyStopping
from skorch.helper import predefined_split
from torch import nn

from agop_tabular.networks.batches import BatchDataset, batched

NUMBERS: Any = ["number", "bool", "boolean"]


class TabularNetwork(nn.Sequential):
    """Hidden layers with ReLU and dropout, then a linear one.

    Parameters
    ----------
    n_in, n_out : int
    hidden_layer_sizes : tuple of int
    dropout : float
    """

    def __init__(self, n_in: int, n_out: int, hidden_layer_sizes: tuple[int, ...], dropout: float):
        layers: list[nn.Module] = []
        for width in hidden_layer_sizes:
            layers += [nn.Linear(n_in, width), nn.ReLU(), nn.Dropout(dropout)]
            n_in = width
        super().__init__(*layers, nn.Linear(n_in, n_out))


class TimeLimit(Callback):
    """Stops training after the epoch in which so many seconds are over.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float):
        self.seconds = seconds

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Start the clock."""
        self.started_ = time.perf_counter()

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Stop as skorch is stopped."""
        if time.perf_counter() - self.started_ > self.seconds:
            raise KeyboardInterrupt


class TabularMLP(BaseEstimator):
    """What the classifier and the regressor share: columns, network and training."""

    pipeline_: Pipeline

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (128, 64),
        *,
        dropout: float = 0.1,
        lr: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int = 256,
        max_epochs: int = 50,
        patience: int | None = 5,
        validation_fraction: float = 0.1,
        max_seconds: float | None = None,
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.max_seconds = max_seconds
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """Names and width checked; missing values and categories may stay in a DataFrame, an array holds numbers."""
        if isinstance(X, pd.DataFrame):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            if reset and len(X) < 2:
                raise ValueError(f"Found array with {len(X)} sample(s) while a minimum of 2 is required.")
            return X
        return validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan",
                             ensure_min_samples=2 if reset else 1)  # fmt: skip

    def _train(self, X: Any, y: np.ndarray, stratify: np.ndarray | None, n_out: int, net: type[NeuralNet]) -> Any:
        """Fit columns and network; what is not training rows decides when to stop."""
        rng = check_random_state(self.random_state)
        rows = np.arange(len(X))
        held = []
        if self.patience is not None and len(X) >= 20:
            n_valid = max(1, round(self.validation_fraction * len(X)))
            if stratify is not None and (np.bincount(stratify).min() < 2 or n_valid < len(np.unique(stratify))):
                stratify = None
            rows, held = train_test_split(rows, test_size=n_valid, stratify=stratify, random_state=rng)
        columns = make_columns(X).fit(_take(X, rows))
        encode = make_pipeline(columns, FunctionTransformer(_float32, feature_names_out="one-to-one"))
        x = encode.transform(_take(X, rows))
        with _own_random_state(rng.randint(2**31)):
            fitted = net(
                TabularNetwork,
                module__n_in=x.shape[1],
                module__n_out=n_out,
                module__hidden_layer_sizes=tuple(self.hidden_layer_sizes),
                module__dropout=self.dropout,
                criterion=nn.CrossEntropyLoss if net is NeuralNetClassifier else nn.MSELoss,
                optimizer=torch.optim.AdamW,
                optimizer__weight_decay=self.weight_decay,
                lr=self.lr,
                batch_size=self.batch_size,
                max_epochs=self.max_epochs,
                iterator_train__shuffle=True,
                train_split=_split(encode, X, y, held),
                callbacks=self._callbacks(len(held) > 0),
                device=self.device,
                verbose=self.verbose,
                **batched(),
            ).fit(x, y[rows])
        self.pipeline_ = Pipeline([*encode.steps, ("net", fitted)])
        return fitted

    def _callbacks(self, validates: bool) -> list[tuple[str, Callback]]:
        stopping = EarlyStopping(patience=self.patience, load_best=True, sink=_silent)
        callbacks = [("early_stopping", stopping)] if validates else []
        return callbacks if self.max_seconds is None else [*callbacks, ("time", TimeLimit(self.max_seconds))]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.random_state is None
        return tags


def make_columns(X: Any) -> ColumnTransformer:
    """Numbers imputed by their median, with an indicator of what was missing, and scaled; all else one-hot.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)

    Returns
    -------
    ColumnTransformer
        Not fitted.
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    if not isinstance(X, pd.DataFrame):
        return ColumnTransformer([("numbers", numbers, list(range(X.shape[1])))], sparse_threshold=0)
    dates = X.select_dtypes(include=["datetime", "datetimetz", "timedelta"]).columns
    if len(dates):
        raise ValueError(
            f"Column(s) {', '.join(map(repr, dates[:10]))} hold dates, which have no unit that a network could know; "
            "make numbers of them, such as days since the first."
        )
    places = X.iloc[:0].set_axis(range(X.shape[1]), axis=1)  # names that are numbers would be taken for places
    is_number = np.isin(places.columns, places.select_dtypes(include=NUMBERS).columns)
    categories = make_pipeline(
        FunctionTransformer(_missing_as_nan, feature_names_out="one-to-one"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, np.flatnonzero(is_number)),
            ("categories", categories, np.flatnonzero(~is_number)),
        ],
        sparse_threshold=0,
    )


def _take(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def _missing_as_nan(X: pd.DataFrame) -> pd.DataFrame:
    """NaN in the place of pd.NA and None, which scikit-learn takes for values that cannot be sorted."""
    X = X.copy(deep=False)
    for i in range(X.shape[1]):
        column = X.iloc[:, i]
        if column.dtype != "category" and column.isna().any():
            X.isetitem(i, column.astype(object).where(column.notna(), np.nan).to_numpy())
    return X


def _float32(X: Any) -> np.ndarray:
    return np.ascontiguousarray(X, dtype=np.float32)


@contextmanager
def _own_random_state(seed: int) -> Iterator[None]:
    """A seeded random state of torch inside, and what it was behind."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _split(encode: Pipeline, X: Any, y: np.ndarray, held: Any) -> Any:
    return predefined_split(BatchDataset(encode.transform(_take(X, held)), y[held])) if len(held) else None


def _silent(_: str) -> None:
    """Where messages go that nobody asked for."""


class TabularMLPClassifier(ClassifierMixin, TabularMLP):
    """A skorch classifier for tables as they come: labels of any kind, categories, missing values.

    Numbers are imputed by their median, with an indicator of what was missing, and scaled; text, categories and all
    else are one-hot encoded, categories that were not seen in training by zeros. Training stops when the loss on
    held-out rows has not fallen for ``patience`` epochs, and keeps the best weights.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    dropout : float
    lr, weight_decay : float
        Of AdamW.
    batch_size, max_epochs : int
    patience : int or None
        None trains for ``max_epochs`` on all rows.
    validation_fraction : float
        Share of the rows that are held out for stopping; none where there are fewer than 20.
    max_seconds : float or None
        Training stops after the epoch in which these are over.
    device : str
    random_state : int, RandomState or None
    verbose : int
        Above 0, print what skorch prints.

    Attributes
    ----------
    pipeline_ : Pipeline
        Columns, then the skorch net.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Only when fitted on a DataFrame.
    classes_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from agop_tabular import AGOPExplainer
    >>> from agop_tabular.automl import TabularMLPClassifier
    >>> from agop_tabular.datasets import fetch_adult
    >>> table = fetch_adult()
    >>> X, y = table.data[:2000], table.target[:2000]
    >>> model = TabularMLPClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> AGOPExplainer(model).fit(X).explain(X[:3]).shape
    (3, 14)
    """

    def fit(self, X: Any, y: Any) -> TabularMLPClassifier:
        """Train.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
        y : array-like of shape (n,)

        Returns
        -------
        TabularMLPClassifier
            Itself.
        """
        X = self._rows(X, reset=True)
        if y is None:
            raise ValueError("This TabularMLPClassifier estimator requires y to be passed, but the target y is None.")
        y = check_array(np.asarray(y), ensure_2d=False, dtype=None, ensure_all_finite=not _is_object(y))
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        check_consistent_length(X, y)
        encoder = LabelEncoder()
        codes = encoder.fit_transform(y).astype(np.int64)
        self.classes_ = encoder.classes_
        if len(self.classes_) < 2:
            raise ValueError("TabularMLPClassifier needs samples of at least 2 classes; the data hold one class.")
        self._train(X, codes, codes, len(self.classes_), NeuralNetClassifier)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, (n, n_classes)."""
        check_is_fitted(self, "pipeline_")
        with _own_random_state(0):
            probabilities: np.ndarray = self.pipeline_.predict_proba(self._rows(X, reset=False))
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        check_is_fitted(self, "pipeline_")
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


class TabularMLPRegressor(RegressorMixin, TabularMLP):
    """A skorch regressor for tables as they come: categories, missing values, one target or several.

    Numbers are imputed by their median, with an indicator of what was missing, and scaled; text, categories and all
    else are one-hot encoded, categories that were not seen in training by zeros. Training stops when the loss on
    held-out rows has not fallen for ``patience`` epochs, and keeps the best weights.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    dropout : float
    lr, weight_decay : float
        Of AdamW.
    batch_size, max_epochs : int
    patience : int or None
        None trains for ``max_epochs`` on all rows.
    validation_fraction : float
        Share of the rows that are held out for stopping; none where there are fewer than 20.
    max_seconds : float or None
        Training stops after the epoch in which these are over.
    device : str
    random_state : int, RandomState or None
    verbose : int
        Above 0, print what skorch prints.

    Attributes
    ----------
    pipeline_ : Pipeline
        Columns, then the skorch net.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Only when fitted on a DataFrame.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from agop_tabular.automl import TabularMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> TabularMLPRegressor(random_state=0).fit(X, y).predict(X).shape
    (442,)
    """

    def fit(self, X: Any, y: Any) -> TabularMLPRegressor:
        """Train.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
        y : array-like of shape (n,) or (n, n_targets)

        Returns
        -------
        TabularMLPRegressor
            Itself.
        """
        X = self._rows(X, reset=True)
        if y is None:
            raise ValueError("This TabularMLPRegressor estimator requires y to be passed, but the target y is None.")
        y = check_array(np.asarray(y), ensure_2d=False, dtype=np.float64)
        check_consistent_length(X, y)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        self._one = y.ndim == 1
        y = y.reshape(len(y), -1)
        mean, scale = y.mean(axis=0), y.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        fitted = self._train(X, ((y - mean) / scale).astype(np.float32), None, y.shape[1], NeuralNetRegressor)
        last = fitted.module_[-1]
        with torch.no_grad():  # back to the target's own units
            last.weight.mul_(torch.from_numpy(scale).to(last.weight)[:, None])
            last.bias.mul_(torch.from_numpy(scale).to(last.bias)).add_(torch.from_numpy(mean).to(last.bias))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predictions, (n,) or (n, n_targets)."""
        check_is_fitted(self, "pipeline_")
        with _own_random_state(0):
            out: np.ndarray = self.pipeline_.predict(self._rows(X, reset=False)).astype(np.float64)
        return out[:, 0] if self._one else out


def _is_object(y: Any) -> bool:
    return np.asarray(y).dtype.kind in "OUS"
