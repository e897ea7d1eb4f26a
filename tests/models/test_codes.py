"""Integer codes as one-hot coordinates: which codes a column may hold."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from support.embedding_nets import Embedded, Integers
from support.model_scores import coordinates
from torch import nn

from agop_tabular import AGOPExplainer


class TestTables:
    def test_a_frame_of_integers(self, rng):
        module = Integers()
        X = pd.DataFrame({name: rng.integers(0, 6, 300) for name in "abcd"})
        explainer = AGOPExplainer(module, method="ixg").fit(X)
        assert explainer.feature_map_.n_coordinates == 24
        scores = module(torch.tensor(X.to_numpy()))
        torch.testing.assert_close(explainer.model_.network.scores(coordinates(explainer, X)), scores)
        total = explainer.explain(X, 0).sum(axis=1)  # the network is linear in its one-hot columns
        assert_allclose(total, (scores[:, 0] - scores[:, 0].mean()).detach(), atol=1e-5)

    def test_codes_that_few_rows_have(self, rng):
        X = np.column_stack([np.zeros(3000), rng.random(3000), rng.integers(0, 3, 3000)]).astype("float32")
        X[2999, 0] = 4  # not among the rows that are tried first

        class Rare(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.last = nn.Embedding(5, 2), nn.Embedding(3, 2), nn.Linear(5, 2)

            def forward(self, x):
                return self.last(torch.cat([self.a(x[:, 0].long()), x[:, 1:2], self.b(x[:, 2].long())], dim=1))

        out = AGOPExplainer(Rare(), method="ixg").fit(X).explain(X)
        assert out[2999, 0] != 0

    def test_clamped_codes_beyond_those_of_training_are_refused(self, coded_rows):
        class Clamped(Embedded):
            def forward(self, x):
                return super().forward(torch.cat([x[:, :4], x[:, 4:].clamp(0, 3)], dim=1))

        X = coded_rows.copy()
        X[:, 4] = X[:, 4].clip(0, 3)
        explainer = AGOPExplainer(Clamped()).fit(X)
        assert explainer.coordinate_names_[-1] == "x4=3"
        with pytest.raises(ValueError, match="'x4' holds 6"):
            explainer.explain(coded_rows[coded_rows[:, 4] == 6])
        with pytest.raises(ValueError, match="'x4'"):
            AGOPExplainer(Clamped()).fit(coded_rows)

    @pytest.mark.parametrize("cell", [np.nan, 1.5, -1, 5])
    def test_cells_that_hold_no_code(self, embedding_net, coded_rows, cell):
        explainer = AGOPExplainer(embedding_net).fit(coded_rows)
        wrong = coded_rows[:5].copy()
        wrong[2, 1] = cell
        with pytest.raises(ValueError, match=f"'x1' holds {cell:g}, which is none of the codes 0 to 4"):
            explainer.explain(wrong)

    def test_too_many_codes(self, rng):
        class Wide(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(100_000, 2), nn.Linear(3, 2)

            def forward(self, x):
                return self.last(torch.cat([x[:, :1], self.table(x[:, 1].long())], dim=1))

        X = np.column_stack([rng.random(300), rng.integers(0, 100_000, 300)])
        with pytest.raises(ValueError, match="looks up 100000 codes"):
            AGOPExplainer(Wide()).fit(X)

    def test_missing_numbers_are_refused_by_column(self, embedding_net, coded_rows):
        X = coded_rows.copy()
        X[3, 0] = np.nan
        with pytest.raises(ValueError, match="NaN.*'x0'"):
            AGOPExplainer(embedding_net).fit(X)
        with pytest.raises(ValueError, match="NaN.*'x0'"):
            AGOPExplainer(embedding_net).fit(coded_rows).explain(X)
