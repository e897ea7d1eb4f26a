"""What cannot be explained is refused with one clear sentence that names the cause and the way out."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from captum.testing.helpers import basic_models
from nets import MLP
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPExplainer


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_names_the_columns(net, X, bad):
    explainer = AGOPExplainer(net).fit(X)
    rows = pd.DataFrame(X, columns=list("abcdef"))
    rows.loc[5, ["b", "e"]] = bad
    word = "NaN" if np.isnan(bad) else "infinity"
    with pytest.raises(ValueError, match=rf"{word} .* column\(s\) 'b', 'e' \(first at row 5\).*(imputer|clip)"):
        AGOPExplainer(net).fit(rows)
    with pytest.raises(ValueError, match=rf"{word} .* column\(s\) 'x1', 'x4' \(first at row 5\)"):
        explainer.explain(rows.to_numpy())


def test_not_finite_in_a_row_that_is_tried_first(net, X):
    rows = np.tile(X, (10, 1))
    rows[14, 3] = np.nan
    with pytest.raises(ValueError, match="'x3' \\(first at row 14\\)"):
        AGOPExplainer(net).fit(rows)


def test_not_finite_in_a_late_batch(net, X):
    rows = np.tile(X, (10, 1))
    rows[1777, 3] = np.nan
    with pytest.raises(ValueError, match="'x3' \\(first at row 1777\\)"):
        AGOPExplainer(net, batch_size=100).fit(rows)


def test_large_values_are_not_taken_for_infinity(X):
    module = nn.Linear(6, 2)
    rows = np.full((4, 6), 2e38, dtype="float32") * [[1], [-1], [1], [1]]
    assert np.isfinite(AGOPExplainer(module, method="ixg").fit(X).explain(rows.astype("float32") / 1e5)).all()


def test_an_imputing_pipeline_takes_nan(X):
    rows = X.astype("float64").copy()
    rows[::7, 2] = np.nan
    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier(random_state=0, max_iter=20)).fit(rows, y)
    explainer = AGOPExplainer(model).fit(rows)
    assert np.isfinite(explainer.explain(rows)).all()
    rows[3, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        explainer.explain(rows)


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


class TestTargets:
    @pytest.mark.parametrize("target", [3, -1, "x", None, 1.5, [0, 1], [[0], [1]], [9] * 200])
    def test_unknown(self, net, X, target):
        with pytest.raises(ValueError, match="target"):
            AGOPExplainer(net).fit(X).explain(X, target=target)

    def test_one_output(self, X):
        explainer = AGOPExplainer(MLP(6, 1)).fit(X)
        for target in (0, "all"):
            with pytest.raises(ValueError, match='one output, so only target="predicted"'):
                explainer.explain(X, target=target)

    def test_several_outputs(self, X):
        model = make_pipeline(StandardScaler(), _multi_regressor()).fit(X, X[:, :2])
        explainer = AGOPExplainer(model).fit(X)
        assert explainer.explain(X, target=1).shape == (200, 6)
        assert explainer.explain(X, target="all").shape == (200, 6, 2)
        with pytest.raises(ValueError, match="2 outputs and no predicted class"):
            explainer.explain(X)


def _multi_regressor():
    from sklearn.linear_model import Ridge

    return Ridge()


class TestModels:
    @pytest.mark.parametrize("model", [DecisionTreeClassifier(), RandomForestClassifier(n_estimators=3)])
    def test_trees(self, model, X):
        y = (X[:, 0] > 1).astype(int)
        for fitted in (model.fit(X, y), make_pipeline(StandardScaler(), clone(model)).fit(X, y)):
            with pytest.raises(TypeError, match="cannot be explained: it has no gradient.*TreeExplainer"):
                AGOPExplainer(fitted).fit(X)

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

    def test_rows_mixed(self, X):
        module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="mixes rows"):
            AGOPExplainer(module).fit(X)

    def test_scores_of_the_wrong_shape(self, X):
        class Total(nn.Module):
            def forward(self, x):
                return x.sum()

        with pytest.raises(ValueError, match="not one row of scores for each"):
            AGOPExplainer(Total()).fit(X)

    def test_captums_model_that_returns_a_dict(self, X):
        module = basic_models.BasicModel_GradientLayerAttribution(dict_output=True)
        with pytest.raises(ValueError, match="the module returned dict, not a tensor"):
            AGOPExplainer(module).fit(X[:, :3])

    def test_gradient_not_finite(self, X):
        class Root(nn.Module):
            def forward(self, x):
                return torch.sqrt(x.clamp_min(0)).sum(1)

        with pytest.raises(ValueError, match="gradient is not finite at row"):
            AGOPExplainer(Root()).fit(np.abs(X) * (np.arange(200) != 17)[:, None])

    def test_columns_mixed_by_preprocessing(self, X):
        y = (X[:, 0] > 1).astype(int)
        model = make_pipeline(PCA(3), LogisticRegression()).fit(X, y)
        with pytest.raises(ValueError, match="PCA mixes the columns 'x0', 'x1', 'x2', …"):
            AGOPExplainer(model).fit(X)

    @pytest.mark.parametrize("n", [2, 3, 100])
    def test_rows_mixed_in_few_rows(self, n, X):
        module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="mixes rows"):
            AGOPExplainer(module).fit(X[:n])

    def test_normalizer_mixes_columns(self, X):
        model = make_pipeline(Normalizer(), LogisticRegression()).fit(X, (X[:, 0] > 1).astype(int))
        with pytest.raises(ValueError, match="Normalizer mixes the columns"):
            AGOPExplainer(model).fit(X)

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


class TestFitting:
    def test_unfitted_use(self, net, X):
        for use in ("explain", "transform", "__call__", "predict"):
            with pytest.raises(NotFittedError):
                getattr(AGOPExplainer(net), use)(X)

    def test_no_estimator(self, X):
        with pytest.raises(ValueError, match="needs an estimator"):
            AGOPExplainer().fit(X)

    def test_unfitted_estimator_without_y(self, net, X):
        with pytest.raises(ValueError, match="FrozenEstimator"):
            AGOPExplainer(clone(net)).fit(X)
        with pytest.raises(ValueError, match="FrozenEstimator"):
            clone(AGOPExplainer(net)).fit(X)
        with pytest.raises(AttributeError, match="partial_fit"):
            AGOPExplainer(clone(net)).partial_fit(X)

    def test_prefit(self, net, X):
        y = np.arange(200) % 3
        assert AGOPExplainer(net).fit(X).estimator_ is net
        assert AGOPExplainer(net, prefit=True).fit(X).estimator_ is net
        with pytest.raises(NotFittedError, match="prefit=True"):
            AGOPExplainer(clone(net), prefit=True).fit(X, y)
        again = AGOPExplainer(net, prefit=False).fit(X, y.astype("int64"))
        assert again.estimator_ is not net
        with pytest.raises(ValueError, match="bare torch module cannot be fitted"):
            AGOPExplainer(MLP(6, 2), prefit=False).fit(X, y)

    def test_a_pipeline_of_which_only_the_end_is_fitted(self, net, X):
        model = make_pipeline(StandardScaler(), net)
        with pytest.raises(ValueError, match="is not fitted"):
            AGOPExplainer(model).fit(X)

    def test_frozen_survives_clone_and_cross_validation(self, net, X):
        frozen = clone(AGOPExplainer(FrozenEstimator(net))).fit(X)
        assert frozen.estimator_.estimator is net
        np.testing.assert_array_equal(frozen.explain(X), AGOPExplainer(net).fit(X).explain(X))
        scores = cross_val_score(AGOPExplainer(FrozenEstimator(net)), X, net.predict(X), cv=3)
        np.testing.assert_array_equal(scores, 1.0)

    @pytest.mark.parametrize(
        "params",
        [
            {"method": "shap"},
            {"rank": 7},
            {"rank": 0.0},
            {"baseline": "median"},
            {"baseline": [1, 2]},
            {"contrast": "yes"},
            {"batch_size": 0},
            {"batch_size": None},
            {"max_samples": 0},
            {"prefit": "no"},
        ],
        ids=str,
    )
    def test_parameters(self, net, X, params):
        with pytest.raises(ValueError):
            AGOPExplainer(net, **params).fit(X)

    def test_contrast_of_one_output(self, X):
        with pytest.raises(ValueError, match="at least two scores"):
            AGOPExplainer(MLP(6, 1), contrast=True).fit(X)

    def test_a_failed_partial_fit_keeps_what_was_there(self, net, X):
        explainer = AGOPExplainer(net, batch_size=10).fit(X)
        before = explainer.agop_.copy()
        bad = X.copy()
        bad[-1, 0] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            explainer.partial_fit(bad)
        np.testing.assert_array_equal(explainer.agop_, before)
        assert explainer.n_samples_seen_ == 200

    def test_uninitialized_net(self, X):
        net = NeuralNetClassifier(MLP, module__n_in=6)
        with pytest.raises(ValueError, match="is not fitted"):
            AGOPExplainer(net).fit(X)
