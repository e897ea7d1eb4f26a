"""The Neural Feature Ansatz, by autograd row by row and in cases that are known."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPCallback, AGOPExplainer
from agop_tabular.evaluation import feature_ansatz


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).double()


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((40, 4))


def cosine(a, b):
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


def slow(module, start, X, *, centred):
    """Moment at the input of layer ``start`` of a Sequential, by one Jacobian a row."""
    inputs = module[:start](torch.from_numpy(X)).detach()
    jacobians = np.stack([torch.autograd.functional.jacobian(module[start:], row).numpy() for row in inputs])
    if centred:
        jacobians = jacobians - jacobians.mean(axis=0)
    return np.einsum("nci,ncj->ij", jacobians, jacobians) / len(X)


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


@pytest.mark.parametrize("start", [0, 2, 4])
def test_cosines_by_one_jacobian_a_row(module, X, start, monkeypatch):
    monkeypatch.setattr("agop_tabular.evaluation.ansatz.ROWS", 7)
    torch.manual_seed(1)
    initial = copy.deepcopy(module)
    for layer in (initial[0], initial[2], initial[4]):
        layer.reset_parameters()
    found = feature_ansatz(module, X, initial=initial)
    assert list(found.index) == ["0", "2", "4"]
    row = found.loc[str(start)]
    w, w0 = (m[start].weight.detach().numpy() for m in (module, initial))
    plain, centred = (slow(module, start, X, centred=c) for c in (False, True))
    at_start = slow(initial, start, X, centred=False)
    expected = {
        "cosine": cosine(w.T @ w, plain),
        "cosine_root": cosine(w.T @ w, root(plain)),
        "change": cosine((w - w0).T @ (w - w0), plain),
        "change_root": cosine((w - w0).T @ (w - w0), root(plain)),
        "initial": cosine(w0.T @ w0, at_start),
        "initial_root": cosine(w0.T @ w0, root(at_start)),
        "gram": cosine(w.T @ w, w0.T @ w0),
    }
    if start < 4:  # behind the last layer gradients are the same everywhere, and nothing is left of them
        expected["centred"] = cosine(w.T @ w, centred)
        expected["centred_root"] = cosine(w.T @ w, root(centred))
        expected["change_centred"] = cosine((w - w0).T @ (w - w0), centred)
    assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-6)


def test_one_layer_is_its_own_moment(X):
    """Of a linear map the gradients are its weights, so that WᵀW is G."""
    found = feature_ansatz(nn.Linear(4, 3).double(), X)
    assert_allclose(found["cosine"], 1)


def test_the_network_is_left_as_it_is(module, X):
    module.train().requires_grad_(False)
    before = copy.deepcopy(module.state_dict())
    feature_ansatz(module, X, initial=before)
    assert module.training
    assert not any(p.requires_grad for p in module.parameters())
    assert all(not m._forward_pre_hooks for m in module.modules())
    assert all(torch.equal(t, before[name]) for name, t in module.state_dict().items())


def test_a_callbacks_moment_takes_the_place_of_a_pass(X):
    torch.manual_seed(0)
    X = X.astype("float32")
    net = NeuralNetClassifier(
        nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)),
        criterion=nn.CrossEntropyLoss,
        callbacks=[AGOPCallback()],
        train_split=None,
        max_epochs=3,
        verbose=0,
    ).fit(X, (X[:, 0] > 0).astype("int64"))
    callback = next(c for _, c in net.callbacks_ if isinstance(c, AGOPCallback))
    agop = AGOPExplainer.from_callback(callback, net, standardize=False).agop_
    found, passed = feature_ansatz(net, agop=agop), feature_ansatz(net, X)
    assert list(found.index) == ["0"]
    assert_allclose(found.loc["0", ["cosine", "cosine_root"]], passed.loc["0", ["cosine", "cosine_root"]], rtol=1e-4)
    assert np.isnan(found.loc["0", "centred"])
    assert list(feature_ansatz(net, X, agop=agop).index) == ["0", "2"]


def test_layers_called_twice_are_left_out(X):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.b(self.a(self.a(x)))

    assert list(feature_ansatz(Twice().double(), X).index) == ["b"]


def test_bad_input(module, X):
    with pytest.raises(ValueError, match="needs X"):
        feature_ansatz(module)
    with pytest.raises(ValueError, match=r"agop= has shape \(3, 3\)"):
        feature_ansatz(module, agop=np.eye(3))
    with pytest.raises(ValueError, match="no Linear layer"):
        feature_ansatz(nn.Conv1d(1, 1, 1).double(), X[:, None])
    with pytest.raises(ValueError, match="other layers"):
        feature_ansatz(module, X, initial={})
    with pytest.raises(ValueError, match="str has no torch module"):
        feature_ansatz("net", X)
