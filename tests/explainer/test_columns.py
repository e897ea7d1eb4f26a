"""Columns that are missing, additional, in another order or not numbers."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.nets import MLP

from agop_tabular import AGOPExplainer


class TestColumns:
    @pytest.fixture
    def explainer(self, net, X):
        self.frame = pd.DataFrame(X, columns=list("abcdef"))
        return AGOPExplainer(net).fit(self.frame)

    def test_reordered(self, explainer):
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            explainer.explain(self.frame[list("bacdef")])

    def test_missing(self, explainer):
        with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing:\n- c"):
            explainer.explain(self.frame.drop(columns="c"))

    def test_extra(self, explainer):
        with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- g"):
            explainer.explain(self.frame.assign(g=1.0))

    def test_width(self, net, X):
        with pytest.raises(ValueError, match="X has 5 features, but AGOPExplainer is expecting 6 features"):
            AGOPExplainer(net).fit(X).explain(X[:, :5])
        with pytest.raises(ValueError, match=r"cannot be run on its own input of shape \(\d+, 5\)"):
            AGOPExplainer(net).fit(X[:, :5])

    def test_text(self, net, X):
        rows = pd.DataFrame(X, columns=list("abcdef")).assign(d="text")
        with pytest.raises(ValueError, match="Column\\(s\\) 'd' cannot be read as numbers.*OneHotEncoder"):
            AGOPExplainer(net).fit(rows)
        with pytest.raises(ValueError, match="cannot be read as numbers"):
            AGOPExplainer(net).fit(rows.to_numpy())

    def test_no_rows(self, explainer, X):
        with pytest.raises(ValueError, match="0 sample"):
            explainer.explain(self.frame[:0])
        with pytest.raises(ValueError, match="0 sample"):
            AGOPExplainer(explainer.estimator).fit(X[:0])

    def test_sparse(self, net, X):
        with pytest.raises(TypeError, match="[Ss]parse"):
            AGOPExplainer(net).fit(scipy.sparse.csr_matrix(X))


class TestColumnsOfAPipeline:
    def test_another_order_than_the_estimators(self, X):
        table = pd.DataFrame(X[:, :3], columns=list("abc"))
        model = LogisticRegression().fit(table, (table["a"] > 1).astype(int))
        with pytest.raises(ValueError, match="same order"):
            AGOPExplainer(model).fit(table[["c", "b", "a"]])

    def test_a_column_transformer_takes_any_order_and_extras(self, X):
        table = pd.DataFrame(X[:, :3], columns=list("abc"))
        encode = make_column_transformer((StandardScaler(), ["a", "b"]), ("passthrough", ["c"]))
        model = make_pipeline(encode, LogisticRegression()).fit(table, (table["a"] > 1).astype(int))
        other = table[["c", "b", "a"]].assign(id=np.arange(200.0))[["id", "c", "b", "a"]]
        out = AGOPExplainer(model, method="agop-ixg").fit(other).explain(other)
        expected = AGOPExplainer(model, method="agop-ixg").fit(table).explain(table)
        pd.testing.assert_frame_equal(out[["a", "b", "c"]], expected, check_dtype=False)
        assert not out["id"].any()

    def test_dates_are_refused(self, rng):
        table = pd.DataFrame({"x": rng.random(20), "day": pd.date_range("2020-01-01", periods=20)})
        with pytest.raises(ValueError, match=r"Column\(s\) 'day' cannot be read as numbers"):
            AGOPExplainer(MLP(2)).fit(table)


@pytest.mark.parametrize("seed", range(3))
def test_mixing_that_shows_in_rare_rows_only_is_refused(seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=4000), "b": rng.normal(size=4000), "kind": "usual"})
    X.loc[rng.choice(4000, 2, replace=False), "kind"] = "special"

    def prepared(table):
        return pd.DataFrame(
            {"value": np.where(table["kind"] == "special", 5 * table["a"], table["b"]), "b": table["b"]}
        )

    model = make_pipeline(FunctionTransformer(prepared), LinearRegression()).fit(X, X["b"])
    with pytest.raises(ValueError, match="mixes the columns 'a', 'b', 'kind'"):
        AGOPExplainer(model).fit(X)
