"""skorch nets: classifiers (cross-entropy, NLLLoss, one logit), binary classifiers, regressors, plain NeuralNets."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from torch import Tensor, nn
from torch.nn import functional

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.probabilities import one_tensor


class NetModule(nn.Module):
    """A skorch net's module, called like the net itself calls it (by ``net.infer``, which keeps the graph).

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialized.
    """

    def __init__(self, net: Any):
        super().__init__()
        self.net = net
        self.module = net.module_

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.module = self.net.module_  # skorch pickles its module separately; both must be the same object

    def __deepcopy__(self, memo: dict[int, Any]) -> NetModule:
        net = object.__new__(type(self.net))  # skorch copies by pickling, which fails for a module of a local class
        net.__dict__.update(self.net.__dict__, module_=copy.deepcopy(self.net.module_, memo))
        twin = NetModule(net)
        twin.training = self.training
        return twin

    def forward(self, x: Tensor) -> Tensor:
        """Raw output of the net's module."""
        if self.net.module_ is not self.module:
            raise ValueError("The skorch net was fitted or initialized again; fit the explainer again, too.")
        return one_tensor(self.net.infer(x))  # of a tuple skorch's predict takes the first; here it must be said which

    def _apply(self, fn: Any, recurse: bool = True) -> NetModule:
        super()._apply(fn, recurse)
        tensor = next(self.module.parameters(), None)
        if tensor is not None:
            self.net.device = tensor.device
        return self


OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
"""Criteria whose outputs are scores of classes."""

OF_LABELS = (nn.BCELoss, nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss, nn.MultiLabelMarginLoss)
"""Criteria whose single output is the logit of a second class, and whose several outputs are separate labels."""

_MODULES: tuple[tuple[Any, type[nn.Module]], ...] = (
    (functional.cross_entropy, nn.CrossEntropyLoss),
    (functional.nll_loss, nn.NLLLoss),
    (functional.multi_margin_loss, nn.MultiMarginLoss),
    (functional.binary_cross_entropy, nn.BCELoss),
    (functional.binary_cross_entropy_with_logits, nn.BCEWithLogitsLoss),
    (functional.multilabel_soft_margin_loss, nn.MultiLabelSoftMarginLoss),
    (functional.multilabel_margin_loss, nn.MultiLabelMarginLoss),
)
"""The criterion that each of torch's functions is."""


def _criterion(net: Any) -> type:
    """Class of the net's criterion, behind torch.compile and functools.partial; a function of torch counts as one."""
    criterion = getattr(net, "criterion_", None)
    criterion = getattr(criterion, "_orig_mod", criterion)
    criterion = getattr(criterion, "func", criterion)
    return next((module for function, module in _MODULES if function is criterion), type(criterion))


def _outputs(net: Any) -> dict[str, Any]:
    """Fields of the adapter that follow from the net's criterion."""
    criterion = _criterion(net)
    return {
        "outputs": "probabilities" if issubclass(criterion, (nn.NLLLoss, nn.BCELoss)) else "scores",
        "independent": issubclass(criterion, OF_LABELS),
        "logits": not issubclass(criterion, (nn.MultiMarginLoss, nn.MultiLabelMarginLoss)),
    }


@adapts("skorch.NeuralNetClassifier")
def skorch_classifier(net: Any) -> Adapter:
    """NeuralNetClassifier; column c of the module's output is class c, as in skorch."""
    try:
        classes = np.asarray(net.classes_)
    except AttributeError:  # initialized, never fitted
        classes = None
    return Adapter(NetModule(net), kind="classifier", classes=classes, **_outputs(net))


@adapts("skorch.NeuralNetBinaryClassifier")
def skorch_binary_classifier(net: Any) -> Adapter:
    """NeuralNetBinaryClassifier: one logit, or one probability under BCELoss, and the net's own threshold."""
    return Adapter(
        NetModule(net),
        kind="classifier",
        classes=np.asarray(net.classes_),
        threshold_owner=net,
        **_outputs(net),
    )


@adapts("skorch.NeuralNetRegressor")
def skorch_regressor(net: Any) -> Adapter:
    """NeuralNetRegressor with one output or several."""
    return Adapter(NetModule(net), kind="regressor")


@adapts("skorch.NeuralNet")
def skorch_net(net: Any) -> Adapter:
    """A plain NeuralNet is a classifier if it says so, or if its criterion is one of classes or of labels.

    Under any other criterion nobody knows what its outputs are (quantiles, several targets, hazards): they are
    explained one by one, as a regressor's.
    """
    classifies = isinstance(net, ClassifierMixin) or issubclass(_criterion(net), OF_CLASSES + OF_LABELS)
    return skorch_classifier(net) if classifies else skorch_regressor(net)
