"""A warning where the user's predict is not what the explained scores predict."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from agop_tabular.adapters import adapt
from agop_tabular.models.agreement import warn_of_other_predictions
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
