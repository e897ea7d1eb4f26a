"""A network that does not score every row by itself, or not twice alike, is refused; no other is."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt
from agop_tabular.models.row_independence import check_row_by_row, describe, trying


class Net(nn.Module):
    """A module whose forward is a function of itself and of the rows."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function, self.net, self.calls, self.kept = function, MLP(6, 1), 0, None
        for name, part in parts.items():
            self.register_module(name, part) if isinstance(part, nn.Module) else self.register_buffer(name, part)

    def forward(self, x):
        return self.function(self, x)


def lag(net, x):
    return net.net(x) + torch.cat((torch.zeros(1, 1), x[:-1, :1]))


def rolling(net, x):
    before = torch.cat((torch.zeros(3, 6), x))
    return net.net((before[:-3] + before[1:-2] + before[2:-1] + before[3:]) / 4)


def groups_of_four(net, x):
    whole = len(x) // 4 * 4
    means = x[:whole].reshape(-1, 4, 6).mean(dim=1, keepdim=True).expand(-1, 4, 6).reshape(-1, 6)
    return net.net(torch.cat((means, x[whole:])))


def attention(net, x, *, causal):
    weights = x @ x.T / 3
    if causal:
        weights = weights + torch.full_like(weights, -torch.inf).triu(1)
    return net.net(torch.softmax(weights, dim=1) @ x)


def set_by_the_first_batch(net, x):
    if not net.is_set:
        net.mean.copy_(x.mean(dim=0))
        net.is_set.fill_(True)
    return net.net(x - net.mean)


MIXING = {
    "an LSTM over rows": lambda: Net(lambda net, x: net.cell(x)[0][:, :1], cell=nn.LSTM(6, 4)),
    "a GRU of batches of one": lambda: Net(lambda net, x: net.cell(x[:, None])[0][:, 0, :1], cell=nn.GRU(6, 4)),
    "a cumulative sum": lambda: Net(lambda net, x: net.net(x.cumsum(dim=0) / 10)),
    "the row before": lambda: Net(lag),
    "a rolling mean": lambda: Net(rolling),
    "groups of rows": lambda: Net(groups_of_four),
    "attention": lambda: Net(lambda net, x: attention(net, x, causal=False)),
    "causal attention": lambda: Net(lambda net, x: attention(net, x, causal=True)),
    "ranks": lambda: Net(lambda net, x: net.net(x) + x[:, :1].argsort(dim=0).argsort(dim=0) / len(x)),
    "places": lambda: Net(lambda net, x: net.net(x) + 0.01 * torch.arange(len(x))[:, None]),
    "the number of rows": lambda: Net(lambda net, x: net.net(x) + 0.01 * len(x)),
    "a convolution over rows": lambda: Net(lambda net, x: net.cell(x.T[None])[0].T, cell=nn.Conv1d(6, 1, 3, padding=1)),
    "the mean, far from zero": lambda: Net(lambda net, x: 2000 + net.net(x) + x.mean()),
    "what the first batch set": lambda: Net(set_by_the_first_batch, mean=torch.zeros(6), is_set=torch.tensor(False)),
    "a sine of the row before": lambda: Net(lambda net, x: torch.sin(100 * lag(net, x))),
    "statistics of the batch": lambda: Net(lambda net, x: net.net(F.batch_norm(x, None, None, training=True))),
}


@pytest.mark.parametrize("name", MIXING)
def test_rows_that_are_mixed(name, X):
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="mixes rows"):
        AGOPExplainer(MIXING[name]()).fit(X)


@pytest.mark.parametrize(("name", "batch_size"), [("the mean", 2), ("the mean", "auto"), ("groups of rows", "auto")])
def test_rows_that_are_mixed_show_where_most_rows_are_the_same(name, batch_size, X):
    """Of two equal rows the mean is that of each; groups of four need more than the rows that differ."""
    rows = np.repeat(X[:1], 50, axis=0)
    rows[20] += 1
    net = Net(lambda net, x: net.net(x - x.mean(dim=0))) if name == "the mean" else MIXING[name]()
    with pytest.raises(ValueError, match="mixes rows"):
        AGOPExplainer(net, batch_size=batch_size).fit(rows)


def counter(net, x):
    net.calls += 1
    return net.net(x) * (1 + 0.001 * net.calls)


def moving_average(net, x):
    out = net.net(x)
    net.kept = 0.1 * out.detach().mean() + (0 if net.kept is None else 0.9 * net.kept)
    return out + net.kept


def batch_before(net, x):
    """Where that had as many rows."""
    out, before = net.net(x), net.kept
    net.kept = out.detach()
    return out + 0.1 * before if before is not None and len(before) == len(x) else out


class AlwaysDropping(nn.Sequential):
    def forward(self, x):
        self[0].train()
        return super().forward(x)


CHANGING = {
    "a counter": lambda: Net(counter),
    "a moving average": lambda: Net(moving_average),
    "the batch before": lambda: Net(batch_before),
    "dropout": lambda: Net(lambda net, x: F.dropout(net.net(x), 0.1)),
    "dropout that trains": lambda: AlwaysDropping(nn.Dropout(0.2), MLP(6, 1)),
    "noise": lambda: Net(lambda net, x: net.net(x) + 0.01 * torch.randn(len(x), 1)),
    "numpy's noise": lambda: Net(lambda net, x: net.net(x) + 0.1 * np.random.default_rng().random()),
}


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("n", [3, 200])
def test_scores_that_change_between_calls(name, n, X):
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="other scores for the same rows when it is called again"):
        AGOPExplainer(CHANGING[name]()).fit(X[:n])


def under_autocast(net, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return net.net(x).float()


def attention_within_a_row(net, x):
    tokens = x[:, :, None] * net.tokens
    return (torch.softmax(tokens @ tokens.transpose(1, 2), dim=-1) @ tokens).mean(dim=(1, 2))


def harmless_counter(net, x):
    net.calls += 1
    return net.net(x)


ROW_BY_ROW = {
    "batch norm": lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)),
    "layer norm": lambda: nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Linear(4, 1)),
    "group norm": lambda: nn.Sequential(nn.Linear(6, 4), nn.GroupNorm(2, 4), nn.Linear(4, 1)),
    "attention within a row": lambda: Net(attention_within_a_row, tokens=torch.linspace(-1, 1, 24).reshape(6, 4)),
    "an LSTM within a row": lambda: Net(
        lambda net, x: net.cell(x[:, :, None])[0][:, -1, :1], cell=nn.LSTM(1, 4, batch_first=True)
    ),
    "float16": lambda: MLP(6, 1).half(),
    "bfloat16": lambda: MLP(6, 1).bfloat16(),
    "large scores": lambda: Net(lambda net, x: 1e8 * net.net(x)),
    "scores far from zero": lambda: Net(lambda net, x: 1e6 + net.net(x)),
    "float32, returned in double": lambda: Net(lambda net, x: net.net(x).double()),
    "float32 inside of double": lambda: Net(lambda net, x: net.net(x.float()).double(), one=torch.ones(1).double()),
    "autocast": lambda: Net(under_autocast),
    "differences of large numbers": lambda: Net(lambda net, x: net.net(1e4 * x + 3e5) - net.net(0 * x + 3e5)),
    "a counter that changes nothing": lambda: Net(harmless_counter),
    "a constant": lambda: Net(lambda net, x: 0 * net.net(x) + 3),
    "a sine of large numbers": lambda: Net(lambda net, x: torch.sin(net.net(1e6 * x))),
    "the fraction of large numbers": lambda: Net(lambda net, x: torch.remainder(net.net(1e5 * x), 1)),
}


@pytest.mark.parametrize("name", ROW_BY_ROW)
@pytest.mark.parametrize("n", [2, 7, 200])
def test_others_are_not_refused(name, n, X):
    torch.manual_seed(0)
    adapter = adapt(ROW_BY_ROW[name]())
    adapter.confirm(adapter.probe(X[:n]))


def test_batches_are_no_larger_than_allowed(X):
    sizes, net, x = [], MLP(6, 1), torch.from_numpy(X)

    def run(rows):
        sizes.append(len(rows))
        return net(rows)

    with torch.no_grad():
        check_row_by_row(net, run, x, net(x), 16)
    assert max(sizes) == 16
    assert sum(sizes) < 7 * 16


def test_buffers_are_as_before_whenever_a_module_is_tried():
    net = nn.BatchNorm1d(3)
    with trying(net):
        net.running_mean += 1
        assert not torch.is_grad_enabled()
    assert not net.running_mean.any()


def test_an_error_is_described_by_its_kind_and_its_words():
    assert describe(KeyError("a")) == "KeyError: 'a'"
    assert describe(AssertionError()) == "AssertionError"
