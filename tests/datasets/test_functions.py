"""The means of the functions are integrals over a standard normal variable."""

import numpy as np
import pytest
from scipy import integrate, stats
from support.task_shapley import FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_means_are_integrals(function):
    density = lambda x: function(np.array([x]))[0] * stats.norm.pdf(x)  # noqa: E731
    mean, _ = integrate.quad(density, -12, 12, points=[0, 0.3], limit=200)
    assert function.mean == pytest.approx(mean, abs=1e-6)
