"""From a fitted estimator and a table to the model that is explained."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.nets import MLP

from agop_tabular.fitting.connect import connect
from agop_tabular.fitting.tables import MemoryTable


def connected(estimator, rows, **options):
    settings = {"contrast": None, "first_layer": True, "device": None}
    return connect(estimator, MemoryTable(rows), **settings | options)


def test_a_network_is_tried_on_rows_from_all_over_the_table(net, X):
    model = connected(net, np.tile(X, (10, 1)))
    assert model.contrast
    assert model.layer is not None
    assert model.feature_map.names == tuple(f"x{j}" for j in range(6))
    assert len(model.probe) == 256
    assert connected(net, X, first_layer=False, contrast=False).layer is None


def test_rows_that_lack_a_value_are_tried_where_they_are_imputed(X):
    rows = np.tile(X, (10, 1)).astype("float64")
    rows[1, 3] = np.nan
    model = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression(max_iter=500)).fit(rows, rows[:, 0] > 1)
    probe = connected(model, rows).probe
    assert probe[:, 6].sum() == 1, "the indicator of the missing value"


def test_columns_of_the_estimator_are_compared(X):
    table = pd.DataFrame(X, columns=list("abcdef"))
    model = LogisticRegression(max_iter=500).fit(table, table["a"] > 1)
    with pytest.raises(ValueError, match="same order"):
        connected(model, table[list("bacdef")])


def test_a_device_elsewhere_gets_a_copy(net, X):
    model = connected(net, X, device="cpu")
    assert model.network.device == torch.device("cpu")
    with pytest.warns(UserWarning, match="predict another class"):
        connected(Reversed(net), X)


class Reversed:
    """A net whose predict returns other classes than its scores say."""

    def __init__(self, net):
        self.estimator, self.classes_ = net, net.classes_

    def predict(self, X):
        return 2 - self.estimator.predict(X)


Reversed.__name__, Reversed.__module__ = "FrozenEstimator", "sklearn.frozen"  # adapted as its estimator is


def test_a_network_is_tried_on_as_many_rows_as_the_user_allows(X):
    sizes = []

    class Counting(MLP):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    model = connected(Counting(6, 3), X, batch_size=20)
    assert max(sizes) == 20
    assert len(model.probe) == 200


def test_classes_that_are_assumed_are_said_unless_contrast_is(X):
    with pytest.warns(UserWarning, match="does not say what its 3 outputs are"):
        connected(MLP(6, 3), X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connected(MLP(6, 3), X, contrast=True)
