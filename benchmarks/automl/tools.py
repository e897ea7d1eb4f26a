"""The AutoML tools and searches of the study: each fits a predictor of Adult's labels."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV

from agop_tabular import automl


def grid_search(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """GridSearchCV over TabularMLPClassifier."""
    model = automl.TabularMLPClassifier(random_state=0)
    return GridSearchCV(model, {"lr": [1e-3, 3e-3], "dropout": [0.1, 0.3]}, cv=3).fit(X, y)


def calibrated(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """CalibratedClassifierCV of TabularMLPClassifier, five members."""
    return CalibratedClassifierCV(automl.TabularMLPClassifier(random_state=0), cv=5).fit(X, y)


def gradient_boosting(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """GridSearchCV over scikit-learn's gradient boosting, which has no gradient in its columns."""
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    return GridSearchCV(model, {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [15, 31]}, cv=5).fit(X, y)


def flaml(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """FLAML over this package's learner."""
    import flaml

    search = flaml.AutoML()
    search.add_learner("tabular_mlp", automl.flaml_learner)
    search.fit(X, y, task="classification", estimator_list=["tabular_mlp"], time_budget=seconds, verbose=0, seed=0)
    return search


def autogluon(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """AutoGluon's TabularPredictor with its network, without bagging."""
    from autogluon.tabular import TabularPredictor

    table = X.assign(**{"class": np.asarray(y, dtype=object)})
    predictor = TabularPredictor("class", path=tempfile.mkdtemp(), verbosity=0)
    return predictor.fit(table, hyperparameters={"NN_TORCH": {}}, time_limit=seconds, num_bag_folds=0)


def pytabkit(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """pytabkit's RealMLP with its tuned defaults."""
    from pytabkit import RealMLP_TD_Classifier

    return RealMLP_TD_Classifier(device="cpu", random_state=0).fit(X, np.asarray(y, dtype=object))


TOOLS: dict[str, Callable[..., Any]] = {
    "grid search": grid_search,
    "calibrated": calibrated,
    "gradient boosting": gradient_boosting,
    "flaml": flaml,
    "autogluon": autogluon,
    "pytabkit": pytabkit,
}

PACKAGES = ("flaml", "autogluon", "pytabkit")
"""Tools that are packages of their own, and may not be installed."""
