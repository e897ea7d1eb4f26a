"""Attributions as arrays: a gate's columns are zero, and what it took away is the residual."""

import numpy as np
import pytest

from agop_tabular.attribution.attributions import Attributions


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2)])
def test_a_gate(shape):
    values = np.random.default_rng(0).standard_normal(shape)
    found = Attributions(values, index=np.arange(4))
    assert found.gated(None) is found
    gated = found.gated(np.array([True, False, True]))
    np.testing.assert_array_equal(gated.values[:, [0, 2]], values[:, [0, 2]])
    assert not gated.values[:, 1].any()
    np.testing.assert_array_equal(gated.values + gated.residual, values)
    assert gated.index is found.index
    assert found.residual is None
