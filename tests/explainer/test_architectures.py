"""Every architecture is explained, and in the same way for every batch size."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.nets import ARCHITECTURES, make_architecture
from torch import nn

from agop_tabular import AGOPExplainer


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_row_does_not_depend_on_its_batch(name, X):
    explainer = AGOPExplainer(make_architecture(name)).fit(X)
    whole = explainer.explain(X)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 * np.abs(whole).max()}
    np.testing.assert_allclose(explainer.explain(X[7:8]), whole[7:8], **tolerance)
    np.testing.assert_allclose(explainer.explain(X[::-1]), whole[::-1], **tolerance)
    for size in (1, 7, 4096):
        other = AGOPExplainer(make_architecture(name), batch_size=size).fit(X[::-1])
        np.testing.assert_allclose(other.explain(X), whole, **tolerance)


def test_same_bits_twice(net, X):
    one, two = (AGOPExplainer(net).fit(X) for _ in range(2))
    np.testing.assert_array_equal(one.explain(X), two.explain(X))
    np.testing.assert_array_equal(one.agop_, two.agop_)


@pytest.mark.parametrize("make", [torch.jit.script, lambda m: torch.jit.trace(m, torch.zeros(2, 6))])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_module(make, X):
    module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval()
    found = AGOPExplainer(make(module)).fit(X).explain(X)
    assert_allclose(found, AGOPExplainer(module).fit(X).explain(X), atol=1e-5)
