"""The post-hoc step: searches, winners without a gradient, budgets, several models, and the tools themselves."""

import pickle
import time

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from agop_tabular import AGOPExplainer, automl
from agop_tabular.datasets import fetch_adult
from agop_tabular.evaluation import spearman

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def adult():
    table = fetch_adult()
    return table.data[:3000], table.target[:3000], table.data[40_000:40_200]


@pytest.fixture(scope="module")
def trees(adult):
    X, y, _ = adult
    return HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=30, random_state=0).fit(X, y)


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


def test_trees_are_explained_through_a_student(adult, trees, capsys):
    X, y, rows = adult
    explanation = automl.explain(trees, X, rows, random_state=0, verbose=1)
    fidelity = explanation.about["fidelity"]
    assert explanation.about["by"] == "student"
    assert "no gradient" in explanation.about["why"]
    assert fidelity["r2"] > 0.85
    assert fidelity["agreement"] > 0.9
    assert "is explained through a student: R² 0." in capsys.readouterr().out
    assert "Of a student of HistGradientBoostingClassifier" in explanation._repr_html_()
    assert explanation.to_frame().shape == rows.shape
    assert set(explanation.target) <= {"<=50K", ">50K"}


def test_a_students_fidelity_is_what_it_says(adult, trees):
    """The stated agreement holds on rows that neither has seen."""
    X, _, _ = adult
    student = automl.Student(random_state=0).fit(trees, X)
    fresh = fetch_adult().data[41_000:43_000]
    agreement = (student.predict(fresh) == trees.predict(fresh)).mean()
    assert agreement == pytest.approx(student.fidelity_["agreement"], abs=0.03)
    assert student.predict_proba(fresh).shape == (2000, 2)


def test_a_student_finds_what_the_trees_use():
    rng = np.random.RandomState(0)
    X = rng.randn(2000, 6)
    y = X[:, 0] + 2 * X[:, 1] * X[:, 2]
    model = GradientBoostingRegressor(random_state=0, max_depth=4).fit(X, y)
    explanation = automl.explain(model, X, X[:100], random_state=0)
    assert set(np.abs(explanation.values).mean(axis=0).argsort()[-3:]) == {0, 1, 2}
    shap = pytest.importorskip("shap")
    exact = shap.TreeExplainer(model).shap_values(X[:100])
    assert np.nanmean(spearman(explanation.values, exact)) > 0.7


def test_an_unfaithful_student_is_refused():
    rng = np.random.RandomState(0)
    X, y = rng.randn(200, 5), rng.randint(0, 2, 200)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="less than min_fidelity=0.7"):
        automl.explain(forest, X, X[:5], random_state=0)
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be explained"):
        automl.explain(forest, X, X[:5], surrogate="never")
    with pytest.raises(ValueError, match="20 training rows or more"):
        automl.explain(forest, X[:10], X[:5])


def test_surrogate_always_and_other_arguments(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    explanation = automl.explain(model, X, rows, surrogate="always", random_state=0, min_fidelity=0)
    assert explanation.about["by"] == "student"
    published = automl.explain(model, X, rows, method="agop-ixg", target="all")
    assert published.method == "agop-ixg"
    assert published.values.shape == (200, 14, 2)
    for arguments, message in (({"surrogate": "perhaps"}, "surrogate="), ({"time_budget": 0}, "time_budget=")):
        with pytest.raises(ValueError, match=message):
            automl.explain(model, X, rows, **arguments)


def test_time_budget(adult):
    X, y, rows = adult
    model = automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    automl.explain(model, X, rows)  # everything is imported and warm
    started = time.perf_counter()
    explanation = automl.explain(model, X, rows, time_budget=1.0)
    assert time.perf_counter() - started < 4, "a second, on a machine that may be busy"
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


def test_summary(adult, trees):
    X, y, rows = adult
    forest = RandomForestClassifier(5, random_state=0).fit(X.select_dtypes("number"), y)
    models = {
        "trees": trees,
        "net": automl.TabularMLPClassifier(max_epochs=3, random_state=0).fit(X, y),
        "other": forest,
    }
    table, explanations = automl.summary(models, X, rows, random_state=0)
    assert table.index.tolist() == ["trees", "net", "other"]
    assert table["by"].tolist()[:2] == ["student", "gradient"]
    assert table["by"].iloc[2].startswith("refused")
    assert set(explanations) == {"trees", "net"}
    assert table.loc["net", "top"].count(",") == 2


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


# The tools --------------------------------------------------------------------------------------------------------


def test_flaml_learner_is_a_class():
    pytest.importorskip("flaml")
    assert isinstance(automl.flaml_learner, type)
    assert automl.flaml_learner is automl.flaml_learner, "not a module of that name, once it is imported"


def test_flaml_with_trees(adult):
    flaml = pytest.importorskip("flaml")
    X, y, rows = adult
    search = flaml.AutoML()
    search.fit(X, y, task="classification", estimator_list=["lgbm"], time_budget=3, verbose=0)
    explanation = automl.explain(search, X, rows, random_state=0, min_fidelity=0.3)
    assert explanation.about["by"] == "student"


def test_an_unfitted_predictor_and_a_search_without_a_winner_say_so():
    X = pd.DataFrame(np.random.RandomState(0).randn(60, 2), columns=["a", "b"])
    y = (X["a"] > 0).astype(int)
    with pytest.raises(NotFittedError):
        automl.explain(make_pipeline(StandardScaler(), MLPClassifier()), X, X)
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, refit=False, cv=2).fit(X, y)
    with pytest.raises(ValueError, match="set refit=True"):
        automl.explain(search, X, X, surrogate="never")


def test_several_labels_a_row_are_no_classes():
    X = np.random.RandomState(0).randn(300, 3)
    model = OneVsRestClassifier(LogisticRegression()).fit(X, (X[:, :2] > 0).astype(int))
    with pytest.raises(ValueError, match="several labels a row"):
        automl.explain(model, X, X[:5])


def test_labels_without_probabilities_are_learned():
    X = np.random.RandomState(0).randn(600, 3)
    model = SVC().fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    first, again = (automl.explain(model, X, X[:20], min_fidelity=0.3) for _ in range(2))
    assert first.about["fidelity"]["agreement"] > 0.9
    assert np.abs(first.values).mean(axis=0).argmax() == 0
    assert_allclose(first.values, again.values)
