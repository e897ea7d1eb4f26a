"""A network trained on a task with noise columns."""

import pytest
from sklearn.neural_network import MLPClassifier

from agop_tabular.datasets import make_linear


@pytest.fixture(scope="module")
def trained():
    X, y, truth = make_linear(3000, n_features=12, n_informative=4, random_state=1)
    net = MLPClassifier((64, 32), early_stopping=True, random_state=0, max_iter=200).fit(X[:2000], y[:2000])
    return net, X, y, truth.informative
