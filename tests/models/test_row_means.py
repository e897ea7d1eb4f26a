"""Means over rows, batch by batch, and of parts together."""

import numpy as np
import pytest
import torch
from support.nets import MLP

from agop_tabular import AGOPExplainer
from agop_tabular.models.row_means import RowMeans


def test_means_of_parts_are_those_of_all(X):
    model = AGOPExplainer(MLP(6, 3), method="ixg", contrast=True).fit(X).model_
    whole = RowMeans.of(model, X, "auto")
    parts = RowMeans.of(model, X[:50], 7) + RowMeans.of(model, X[50:], 1000)
    with torch.no_grad():
        np.testing.assert_allclose(whole.scores, model.scores(torch.from_numpy(X)).double().mean(dim=0), rtol=1e-5)
    np.testing.assert_allclose(whole.coordinates, X.mean(axis=0, dtype=float), rtol=1e-6)
    torch.testing.assert_close(parts.scores, whole.scores, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(parts.coordinates, whole.coordinates)
    assert parts.n == len(X)


def test_rows_that_are_not_finite_are_named(X):
    model = AGOPExplainer(MLP(6, 3), method="ixg").fit(X).model_
    rows = X.copy()
    rows[5, 2] = np.nan
    with pytest.raises(ValueError, match=r"row 105"):
        RowMeans.of(model, rows, "auto", first_row=100)
