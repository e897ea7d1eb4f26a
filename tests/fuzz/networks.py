"""Networks of many kinds over the columns of a table, and those that must be refused."""

import torch
from fuzz.tables import LEVELS
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "leaky relu": nn.LeakyReLU,
    "hardtanh": nn.Hardtanh,
    "elu": nn.ELU,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "hardswish": nn.Hardswish,
}

WIDTH = 8


class Normalised(nn.Module):
    """A body behind a normalisation with fixed numbers, as networks on raw tables have."""

    def __init__(self, body, centre, scale):
        super().__init__()
        self.body = body
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)

    def forward(self, x):
        return self.body((x - self.centre) / self.scale)


class Embedded(nn.Module):
    """Codes are embedded, the other columns go on as they are."""

    def __init__(self, d, n_out, codes, activation):
        super().__init__()
        self.codes, self.others = codes, [j for j in range(d) if j not in codes]
        self.tables = nn.ModuleList(nn.Embedding(LEVELS, 3) for _ in codes)
        self.body = mlp(3 * len(codes) + len(self.others), n_out, activation)

    def forward(self, x):
        parts = [table(x[:, j].long()) for j, table in zip(self.codes, self.tables, strict=True)]
        return self.body(torch.cat([*parts, x[:, self.others]], dim=1))


class Applied(nn.Module):
    """A linear map into a function of the hidden units, or of the columns."""

    def __init__(self, d, n_out, f):
        super().__init__()
        self.first, self.last, self.f = nn.Linear(d, WIDTH), nn.Linear(WIDTH, n_out), f

    def forward(self, x):
        return self.f(self, x)


def mlp(d, n_out, activation):
    return nn.Sequential(
        nn.Linear(d, WIDTH), ACTIVATIONS[activation](), nn.Linear(WIDTH, WIDTH), ACTIVATIONS[activation](),
        nn.Linear(WIDTH, n_out),
    )  # fmt: skip


def _between(*layers):
    return lambda d, n_out, act: nn.Sequential(
        nn.Linear(d, WIDTH), *(layer() for layer in layers), ACTIVATIONS[act](), nn.Linear(WIDTH, n_out)
    )


def _applied(f):
    return lambda d, n_out, act: Applied(d, n_out, f)


RIGHT = {
    "mlp": mlp,
    "linear": lambda d, n_out, act: nn.Linear(d, n_out),
    "residual": _applied(lambda m, x: m.last((h := m.first(x)) + torch.relu(h))),
    "product": _applied(lambda m, x: m.last(m.first(x) * x[:, :1])),
    "squares": _applied(lambda m, x: m.last(m.first(x) ** 2)),
    "gating": _applied(lambda m, x: m.last(torch.sigmoid(h := m.first(x)) * torch.tanh(h.flip(1)))),
    "attention over units": _applied(lambda m, x: m.last((h := m.first(x)) * torch.softmax(h, dim=1))),
    "layer norm": _between(lambda: nn.LayerNorm(WIDTH)),
    "batch norm": _between(lambda: nn.BatchNorm1d(WIDTH)),
    "dropout": _between(lambda: nn.Dropout(0.3)),
    "step beside slope": _applied(lambda m, x: m.last(torch.tanh(m.first(x))) + 1.0 * (x[:, :1] > 0)),
    "sine": _applied(lambda m, x: m.last(torch.sin(m.first(x)))),
    "detached branch": _applied(lambda m, x: m.last(torch.tanh((h := m.first(x)).detach()) + 0.5 * h)),
    "double inside": _applied(lambda m, x: m.last(torch.tanh(m.first(x))).double()),
    "constant": _applied(lambda m, x: m.last(0 * m.first(x))),
    "unused column": _applied(lambda m, x: m.last(torch.tanh(m.first(torch.cat((x[:, :-1], 0 * x[:, -1:]), 1))))),
}
"""Networks that are explained."""


class Counting(nn.Module):
    """Its scores grow from call to call."""

    def __init__(self, d, n_out):
        super().__init__()
        self.last, self.calls = nn.Linear(d, n_out), 0

    def forward(self, x):
        self.calls += 1
        return self.last(x) + self.calls


WRONG = {
    "mean of the batch": _applied(lambda m, x: m.last(torch.tanh(m.first(x - x.mean(dim=0))))),
    "sum of rows so far": _applied(lambda m, x: m.last(torch.tanh(m.first(x)).cumsum(dim=0))),
    "row before": _applied(lambda m, x: m.last(torch.tanh(m.first(x) + m.first(x.roll(1, dims=0))))),
    "softmax over rows": _applied(lambda m, x: m.last(torch.softmax(m.first(x), dim=0))),
    "batch statistics": _between(lambda: nn.BatchNorm1d(WIDTH, track_running_stats=False)),
    "counts calls": lambda d, n_out, act: Counting(d, n_out),
    "random": _applied(lambda m, x: m.last(nn.functional.dropout(m.first(x), 0.5, training=True))),
    "tuple": _applied(lambda m, x: (m.last(m.first(x)), x)),
    "dict": _applied(lambda m, x: {"scores": m.last(m.first(x))}),
    "rounds": _applied(lambda m, x: m.last(torch.round(4 * m.first(x)))),
    "no gradient": _applied(lambda m, x: m.last(torch.tanh(m.first(x))).detach()),
    "NaN": _applied(lambda m, x: m.last(m.first(x)) * float("nan")),
    "logarithm": _applied(lambda m, x: m.last(torch.log(m.first(x)))),
    "whole numbers": _applied(lambda m, x: m.last(m.first(x)).long()),
    "three dimensions": _applied(lambda m, x: m.last(m.first(x))[:, :, None]),
    "raises": _applied(lambda m, x: m.last(x[:, :0])),
    "other width": lambda d, n_out, act: nn.Linear(d + 1, n_out),
    "no rows": _applied(lambda m, x: m.last(m.first(x)).mean()),
}
"""Networks that must be refused wherever they show it on the rows at hand."""
