"""Scale, spectrum, rank and importances follow from the moments of gradients and coordinates."""

import numpy as np
import pytest
from torch import nn

from agop_tabular import AGOPExplainer


def test_moment_and_spectrum(setting):
    module, X, jacobian, _ = setting
    explainer = AGOPExplainer(module, method="agop-ixg", rank=3).fit(X)
    scaled = jacobian * X.std(0)
    M = np.einsum("ncp,ncq->pq", scaled, scaled) / len(X)
    np.testing.assert_allclose(explainer.agop_, M, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(explainer.agop_diagonal_, np.diag(M), rtol=1e-9)
    np.testing.assert_allclose(explainer.eigenvalues_, np.linalg.eigvalsh(M)[::-1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(explainer.components_ @ explainer.components_.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(explainer.feature_importances_, np.diag(M) / np.trace(M), rtol=1e-9)
    np.testing.assert_allclose(explainer.baseline_, X.mean(0))
    np.testing.assert_allclose(explainer.scale_, X.std(0))


def test_without_a_spectrum(setting):
    module, X, jacobian, _ = setting
    summary = AGOPExplainer(module, method="agop-local").fit(X).attributor_.method.summary
    alone = summary.without_spectrum()
    assert alone.spectrum is None
    assert alone.diagonal is summary.diagonal
    scaled = jacobian * X.std(0)
    np.testing.assert_allclose(alone.diagonal, np.einsum("ncp,ncp->p", scaled, scaled) / len(X), rtol=1e-9)


def test_a_constant_table_is_warned_of(X):
    with pytest.warns(UserWarning, match="Every coordinate is constant"):
        explainer = AGOPExplainer(nn.Linear(6, 2), method="agop-ixg").fit(np.tile(X[:1], (5, 1)))
    assert not explainer.feature_importances_.any()
