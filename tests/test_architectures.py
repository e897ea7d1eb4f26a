"""Every architecture is explained, in the same way for every form of batch, and left as it was found."""

import copy

import numpy as np
import pytest
import torch
from nets import ARCHITECTURES, MLP, make_architecture
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt
from agop_tabular.core import evaluating

METHODS = ("agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")


def snapshot(module):
    return {
        "modes": [m.training for m in module.modules()],
        "state": {k: v.clone() for k, v in module.state_dict().items()},
        "grads": [None if p.grad is None else p.grad.clone() for p in module.parameters()],
        "requires_grad": [p.requires_grad for p in module.parameters()],
        "hooks": [
            [len(hooks) for name, hooks in vars(m).items() if "_hooks" in name and hooks is not None]
            for m in module.modules()
        ],
        "random": torch.get_rng_state(),
    }


def assert_same(before, module):
    after = snapshot(module)
    assert after["modes"] == before["modes"]
    assert after["requires_grad"] == before["requires_grad"]
    assert after["hooks"] == before["hooks"]
    assert after["state"].keys() == before["state"].keys()
    assert all(torch.equal(after["state"][k], v) for k, v in before["state"].items())
    for now, then in zip(after["grads"], before["grads"], strict=True):
        assert (now is None) == (then is None)
        assert now is None or torch.equal(now, then)
    assert torch.equal(after["random"], before["random"])


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
def test_left_as_found(busy, X, method):
    before, rows = snapshot(busy), X.copy()
    explainer = AGOPExplainer(busy, method=method).fit(X)
    explainer(X)
    explainer.explain(X[:3])
    if explainer._gathered.adapter.n_scores > 1:
        explainer.explain(X, target="all")
    assert_same(before, busy)
    np.testing.assert_array_equal(X, rows)


@pytest.mark.parametrize("call", [3, 6, 9])
def test_left_as_found_after_an_error_in_the_middle(busy, X, call):
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


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_row_does_not_depend_on_its_batch(name, X):
    explainer = AGOPExplainer(make_architecture(name)).fit(X)
    whole = explainer.explain(X)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 * np.abs(whole).max()}
    np.testing.assert_allclose(explainer.explain(X[7:8]), whole[7:8], **tolerance)
    np.testing.assert_allclose(explainer.explain(X[::-1]), whole[::-1], **tolerance)
    for size in (1, 7, 4096):
        other = AGOPExplainer(make_architecture(name), batch_size=size).fit(X[::-1])
        np.testing.assert_allclose(other.explain(X), whole, **tolerance)


def test_same_bits_twice(net, X):
    one, two = (AGOPExplainer(net).fit(X) for _ in range(2))
    np.testing.assert_array_equal(one.explain(X), two.explain(X))
    np.testing.assert_array_equal(one.agop_, two.agop_)


class TestSkorch:
    def probabilities(self, module_class=MLP):
        class Net(nn.Module):
            def __init__(self, n_in, n_out):
                super().__init__()
                self.body = module_class(n_in, n_out)
                self.end = nn.Softmax(dim=-1)

            def forward(self, x):
                return self.end(self.body(x))

        return Net

    def functional(self):
        class Net(MLP):
            def forward(self, x):
                return torch.softmax(super().forward(x), dim=-1)

        return Net

    def fit(self, module, y, X, cls=NeuralNetClassifier, n_out=3, **params):
        torch.manual_seed(0)
        return cls(module, module__n_in=6, module__n_out=n_out, max_epochs=2, lr=0.05, verbose=0, **params).fit(X, y)

    @pytest.fixture
    def y(self, X):
        return (X[:, 0] > 1).astype("int64") + (X[:, 1] > 0)

    def check(self, net, X, probabilities):
        """The adapter's scores give the net's own probabilities, and its predicted class."""
        explainer = AGOPExplainer(net).fit(X)
        with evaluating(net.module_):
            scores = explainer._gathered.adapter.scores(explainer._gathered.adapter.tensor(X)).detach()
        np.testing.assert_allclose(probabilities(scores), net.predict_proba(X), atol=1e-6)
        np.testing.assert_array_equal(explainer(X).target, net.predict(X))
        return explainer

    @pytest.mark.parametrize("train_split", [None, "default"])
    def test_cross_entropy(self, X, y, train_split):
        extra = {} if train_split == "default" else {"train_split": None}
        net = self.fit(MLP, y, X, criterion=nn.CrossEntropyLoss, **extra)
        assert net.module_.training == (train_split is None)
        self.check(net, X, lambda s: torch.softmax(s, 1))

    def test_nll_finds_the_softmax(self, X, y):
        explainer = self.check(self.fit(self.probabilities(), y, X), X, lambda s: torch.softmax(s, 1))
        net = explainer.estimator_
        assert not AGOPExplainer(net, method="agop-ixg").fit(X)._gathered.contrast
        logits = AGOPExplainer(net.module_.body, method="ixg").fit(X).explain(X, target=1)
        ours = AGOPExplainer(net, method="ixg").fit(X).explain(X, target=1)
        np.testing.assert_allclose(ours, logits, rtol=1e-5, atol=1e-6)

    def test_nll_with_a_functional_softmax_takes_the_logarithm(self, X, y):
        net = self.fit(self.functional(), y, X)
        explainer = self.check(net, X, lambda s: torch.softmax(s, 1))
        assert explainer._gathered.contrast
        bare = MLP(6, 3)
        bare.load_state_dict(net.module_.state_dict())
        contrast = AGOPExplainer(bare, contrast=True).fit(X).explain(X)
        np.testing.assert_allclose(explainer.explain(X), contrast, rtol=1e-3, atol=1e-4)

    def test_log_softmax_is_found_too(self, X, y):
        class Net(nn.Sequential):
            def __init__(self, n_in, n_out):
                super().__init__(MLP(n_in, n_out), nn.LogSoftmax(dim=-1))

        net = self.fit(Net, y, X, NeuralNet, criterion=nn.NLLLoss)
        explainer = AGOPExplainer(net, method="ixg").fit(X)
        assert not explainer._gathered.contrast
        bare = AGOPExplainer(net.module_[0], method="ixg").fit(X)
        np.testing.assert_allclose(explainer.explain(X, target=1), bare.explain(X, target=1), rtol=1e-6)

    def test_contrast_cannot_be_switched_off_on_log_probabilities(self, X, y):
        net = self.fit(self.functional(), y, X)
        off, auto = (AGOPExplainer(net, contrast=c).fit(X) for c in (False, "auto"))
        np.testing.assert_array_equal(off.explain(X), auto.explain(X))

    def test_saturated_probabilities_stay_finite(self, X):
        class Hard(MLP):
            def forward(self, x):
                return torch.softmax(1e4 * super().forward(x), dim=-1)

        net = NeuralNetClassifier(Hard, module__n_in=6, module__n_out=3, verbose=0).initialize()
        assert np.isfinite(AGOPExplainer(net).fit(X).explain(X)).all()

    @pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.BCELoss])
    @pytest.mark.parametrize("threshold", [0.5, 0.7])
    def test_binary(self, X, criterion, threshold):
        class Sigmoid(nn.Sequential):
            def __init__(self, n_in, n_out):
                super().__init__(MLP(n_in, n_out), nn.Sigmoid())

        module = Sigmoid if criterion is nn.BCELoss else MLP
        y = (X[:, 0] > 1).astype("float32")
        net = self.fit(module, y, X, NeuralNetBinaryClassifier, 1, criterion=criterion, threshold=threshold)
        explainer = self.check(net, X, lambda s: torch.stack([1 - torch.sigmoid(s[:, 1]), torch.sigmoid(s[:, 1])], 1))
        np.testing.assert_allclose(explainer.explain(X, target=0), -explainer.explain(X, target=1), atol=1e-6)

    def test_one_logit_in_a_plain_classifier(self, X):
        y, module = (X[:, 0] > 1).astype("float32"), ARCHITECTURES["one-dimensional output"]
        net = self.fit(module, y, X, n_out=1, criterion=nn.BCEWithLogitsLoss, classes=[0, 1])
        self.check(net, X, lambda s: torch.stack([1 - torch.sigmoid(s[:, 1]), torch.sigmoid(s[:, 1])], 1))

    @pytest.mark.parametrize("module", [MLP, ARCHITECTURES["one-dimensional output"]])
    def test_regressor(self, X, module):
        y = X[:, :1] if module is MLP else X[:, 0]
        net = self.fit(module, y, X, NeuralNetRegressor, 1)
        explainer = AGOPExplainer(net, method="ixg", baseline="zero").fit(X)
        x = torch.tensor(X, requires_grad=True)
        net.module_.eval()(x).sum().backward()
        np.testing.assert_allclose(explainer.explain(X), (x.grad * x).detach().numpy(), rtol=1e-4, atol=1e-5)
        assert not hasattr(explainer, "classes_")

    def test_labels_that_skip_a_column(self, X, y):
        """Labels 1, 2, 3 with four outputs: column c of a skorch net is class c."""
        net = self.fit(MLP, y + 1, X, n_out=4, criterion=nn.CrossEntropyLoss)
        explainer = self.check(net, X, lambda s: torch.softmax(s, 1))
        np.testing.assert_array_equal(explainer.classes_, [0, 1, 2, 3])

    def test_initialized_only(self, X):
        net = NeuralNetClassifier(MLP, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
        explainer = AGOPExplainer(net).fit(X)
        np.testing.assert_array_equal(explainer.classes_, [0, 1, 2])

    def test_named_classes(self, X, y):
        net = self.fit(MLP, y, X, criterion=nn.CrossEntropyLoss, classes=["a", "b", "c"])
        explainer = AGOPExplainer(net).fit(X)
        np.testing.assert_array_equal(explainer.explain(X, target="b"), explainer.explain(X, target="all")[:, :, 1])

    def test_batch_norm_left_in_train_mode(self, X, y):
        net = self.fit(ARCHITECTURES["batch norm"], y, X, criterion=nn.CrossEntropyLoss, train_split=None)
        assert net.module_.training
        before = copy.deepcopy(net.module_.state_dict())
        explainer = AGOPExplainer(net).fit(X)
        explainer.explain(X)
        assert net.module_.training
        assert all(torch.equal(before[k], v) for k, v in net.module_.state_dict().items())
        self.check(net, X, lambda s: torch.softmax(s, 1))

    def test_device_elsewhere_uses_a_copy(self, net, X):
        adapter = adapt(net)
        twin = adapter.on("meta")
        assert twin.device.type == "meta"
        assert twin.module.net.device.type == "meta"
        assert adapter.on("cpu") is adapter
        assert next(net.module_.parameters()).device.type == "cpu"
        assert net.device == "cpu"
        same = AGOPExplainer(net, device="cpu").fit(X)
        np.testing.assert_array_equal(same.explain(X), AGOPExplainer(net).fit(X).explain(X))
