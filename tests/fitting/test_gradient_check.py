"""A warning where gradients are not those of the scores."""

import warnings

import numpy as np
import pytest
from support.functions import Function
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer

X = np.random.default_rng(0).standard_normal((300, 4), dtype=np.float32)


def hooked():
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    net[0].register_full_backward_hook(lambda module, into, out: (3 * into[0],))
    return net


FALSE = {
    "detached": Function(lambda x: x[:, 0].detach() * 2 + 0.5 * x.sum(dim=1)),
    "reversed": Function(lambda x: x[:, 0] - 2 * (x[:, 1] - x[:, 1].detach()) + x[:, 1]),
    "statistics of the row": Function(lambda x: (x - 3 * x.detach().mean(dim=1, keepdim=True)).relu().sum(dim=1)),
    "hooked": hooked(),
}
TRUE = {
    "kinks": MLP(4, 1, 64),
    "products": Function(lambda x: x[:, 0] * x[:, 1] * 3 + x[:, 2].relu()),
    "large": Function(lambda x: 1e4 + 1e3 * x[:, 0].tanh()),
    "double": MLP(4, 1).double(),
    "half": MLP(4, 1).bfloat16(),
}


@pytest.mark.parametrize("name", FALSE)
@pytest.mark.parametrize("method", ["agop-ixg", "ixg", "agop-global"])
def test_false_gradients_are_said_of_methods_that_use_them(name, method):
    with pytest.warns(UserWarning, match="gradients are not those of its scores"):
        AGOPExplainer(FALSE[name], method=method).fit(X)


@pytest.mark.parametrize("name", TRUE)
def test_nothing_is_said_of_others(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AGOPExplainer(TRUE[name], method="agop-ixg").fit(X)


def test_the_default_compares_scores_instead():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AGOPExplainer(FALSE["detached"]).fit(X)
