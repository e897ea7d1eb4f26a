"""What holds for every baseline, and the values of linear scores."""

import sys

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular.baselines import (
    BASELINES,
    DeepShap,
    GradientShap,
    IntegratedGradients,
    KernelShap,
    NetworkShapley,
)
from agop_tabular.evaluation import cosine

NAMES = sorted(BASELINES)

SHAPLEY = {
    "shap-deep": DeepShap(n_background=None),
    "shap-kernel": KernelShap(n_background=None),
    "network-shapley": NetworkShapley(n_permutations=240),
    "shap-gradient": GradientShap(n_background=None, n_samples=2000),
    "integrated-gradients": IntegratedGradients(),
}


def check_additive(name, found, parts, weights):
    """Attributions of the first rows of an additive score, by what each method returns for one.

    Parameters
    ----------
    found : ndarray of shape (n, d)
    parts : ndarray of shape (m, d)
        What each column adds to the score, of the background rows, the first n of which are explained.
    weights : ndarray of shape (d,)
        Slopes, summed over a one-hot block.
    """
    own = parts[: len(found)]
    tolerance = {"rtol": 1e-4, "atol": 1e-4 * np.abs(parts).max()}
    if name in ("deeplift", "integrated-gradients"):
        np.testing.assert_allclose(found, own - parts.mean(axis=0), **tolerance)
    elif name == "input-x-gradient":
        np.testing.assert_allclose(found, own, **tolerance)
    elif name == "smoothgrad":
        np.testing.assert_allclose(found, np.tile(weights, (len(found), 1)), **tolerance)
    elif name == "lime":
        assert cosine(found, own - parts.mean(axis=0)).mean() > 0.5
    elif name != "random":  # differences from some background rows
        assert (found >= own - parts.max(axis=0) - tolerance["atol"]).all()
        assert (found <= own - parts.min(axis=0) + tolerance["atol"]).all()
        assert cosine(found, own - parts.mean(axis=0)).max() > 0.9


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
        if name not in (
            "random",
            "smoothgrad",
            "shap-gradient",
            "shap-gradient-1000",
            "shap-kernel",
        ):  # which draw a class at a time
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
        encoder, weights = model[0], model[-1].coef_[0]
        parts = encoder.transform(table) * weights
        ends = np.cumsum([len(levels) for levels in encoder.named_transformers_["onehotencoder"].categories_])
        blocks = np.split(np.arange(len(weights)), ends)  # city, member, plan, and age at the end

        def in_columns(values):
            return np.stack([values[..., block].sum(axis=-1) for block in (blocks[3], *blocks[:3])], axis=-1)

        sign = np.where(model.predict(table[:3]) == 1, 1.0, -1.0)[:, None]  # scores of one logit are (-s, s)
        found = BASELINES[name](model, table[:3], "predicted", table, 0)
        check_additive(name, sign * found, in_columns(parts), in_columns(weights))
        if name == "random":
            other = make_pipeline(encoder, LogisticRegression(C=1e-3)).fit(table, model.predict(table))
            np.testing.assert_array_equal(found, BASELINES[name](other, table[:3], "predicted", table, 0))

    def test_regressor(self, name, X):
        torch.manual_seed(0)
        net = NeuralNetRegressor(nn.Linear(6, 1), verbose=0).initialize()
        weights = net.module_.weight.detach().numpy()[0]
        found = BASELINES[name](net, X[:3], "predicted", X[:40], 0)
        check_additive(name, found, X[:40] * weights, weights)
        if name == "random":
            other = NeuralNetRegressor(nn.Linear(6, 1), verbose=0).initialize()
            np.testing.assert_array_equal(found, BASELINES[name](other, X[:3], "predicted", X[:40], 0))

    def test_background_is_needed(self, name, net, X):
        with pytest.raises(ValueError, match="needs background="):
            BASELINES[name](net, X[:3])


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


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_package_is_named(monkeypatch, name, net, X):
    baseline = BASELINES[name]
    if baseline.package is None:
        assert name in ("network-shapley", "random"), "all others need a package"
        return
    monkeypatch.setitem(sys.modules, baseline.package, None)
    sentence = rf"needs the package {baseline.package}: pip install 'agop-tabular\[shap\]'$"
    with pytest.raises(ImportError, match=sentence):
        baseline.fit(net, X)
