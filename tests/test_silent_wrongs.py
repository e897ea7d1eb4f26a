"""Answers that were wrong without a word, each now right or refused."""

import copy
import pickle
import random
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch
from nets import MLP
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNet, NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPExplainer


class Noisy(nn.Sequential):
    """BatchNorm and Dropout: evaluated in train mode, everything shows."""

    def __init__(self, n_in=6, n_out=3):
        super().__init__(nn.Linear(n_in, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, n_out))


@pytest.fixture
def noisy(X):
    torch.manual_seed(0)
    y = (X[:, 0] > 1).astype("int64") + (X[:, 1] > 0)
    return NeuralNetClassifier(
        Noisy, criterion=nn.CrossEntropyLoss, train_split=None, max_epochs=2, lr=0.05, verbose=0
    ).fit(X, y)


@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_a_copy_evaluates_the_module_that_it_runs(noisy, X, again):
    explainer = AGOPExplainer(noisy).fit(X)
    expected = explainer.explain(X)
    twin = again(explainer)
    before = copy.deepcopy(twin.estimator_.module_.state_dict())
    np.testing.assert_array_equal(twin.explain(X), expected)
    assert all(torch.equal(before[k], v) for k, v in twin.estimator_.module_.state_dict().items())


class NoisyProbabilities(nn.Sequential):
    def __init__(self):
        super().__init__(Noisy(), nn.Softmax(dim=-1))


def test_a_copy_of_a_net_with_a_softmax(X):
    net = NeuralNetClassifier(NoisyProbabilities, verbose=0).initialize()
    explainer = AGOPExplainer(net).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(explainer)).explain(X), explainer.explain(X))


def test_a_net_fitted_again_is_refused(noisy, X):
    explainer = AGOPExplainer(noisy).fit(X)
    noisy.fit(X, (X[:, 0] > 1).astype("int64"))
    with pytest.raises(ValueError, match="fitted or initialized again"):
        explainer.explain(X)


class TestBlocks:
    """A block that is not whole tells its constant; centring it would take real effects away."""

    @pytest.fixture
    def table(self, rng):
        table = pd.DataFrame({"c": rng.choice(list("abcdef"), 400), "u": rng.standard_normal(400)})
        return table, ((table["c"].isin(["a", "b"])) * 5 + table["u"] > 1).astype(int)

    def test_some_indicators_selected(self, table):
        X, y = table
        encode = make_column_transformer((OneHotEncoder(sparse_output=False), ["c"]), ("passthrough", ["u"]))
        model = make_pipeline(encode, SelectKBest(f_classif, k=2), LogisticRegression()).fit(X, y)
        full, ixg = (AGOPExplainer(model, rank=1.0, method=m).fit(X).explain(X) for m in ("agop-ixg", "ixg"))
        np.testing.assert_allclose(full, ixg, rtol=1e-6)  # of a linear model with one logit they are the same

    def test_some_categories_only(self, table):
        X, y = table
        one_hot = OneHotEncoder(categories=[["a", "b"]], handle_unknown="ignore", sparse_output=False)
        model = make_pipeline(
            make_column_transformer((one_hot, ["c"]), ("passthrough", ["u"])), LogisticRegression()
        ).fit(X, y)
        explainer = AGOPExplainer(model).fit(X)
        assert explainer.feature_importances_[0] > 0.3
        ixg = AGOPExplainer(model, method="ixg").fit(X).explain(X)
        ours = AGOPExplainer(model, method="agop-ixg").fit(X).explain(X)
        np.testing.assert_allclose(ours, ixg, rtol=1e-6)


class TestColumns:
    def test_a_text_column(self, rng):
        table = pd.DataFrame({"comment": rng.choice(["good fine", "bad awful"], 200), "x": rng.standard_normal(200)})
        y = table["comment"].str.startswith("good").astype(int)
        encode = make_column_transformer((CountVectorizer(), "comment"), ("passthrough", ["x"]), sparse_threshold=0)
        explainer = AGOPExplainer(make_pipeline(encode, LogisticRegression()).fit(table, y)).fit(table)
        assert explainer.feature_importances_[0] > 0.9
        assert explainer.coordinate_names_.tolist() == [*(f"comment[{k}]" for k in range(4)), "x"]

    def test_a_rare_flag_is_refused_or_found(self, rng):
        table = pd.DataFrame({"u": rng.standard_normal(5000), "inc": rng.random(5000)})
        table.loc[7, "inc"] = 1e6
        flags = FunctionTransformer(lambda d: pd.DataFrame({"a": d.u, "rich": (d.inc > 5e5) * 1.0, "b": d.u**2}))
        model = make_pipeline(flags, LinearRegression()).fit(table, table["u"] + (table["inc"] > 5e5) * 100)
        with pytest.raises(ValueError, match="which column they come from could not be found"):
            AGOPExplainer(model).fit(table)
        alone = FunctionTransformer(lambda d: np.column_stack([d.inc, d.inc > 5e5]))
        encode = make_column_transformer((alone, ["inc"]), ("passthrough", ["u"]))
        model = make_pipeline(encode, LinearRegression()).fit(table, table["u"] + (table["inc"] > 5e5) * 100)
        assert AGOPExplainer(model).fit(table).feature_map_.column_of.tolist() == [1, 1, 0]

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


def test_a_stateless_transformer_does_not_retrain_the_model(X):
    class Clip(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return np.clip(X, -2, 2)

    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(Clip(), LogisticRegression()).fit(X, y)
    assert AGOPExplainer(model).fit(X, 1 - y).estimator_ is model


class TestSteps:
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

    def test_used_both_ways(self, rng):
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

        assert AGOPExplainer(Tokens()).fit(X.round()).explain(X).shape == (200, 6)


def test_several_labels_under_bce(X):
    class Labels(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 3, bias=False)
            with torch.no_grad():
                self.layer.weight.copy_(torch.eye(6)[:3])

        def forward(self, x):
            return torch.sigmoid(self.layer(x))

    net = NeuralNet(Labels, criterion=nn.BCELoss).initialize()
    explainer = AGOPExplainer(net, method="ixg").fit(X)
    out = explainer.explain(X, target=1)
    np.testing.assert_allclose(out[:, 1], X[:, 1] - X[:, 1].mean(), rtol=1e-2, atol=1e-2)
    assert not out[:, [0, 2, 3, 4, 5]].any()
    with pytest.raises(ValueError, match="no predicted class"):
        explainer.explain(X)


@pytest.mark.parametrize("yes", [np.True_, True])
def test_flags_of_numpy(net, X, yes):
    assert AGOPExplainer(net, contrast=yes).fit(X)._gathered.contrast
    with pytest.raises(ValueError, match="contrast=1"):
        AGOPExplainer(net, contrast=1).fit(X)
    y = (np.arange(200) % 3).astype("int64")
    assert AGOPExplainer(net, prefit=np.False_).fit(X, y).estimator_ is not net


@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e4])
def test_mixed_rows_are_seen_at_any_scale(X, factor):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 1)

        def forward(self, x):
            return factor * self.last(self.norm(x))

    with pytest.raises(ValueError, match="mixes rows"):
        AGOPExplainer(Scaled()).fit(X)


def test_scores_changed_behind_the_network_warn(X):
    class Reversed(NeuralNetClassifier):
        def predict(self, X):
            return 2 - super().predict(X)

    net = Reversed(MLP, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
    with pytest.warns(UserWarning, match="predict another class than Reversed"):
        AGOPExplainer(net).fit(X)


def test_threshold_is_read_when_it_is_used(X):
    from skorch import NeuralNetBinaryClassifier

    net = NeuralNetBinaryClassifier(MLP, module__n_in=6, module__n_out=1).initialize()
    explainer = AGOPExplainer(net).fit(X)
    net.set_params(threshold=0.55)
    np.testing.assert_array_equal(explainer(X).target, net.predict(X))


def test_baseline_of_mixed_types(rng):
    table = pd.DataFrame({"kind": rng.integers(0, 3, 60), "text": rng.choice(["a", "b"], 60), "x": rng.random(60)})
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["kind", "text"]), ("passthrough", ["x"]))
    model = make_pipeline(encode, LogisticRegression()).fit(table, rng.integers(0, 2, 60))
    rows = [1, "a", 0.5], {"kind": 1, "text": "a", "x": 0.5}, pd.Series({"kind": 1, "text": "a", "x": 0.5})
    for row in rows:
        explainer = AGOPExplainer(model, baseline=row).fit(table)
        assert explainer.baseline_.tolist() == [0, 1, 0, 1, 0, 0.5]


def test_partial_fit_goes_on_as_it_began(net, X):
    explainer = AGOPExplainer(net).fit(X)
    for change in ({"contrast": True}, {"estimator": MLP(6, 3)}):
        other = copy.deepcopy(explainer).set_params(**change)
        with pytest.raises(ValueError, match="call fit to begin anew"):
            other.partial_fit(X)


@pytest.mark.parametrize("offset", [0, 100, 10_000])
def test_batch_size_does_not_show_beside_a_large_mean(offset, rng):
    X = (rng.standard_normal((2000, 4)) + np.array([offset, 0, 0, 0])).astype("float32")
    module = MLP(4, 3)
    with torch.no_grad():
        module[0].bias -= offset * module[0].weight[:, 0]
    small, large = (AGOPExplainer(module, batch_size=b).fit(rows).explain(X) for b, rows in ((7, X[::-1]), (2000, X)))
    np.testing.assert_allclose(small, large, rtol=1e-4, atol=1e-5 * np.abs(large).max())
    exact = X.astype("float64").mean(0)
    np.testing.assert_allclose(AGOPExplainer(module).fit(X).baseline_, exact, rtol=1e-7, atol=1e-6)


class TestUnits:
    def scaled(self, X, s):
        module = MLP(6, 3)
        rows = X.copy()
        rows[:, 0] *= s
        with torch.no_grad():
            module[0].weight[:, 0] /= s
        return module, rows

    @pytest.mark.parametrize("s", [1e-12, 1e12])
    def test_wide_range_is_fine(self, X, s):
        torch.manual_seed(0)
        expected = AGOPExplainer(MLP(6, 3)).fit(X).explain(X)
        torch.manual_seed(0)
        module, rows = self.scaled(X, s)
        np.testing.assert_allclose(AGOPExplainer(module).fit(rows).explain(rows), expected, rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("s", [1e22, 1e-22])
    def test_beyond_what_can_be_squared(self, X, s):
        module, rows = self.scaled(X, s)
        with pytest.raises(ValueError, match=r"too small to be squared|too large"):
            AGOPExplainer(module).fit(rows)

    def test_a_column_that_weight_decay_took_out_is_not_refused(self, X):
        module = MLP(6, 3)
        with torch.no_grad():
            module[0].weight[:, 2] = 1e-25
        explainer = AGOPExplainer(module).fit(X)
        assert explainer.feature_importances_[2] == 0
        assert np.abs(explainer.explain(X)[:, 2]).max() < 1e-10


def test_a_constant_network_of_many_columns_is_seen_at_once(rng):
    module = MLP(300, 3)
    with torch.no_grad():
        module[-1].weight.zero_()
    start = time.perf_counter()
    with pytest.warns(UserWarning, match="gradient of every score is zero"):
        AGOPExplainer(module).fit(rng.standard_normal((500, 300)))
    assert time.perf_counter() - start < 5


class TestAsFound:
    def test_the_callers_array_behind_nll(self, X):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.relu, self.last = nn.ReLU(inplace=True), nn.Linear(6, 3)

            def forward(self, x):
                return torch.softmax(self.last(self.relu(x)), dim=-1)

        before = X.copy()
        AGOPExplainer(NeuralNetClassifier(Net).initialize()).fit(X).explain(X)
        np.testing.assert_array_equal(X, before)

    @pytest.mark.parametrize("way", ["view", "data", "method"])
    def test_the_callers_array_overwritten_in_other_ways(self, way, X):
        class Writes(MLP):
            def forward(self, x):
                if way == "view":
                    x[:, :2].mul_(0.5)
                elif way == "data":
                    x.data.clamp_(min=0)
                else:
                    x.sub_(1)
                return super().forward(x)

        before = X.copy()
        module = Writes(6, 2)
        AGOPExplainer(module).fit(X)(X)
        np.testing.assert_array_equal(X, before)

    def test_caches_filled_in_forward(self, X):
        class Cached(MLP):
            def __init__(self):
                super().__init__(6, 2)
                self.register_buffer("cache", None)

            def forward(self, x):
                self.cache = x.mean(0)
                self.register_buffer("late", torch.ones(2))
                return super().forward(x)

        module = Cached()
        keys = list(module.state_dict())
        AGOPExplainer(module).fit(X).explain(X)
        assert list(module.state_dict()) == keys
        assert module.cache is None

    def test_random_states_of_numpy_and_python(self, X):
        class Draws(MLP):
            def forward(self, x):
                np.random.rand()  # noqa: NPY002
                random.random()
                return super().forward(x)

        states = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
        AGOPExplainer(Draws(6, 2)).fit(X).explain(X)
        assert random.getstate() == states[0]
        assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002

    def test_threads(self, noisy, X):
        noisy.module_.train()
        explainer = AGOPExplainer(noisy).fit(X)
        expected, wrong = explainer.explain(X), []

        def work():
            for _ in range(10):
                if not np.array_equal(explainer.explain(X), expected):
                    wrong.append(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong
        assert noisy.module_.training

    def test_under_inference_mode_and_autocast(self, X):
        module = MLP(6, 2)
        expected = AGOPExplainer(module).fit(X).explain(X)
        with torch.inference_mode():
            np.testing.assert_array_equal(AGOPExplainer(module).fit(X).explain(X), expected)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            np.testing.assert_array_equal(AGOPExplainer(module).fit(X).explain(X), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype, X):
    torch.manual_seed(0)
    module = MLP(6, 3)
    expected = AGOPExplainer(module).fit(X).explain(X, target=0)
    out = AGOPExplainer(module.to(dtype)).fit(X).explain(X, target=0)
    np.testing.assert_allclose(out, expected, atol=0.1 * np.abs(expected).max())


def test_a_search_is_its_winner(X):
    y = (X[:, 0] > 1).astype(int)
    search = GridSearchCV(MLPClassifier(max_iter=5, random_state=0), {"alpha": [0.1, 1]}, cv=2).fit(X, y)
    best = AGOPExplainer(search.best_estimator_).fit(X).explain(X)
    np.testing.assert_array_equal(AGOPExplainer(search).fit(X).explain(X), best)


def test_loaded_with_a_part_of_the_model(X, tmp_path):
    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=20, random_state=0)).fit(X, y)
    AGOPExplainer(model).fit(X).save(tmp_path / "e.agop")
    other = make_pipeline(StandardScaler().fit(2 * X), model[-1])
    tanh = copy.deepcopy(model)
    tanh[-1].activation = "tanh"
    for wrong in (model[-1], other, tanh):
        with pytest.warns(UserWarning, match="not those that the saved explainer was fitted on"):
            AGOPExplainer.load(tmp_path / "e.agop", estimator=wrong)
    AGOPExplainer.load(tmp_path / "e.agop", estimator=model)
    with pytest.raises(ValueError, match="not fitted"):
        AGOPExplainer.load(tmp_path / "e.agop", estimator=MLPClassifier())


@pytest.mark.parametrize("wrong", ["mlp", 3, print])
def test_not_an_estimator(wrong, X):
    with pytest.raises(TypeError, match="cannot be explained"):
        AGOPExplainer(wrong).fit(X)


def test_html_of_equal_labels(net, X):
    table = pd.DataFrame(X[:4], columns=list("abcdef"), index=["same", "same", None, np.nan])
    explanation = AGOPExplainer(net).fit(table)(table)
    page = explanation._repr_html_()
    assert page.count("support") == 4
