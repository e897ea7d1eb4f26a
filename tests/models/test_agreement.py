"""A warning where the user's predict is not what the explained scores predict."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from agop_tabular.adapters import adapt
from agop_tabular.models.agreement import (
    warn_of_assumed_classes,
    warn_of_certain_probabilities,
    warn_of_other_predictions,
)
from agop_tabular.models.explained_model import ExplainedModel


class Wrapper:
    """Predicts the other class on the first rows."""

    def __init__(self, model, n_other):
        self.model, self.n_other, self.classes_ = model, n_other, model.classes_

    def predict(self, X):
        labels = self.model.predict(X)
        labels[: self.n_other] = 1 - labels[: self.n_other]
        return labels


@pytest.fixture
def connected(X):
    X = X.astype("float64")
    model = LogisticRegression(max_iter=500).fit(X, (X[:, 0] > 1).astype(int))
    return model, ExplainedModel.connect(adapt(model), X), X


@pytest.mark.parametrize("n_other", [0, 1])
def test_one_row_in_64_may_differ(connected, n_other):
    model, explained, X = connected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_predictions(Wrapper(model, n_other), explained, X)


def test_more_rows_may_not(connected):
    model, explained, X = connected
    with pytest.warns(UserWarning, match="predict another class than Wrapper.predict on 5% of 64 rows"):
        warn_of_other_predictions(Wrapper(model, 3), explained, X)


def test_a_predict_that_cannot_be_compared_is_not_warned_of(connected):
    _, explained, X = connected

    class Fails:
        def predict(self, X):
            raise TypeError

    class Short:
        def predict(self, X):
            return np.zeros(3)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for estimator in (Fails(), Short(), object()):
            warn_of_other_predictions(estimator, explained, X)
    assert torch.is_grad_enabled()


class TestValues:
    """Scores are compared with the estimator's own values, not only with its labels."""

    class Scaled:
        """Its values, but not its labels, are other ones than the model's."""

        def __init__(self, model, factor):
            self.model, self.factor, self.classes_ = model, factor, model.classes_

        def predict(self, X):
            return self.model.predict(X)

        def predict_proba(self, X):
            odds = self.factor * self.model.decision_function(X)
            return np.column_stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))])

    def test_other_probabilities_warn_with_the_size_of_the_difference(self, connected):
        model, explained, X = connected
        theirs = self.Scaled(model, 0.5)
        largest = np.abs(theirs.predict_proba(X) - model.predict_proba(X)).max()
        with pytest.warns(UserWarning, match=r"differ from Scaled.predict_proba by up to (\S+), on 64 rows") as found:
            warn_of_other_predictions(theirs, explained, X)
        said = float(str(found[0].message).split("by up to ")[1].split(",")[0])
        assert 0.5 * largest < said <= 1.01 * largest

    def test_the_same_do_not(self, connected):
        model, explained, X = connected
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_other_predictions(self.Scaled(model, 1), explained, X)

    def test_outputs_of_a_regressor(self, X):
        model = LinearRegression().fit(X.astype("float64"), X[:, :2] @ np.ones((2, 2)))
        explained = ExplainedModel.connect(adapt(model), X.astype("float64"))

        class Logarithmic:
            def predict(self, X):
                return np.exp(model.predict(X) / 10)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_other_predictions(model, explained, X.astype("float64"))
        with pytest.warns(UserWarning, match="differ from Logarithmic.predict by up to"):
            warn_of_other_predictions(Logarithmic(), explained, X.astype("float64"))

    @pytest.mark.parametrize("make", [RidgeClassifier, SGDClassifier, LinearSVC, MLPClassifier])
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_scores_that_are_no_logarithms_of_probabilities_agree(self, make, n_classes, X):
        X = X.astype("float64")
        model = make(random_state=0).fit(X, np.digitize(X[:, 0], [1, 3][: n_classes - 1]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_other_predictions(model, ExplainedModel.connect(adapt(model), X), X)


def test_classes_are_assumed_of_a_bare_module_only(connected, module, X):
    _, explained, _ = connected
    warn_of_assumed_classes(explained)
    with pytest.warns(UserWarning, match=r"scores of classes 0 to 2. Say so by an attribute"):
        warn_of_assumed_classes(ExplainedModel.connect(adapt(module), X))


@pytest.mark.parametrize(("method", "certain"), [("isotonic", True), ("sigmoid", False)])
def test_probabilities_of_0_and_1_are_warned_of(X, method, certain):
    y = (X[:, 0] + np.random.RandomState(0).standard_normal(len(X)) / 4 > 0).astype(int)
    model = CalibratedClassifierCV(LogisticRegression(), method=method, cv=2).fit(X, y)
    assert ((model.predict_proba(X) == 0).any(axis=1).mean() > 0.05) == certain
    explained = ExplainedModel.connect(adapt(model), X)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_certain_probabilities(explained)
    assert [("exactly 0 or 1" in str(w.message)) for w in found] == [True] * certain
