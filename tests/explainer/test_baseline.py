"""baseline=: the mean, zero, or a row in the user's columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer


class TestBaseline:
    def test_mean_and_zero(self, net, X):
        mean, zero = (AGOPExplainer(net, method="ixg", baseline=b).fit(X) for b in ("mean", "zero"))
        gradient = zero.explain(X) / X
        np.testing.assert_allclose(mean.explain(X), gradient * (X - X.mean(0)), rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("form", [list, np.asarray, lambda r: pd.Series(r, index=list("abcdef"))])
    def test_a_row(self, net, X, form):
        explainer = AGOPExplainer(net, method="ixg", baseline=form(X[0])).fit(X)
        np.testing.assert_allclose(explainer.baseline_, X[0])
        assert not explainer.explain(X[:1]).any()

    def test_a_row_of_a_table(self, net, X):
        table = pd.DataFrame(X, columns=list("abcdef"))
        for row in (table.iloc[[4]], table.iloc[4], dict(table.iloc[4]), X[4]):
            explainer = AGOPExplainer(net, method="agop-ixg", baseline=row).fit(table)
            np.testing.assert_allclose(explainer.baseline_, X[4], rtol=1e-6)

    @pytest.mark.parametrize("keys", [list("abcdef"), range(6), range(5, -1, -1)])
    def test_a_dict_says_which_column_only_where_they_have_names(self, net, X, keys):
        row = dict(zip(keys, X[4], strict=True))
        with pytest.raises(TypeError, match="a sequence of one value a column"):
            AGOPExplainer(net, method="ixg", baseline=row).fit(X)
        explainer = AGOPExplainer(net, method="ixg", baseline=row).fit(pd.DataFrame(X, columns=keys))
        np.testing.assert_allclose(explainer.baseline_, X[4])

    def test_base_values_are_the_scores_there(self, net, X):
        explanation = AGOPExplainer(net, method="agop-ixg", baseline=X[0]).fit(X)(X, target="all")
        scores = net.module_(torch.tensor(X[:1])).detach().numpy()
        np.testing.assert_allclose(explanation.base_values, np.tile(scores, (200, 1)), rtol=1e-5)
        by_label = AGOPExplainer(net, method="agop-ixg", baseline=X[0]).fit(X)(X, target=2)
        np.testing.assert_allclose(by_label.base_values, scores[0, 2], rtol=1e-5)


def test_baseline_of_mixed_types(rng):
    table = pd.DataFrame({"kind": rng.integers(0, 3, 60), "text": rng.choice(["a", "b"], 60), "x": rng.random(60)})
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["kind", "text"]), ("passthrough", ["x"]))
    model = make_pipeline(encode, LogisticRegression()).fit(table, rng.integers(0, 2, 60))
    rows = [1, "a", 0.5], {"kind": 1, "text": "a", "x": 0.5}, pd.Series({"kind": 1, "text": "a", "x": 0.5})
    for row in rows:
        explainer = AGOPExplainer(model, method="ixg", baseline=row).fit(table)
        assert explainer.baseline_.tolist() == [0, 1, 0, 1, 0, 0.5]
