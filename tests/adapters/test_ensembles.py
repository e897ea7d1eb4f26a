"""Ensembles: the adapter's probabilities are the ensemble's own, and shared coordinates are kept once."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from agop_tabular import AGOPExplainer
from agop_tabular.adapters.ensembles import KeptCoordinates
from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def mlp(seed=0):
    return make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=60, random_state=seed))


MEMBERS = [
    ("a", mlp()),
    ("b", make_pipeline(MinMaxScaler(), LogisticRegression())),
    ("c", MLPClassifier((8,), max_iter=60, random_state=2)),
]
CLASSIFIERS = {
    "vote": VotingClassifier(MEMBERS, voting="soft", weights=[1, 2, 3]),
    "stack": StackingClassifier(MEMBERS, cv=2),
    "stack, scaled": StackingClassifier(MEMBERS, make_pipeline(StandardScaler(), LogisticRegression()), cv=2),
    "stack of decisions": StackingClassifier([("b", LogisticRegression())], stack_method="decision_function", cv=2),
    "bag": BaggingClassifier(mlp(), n_estimators=3, random_state=0),
    "sigmoid": CalibratedClassifierCV(mlp(), cv=3),
    "isotonic": CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3),
    "temperature": CalibratedClassifierCV(mlp(), method="temperature", cv=3),
    "temperature of decisions": CalibratedClassifierCV(LogisticRegression(), method="temperature", ensemble=False),
    "vote behind a scaler": make_pipeline(MinMaxScaler(), VotingClassifier(MEMBERS, voting="soft")),
    "vote of votes": VotingClassifier([("v", VotingClassifier(MEMBERS[:2], voting="soft")), MEMBERS[2]], voting="soft"),
}


def data(n_classes):
    return make_classification(400, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_probabilities_are_the_ensembles_own(name, n_classes):
    X, y = data(n_classes)
    model = copy.deepcopy(CLASSIFIERS[name]).fit(X, np.array(["no", "perhaps", "yes"])[y])
    explainer = AGOPExplainer(model, method="agop-ixg").fit(X)
    adapter = explainer._gathered.network
    x = adapter.tensor(adapter.encode(X))
    found = adapter.probabilities(adapter.scores(x)).detach().numpy()
    assert_allclose(found, model.predict_proba(X), atol=1e-9)
    assert explainer.classes_.tolist() == model.classes_.tolist()
    assert x.shape[1] == 6, "members read the same six columns"
    explanation = explainer(X[:20])
    assert explanation.target.tolist() == model.predict(X[:20]).tolist()


@pytest.mark.parametrize("name", ["vote", "stack", "bag", "sigmoid"])
def test_near_the_ensembles_shapley_values(name):
    X, y = data(3)
    model = copy.deepcopy(CLASSIFIERS[name]).fit(X, y)
    explanation = AGOPExplainer(model).fit(X)(X[:15])
    own = NetworkShapley(n_permutations=200)(model, X[:15], "all", X, 0)
    own = (own - own.mean(axis=2, keepdims=True))[np.arange(15), :, explanation.target]
    assert cosine(explanation.values, own).mean() > 0.97
    assert np.abs(explanation.gap).max() < 1e-4


@pytest.mark.parametrize("regressor", [VotingRegressor, StackingRegressor, BaggingRegressor])
def test_regressors(regressor):
    X, _ = data(2)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    net = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=200, random_state=0))
    model = (
        BaggingRegressor(net, 3)
        if regressor is BaggingRegressor
        else regressor([("a", net), ("b", LinearRegression())])
    )
    model.fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    adapter = explainer._gathered.network
    found = adapter.scores(adapter.tensor(adapter.encode(X))).detach().numpy()[:, 0]
    assert_allclose(found, model.predict(X), atol=1e-9)
    explanation = explainer(X)
    assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, model.predict(X), atol=1e-4)


def frame(n=500):
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": rng.randn(n), "b": 5 + 2 * rng.randn(n), "c": rng.choice(["x", "y", "z"], n)})
    return X, ((X["a"] > 0) ^ (X["c"] == "x")).astype(int).to_numpy()


def test_columns_of_a_frame_and_categories():
    X, y = frame()
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"]))
    pipe = make_pipeline(columns, MLPClassifier((16,), max_iter=100, random_state=0))
    model = CalibratedClassifierCV(pipe, cv=3).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.feature_map_.n_coordinates == 5, "each fold's scalers differ, and are one coordinate"
    assert list(explainer.explain(X).columns) == ["a", "b", "c"]
    assert (explainer.feature_map_.block_of >= 0).sum() == 3


def test_a_category_that_a_member_never_saw():
    X, y = frame(300)
    X.loc[299, "c"] = "rare"
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(handle_unknown="ignore"), ["c"]))
    pipe = make_pipeline(columns, MLPClassifier((16,), max_iter=60, random_state=0))
    model = CalibratedClassifierCV(pipe, cv=3).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    adapter = explainer._gathered.network
    found = adapter.probabilities(adapter.scores(adapter.tensor(adapter.encode(X)))).detach().numpy()
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
    adapter = explainer._gathered.network
    found = adapter.probabilities(adapter.scores(adapter.tensor(adapter.encode(rows)))).detach().numpy()
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


@pytest.mark.parametrize("name", ["vote", "stack", "sigmoid", "isotonic", "temperature"])
def test_save_load_and_copies(name, tmp_path):
    X, y = data(2)
    model = copy.deepcopy(CLASSIFIERS[name]).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    explainer.save(tmp_path / "ensemble.agop")
    again = AGOPExplainer.load(tmp_path / "ensemble.agop", model)
    assert_allclose(again.explain(X), explainer.explain(X), rtol=1e-6, atol=1e-9)
    for twin in (copy.deepcopy(explainer), pickle.loads(pickle.dumps(explainer))):
        assert_allclose(twin.explain(X), explainer.explain(X))
    before = model.predict_proba(X)
    assert_allclose(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (VotingClassifier(MEMBERS), "counts votes"),
        (StackingClassifier(MEMBERS, passthrough=True, cv=2), "passthrough=True"),
        (
            StackingClassifier(MEMBERS, make_pipeline(MinMaxScaler(), LogisticRegression()), cv=2),
            "MinMaxScaler in front",
        ),
        (StackingClassifier(MEMBERS, stack_method="predict", cv=2), "hands on labels"),
        (BaggingClassifier(mlp(), 2, max_features=0.5), "see different columns"),
    ],
)
def test_refusals(model, message):
    X, y = data(2)
    with pytest.raises(ValueError, match=message):
        AGOPExplainer(copy.deepcopy(model).fit(X, y)).fit(X)


@pytest.mark.filterwarnings("error")
def test_whole_numbers_that_follow_by_a_fraction_are_no_difference():
    kept = KeptCoordinates(np.array([0]), np.array([0, 0]), np.array([1.0, 0.5]), np.zeros(2))
    rows = np.array([[2, 1], [4, 2], [6, 3]])
    assert kept.transform(rows).ravel().tolist() == [2, 4, 6]
    rows[1, 1] = 3
    with pytest.warns(UserWarning, match="1 of 3 rows"):
        kept.transform(rows)


@pytest.mark.parametrize("scaler", [StandardScaler(with_mean=False), StandardScaler(with_std=False)])
def test_a_final_models_scaler_that_does_half_of_it(scaler):
    X, y = data(2)
    model = StackingClassifier(MEMBERS, make_pipeline(scaler, LogisticRegression()), cv=2).fit(X, y)
    before = torch.random.get_rng_state()
    explainer = AGOPExplainer(model).fit(X)
    assert torch.equal(before, torch.random.get_rng_state())
    adapter = explainer._gathered.network
    found = adapter.probabilities(adapter.scores(adapter.tensor(adapter.encode(X)))).detach().numpy()
    assert_allclose(found, model.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("member", [SGDClassifier(loss="modified_huber"), LinearSVC()])
def test_members_whose_probabilities_are_of_another_kind_are_refused(member):
    X, y = data(2)
    model = BaggingClassifier(member, 2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="probabilities of its own kind|no predict_proba"):
        AGOPExplainer(model).fit(X)
