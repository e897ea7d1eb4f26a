"""Attributor: the part of a fitted explainer that attributes rows, alone and in other processes."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from agop_tabular import AGOPExplainer

METHODS = ("agop", "agop-ixg", "agop-local", "agop-global")


@pytest.mark.parametrize("method", METHODS)
def test_attributes_as_the_explainer_does(net, X, method):
    explainer = AGOPExplainer(net, method=method).fit(X)
    for target in ("predicted", "all", 1):
        found = explainer.attributor_.attribute(X, target, with_support=True)
        explanation = explainer(X, target=target)
        np.testing.assert_array_equal(found.values, explanation.values)
        if explanation.support is not None:
            np.testing.assert_array_equal(found.support, explanation.support)


@pytest.mark.parametrize("method", METHODS)
def test_for_workers(net, X, method):
    """It is smaller, travels by pickle, and attributes the same."""
    attributor = AGOPExplainer(net, method=method).fit(X).attributor_
    light = attributor.for_workers()
    assert light.model.probe is None
    assert len(pickle.dumps(light)) < len(pickle.dumps(attributor))
    again = pickle.loads(pickle.dumps(light))
    np.testing.assert_array_equal(again.attribute(X, "all").values, attributor.attribute(X, "all").values)


def test_base_values(net, X):
    attributor = AGOPExplainer(net).fit(X).attributor_
    every = attributor.attribute(X, "all", with_support=True)
    assert every.base_values.shape == (200, 3)
    assert (every.base_values == every.base_values[0]).all()
    np.testing.assert_allclose(every.gap, every.scores - every.base_values - every.values.sum(axis=1), atol=1e-6)
    found = attributor.attribute(X, np.arange(200) % 3, with_support=True)
    np.testing.assert_array_equal(found.base_values, every.base_values[0][np.arange(200) % 3])
    assert attributor.attribute(X, "all").base_values is None, "only where it is wanted"
    constant = AGOPExplainer(net, method="agop-global").fit(X).attributor_
    assert constant.attribute(X, "all", with_support=True).base_values is None


def test_a_mask_and_places_of_rows(net, X):
    attributor = AGOPExplainer(net).fit(X).attributor_
    masked = replace(attributor, mask=np.arange(6) > 0).attribute(X, 1)
    assert not masked.values[:, 0].any()
    np.testing.assert_array_equal(masked.values + masked.residual, attributor.attribute(X, 1).values)
    rows = X[:5].copy()
    rows[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"first at row 1002\)"):
        attributor.attribute(rows, 1, first_row=1000)
