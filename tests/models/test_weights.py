"""Networks whose weights have no values, or change when the network is run."""

import numpy as np
import pytest
import torch
from torch import nn

from agop_tabular import AGOPExplainer

CODES = np.random.default_rng(1).integers(0, 4, 200)
X = np.c_[np.random.default_rng(0).normal(size=200), CODES].astype("float32")


class Embedded(nn.Module):
    classes_ = None

    def __init__(self, max_norm, table=nn.Embedding):
        super().__init__()
        torch.manual_seed(0)
        self.city, self.out = table(4, 3, max_norm=max_norm), nn.Linear(4, 1)

    def forward(self, x):
        codes = x[:, 1:].long() if isinstance(self.city, nn.EmbeddingBag) else x[:, 1].long()
        return self.out(torch.cat([x[:, :1], self.city(codes)], dim=1))


class Rescaled(nn.Module):
    """Divides its weights by their norm in place, as hand-written weight normalisation does."""

    classes_ = None

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(2, 1)

    def forward(self, x):
        with torch.no_grad():
            self.linear.weight.div_(self.linear.weight.norm())
        return self.linear(x)


@pytest.mark.parametrize("module", [Embedded(0.5), Embedded(0.5, nn.EmbeddingBag), Rescaled()])
def test_a_network_that_would_change_its_weights_is_refused_and_left_as_it_was(module):
    before = [weight.clone() for weight in module.parameters()]
    with pytest.raises(ValueError, match="change"):
        AGOPExplainer(module).fit(X)
    assert all(torch.equal(weight, own) for weight, own in zip(module.parameters(), before, strict=True))


def test_the_way_out_of_a_large_table():
    module = Embedded(0.5)
    with torch.no_grad():
        module.city.weight.renorm_(2, 0, 0.5)
    before = module.city.weight.clone()
    with pytest.raises(ValueError, match="their gradient"):  # codes are looked up in a table with max_norm
        AGOPExplainer(module).fit(X)
    module.city.max_norm = None
    explained = AGOPExplainer(module).fit(X)
    assert torch.equal(module.city.weight, before)
    assert explained.explain(X[:5]).shape == (5, 2)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.Linear(4, 1)), "lazy layers"),
        (nn.Sequential(nn.LazyBatchNorm1d(), nn.Linear(2, 1)), "lazy layers"),
        (nn.Sequential(nn.Linear(2, 1)).to("meta"), "meta device"),
    ],
)
def test_weights_without_values(module, message):
    described = repr(module)
    with pytest.raises(ValueError, match=message):
        AGOPExplainer(module).fit(X)
    assert repr(module) == described


def test_a_lazy_network_that_was_run_is_explained():
    module = nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.Linear(4, 1))
    module.classes_ = None
    module(torch.from_numpy(X))
    assert AGOPExplainer(module).fit(X).explain(X[:3]).shape == (3, 2)
