"""skorch nets: the adapter's scores give the net's own probabilities."""

import copy

import numpy as np
import pytest
import torch
from sklearn.base import ClassifierMixin
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier, NeuralNetRegressor
from support.model_scores import in_contrast, scores
from support.nets import ARCHITECTURES, MLP, Tuple
from torch import nn
from torch.nn import functional

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt


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
        np.testing.assert_allclose(
            probabilities(torch.from_numpy(scores(explainer, X))), net.predict_proba(X), atol=1e-6
        )
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
        assert not AGOPExplainer(net, method="agop-ixg").fit(X).model_.contrast
        logits = AGOPExplainer(net.module_.body, method="ixg").fit(X).explain(X, target=1)
        ours = AGOPExplainer(net, method="ixg").fit(X).explain(X, target=1)
        np.testing.assert_allclose(ours, logits, rtol=1e-5, atol=1e-6)

    def test_nll_with_a_functional_softmax_takes_the_logarithm(self, X, y):
        net = self.fit(self.functional(), y, X)
        explainer = self.check(net, X, lambda s: torch.softmax(s, 1))
        assert explainer.model_.contrast
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
        assert not explainer.model_.contrast
        bare = AGOPExplainer(net.module_[0], method="ixg").fit(X)
        np.testing.assert_allclose(explainer.explain(X, target=1), bare.explain(X, target=1), rtol=1e-6)

    def test_contrast_cannot_be_switched_off_on_log_probabilities(self, X, y):
        net = self.fit(self.functional(), y, X)
        off, auto = (AGOPExplainer(net, contrast=c).fit(X) for c in (False, "auto"))
        np.testing.assert_array_equal(off.explain(X), auto.explain(X))

    @pytest.mark.filterwarnings("ignore:Effects of columns and pairs leave")
    def test_saturated_probabilities_stay_finite(self, X):
        class Hard(MLP):
            def forward(self, x):
                return torch.softmax(1e4 * super().forward(x), dim=-1)

        net = NeuralNetClassifier(Hard, module__n_in=6, module__n_out=3, verbose=0).initialize()
        with pytest.warns(UserWarning, match="100.0% of 200 training rows have a probability of exactly 0 or 1"):
            explanation = AGOPExplainer(net).fit(X)(X)
        assert np.isfinite(explanation.values).all()
        np.testing.assert_array_equal(explanation.target, net.predict(X))
        # a probability of 0 counts as the smallest normal float32, and log-probabilities are taken in contrast
        logarithm = np.log(np.maximum(net.predict_proba(X), np.finfo("float32").tiny))
        contrast = in_contrast(logarithm)[np.arange(200), net.predict(X)]
        np.testing.assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, contrast, atol=1e-3)

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
        explainer = self.check(net, X, lambda s: torch.stack([1 - torch.sigmoid(s[:, 1]), torch.sigmoid(s[:, 1])], 1))
        assert explainer.classes_.tolist() == [0, 1]
        np.testing.assert_allclose(explainer.explain(X, target=0), -explainer.explain(X, target=1), atol=1e-6)
        logit = net.module_.eval()(torch.from_numpy(X)).detach().numpy()
        np.testing.assert_allclose(scores(explainer, X), np.column_stack([-logit, logit]), rtol=1e-6)

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


class Pinball(nn.Module):
    """A loss of the user's own, of several quantiles."""

    def forward(self, out, y):
        return torch.maximum(0.9 * (y - out), 0.1 * (out - y)).mean()


class Smoothed(nn.CrossEntropyLoss):
    """A cross-entropy of the user's own."""


class TestWhatOutputsAre:
    """Only what is known to be a classifier is one."""

    def explained(self, X, criterion, n_out, cls=NeuralNet):
        torch.manual_seed(0)
        net = cls(MLP, module__n_in=6, module__n_out=n_out, criterion=criterion, verbose=0).initialize()
        return AGOPExplainer(net).fit(X)

    @pytest.mark.parametrize("n_out", [1, 3])
    @pytest.mark.parametrize(
        "criterion",
        [nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss, nn.PoissonNLLLoss, Pinball, lambda: functional.mse_loss],
    )
    def test_outputs_of_other_kinds(self, criterion, n_out, X):
        explainer = self.explained(X, criterion, n_out)
        assert not hasattr(explainer, "classes_")
        assert not explainer.model_.contrast
        assert explainer.model_.n_scores == n_out
        if n_out > 1:
            with pytest.raises(ValueError, match="no predicted class"):
                explainer.explain(X)
        explanation = explainer(X, target="all" if n_out > 1 else "predicted")
        out = explainer.predict(X)
        total = explanation.values.sum(axis=1) + explanation.base_values
        np.testing.assert_allclose(total.reshape(out.shape), out, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize(
        "criterion", [nn.CrossEntropyLoss, Smoothed, nn.MultiMarginLoss, lambda: functional.cross_entropy]
    )
    def test_classes(self, criterion, X):
        explainer = self.explained(X, criterion, 3)
        assert explainer.classes_.tolist() == [0, 1, 2]
        assert explainer.model_.contrast

    @pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss])
    def test_one_label_or_several(self, criterion, X):
        explainer = self.explained(X, criterion, 1)
        assert explainer.classes_.tolist() == [0, 1]
        np.testing.assert_allclose(explainer.explain(X, target=0), -explainer.explain(X, target=1), atol=1e-5)
        several = self.explained(X, criterion, 3)
        assert not hasattr(several, "classes_")
        assert not several.model_.contrast

    def test_a_net_that_says_that_it_classifies(self, X):
        class Classifier(ClassifierMixin, NeuralNet):
            pass

        assert self.explained(X, Pinball, 3, Classifier).classes_.tolist() == [0, 1, 2]
        assert self.explained(X, nn.MSELoss, 3, NeuralNetClassifier).classes_.tolist() == [0, 1, 2]


def test_a_tuple_is_refused(X):
    """skorch's own predict takes the first output, unsaid."""
    net = NeuralNetClassifier(Tuple, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
    with pytest.raises(ValueError, match="the module returned tuple, not a tensor. Wrap it"):
        AGOPExplainer(net).fit(X)


def test_what_predict_applies_behind_the_network_is_said(X):
    net = NeuralNetRegressor(MLP, module__n_in=6, module__n_out=1, predict_nonlinearity=torch.exp).initialize()
    with pytest.warns(UserWarning, match=r"differ from NeuralNetRegressor\.\w+ by up to"):
        AGOPExplainer(net).fit(X)
