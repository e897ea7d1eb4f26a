"""Models of different kinds with the same probabilities: one function as one logit, several, or as an ensemble."""

import copy

import numpy as np
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn

D, HIDDEN = 5, 8


def rows(n=300):
    return np.random.default_rng(0).standard_normal((n, D)) * [1, 2, 0.5, 3, 1] + 1


def last_layers(n_classes, width):
    """Weights (n_classes, width) and biases of logits; of two classes those of the first are zero."""
    rng = np.random.default_rng(1)
    weight, bias = rng.standard_normal((n_classes, width)), rng.standard_normal(n_classes)
    if n_classes == 2:
        weight[0], bias[0] = 0, 0
    return weight, bias


def hidden():
    """Weights (HIDDEN, D) and biases of the hidden layer of those that have one."""
    rng = np.random.default_rng(2)
    return rng.standard_normal((HIDDEN, D)) / 2, rng.standard_normal(HIDDEN)


def linear(weight, bias):
    layer = nn.Linear(weight.shape[1], len(weight), dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


def module(weight, bias, *, deep, end=()):
    front = [linear(*hidden()), nn.Tanh()] if deep else []
    return nn.Sequential(*front, linear(weight, bias), *end)


def with_classes(network, n_classes):
    network.classes_ = list(range(n_classes))
    return network


def net(kind, network, **params):
    return kind(network, verbose=0, **params).initialize()


class Softmaxed(nn.Module):
    """Probabilities without a layer that makes them."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x).softmax(dim=1)


def several_logits(n_classes, *, deep):
    """Models with a logit for every class."""
    weight, bias = last_layers(n_classes, HIDDEN if deep else D)
    more = np.random.default_rng(3).standard_normal(weight.shape[1])  # added to all logits, it changes no probability
    classes = {"classes": list(range(n_classes))}
    return {
        "module": with_classes(module(weight, bias, deep=deep), n_classes),
        "module, shifted": with_classes(module(weight + more, bias - 3, deep=deep), n_classes),
        "skorch": net(
            NeuralNetClassifier, module(weight + more, bias, deep=deep), criterion=nn.CrossEntropyLoss, **classes
        ),
        "skorch, softmax": net(NeuralNetClassifier, module(weight, bias, deep=deep, end=[nn.Softmax(-1)]), **classes),
        "skorch, no softmax": net(NeuralNetClassifier, Softmaxed(module(weight, bias, deep=deep)), **classes),
    }


def one_logit(*, deep):
    """Models of two classes with one logit."""
    weight, bias = last_layers(2, HIDDEN if deep else D)
    return {
        "module of one logit": with_classes(module(weight[1:], bias[1:], deep=deep), 2),
        "skorch binary": net(NeuralNetBinaryClassifier, module(weight[1:], bias[1:], deep=deep, end=[nn.Flatten(0)])),
        "skorch binary, sigmoid": net(
            NeuralNetBinaryClassifier,
            module(weight[1:], bias[1:], deep=deep, end=[nn.Sigmoid(), nn.Flatten(0)]),
            criterion=nn.BCELoss,
        ),
    }


def of_sklearn(n_classes, *, deep):
    """Models of scikit-learn, and ensembles of one of them."""
    X, y = rows(), np.arange(300) % n_classes
    weight, bias = last_layers(n_classes, HIDDEN if deep else D)
    if n_classes == 2:
        weight, bias = weight[1:], bias[1:]
    if deep:
        member = MLPClassifier((HIDDEN,), activation="tanh", max_iter=2, random_state=0).fit(X, y)
        member.coefs_, member.intercepts_ = [hidden()[0].T, weight.T], [hidden()[1], bias]
        made = {"MLPClassifier": member}
    else:
        member = LogisticRegression().fit(X, y)
        member.coef_, member.intercept_ = weight, bias
        made = {"LogisticRegression": member}
    vote = VotingClassifier([("one", copy.deepcopy(member)), ("same", copy.deepcopy(member))], voting="soft").fit(X, y)
    vote.estimators_ = [member, member]
    bag = BaggingClassifier(copy.deepcopy(member), n_estimators=2, random_state=0).fit(X, y)
    bag.estimators_ = [member, member]
    made |= {"vote": vote, "bag": bag}
    if n_classes == 2 and not deep:
        sgd = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
        sgd.coef_, sgd.intercept_ = weight, bias
        calibrated = CalibratedClassifierCV(FrozenEstimator(member)).fit(X, y)
        curve = calibrated.calibrated_classifiers_[0].calibrators[0]
        curve.a_, curve.b_ = -1.0, 0.0
        made |= {"SGDClassifier": sgd, "calibrated": calibrated}
    return made


def models(n_classes, *, deep):
    """All of them by name."""
    made = several_logits(n_classes, deep=deep)
    if n_classes == 2:
        made |= one_logit(deep=deep)
    return made | of_sklearn(n_classes, deep=deep)


KINDS = [
    (n_classes, deep, name) for n_classes in (2, 3) for deep in (False, True) for name in models(n_classes, deep=deep)
]
