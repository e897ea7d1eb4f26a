"""Before a network is explained, its scores are checked: one row of them for each row, and no row depends on others."""

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt


class TestModels:
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
        basic_models = pytest.importorskip("captum.testing.helpers.basic_models")
        module = basic_models.BasicModel_GradientLayerAttribution(dict_output=True)
        with pytest.raises(ValueError, match="the module returned dict, not a tensor"):
            AGOPExplainer(module).fit(X[:, :3])

    @pytest.mark.parametrize("n", [2, 3, 100])
    def test_rows_mixed_in_few_rows(self, n, X):
        module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="mixes rows"):
            AGOPExplainer(module).fit(X[:n])


@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e4])
def test_mixed_rows_are_refused_at_any_scale(X, factor):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 1)

        def forward(self, x):
            return factor * self.last(self.norm(x))

    with pytest.raises(ValueError, match="mixes rows"):
        AGOPExplainer(Scaled()).fit(X)


def test_predictions_of_another_class_than_the_scores_warn(X):
    class Reversed(NeuralNetClassifier):
        def predict(self, X):
            return 2 - super().predict(X)

    net = Reversed(MLP, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
    with pytest.warns(UserWarning, match="predict another class than Reversed"):
        AGOPExplainer(net).fit(X)


@pytest.mark.parametrize(
    ("error", "said"),
    [(AssertionError(), "AssertionError"), (KeyError("a"), "KeyError: 'a'"), (ZeroDivisionError("b"), "Error: b")],
)
def test_an_error_of_the_network_says_where_it_arose(error, said, X):
    class Fails(nn.Module):
        def forward(self, x):
            raise error

    message = rf"cannot be run on its own input of shape \(200, 6\), torch.float32: \w*{said}"
    with pytest.raises(ValueError, match=message) as raised:
        AGOPExplainer(Fails()).fit(X)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_is_tried_on_batches_of_the_users_size(dtype, X):
    class OfFewRows(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = MLP(6, 3).to(getattr(torch, dtype))

        def forward(self, x):
            assert len(x) <= 16, "too many rows"
            return self.net(x)

    explainer = AGOPExplainer(OfFewRows(), method="agop-ixg", batch_size=16).fit(X.astype(dtype))
    assert explainer.explain(X.astype(dtype)).shape == X.shape
    with pytest.raises(ValueError, match="AssertionError: too many rows"):
        AGOPExplainer(OfFewRows(), method="agop-ixg").fit(X)


TIMES = 1.7e9 + 1000 * np.random.default_rng(0).standard_normal((300, 6))
"""Seconds since 1970, of less than an hour: float32 has steps of 128 of them there."""


class Normalised(nn.Module):
    """Normalises in one dtype what a network in another one reads."""

    def __init__(self, net, dtype, mean, scale, *, as_buffers=True):
        super().__init__()
        self.net, self.dtype = net, dtype
        statistics = torch.tensor(mean, dtype=dtype), torch.tensor(scale, dtype=dtype)
        if as_buffers:
            self.register_buffer("mean", statistics[0])
            self.register_buffer("scale", statistics[1])
        else:
            self.mean, self.scale = statistics

    def forward(self, x):
        z = (x.to(self.dtype) - self.mean) / self.scale
        return self.net(z.to(next(self.net.parameters()).dtype)).float()


class TestDtypeOfTheInput:
    """The module is fed what the user's own predict feeds it, where that keeps digits that another dtype loses."""

    @pytest.mark.parametrize("as_buffers", [True, False])
    @pytest.mark.parametrize("rows", [TIMES, TIMES.round().astype("int64")], ids=["float64", "int64"])
    def test_normalised_in_double(self, rows, as_buffers):
        module = Normalised(nn.Linear(6, 1), torch.float64, TIMES.mean(axis=0), 1000.0, as_buffers=as_buffers)
        explainer = AGOPExplainer(module).fit(rows)
        assert explainer.model_.network.dtype == torch.float64
        weight = module.net.weight.detach().numpy()[0]
        expected = (rows - rows.mean(axis=0)) / 1000 * weight
        np.testing.assert_allclose(explainer.explain(rows), expected, atol=1e-3)

    def test_behind_skorch(self):
        def make():
            return Normalised(nn.Linear(6, 1), torch.float64, TIMES.mean(axis=0), 1000.0)

        net = NeuralNetRegressor(make).initialize()
        explanation = AGOPExplainer(net).fit(TIMES)(TIMES)
        prediction = explanation.values.sum(axis=1) + explanation.base_values
        np.testing.assert_allclose(prediction, net.predict(TIMES)[:, 0], atol=1e-3)

    def test_a_trunk_in_bfloat16_behind_a_normaliser_in_float32(self):
        rows = (1000 + np.random.default_rng(0).standard_normal((300, 6))).astype("float32")
        adapter = adapt(Normalised(nn.Linear(6, 1).bfloat16(), torch.float32, 1000.0, 1.0))
        x = adapter.probe(rows)
        assert adapter.dtype == torch.float32
        adapter.confirm(x)
        assert len(adapter.scores(x).unique()) > 100

    @pytest.mark.parametrize("rows", ["float32", "float64"])
    @pytest.mark.parametrize("first", [torch.float64, torch.float16, torch.bfloat16])
    def test_a_first_tensor_of_another_dtype(self, first, rows, X):
        class Tempered(nn.Module):
            def __init__(self):
                super().__init__()
                self.temperature, self.net = nn.Parameter(torch.full((1,), 2, dtype=first)), MLP(6, 3)

            def forward(self, x):
                return self.net(x) / self.temperature.float()

        adapter = adapt(Tempered())
        adapter.confirm(adapter.probe(X.astype(rows)))
        assert adapter.dtype == torch.float32

    def test_tensors_of_integers_have_no_say(self, X):
        module = MLP(6, 3)
        module.register_buffer("version", torch.tensor(3))
        adapter = adapt(module)
        assert adapter.probe(X.astype("float64")).dtype == torch.float32

    def test_a_network_that_converts_its_input_is_fed_as_before(self, X):
        class Converts(MLP):
            def forward(self, x):
                return super().forward(x.float())

        adapter = adapt(Converts(6, 3))
        assert adapter.probe(X.astype("float64")).dtype == torch.float32
        assert adapter.input_dtype is None
        assert adapter.state().tags() == {"kind": "plain"}

    def test_saved(self, tmp_path):
        module = Normalised(nn.Linear(6, 1), torch.float64, TIMES.mean(axis=0), 1000.0)
        explainer = AGOPExplainer(module).fit(TIMES)
        explainer.save(tmp_path / "times.agop")
        loaded = AGOPExplainer.load(tmp_path / "times.agop", estimator=module)
        assert loaded.model_.network.dtype == torch.float64
        np.testing.assert_allclose(loaded.explain(TIMES), explainer.explain(TIMES), rtol=1e-6, atol=1e-9)
