"""Predictors without a gradient are explained through a student network, whose fidelity is stated."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
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
