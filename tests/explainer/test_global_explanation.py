"""What a fitted explainer says of a network as a whole agrees with itself; the plots have tests of their own."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from support.nets import MLP

from agop_tabular import AGOPExplainer

NAMES = ("effects_", "feature_importances_", "feature_importance_intervals_", "interaction_importances_")


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).standard_normal((800, 5), dtype=np.float32)


def test_importances_are_what_effects_and_pairs_share(X):
    explainer = AGOPExplainer(MLP(5)).fit(X)
    shares = explainer.interaction_importances_
    np.testing.assert_allclose(shares.sum() + np.trace(shares), 2.0)  # every pair is there twice
    each = np.diag(shares) + (shares.sum(axis=1) - np.diag(shares)) / 2
    np.testing.assert_allclose(explainer.feature_importances_, each, atol=0.02)
    low, high = explainer.feature_importance_intervals_.T
    assert (low <= explainer.feature_importances_).all()
    assert (explainer.feature_importances_ <= high).all()
    assert list(explainer.effects_.feature_names) == [f"x{j}" for j in range(5)]


def test_published_methods_have_importances_of_m_alone(X):
    explainer = AGOPExplainer(MLP(5), method="agop-ixg").fit(X)
    diagonal = np.diag(explainer.agop_)
    np.testing.assert_allclose(explainer.feature_importances_, diagonal / diagonal.sum(), rtol=1e-6)
    for name in set(NAMES) - {"feature_importances_"}:
        with pytest.raises(AttributeError, match='fit with method="agop"'):
            getattr(explainer, name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_before_fit(name):
    with pytest.raises(NotFittedError):
        getattr(AGOPExplainer(MLP(5)), name)
