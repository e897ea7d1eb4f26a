"""The user's model, arrays and random states are left as they were, after an error as well."""

import copy
import pickle
import random
import threading

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from support.nets import ARCHITECTURES, MLP, make_architecture
from support.snapshots import assert_same, snapshot
from torch import nn

from agop_tabular import AGOPExplainer

METHODS = ("agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")


@pytest.fixture(params=ARCHITECTURES)
def busy(request):
    """A module in the middle of training: train mode, gradients, a user's hook."""
    module = make_architecture(request.param).train()
    for p in module.parameters():
        if p.requires_grad:
            p.grad = torch.ones_like(p)
    module.register_forward_hook(lambda *_: None)
    return module


@pytest.mark.parametrize("method", METHODS)
def test_the_module_is_unchanged(busy, X, method):
    before, rows = snapshot(busy), X.copy()
    explainer = AGOPExplainer(busy, method=method).fit(X)
    explainer(X)
    explainer.explain(X[:3])
    if explainer.model_.n_scores > 1:
        explainer.explain(X, target="all")
    assert_same(before, busy)
    np.testing.assert_array_equal(X, rows)


@pytest.mark.parametrize("call", [3, 6, 9])
def test_the_module_is_unchanged_after_an_error(busy, X, call):
    """The module raises in its n-th forward pass: at the probe, in the middle of fit, or of explain."""
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == call:
            raise RuntimeError("in the middle")

    explainer = AGOPExplainer(busy, batch_size=50).fit(X)
    fitted = explainer.explain(X)
    busy.register_forward_pre_hook(fail)
    before, rows = snapshot(busy), X.copy()
    with pytest.raises((RuntimeError, ValueError), match="in the middle"):
        AGOPExplainer(busy, batch_size=50).fit(X).explain(X)
    assert_same(before, busy)
    calls.clear()
    calls.extend([1] * (call - 2))
    with pytest.raises(RuntimeError, match="in the middle"):
        explainer.explain(X)
    assert_same(before, busy)
    np.testing.assert_array_equal(X, rows)
    np.testing.assert_array_equal(explainer.explain(X), fitted)  # and goes on as before


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


class TestUnchanged:
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


@pytest.mark.parametrize("output", ["raw", "probability"])
def test_a_net_in_training_mode_stays_there(X, output):
    """skorch's own predict_proba leaves the module in evaluation mode."""
    net = NeuralNetClassifier(MLP, module__n_in=X.shape[1], module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
    net.module_.train()
    before = snapshot(net.module_)
    AGOPExplainer(net, model_output=output).fit(X.astype("float32"))
    assert net.module_.training
    assert_same(before, net.module_)
