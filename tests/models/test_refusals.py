"""What cannot be explained is refused with one clear sentence that names the cause and the way out."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.refusals import check_attributions, check_range


class TestModels:
    @pytest.mark.parametrize("model", [DecisionTreeClassifier(), RandomForestClassifier(n_estimators=3)])
    def test_trees(self, model, X):
        y = (X[:, 0] > 1).astype(int)
        for fitted in (model.fit(X, y), make_pipeline(StandardScaler(), clone(model)).fit(X, y)):
            with pytest.raises(TypeError, match="cannot be explained: it has no gradient.*TreeExplainer"):
                AGOPExplainer(fitted).fit(X)

    def test_what_a_wrapper_holds(self, X):
        y = (X[:, 0] > 1).astype(int)
        linear = LogisticRegression()
        wrappers = {
            "estimator_": FixedThresholdClassifier(linear, threshold=0.3).fit(X, y),
            "estimators_[0]": MultiOutputClassifier(linear).fit(X, np.column_stack([y, 1 - y])),
        }
        for held, model in wrappers.items():
            with pytest.raises(TypeError, match=f"can: AGOPExplainer\\(model.{re.escape(held)}\\)"):
                AGOPExplainer(model).fit(X)
        with pytest.raises(TypeError, match="it has no gradient"):
            AGOPExplainer(FixedThresholdClassifier(DecisionTreeClassifier()).fit(X, y)).fit(X)

    def test_embedding_of_computed_codes(self):
        class Embedded(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(5, 3), nn.Linear(6, 2)

            def forward(self, x):
                return self.last(self.table(x.long() // 2).flatten(1))

        with pytest.raises(ValueError, match="No gradient reaches the network's input"):
            AGOPExplainer(Embedded()).fit(np.arange(20).reshape(10, 2) % 10)

        class Strict(Embedded):
            def forward(self, x):
                return self.last(self.table(x[x >= 0]).flatten(1))

        with pytest.raises(ValueError, match="cannot be run on its own input.*Embedding"):
            AGOPExplainer(Strict()).fit(np.arange(20).reshape(10, 2) % 5)

    def test_embedding_of_one_column_in_pairs_of_codes(self, rng):
        class Mixed(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(5, 3), nn.Linear(5, 2)

            def forward(self, x):
                return self.last(torch.cat([x[:, :2], self.table(x[:, 2].long() // 2)], 1))

        rows = pd.DataFrame({"a": rng.random(50), "b": rng.random(50), "kind": rng.integers(0, 10, 50)})
        with pytest.raises(ValueError, match="column\\(s\\) 'kind', but their gradient there is zero"):
            AGOPExplainer(Mixed()).fit(rows)

    def test_a_column_that_the_network_ignores_is_explained(self, X):
        module = MLP(6, 2)
        with torch.no_grad():
            module[0].weight[:, 3] = 0
        explainer = AGOPExplainer(module).fit(X)
        assert (explainer.explain(X)[:, 3] == 0).all()

    def test_gradient_not_finite(self, X):
        class Root(nn.Module):
            def forward(self, x):
                return torch.sqrt(x.clamp_min(0)).sum(1)

        with pytest.raises(ValueError, match="gradient is not finite at row"):
            AGOPExplainer(Root()).fit(np.abs(X) * (np.arange(200) != 17)[:, None])

    def test_zero_gradient_warns(self, X):
        module = MLP(6, 2)
        with torch.no_grad():
            module[-1].weight.zero_()
        with pytest.warns(UserWarning, match="gradient of every score is zero"):
            explainer = AGOPExplainer(module).fit(X)
        explanation = explainer(X)
        assert not explanation.values.any()
        assert np.isnan(explanation.support).all()
        assert not explainer.feature_importances_.any()

    def test_tie_in_the_spectrum_warns(self, X):
        with pytest.warns(UserWarning, match="nearly equal"):
            module = nn.Linear(6, 6)
            with torch.no_grad():
                module.weight.copy_(torch.eye(6))
            AGOPExplainer(module, method="agop-ixg", rank=2, standardize=False).fit(X)


class TestStepFunctions:
    def test_rows_sorted_by_the_category(self, rng):
        class Mixed(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(5, 3), nn.Linear(4, 2)

            def forward(self, x):
                return self.last(torch.cat([x[:, :1], self.table(x[:, 1].long().clamp(1, 3))], 1))

        rows = pd.DataFrame({"a": rng.random(3000), "kind": np.sort(rng.integers(0, 5, 3000))})
        with pytest.raises(ValueError, match="'kind'"):
            AGOPExplainer(Mixed()).fit(rows)

    def test_a_column_that_is_both_a_code_and_a_number(self, rng):
        class WideAndDeep(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(5, 3), nn.Linear(5, 2)

            def forward(self, x):
                return self.last(torch.cat([x, self.table(x[:, 1].long())], 1))

        rows = pd.DataFrame({"a": rng.random(300), "kind": rng.integers(0, 5, 300)})
        with pytest.raises(ValueError, match="'kind'"):
            AGOPExplainer(WideAndDeep()).fit(rows)

    @pytest.mark.parametrize("width", [10, 1e4, 1e6])
    def test_rounding(self, rng, width):
        class Rounded(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = MLP(2, 2)

            def forward(self, x):
                return self.body(torch.stack([x[:, 0], x[:, 1].round() / width], 1))

        rows = pd.DataFrame({"a": rng.random(300), "income": width * rng.random(300)})
        with pytest.raises(ValueError, match="'income'"):
            AGOPExplainer(Rounded()).fit(rows)

    @pytest.mark.parametrize("module", [nn.Embedding(7, 4), None])
    def test_embeddings_of_positions_are_fine(self, X, module):
        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.place = module or nn.Embedding(6, 4)
                self.last = nn.Linear(24, 2)

            def forward(self, x):
                return self.last((x[:, :, None] * self.place(torch.arange(6))).flatten(1))

        network, rows = Tokens(), X.round()
        found = AGOPExplainer(network).fit(rows).explain(rows, target=1)
        weights = (network.last.weight.view(2, 6, 4) * network.place.weight[:6]).sum(dim=2).detach().numpy()
        expected = (rows - rows.mean(axis=0)) * (weights[1] - weights[0])  # the network is linear in its input
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("wrong", ["mlp", 3, print])
def test_not_an_estimator(wrong, X):
    with pytest.raises(TypeError, match="cannot be explained"):
        AGOPExplainer(wrong).fit(X)


@pytest.mark.parametrize("method", ["agop", "agop-ixg", "agop-global", "ixg"])
@pytest.mark.parametrize("value", [1e155, 1e200, -1e300])
def test_numbers_that_cannot_be_squared(value, method, X):
    rows = X.astype("float64")
    rows[3, 2] = value
    with pytest.raises(ValueError, match=r"values of column\(s\) 'x2' are too large to be squared"):
        AGOPExplainer(MLP(6, 1).double(), method=method).fit(rows)


def test_attributions_that_float32_cannot_hold():
    """Of one score (b, d), or of all (b, d, C); a sum that is too large is none of them."""
    names, large = FeatureMap.identity(tuple("abc")), torch.finfo(torch.float32).max
    check_attributions(torch.full((3, 3), large), names, 0)
    values = torch.zeros(4, 3, 2)
    values[2, 1, 0], values[3, 2, 1] = torch.inf, torch.nan
    for found in (values, values.sum(dim=2)):
        with pytest.raises(ValueError, match=r"column\(s\) 'b', 'c' are too large for float32.*from row 12 on"):
            check_attributions(found, names, 10)


def test_a_range_that_can_be_squared_is_none():
    names = FeatureMap.identity(tuple("abc"))
    scale, diagonal = torch.tensor([[1e140, 0, 1], [1e4, 1e300, 1e290]], dtype=torch.float64)
    check_range(scale, diagonal, names)
    with pytest.raises(ValueError, match=r"column\(s\) 'a', 'b' are too large"):
        check_range(torch.tensor([torch.inf, torch.nan, 1], dtype=torch.float64), diagonal, names)
