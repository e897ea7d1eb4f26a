"""Predictors without a gradient are explained through a student network, whose fidelity is stated."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC

from agop_tabular import automl
from agop_tabular.datasets import fetch_adult
from agop_tabular.evaluation import spearman

pytestmark = pytest.mark.filterwarnings("ignore")


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
    with pytest.raises(ValueError, match="at least 20 training rows"):
        automl.explain(forest, X[:10], X[:5])


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


@pytest.mark.parametrize("predictor", [RandomForestClassifier(10, random_state=0), GradientBoostingRegressor()])
@pytest.mark.filterwarnings("error::sklearn.exceptions.DataConversionWarning")
def test_a_student_of_one_output_is_taught_without_a_warning(predictor):
    X = np.random.default_rng(0).normal(size=(400, 3))
    predictor.fit(X, (X[:, 0] > 0).astype(int))
    assert automl.Student(random_state=0).fit(predictor, X).fidelity_["r2"] > 0.3


def test_what_no_student_can_learn_is_said():
    X = np.random.RandomState(0).randn(100, 3)
    with pytest.raises(ValueError, match=r"RandomForestClassifier knows 1 class\(es\), \[1\], so that"):
        automl.explain(RandomForestClassifier(5).fit(X, np.ones(100, int)), X, X[:5])
    several = RandomForestClassifier(5, random_state=0).fit(X, np.c_[X[:, 0] > 0, np.digitize(X[:, 1], [-1, 1])])
    with pytest.raises(ValueError, match="several labels a row"):
        automl.explain(several, X, X[:5])
    forest = RandomForestClassifier(5, random_state=0).fit(X, X[:, 0] > 0)
    forest.classes_ = np.array([False, True, None], dtype=object)
    with pytest.raises(ValueError, match="2 columns for the 3 labels in its classes_"):
        automl.Student().fit(forest, X)

    class Unknown:
        def predict(self, rows):
            return np.where(rows[:, 0] > 1, np.nan, 0.0)

    with pytest.raises(ValueError, match="Unknown.predict returns NaN or infinity"):
        automl.explain(Unknown(), X, X[:5])


@pytest.mark.parametrize("kind", ["polars", "arrow"])
def test_tables_of_other_libraries(kind):
    """A forest behind a pipeline that chooses columns by name, with text and dates, whose student reads them too."""
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "kind": rng.choice(["u", "v"], 400)})
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 900, 400), unit="D")
    y = frame["a"] + 2 * (frame["kind"] == "u")
    coded = make_column_transformer(("passthrough", ["a"]), (OneHotEncoder(sparse_output=False), ["kind"]))
    model = make_pipeline(coded, RandomForestRegressor(20, random_state=0)).fit(frame, y)
    table = pl.from_pandas(frame) if kind == "polars" else pl.from_pandas(frame).to_arrow()
    explanation = automl.explain(model, table, table[:20], random_state=0)
    expected = automl.explain(model, frame, frame[:20], random_state=0)
    assert explanation.about["by"] == "student"
    assert explanation.feature_names == ("a", "kind", "day")
    assert explanation.about["fidelity"] == pytest.approx(expected.about["fidelity"])
    assert_allclose(explanation.values, expected.values, rtol=1e-4, atol=1e-5)


def test_a_regressor_of_several_outputs_differs_from_nothing():
    X = np.random.default_rng(0).normal(size=(600, 3))
    model = RandomForestRegressor(30, random_state=0).fit(X, np.column_stack([X[:, 0] + X[:, 1], X[:, 2] ** 2]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*student.*")
        explanation = automl.explain(model, X, X[:20], target="all", random_state=0)
    assert explanation.values.shape == (20, 3, 2)
