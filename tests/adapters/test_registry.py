"""A new ecosystem is one function, found by the name of its class."""

import numpy as np
import pytest
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt, adapts, registry
from agop_tabular.models.adapter import Adapter


class Winner:
    """Some other package's estimator."""

    def __init__(self):
        self.layer = nn.Linear(6, 2)
        self.fitted_ = True

    def fit(self, X, y=None):
        return self


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "BUILDERS", dict(registry.BUILDERS))
    adapts(f"{__name__.partition('.')[0]}.Winner")(lambda winner: Adapter(winner.layer, kind="module"))


def test_unknown_is_refused_by_name():
    with pytest.raises(TypeError, match="Winner cannot be explained"):
        adapt(Winner())


def test_registered_class_and_subclass(registered, X):
    class Better(Winner):
        pass

    for winner in (Winner(), Better()):
        assert adapt(winner).module is winner.layer


def test_nearest_ancestor_wins():
    from skorch import NeuralNetBinaryClassifier

    net = NeuralNetBinaryClassifier(nn.Linear, module__in_features=6, module__out_features=1).initialize()
    assert adapt(net).threshold_owner is net


def test_explainer_over_it(registered, X):
    from sklearn.base import BaseEstimator

    class Estimator(Winner, BaseEstimator):
        pass

    estimator = Estimator()
    found = AGOPExplainer(estimator).fit(X).explain(X)
    np.testing.assert_array_equal(found, AGOPExplainer(estimator.layer).fit(X).explain(X))
    assert np.abs(found).max() > 0
