"""Every baseline against what it must return where that is known, on whatever people have."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular.baselines import (
    BASELINES,
    DeepShap,
    GradientShap,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    Lime,
    NetworkShapley,
)
from agop_tabular.baselines.coded import Coded

NAMES = sorted(BASELINES)
SHAPLEY = {
    "shap-deep": DeepShap(n_background=None),
    "shap-kernel": KernelShap(n_background=None),
    "network-shapley": NetworkShapley(n_permutations=240),
    "shap-gradient": GradientShap(n_background=None, n_samples=2000),
    "integrated-gradients": IntegratedGradients(),
}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(BASELINES["lime"], "n_samples", 100)
    monkeypatch.setattr(BASELINES["shap-kernel"], "n_samples", 50)
    monkeypatch.setattr(BASELINES["shap-gradient"], "n_samples", 5)
    monkeypatch.setattr(BASELINES["network-shapley"], "n_permutations", 10)


@pytest.fixture
def pipeline(frame, labels):
    table = frame[["age", "city", "member", "plan"]]
    encoder = make_column_transformer((OneHotEncoder(), ["city", "member", "plan"]), remainder=StandardScaler())
    return table, make_pipeline(encoder, LogisticRegression()).fit(table, labels)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("quick")
class TestEvery:
    def test_shapes_targets_and_seeds(self, name, net, X):
        baseline = BASELINES[name]
        every = baseline(net, X[:5], "all", X[:50], 0)
        assert every.shape == (5, 6, 3)
        assert every.dtype == np.float64
        predicted = baseline(net, X[:5], "predicted", X[:50], 0)
        np.testing.assert_array_equal(predicted, baseline(net, X[:5], net.predict(X[:5]), X[:50], 0))
        assert predicted.shape == (5, 6)
        if name not in ("random", "smoothgrad", "shap-gradient", "shap-kernel"):  # which draw a class at a time
            np.testing.assert_allclose(predicted, every[np.arange(5), :, net.predict(X[:5])], rtol=1e-4, atol=1e-6)

    def test_leaves_model_data_and_random_states(self, name, net, X):
        net.module_.train()
        weights = {k: v.clone() for k, v in net.module_.state_dict().items()}
        rows, np_state = X[:4].copy(), np.random.get_state()[1].copy()  # noqa: NPY002
        torch_state = torch.get_rng_state()
        BASELINES[name](net, X[:4], 1, X[:50], 0)
        assert net.module_.training
        assert all(torch.equal(v, weights[k]) for k, v in net.module_.state_dict().items())
        assert not any(m._forward_hooks or m._backward_hooks for m in net.module_.modules())
        assert all(p.requires_grad for p in net.module_.parameters())
        np.testing.assert_array_equal(X[:4], rows)
        np.testing.assert_array_equal(np.random.get_state()[1], np_state)  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), torch_state)

    def test_pipeline_with_categories(self, name, pipeline):
        table, model = pipeline
        out = BASELINES[name](model, table[:3], "predicted", table, 0)
        assert out.shape == (3, 4)

    def test_regressor(self, name, X):
        net = NeuralNetRegressor(nn.Linear(6, 1), verbose=0).initialize()
        assert BASELINES[name](net, X[:3], "predicted", X[:40], 0).shape == (3, 6)

    def test_background_is_needed(self, name, net, X):
        with pytest.raises(ValueError, match="needs background="):
            BASELINES[name](net, X[:3])


def shapley_by_enumeration(value, d):
    """Exact Shapley values from the value of every set of columns."""
    out = np.zeros(d)
    for j in range(d):
        others = [k for k in range(d) if k != j]
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            for chosen in itertools.combinations(others, size):
                out[j] += weight * (value((*chosen, j)) - value(chosen))
    return out


def enumerated(scores, x, B):
    """Interventional Shapley values of one row, every class: (d, C)."""

    def value(present):
        Z = B.copy()
        Z[:, list(present)] = x[list(present)]
        return scores(Z).mean(axis=0)

    cache = {s: value(s) for k in range(len(x) + 1) for s in itertools.combinations(range(len(x)), k)}
    classes = range(len(cache[()]))
    return np.stack([shapley_by_enumeration(lambda s, c=c: cache[tuple(sorted(s))][c], len(x)) for c in classes], 1)


def test_network_shapley_and_kernel_shap_are_the_enumerated_values(net, X):
    x, B = X[:4], X[50:80]

    def scores(Z):
        with torch.no_grad():
            return net.module_.eval()(torch.from_numpy(Z)).double().numpy()

    exact = np.stack([enumerated(scores, row, B) for row in x])
    scale = np.abs(exact).max()
    sampled = NetworkShapley(n_permutations=6000)(net, x, "all", B, 0)
    np.testing.assert_allclose(sampled, exact, atol=0.02 * scale)
    kernel = KernelShap(n_background=None)(net, x, "all", B, 0)
    np.testing.assert_allclose(kernel, exact, atol=1e-3 * scale)


@pytest.mark.parametrize("name", SHAPLEY)
def test_linear_scores_have_known_values(name, X):
    net = NeuralNetClassifier(nn.Linear(6, 3), criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    weights = net.module_.weight.detach().double().numpy()
    x, B = X[:3], X[:60]
    expected = (x - B.mean(0))[:, :, None] * weights.T
    rough = name == "shap-gradient"
    np.testing.assert_allclose(
        SHAPLEY[name](net, x, "all", B, 0), expected, rtol=1e-3, atol=(0.1 if rough else 1e-3) * np.abs(expected).max()
    )


def test_network_shapley_adds_up_and_takes_a_category_as_one(pipeline):
    table, model = pipeline
    out = NetworkShapley(n_permutations=2 * len(table))(model, table[:6], 1, table, 0)
    scores = model.decision_function(table)  # the score explained is that of one logit, of classes (-s, s)
    np.testing.assert_allclose(out.sum(axis=1), scores[:6] - scores.mean(), rtol=1e-4, atol=1e-5)
    only = out.copy()
    only[:, table.columns.get_loc("age")] = 0
    for j in (1, 2, 3):  # additive model: rows of one level get one value
        levels = table.iloc[:6, j].astype(str)
        assert all(np.ptp(out[levels == level, j]) < 1e-4 for level in set(levels))


def test_input_x_gradient_folds_one_hot_columns(pipeline):
    table, model = pipeline
    weights, coded = model[-1].coef_[0], model[0].transform(table[:6])
    out = InputXGradient()(model, table[:6], 1, table, 0)
    first = len(model[0].transformers_[0][1].categories_[0])
    np.testing.assert_allclose(out[:, 1], (coded * weights)[:, :first].sum(1), rtol=1e-5)


def test_lime_finds_the_one_column_that_matters(X):
    module = nn.Linear(6, 2)
    with torch.no_grad():
        module.weight.zero_()[1, 2] = 3.0
    net = NeuralNetClassifier(module, criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    out = Lime()(net, X[:5], 1, X, 0)
    assert (np.abs(out).argmax(axis=1) == 2).all()


def test_lime_explains_the_probability_of_one_logit(X):
    net = NeuralNetClassifier(nn.Linear(6, 3), criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    binary = LogisticRegression().fit(X, X[:, 0] > 0)
    for model in (net, binary):
        lime = Lime().fit(model, X, 0)
        np.testing.assert_allclose(lime._probabilities(X[:7]), model.predict_proba(X[:7]), atol=1e-5)


def test_a_failure_of_the_peer_is_an_error():
    class Reuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.relu, self.last = nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 3)

        def forward(self, x):
            return self.last(nn.functional.silu(self.first(x)) * 10)

    torch.manual_seed(0)
    net = NeuralNetClassifier(Reuses, criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    rows = np.random.default_rng(0).standard_normal((120, 6)).astype("float32") * 3
    with pytest.raises(AssertionError, match="do not sum up"):
        DeepShap()(net, rows[:5], "predicted", rows, 0)
    assert DeepShap(check_additivity=False)(net, rows[:5], "predicted", rows, 0).shape == (5, 6)


def test_coded_tables_come_back(frame):
    table = frame.drop(columns=["income", "visits"])
    coded = Coded.of(table)
    pd.testing.assert_frame_equal(
        coded.decode(coded.encode(table)), table.reset_index(drop=True), check_dtype=False, check_categorical=False
    )
    with pytest.raises(ValueError, match="'Oslo'"):
        coded.encode(table.assign(city="Oslo"))
