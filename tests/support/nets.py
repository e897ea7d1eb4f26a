"""Small networks, among them those on which other explainers break."""

import torch
import torch.nn.functional as F
from torch import nn


class MLP(nn.Sequential):
    def __init__(self, n_in, n_out=2, width=16):
        super().__init__(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, n_out))


class FunctionalReLU(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.first, self.last = nn.Linear(n_in, 16), nn.Linear(16, n_out)

    def forward(self, x):
        return self.last(F.relu(self.first(x)))


class ReusedReLU(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.first, self.second, self.last, self.relu = (
            nn.Linear(n_in, 16),
            nn.Linear(16, 16),
            nn.Linear(16, n_out),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.last(self.relu(self.second(self.relu(self.first(x)))))


class Residual(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(n_in, n_in), nn.ReLU()) for _ in range(2))
        self.last = nn.Linear(n_in, n_out)

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x)
        return self.last(x)


class OneDimensional(nn.Module):
    """Returns (n,), as many regression networks do."""

    def __init__(self, n_in, n_out=1):
        super().__init__()
        self.body = MLP(n_in, 1)

    def forward(self, x):
        return self.body(x).squeeze(-1)


class Squeezed(OneDimensional):
    """Returns (n,), and a scalar for a single row."""

    def forward(self, x):
        return self.body(x).squeeze()


class Nested(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.outer = nn.ModuleDict({"inner": nn.ModuleDict({"net": MLP(n_in, n_out)})})

    def forward(self, x):
        return self.outer["inner"]["net"](x)


class Tuple(nn.Module):
    """Returns its scores and its hidden layer."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.first, self.last = nn.Linear(n_in, 16), nn.Linear(16, n_out)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return self.last(hidden), hidden


def _sequential(*middle):
    return lambda n_in, n_out: nn.Sequential(nn.Linear(n_in, 16), *(make() for make in middle), nn.Linear(16, n_out))


ARCHITECTURES = {
    "mlp": MLP,
    "functional relu": FunctionalReLU,
    "reused relu": ReusedReLU,
    "in-place relu first": lambda n_in, n_out: nn.Sequential(nn.ReLU(inplace=True), MLP(n_in, n_out)),
    "in-place relu inside": _sequential(lambda: nn.ReLU(inplace=True)),
    "layer norm": _sequential(lambda: nn.LayerNorm(16), nn.ReLU),
    "batch norm": _sequential(lambda: nn.BatchNorm1d(16), nn.ReLU),
    "dropout": _sequential(nn.ReLU, lambda: nn.Dropout(0.5)),
    "silu": _sequential(nn.SiLU),
    "gelu": _sequential(nn.GELU),
    "residual": Residual,
    "one-dimensional output": OneDimensional,
    "squeezed output": Squeezed,
    "nested": Nested,
    "weight norm": lambda n_in, n_out: nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(n_in, 16)), nn.ReLU(), nn.Linear(16, n_out)
    ),
    "float64": lambda n_in, n_out: MLP(n_in, n_out).double(),
    "frozen weights": lambda n_in, n_out: MLP(n_in, n_out).requires_grad_(False),
}


def make_architecture(name, n_in=6, n_out=3):
    torch.manual_seed(0)
    return ARCHITECTURES[name](n_in, n_out)
