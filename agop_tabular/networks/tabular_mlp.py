"""TabularMLPClassifier and TabularMLPRegressor: networks for DataFrames with text, categories and missing values."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

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
from agop_tabular.networks.training import TimeLimit, discard_message, own_random_state

NUMBERS: Any = ["number", "bool", "boolean"]
"""Dtypes of columns that are read as numbers; all other columns are one-hot encoded."""

MIN_ROWS_FOR_VALIDATION = 20
"""With fewer rows none are held out: a tenth of them is one or two rows, too few to decide when to stop."""


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


class TabularMLP(BaseEstimator):
    """Columns, network and training of :class:`TabularMLPClassifier` and :class:`TabularMLPRegressor`.

    Missing numbers are replaced by the column's median, with an indicator of what was missing, and numbers are scaled.
    Text, categories and all other columns are one-hot encoded; a category that was not seen in training is encoded as
    zeros. Training stops when the loss on held-out rows has not fallen for ``patience`` epochs, and the best weights
    are kept.

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
        Share of the rows held out to decide when to stop; with fewer than 20 rows none are held out.
    max_seconds : float or None
        Training stops after the first epoch that ends later than this.
    device : str
    random_state : int, RandomState or None
    verbose : int
        Above 0, print what skorch prints.

    Attributes
    ----------
    pipeline_ : Pipeline
        Preprocessing of the columns, then the skorch net.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Only when fitted on a DataFrame.
    """

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

    def _validated(self, X: Any, *, reset: bool) -> Any:
        """Check column names and number; a DataFrame may hold missing values and categories, an array only numbers."""
        if isinstance(X, pd.DataFrame):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            if reset and len(X) < 2:
                raise ValueError(f"Found array with {len(X)} sample(s) while a minimum of 2 is required.")
            return X
        return validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan",
                             ensure_min_samples=2 if reset else 1)  # fmt: skip

    def _train(self, X: Any, y: np.ndarray, stratify: np.ndarray | None, n_out: int, net: type[NeuralNet]) -> Any:
        """Fit preprocessing and network on the training rows; held-out rows decide when to stop."""
        rng = check_random_state(self.random_state)
        rows = np.arange(len(X))
        held_out = []
        if self.patience is not None and len(X) >= MIN_ROWS_FOR_VALIDATION:
            n_valid = max(1, round(self.validation_fraction * len(X)))
            if stratify is not None and (np.bincount(stratify).min() < 2 or n_valid < len(np.unique(stratify))):
                stratify = None
            rows, held_out = train_test_split(rows, test_size=n_valid, stratify=stratify, random_state=rng)
        columns = make_columns(X).fit(_select_rows(X, rows))
        encode = make_pipeline(columns, FunctionTransformer(_float32, feature_names_out="one-to-one"))
        x = encode.transform(_select_rows(X, rows))
        with own_random_state(rng.randint(2**31)):
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
                train_split=_validation_split(encode, X, y, held_out),
                callbacks=self._callbacks(len(held_out) > 0),
                device=self.device,
                verbose=self.verbose,
                **batched(),
            ).fit(x, y[rows])
        self.pipeline_ = Pipeline([*encode.steps, ("net", fitted)])
        return fitted

    def _callbacks(self, validates: bool) -> list[tuple[str, Callback]]:
        stopping = EarlyStopping(patience=self.patience, load_best=True, sink=discard_message)
        callbacks = [("early_stopping", stopping)] if validates else []
        return callbacks if self.max_seconds is None else [*callbacks, ("time", TimeLimit(self.max_seconds))]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.random_state is None
        return tags


def make_columns(X: Any) -> ColumnTransformer:
    """Impute (with indicators) and scale numbers, one-hot encode all other columns.

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
            f"Column(s) {', '.join(map(repr, dates[:10]))} hold dates, which a network cannot read; convert "
            "them to numbers, such as days since the first."
        )
    # By position, since ColumnTransformer takes names that are numbers for positions.
    positions = X.iloc[:0].set_axis(range(X.shape[1]), axis=1)
    is_number = np.isin(positions.columns, positions.select_dtypes(include=NUMBERS).columns)
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


def _select_rows(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def _missing_as_nan(X: pd.DataFrame) -> pd.DataFrame:
    """Replace pd.NA and None by NaN; scikit-learn treats the first two as values and fails to sort them."""
    X = X.copy(deep=False)
    for i in range(X.shape[1]):
        column = X.iloc[:, i]
        if column.dtype != "category" and column.isna().any():
            X.isetitem(i, column.astype(object).where(column.notna(), np.nan).to_numpy())
    return X


def _float32(X: Any) -> np.ndarray:
    return np.ascontiguousarray(X, dtype=np.float32)


def _validation_split(encode: Pipeline, X: Any, y: np.ndarray, held_out: Any) -> Any:
    """The held-out rows as skorch's validation set; None if there are none."""
    if not len(held_out):
        return None
    return predefined_split(BatchDataset(encode.transform(_select_rows(X, held_out)), y[held_out]))


Estimator = TypeVar("Estimator", bound=type[TabularMLP])


def _with_shared_docs(cls: Estimator) -> Estimator:
    """Replace {shared} in a class's docstring by what TabularMLP's says about columns, parameters and attributes."""
    if cls.__doc__ and TabularMLP.__doc__:  # Python run with -OO has no docstrings
        _, shared = inspect.cleandoc(TabularMLP.__doc__).split("\n\n", maxsplit=1)
        cls.__doc__ = inspect.cleandoc(cls.__doc__).replace("{shared}", shared)
    return cls


@_with_shared_docs
class TabularMLPClassifier(ClassifierMixin, TabularMLP):
    """A skorch classifier for tables with text, categories and missing values, and labels of any kind.

    {shared}
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
        """Train on rows and their labels.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
        y : array-like of shape (n,)

        Returns
        -------
        TabularMLPClassifier
            Itself.
        """
        X = self._validated(X, reset=True)
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
        with own_random_state(0):
            probabilities: np.ndarray = self.pipeline_.predict_proba(self._validated(X, reset=False))
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        check_is_fitted(self, "pipeline_")
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


@_with_shared_docs
class TabularMLPRegressor(RegressorMixin, TabularMLP):
    """A skorch regressor for tables with text, categories and missing values, and one target or several.

    {shared}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from agop_tabular.automl import TabularMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> TabularMLPRegressor(random_state=0).fit(X, y).predict(X).shape
    (442,)
    """

    def fit(self, X: Any, y: Any) -> TabularMLPRegressor:
        """Train on rows and their targets.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
        y : array-like of shape (n,) or (n, n_targets)

        Returns
        -------
        TabularMLPRegressor
            Itself.
        """
        X = self._validated(X, reset=True)
        if y is None:
            raise ValueError("This TabularMLPRegressor estimator requires y to be passed, but the target y is None.")
        y = check_array(np.asarray(y), ensure_2d=False, dtype=np.float64)
        check_consistent_length(X, y)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        self._single_target = y.ndim == 1
        y = y.reshape(len(y), -1)
        mean, scale = y.mean(axis=0), y.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        fitted = self._train(X, ((y - mean) / scale).astype(np.float32), None, y.shape[1], NeuralNetRegressor)
        last = fitted.module_[-1]
        with torch.no_grad():  # undo the standardisation of y, so that outputs are in its units
            last.weight.mul_(torch.from_numpy(scale).to(last.weight)[:, None])
            last.bias.mul_(torch.from_numpy(scale).to(last.bias)).add_(torch.from_numpy(mean).to(last.bias))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predictions, (n,) or (n, n_targets)."""
        check_is_fitted(self, "pipeline_")
        with own_random_state(0):
            out: np.ndarray = self.pipeline_.predict(self._validated(X, reset=False)).astype(np.float64)
        return out[:, 0] if self._single_target else out


def _is_object(y: Any) -> bool:
    return np.asarray(y).dtype.kind in "OUS"
