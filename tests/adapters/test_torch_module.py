"""A bare torch module: its outputs are the scores, or what a last layer makes probabilities of."""

import warnings
from collections import namedtuple
from dataclasses import make_dataclass

import numpy as np
import pytest
import torch
from support.nets import MLP, OneDimensional, Tuple
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt


def confirmed(module, X):
    adapter = adapt(module.eval())
    adapter.confirm(torch.from_numpy(X))
    return adapter, adapter.scores(torch.from_numpy(X)).detach()


def test_several_outputs_are_scores_of_classes(X):
    module = MLP(6, 3)
    adapter, scores = confirmed(module, X)
    assert adapter.classes.tolist() == [0, 1, 2]
    torch.testing.assert_close(scores, module(torch.from_numpy(X)))
    assert torch.equal(adapter.predicted(scores), scores.argmax(dim=1))


def test_one_output_is_one_score_as_in_regression(X):
    for module in (MLP(6, 1), OneDimensional(6)):
        adapter, scores = confirmed(module, X)
        assert adapter.classes is None
        assert adapter.n_scores == 1
        torch.testing.assert_close(scores, module(torch.from_numpy(X)).reshape(200, 1))


class Returns(nn.Module):
    """Wraps its scores in something else."""

    def __init__(self, wrap):
        super().__init__()
        self.net, self.wrap = MLP(6, 3), wrap

    def forward(self, x):
        return self.wrap(self.net(x))


@pytest.mark.parametrize(
    "module",
    [
        Tuple(6, 3),
        Returns(lambda s: [s]),
        Returns(lambda s: {"logits": s}),
        Returns(namedtuple("Output", "logits")),
        Returns(make_dataclass("Output", ["logits"])),
        Returns(lambda s: None),
    ],
    ids=["tuple", "list", "dict", "named tuple", "dataclass", "None"],
)
def test_what_is_not_one_tensor_is_refused(module, X):
    with pytest.raises(ValueError, match=r"not a tensor\. Wrap it in a torch\.nn\.Module"):
        AGOPExplainer(module).fit(X)


def test_what_is_assumed_of_several_outputs_is_said(X):
    with pytest.warns(
        UserWarning, match="does not say what its 3 outputs are; they are taken as the scores of classes"
    ):
        explainer = AGOPExplainer(MLP(6, 3)).fit(X)
    assert explainer.classes_.tolist() == [0, 1, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AGOPExplainer(MLP(6, 1)).fit(X)
        AGOPExplainer(MLP(6, 3), contrast=True).fit(X)


class TestTheModuleSaysWhatItsOutputsAre:
    @pytest.fixture(autouse=True)
    def _no_warning(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield

    def test_classes(self, module, X):
        module.classes_ = ["a", "b", "c"]
        explainer = AGOPExplainer(module).fit(X)
        assert explainer.model_.contrast
        assert explainer.classes_.tolist() == ["a", "b", "c"]
        np.testing.assert_array_equal(explainer.explain(X, target="b"), explainer.explain(X, target="all")[:, :, 1])

    def test_outputs_that_are_no_classes(self, module, X):
        module.classes_ = None
        explainer = AGOPExplainer(module).fit(X)
        assert not explainer.model_.contrast
        assert not hasattr(explainer, "classes_")
        with pytest.raises(ValueError, match="no predicted class"):
            explainer.explain(X)
        explanation = explainer(X, target=1)
        own = module(torch.from_numpy(X))[:, 1].detach().numpy()
        np.testing.assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, own, rtol=1e-3, atol=1e-4)

    def test_one_logit(self, X):
        module = MLP(6, 1)
        module.classes_ = np.array(["no", "yes"])
        explainer = AGOPExplainer(module).fit(X)
        np.testing.assert_allclose(explainer.explain(X, target="no"), -explainer.explain(X, target="yes"), atol=1e-5)

    @pytest.mark.parametrize("classes", [["a", "b"], list("abcd"), []])
    def test_another_number_of_classes_is_refused(self, classes, module, X):
        module.classes_ = classes
        with pytest.raises(ValueError, match="classes_ are . but|classes_ are ., but it returns 3 scores"):
            AGOPExplainer(module).fit(X)


@pytest.mark.parametrize(
    ("last", "n_outputs"),
    [(nn.Sigmoid(), 1), (nn.Softmax(dim=1), 2), (nn.Softmax(dim=-1), 3), (nn.LogSoftmax(dim=1), 3), (nn.Identity(), 3)],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_module_of_classes_that_ends_in_probabilities(last, n_outputs, nested, X):
    net = MLP(6, n_outputs)
    module = nn.Sequential(nn.Sequential(net, last)) if nested else nn.Sequential(net, last)
    module.classes_ = list("abc")[: max(2, n_outputs)]
    x = torch.from_numpy(X)
    with torch.no_grad():
        scores, out = net(x), module(x)
    p = torch.cat((1 - out, out), dim=1) if n_outputs == 1 else torch.softmax(scores, dim=1)
    explanation = AGOPExplainer(module).fit(X)(X)
    assert explanation.unit == "log-odds"
    assert explanation.predictions.tolist() == np.array(module.classes_)[p.argmax(dim=1)].tolist()
    np.testing.assert_allclose(explanation.probabilities, p.amax(dim=1), rtol=1e-4)


class Through(nn.Module):
    """A network behind a function, or a layer that it calls twice."""

    def __init__(self, net, last):
        super().__init__()
        self.net, self.last = net, last

    def forward(self, x):
        return self.last(self.net(self.last(x) if isinstance(self.last, nn.Module) else x))


class OwnSigmoid(nn.Sigmoid):
    pass


@pytest.mark.parametrize(
    ("last", "n_outputs", "is_sure"),
    [
        (torch.sigmoid, 1, False),
        (lambda s: torch.softmax(s, dim=1), 3, True),
        (nn.Sigmoid(), 1, True),
        (OwnSigmoid(), 1, True),
        (nn.LogSigmoid(), 1, True),
    ],
)
def test_a_module_of_classes_whose_outputs_are_probabilities(last, n_outputs, is_sure, X):
    torch.manual_seed(0)
    net = MLP(6, n_outputs)
    module, bare = Through(net, last), Through(net, last)
    module.classes_ = list("abc")[: max(2, n_outputs)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = AGOPExplainer(module).fit(X)(X)
    assert any("which it is, only you know" in str(w.message) for w in caught) == (not is_sure)
    assert found.unit == "log-odds"
    with torch.no_grad():
        out = bare(torch.from_numpy(X))
    out = out.exp() if isinstance(last, nn.LogSigmoid) else out
    p = torch.cat((1 - out, out), dim=1) if n_outputs == 1 else out
    assert found.predictions.tolist() == np.array(module.classes_)[p.argmax(dim=1)].tolist()
    np.testing.assert_allclose(found.probabilities, p.amax(dim=1), rtol=1e-3)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_scores_that_happen_to_lie_between_0_and_1_are_scores(n_outputs, X):
    net = MLP(6, n_outputs)
    last = nn.Linear(n_outputs, n_outputs)
    with torch.no_grad():
        last.weight.copy_(0.01 * torch.eye(n_outputs))
        last.bias.fill_(0.4)
    module = nn.Sequential(net, last)
    module.classes_ = list("abc")[: max(2, n_outputs)]
    _, scores = confirmed(module, X)
    out = module(torch.from_numpy(X))
    assert ((out > 0) & (out < 1)).all()
    torch.testing.assert_close(scores[:, -n_outputs:], out)


def test_separate_probabilities_of_classes_are_warned_of(X):
    module = Through(MLP(6, 3), torch.sigmoid)
    module.classes_ = list("abc")
    with pytest.warns(UserWarning, match="outputs lie between 0 and 1 in all rows, and are taken for scores"):
        AGOPExplainer(module).fit(X)


def test_a_softmax_inside_is_no_end(X):
    net = MLP(3, 2)
    module = nn.Sequential(MLP(6, 3), nn.Softmax(dim=1), net)
    module.classes_ = ["no", "yes"]
    adapter, scores = confirmed(module, X)
    torch.testing.assert_close(scores, module(torch.from_numpy(X)))
