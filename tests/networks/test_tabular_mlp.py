"""TabularMLP: scikit-learn's contract, tables as they come, and the traps of nets in searches."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from support.model_scores import probabilities

from agop_tabular import AGOPExplainer
from agop_tabular.automl import TabularMLPClassifier, TabularMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def expected(estimator):
    if isinstance(estimator, TabularMLPRegressor):
        return {"check_methods_subset_invariance": "a float32 network: a batch of one row differs in the last bits"}
    return {}


@parametrize_with_checks(
    [
        TabularMLPClassifier(max_epochs=15, lr=1e-2, random_state=0),
        TabularMLPRegressor(max_epochs=15, lr=1e-2, random_state=0),
    ],
    expected_failed_checks=expected,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture
def frame():
    rng = np.random.RandomState(0)
    n = 400
    X = pd.DataFrame(
        {
            "number": rng.randn(n),
            "text": rng.choice(["a", "b", "c"], n),
            "category": pd.Categorical(rng.choice(["u", "v"], n)),
            "flag": rng.rand(n) > 0.5,
            "missing": np.where(rng.rand(n) < 0.2, np.nan, rng.randn(n)),
        }
    )
    return X, (X["number"] > 0) ^ (X["text"] == "a")


@pytest.mark.parametrize("kind", ["text", "integers", "booleans", "nullable"])
def test_labels_of_any_kind(frame, kind):
    X, truth = frame
    y = {
        "text": np.where(truth, "yes", "no"),
        "integers": np.where(truth, 7, 3),
        "booleans": truth.to_numpy(),
        "nullable": truth.astype("string"),
    }[kind]
    model = TabularMLPClassifier(max_epochs=40, lr=1e-2, random_state=0).fit(X, y)
    assert model.classes_.tolist() == np.unique(np.asarray(y)).tolist()
    assert (model.predict(X) == np.asarray(y)).mean() > 0.9
    explanation = AGOPExplainer(model).fit(X)(X)
    assert explanation.to_frame().columns.tolist() == X.columns.tolist()
    assert set(explanation.target) <= set(model.classes_)
    top = np.abs(explanation.values).mean(axis=0).argsort()[-2:]
    assert set(X.columns[top]) == {"number", "text"}


def test_unseen_categories_and_missing_values(frame):
    X, truth = frame
    model = TabularMLPClassifier(max_epochs=5, random_state=0).fit(X, truth)
    rows = X[:3].copy()
    rows["text"] = ["new", None, np.nan]
    rows.loc[rows.index[0], "number"] = np.nan
    assert np.isfinite(model.predict_proba(rows)).all()
    explainer = AGOPExplainer(model).fit(X)
    found = probabilities(explainer, rows)
    assert_allclose(found, model.predict_proba(rows), atol=1e-6)
    assert np.isfinite(explainer.explain(rows).to_numpy()).all()


def test_a_class_of_three_rows(frame):
    X, truth = frame
    y = truth.to_numpy().astype(int)
    y[:3] = 2
    model = TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 2]
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    y[:2] = 0  # one row is left
    model = TabularMLPClassifier(max_epochs=200, patience=None, lr=1e-2, random_state=0).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(X)[:, 2].argmax() == 2, "the row was learned"


def test_search_and_cross_validation(frame):
    X, truth = frame
    model = TabularMLPClassifier(max_epochs=15, random_state=0)
    search = GridSearchCV(model, {"lr": [1e-4, 1e-2]}, cv=2).fit(X, truth)
    assert search.best_params_ == {"lr": 1e-2}
    assert AGOPExplainer(search).fit(X).explain(X).shape == X.shape
    assert cross_val_score(clone(model), X, truth, cv=2).shape == (2,)


def test_training_is_repeatable_and_leaves_the_random_state(frame):
    X, truth = frame
    state = torch.get_rng_state()
    found = [TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, truth).predict_proba(X) for _ in range(2)]
    assert_array_equal(*found)
    assert torch.equal(state, torch.get_rng_state())


def test_time_limit(frame):
    X, truth = frame
    model = TabularMLPClassifier(max_epochs=10_000, patience=None, max_seconds=0.3, random_state=0).fit(X, truth)
    history = model.pipeline_[-1].history
    assert 1 <= len(history) < 2000
    assert sum(history[:-1, "dur"]) < 0.3, "the last epoch is the first that ends too late"


def test_regressor_in_its_own_units():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = TabularMLPRegressor(random_state=0, lr=5e-3).fit(X, 1000 * y)
    assert model.score(X, 1000 * y) > 0.4
    explanation = AGOPExplainer(model).fit(X)(X)
    assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, model.predict(X), rtol=1e-3)
    several = TabularMLPRegressor(max_epochs=3, random_state=0).fit(X, np.column_stack([y, -y]))
    assert several.predict(X).shape == (442, 2)


def test_dates_are_refused(frame):
    X, truth = frame
    with pytest.raises(ValueError, match="'when' hold dates"):
        TabularMLPClassifier().fit(X.assign(when=pd.Timestamp("2026-01-01")), truth)


@pytest.mark.parametrize("names", [["number", "text", "flag", "mixed", "sort"], [0, 1, 2, 3, 4]])
def test_missing_values_of_any_kind(names):
    rng = np.random.default_rng(0)
    text = pd.Series(rng.choice(["x", "y"], 60)).astype("string")
    X = pd.DataFrame({"number": pd.array(rng.integers(0, 5, 60), dtype="Int64"), "text": text})
    X["flag"] = pd.array(rng.random(60) > 0.5, dtype="boolean")
    X["mixed"] = text.astype(object)
    X["sort"] = pd.Categorical(rng.choice(list("pqr"), 60))
    for row, name in enumerate(X):
        X.loc[row, name] = None if name == "sort" else pd.NA
    X.loc[7, "mixed"] = None
    X.columns = names
    before = X.copy()
    model = TabularMLPClassifier(max_epochs=1, random_state=0).fit(X, np.arange(60) % 2)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(AGOPExplainer(model).fit(X).explain(X).to_numpy()).all()
    pd.testing.assert_frame_equal(X, before)


def test_columns_named_by_numbers_are_not_taken_for_places():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({1: rng.choice(["x", "y"], 80), 0: rng.standard_normal(80)})
    named = X.set_axis(["b", "a"], axis=1)
    y = (X[1] == "x").astype(int)
    found, expected = (
        TabularMLPClassifier(max_epochs=2, random_state=0).fit(t, y).predict_proba(t) for t in (X, named)
    )
    assert_array_equal(found, expected)
    far = X.set_axis([7, 9], axis=1)
    assert_array_equal(TabularMLPClassifier(max_epochs=2, random_state=0).fit(far, y).predict_proba(far), expected)
