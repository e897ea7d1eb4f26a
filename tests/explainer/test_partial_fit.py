"""partial_fit: rows in parts, as good as all rows at once."""

import copy

import numpy as np
import pytest
from support.nets import MLP

from agop_tabular import AGOPExplainer


class TestFitting:
    def test_a_failed_partial_fit_keeps_what_was_there(self, net, X):
        explainer = AGOPExplainer(net, batch_size=10).fit(X)
        before = explainer.agop_.copy()
        bad = X.copy()
        bad[-1, 0] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            explainer.partial_fit(bad)
        np.testing.assert_array_equal(explainer.agop_, before)
        assert explainer.n_samples_seen_ == 200


def test_partial_fit_keeps_the_estimator_and_the_contrast(net, X):
    explainer = AGOPExplainer(net).fit(X)
    for change in ({"contrast": True}, {"estimator": MLP(6, 3)}):
        other = copy.deepcopy(explainer).set_params(**change)
        with pytest.raises(ValueError, match="call fit to begin anew"):
            other.partial_fit(X)


def test_a_column_that_was_constant_in_the_first_chunk_has_effects_once_it_varies():
    X = np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32)
    X[:200, 1] = 0.0
    net = MLP(3)
    chunked = AGOPExplainer(net).partial_fit(X[:200]).partial_fit(X[200:])
    found, expected = chunked.explain(X), AGOPExplainer(net).fit(X).explain(X)
    assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)
    assert len(chunked.effects_.main("x1")) > 3
