"""One call from a fitted predictor to explanations, within a time budget."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.quick import quick

from agop_tabular import AGOPExplainer, automl

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV, HalvingRandomSearchCV])
def test_searches(search):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.randn(300, 4), columns=list("abcd"))
    y = np.where(X["a"] * X["b"] > 0, "same", "other")
    pipe = make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=300, random_state=0))
    grid = {"mlpclassifier__alpha": [1e-4, 1e-2]}
    settings = (
        {} if search is GridSearchCV else {"random_state": 0, **({"n_iter": 2} if search is RandomizedSearchCV else {})}
    )
    found = search(pipe, grid, cv=2, **settings).fit(X, y)
    explanation = automl.explain(found, X, X[:20])
    assert explanation.about["by"] == "gradient"
    assert set(explanation.to_frame().abs().mean().nlargest(2).index) == {"a", "b"}
    assert_allclose(explanation.values, AGOPExplainer(found).fit(X).explain(X[:20]).to_numpy())


def test_surrogate_always_and_other_arguments(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    explanation = automl.explain(model, X, rows, surrogate="always", random_state=0, min_fidelity=0)
    assert explanation.about["by"] == "student"
    published = automl.explain(model, X, rows, method="agop-ixg", target="all")
    assert published.method == "agop-ixg"
    assert published.values.shape == (200, 14, 2)
    wrong = [("surrogate", "perhaps"), ("time_budget", 0), ("time_budget", "3"), ("min_fidelity", "0.7")]
    for name, value in wrong:
        with pytest.raises(ValueError, match=f"{name}={value!r} is not"):
            automl.explain(model, X, rows, **{name: value})


def test_time_budget(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    automl.explain(model, X, rows)  # everything is imported and warm
    explanation = quick(4, lambda: automl.explain(model, X, rows, time_budget=1.0))
    assert 1 <= explanation.about["rows"] <= 3000
    assert explanation.about["of_rows"] == 3000
    assert automl.explain(model, X, rows, time_budget=600).about["rows"] == 3000
    with pytest.warns(UserWarning, match="longer than time_budget"):
        automl.explain(model, X, rows, time_budget=1e-3)


def test_the_step_is_fitted_on_few_rows_of_a_large_table(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    found = automl.explain(model, X, rows, random_state=0)
    assert (found.about["rows"], found.about["of_rows"]) == (2048, 3000)
    assert_allclose(found.values, automl.explain(model, X, rows, random_state=0).values, rtol=0)
    whole = automl.explain(model, X, rows, random_state=0, max_samples=None)
    assert whole.about["rows"] == 3000
    assert np.abs(found.values - whole.values).mean() < 0.1 * np.abs(whole.values).mean()
    assert automl.explain(model, X, rows, method="agop-ixg").about["rows"] == 3000


def test_pickles(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    explainer = automl.fit_explainer(model, X)
    again = pickle.loads(pickle.dumps(explainer))
    assert_allclose(again.explain(rows).to_numpy(), explainer.explain(rows).to_numpy(), rtol=1e-5, atol=1e-6)
    assert again.about_ == explainer.about_


def test_a_broken_row_is_still_refused():
    rng = np.random.RandomState(0)
    X = rng.randn(100, 3)
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        automl.explain(model, X, X[:3])


def test_an_unfitted_predictor_and_a_search_without_a_winner_say_so():
    X = pd.DataFrame(np.random.RandomState(0).randn(60, 2), columns=["a", "b"])
    y = (X["a"] > 0).astype(int)
    with pytest.raises(NotFittedError):
        automl.explain(make_pipeline(StandardScaler(), MLPClassifier()), X, X)
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, refit=False, cv=2).fit(X, y)
    with pytest.raises(ValueError, match="set refit=True"):
        automl.explain(search, X, X, surrogate="never")


class Broken(TransformerMixin, BaseEstimator):
    """Passes rows on, and fails where it is asked for the columns that they come from."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)

    def source_columns(self, names):
        raise TypeError("a fault inside")

    def __sklearn_is_fitted__(self):
        return True


def test_a_fault_inside_is_no_reason_for_a_student():
    X = np.random.RandomState(0).randn(100, 3)
    model = make_pipeline(Broken(), LogisticRegression()).fit(X, X[:, 0] > 0)
    with pytest.raises(TypeError, match="a fault inside"):
        automl.explain(model, X, X[:3])
    assert automl.explain(model, X, X[:3], surrogate="always").about["by"] == "student"


@pytest.mark.parametrize("kind", ["polars", "arrow"])
def test_tables_of_other_libraries_keep_their_names(kind):
    """Columns in another order are refused, as those of pandas are."""
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(size=200), "income": 10 + rng.normal(size=200)})
    net = torch.nn.Linear(2, 1).double()
    net.classes_ = None
    X = pl.from_pandas(frame) if kind == "polars" else pl.from_pandas(frame).to_arrow()
    explainer = automl.fit_explainer(net, X)
    assert explainer.feature_names_in_.tolist() == ["age", "income"]
    with pytest.raises(ValueError, match="same order"):
        explainer.explain(X.select(["income", "age"]))
    assert_allclose(automl.explain(net, X, X[:9]).values, AGOPExplainer(net).fit(frame)(frame[:9]).values, rtol=1e-6)


def test_a_student_learns_from_rows_in_memory():
    dd = pytest.importorskip("dask.dataframe")
    X = pd.DataFrame(np.random.RandomState(0).randn(100, 2), columns=["a", "b"])
    forest = RandomForestClassifier(5, random_state=0).fit(X, X["a"] > 0)
    with pytest.raises(ValueError, match="rows in memory: give a part of the dask table"):
        automl.fit_explainer(forest, dd.from_pandas(X, npartitions=2))
    linear = automl.fit_explainer(LogisticRegression().fit(X, X["a"] > 0), dd.from_pandas(X, npartitions=2))
    assert linear.about_["of_rows"] == 100
