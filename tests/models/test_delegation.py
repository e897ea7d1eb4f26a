"""What the explainer takes over from its estimator: methods, tags, and whether it can be fitted in parts."""

import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils import get_tags
from support.nets import MLP

from agop_tabular import AGOPExplainer


@pytest.fixture
def y(X):
    return (X[:, 0] > 1).astype(int)


def test_methods_are_the_estimators(X, y):
    model = LogisticRegression(max_iter=500).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    for name in ("predict", "predict_proba", "decision_function"):
        assert (getattr(explainer, name)(X) == getattr(model, name)(X)).all()
    assert explainer.score(X, y) == model.score(X, y)
    assert not hasattr(AGOPExplainer(LinearRegression()), "predict_proba")
    with pytest.raises(NotFittedError):
        AGOPExplainer(model).predict(X)


def test_tags_are_the_estimators(X, y):
    assert is_classifier(AGOPExplainer(MLPClassifier()))
    assert is_regressor(AGOPExplainer(LinearRegression()))
    for estimator, prefit, required in (
        (MLPClassifier(), "auto", True),
        (LogisticRegression(max_iter=500).fit(X, y), "auto", False),
        (LogisticRegression(max_iter=500).fit(X, y), False, True),
    ):
        tags = get_tags(AGOPExplainer(estimator, prefit=prefit))
        assert tags.target_tags.required == required
        assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert get_tags(AGOPExplainer(MLP(6, 2))).estimator_type is None


def test_partial_fit_needs_a_fitted_estimator(X, y):
    assert not hasattr(AGOPExplainer(MLPClassifier()), "partial_fit")
    assert hasattr(AGOPExplainer(LogisticRegression().fit(X, y)), "partial_fit")
