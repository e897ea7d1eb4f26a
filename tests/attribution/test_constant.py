"""method="agop-global": diag M for every row and every target, without a call of the network."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from agop_tabular import AGOPExplainer


@pytest.fixture
def explainer(net, X):
    return AGOPExplainer(net, method="agop-global").fit(X)


def test_every_row_has_the_diagonal(explainer, X):
    diagonal = explainer.agop_diagonal_.astype("float32")
    np.testing.assert_allclose(diagonal, np.diag(explainer.agop_), rtol=1e-6)
    np.testing.assert_array_equal(explainer.explain(X[:7]), np.tile(diagonal, (7, 1)))
    np.testing.assert_array_equal(explainer.explain(X[:7], target=2), np.tile(diagonal, (7, 1)))
    every = explainer.explain(X[:7], target="all")
    np.testing.assert_array_equal(every, np.tile(diagonal[:, None], (7, 1, 3)))


def test_the_network_is_not_called(explainer, X, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was called")

    expected = explainer.explain(X)
    monkeypatch.setattr(torch.nn.Module, "__call__", refuse)
    np.testing.assert_array_equal(explainer.explain(X), expected)


def test_no_score_is_explained(explainer, X):
    explanation = explainer(X)
    assert explanation.base_values is None
    assert explanation.support is None
    assert explanation.gap is None


def test_a_target_that_there_is_not_is_refused(explainer, X):
    for target, message in (("nope", "target 'nope' is unknown"), (7, "target 7 is unknown"), ([0, 1], "has shape")):
        with pytest.raises(ValueError, match=message):
            explainer.explain(X[:5], target=target)
    np.testing.assert_array_equal(explainer.explain(X[:2], target=[0, 2]), explainer.explain(X[:2]))


def test_outputs_need_no_target(X):
    model = LinearRegression().fit(X, X[:, :2])
    assert AGOPExplainer(model, method="agop-global").fit(X).explain(X).shape == X.shape
