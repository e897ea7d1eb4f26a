"""Coordinates of an ensemble: those that its members share are kept once."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from support.ensembles import frame, mlp, regressor
from support.model_scores import probabilities, scores
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters.ensembles import KeptCoordinates

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_columns_of_a_frame_and_categories():
    X, y = frame()
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"]))
    pipe = make_pipeline(columns, MLPClassifier((16,), max_iter=100, random_state=0))
    model = CalibratedClassifierCV(pipe, cv=3).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.feature_map_.n_coordinates == 5, "each fold's scalers differ, and are one coordinate"
    assert list(explainer.explain(X).columns) == ["a", "b", "c"]
    assert (explainer.feature_map_.block_of >= 0).sum() == 3


def test_members_with_and_without_preprocessing_of_a_frame():
    """Also of booleans and nullable integers next to floats, which numpy makes objects of."""
    X, _ = frame(200)
    X = X[["a", "b"]].assign(flag=X["a"] > 0.5, count=pd.array(np.arange(200) % 5, dtype="Int64"))
    y = (X["a"] + X["b"] > 5).astype(int)
    members = [("net", mlp()), ("linear", LogisticRegression(max_iter=1000))]
    vote = VotingClassifier(members, voting="soft").fit(X, y)
    explainer = AGOPExplainer(vote).fit(X)
    assert_allclose(probabilities(explainer, X), vote.predict_proba(X), atol=1e-9)
    assert list(explainer.explain(X).columns) == ["a", "b", "flag", "count"]


@pytest.mark.parametrize("kind", [VotingRegressor, StackingRegressor])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_regressors_with_and_without_preprocessing_of_a_frame(kind, library):
    X, _ = frame(200)
    y = X["a"] * X["b"]
    X = X[["a", "b"]] if library == "pandas" else pytest.importorskip("polars").from_pandas(X[["a", "b"]])
    model = kind([("net", regressor()), ("linear", LinearRegression())]).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert_allclose(scores(explainer, X)[:, 0], model.predict(X), atol=1e-6)


def test_a_bare_member_reads_no_column_as_another():
    """A pipeline that chooses by name takes columns in any order; the member next to it does not."""
    X, y = frame(200)
    X = X[["a", "b"]]
    by_name = make_pipeline(make_column_transformer((StandardScaler(), ["a", "b"])), MLPClassifier((8,), max_iter=20))
    vote = VotingClassifier([("net", by_name), ("linear", LogisticRegression())], voting="soft").fit(X, y)
    with pytest.raises(ValueError, match="same order"):
        AGOPExplainer(vote).fit(X[["b", "a"]])
    assert AGOPExplainer(vote).fit(X).explain(X[:3]).shape == (3, 2)


def test_a_category_that_a_member_never_saw():
    X, y = frame(300)
    X.loc[299, "c"] = "rare"
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(handle_unknown="ignore"), ["c"]))
    pipe = make_pipeline(columns, MLPClassifier((16,), max_iter=60, random_state=0))
    model = CalibratedClassifierCV(pipe, cv=3).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    found = probabilities(explainer, X)
    assert_allclose(found, model.predict_proba(X), atol=1e-9)
    assert explainer.explain(X).shape == X.shape


def test_missing_values_that_each_member_imputes_by_itself():
    X, y = frame()
    X = X[["a", "b"]]
    model = CalibratedClassifierCV(make_pipeline(SimpleImputer(), mlp()), cv=3).fit(X, y)
    rows = X[:20].copy()
    rows.iloc[0, 1] = np.nan
    with pytest.warns(UserWarning, match="read 1 of 20 rows differently"):
        AGOPExplainer(model).fit(X).explain(rows)
    X.iloc[::7, 1] = np.nan
    explainer = AGOPExplainer(model).fit(X)  # now each has a coordinate of its own
    found = probabilities(explainer, rows)
    assert_allclose(found, model.predict_proba(rows), atol=1e-9)
    assert explainer.feature_map_.column_of.tolist() == [0, 1, 1, 1]


def test_a_single_missing_value_is_among_the_rows_that_are_tried():
    X, y = frame(1500)
    X = X[["a", "b"]]
    model = CalibratedClassifierCV(make_pipeline(SimpleImputer(), mlp()), cv=3).fit(X, y)
    for row in range(2):  # every second one is tried in any case
        X.iloc[row, 1] = np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert AGOPExplainer(model).fit(X).feature_map_.column_of.tolist() == [0, 1, 1, 1]
        X.iloc[row, 1] = 0.0


@pytest.mark.filterwarnings("error")
def test_integers_scaled_by_a_fraction_are_the_same_coordinate():
    kept = KeptCoordinates(np.array([0]), np.array([0, 0]), np.array([1.0, 0.5]), np.zeros(2))
    rows = np.array([[2, 1], [4, 2], [6, 3]])
    assert kept.transform(rows).ravel().tolist() == [2, 4, 6]
    rows[1, 1] = 3
    with pytest.warns(UserWarning, match="1 of 3 rows"):
        kept.transform(rows)


def test_members_are_fed_what_keeps_their_digits():
    """The mean of the probabilities of two networks, one of which normalises timestamps in double."""
    times = 1.7e9 + 1000 * np.random.default_rng(0).standard_normal((200, 2))

    class Normalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(2, 2)

        def forward(self, x):
            return self.net(((x.double() - 1.7e9) / 1000).float())

    torch.manual_seed(0)
    nets = [NeuralNetClassifier(Normalised, criterion=nn.CrossEntropyLoss).initialize() for _ in range(2)]
    for net in nets:
        net.classes = [0, 1]
    vote = VotingClassifier([("a", nets[0]), ("b", nets[1])], voting="soft")
    vote.estimators_, vote.le_, vote.classes_ = nets, LabelEncoder().fit([0, 1]), np.array([0, 1])
    explainer = AGOPExplainer(vote).fit(times)
    assert explainer.model_.network.dtype == torch.float64
    assert_allclose(probabilities(explainer, times), vote.predict_proba(times), atol=1e-4)
