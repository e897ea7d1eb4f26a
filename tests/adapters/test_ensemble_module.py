"""The module of an ensemble: every member on its own coordinates, then the combination."""

import copy

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from agop_tabular.adapters import adapt
from agop_tabular.adapters.coordinate_layout import Layout
from agop_tabular.adapters.ensemble_module import DECISION, PROBA, EnsembleModule


class Mean(nn.Module):
    def forward(self, each):
        return torch.stack(each).mean(dim=0)


@pytest.fixture
def members(X):
    labels = (X[:, 0] > 1).astype(int), (X[:, 1] > 0).astype(int)
    return [LogisticRegression(max_iter=500).fit(X.astype("float64"), y) for y in labels]


@pytest.mark.parametrize("response", [PROBA, DECISION])
def test_responses_of_the_members_are_combined(members, X, response):
    module = EnsembleModule([adapt(m) for m in members], [response] * 2, Mean(), shared=True)
    x = torch.from_numpy(X.astype("float64"))
    module.confirm(x)
    expected = np.mean([getattr(m, response)(X.astype("float64")) for m in members], axis=0)
    np.testing.assert_allclose(module(x).detach().numpy().squeeze(), expected, rtol=1e-6)


def test_every_member_has_its_own_coordinates(members, X):
    module = EnsembleModule([adapt(m) for m in members], [PROBA] * 2, Mean(), shared=False)
    rows = X.astype("float64")
    x = torch.from_numpy(np.hstack([rows, rows[::-1]]))
    module.layout = Layout.identity([6, 6])
    module.confirm(x)
    expected = (members[0].predict_proba(rows) + members[1].predict_proba(rows[::-1])) / 2
    np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=1e-6)
    twin = copy.deepcopy(module)
    assert twin.networks[0] is not module.networks[0]
    torch.testing.assert_close(twin(x), module(x))
