"""Labelled rows say which columns are useful."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import make_linear


def test_labelled_rows(trained):
    net, X, y, informative = trained
    gate = AGOPExplainer(net).fit(X[2000:], y[2000:]).gate_
    assert gate.labelled
    assert gate.mask[informative].all()
    assert gate.mask.sum() <= len(informative) + 1
    assert not AGOPExplainer(net).fit(X[2000:], np.full(1000, "other")).gate_.labelled


def test_overfitted_nets_warn():
    X, y, _ = make_linear(150, n_features=20, n_informative=3, random_state=0)
    net = MLPClassifier((128, 64), random_state=0, max_iter=500, learning_rate_init=5e-3).fit(X, y)
    with pytest.warns(UserWarning, match="probably overfitted"):
        AGOPExplainer(net).fit(X)
