"""Networks that look codes up in embeddings, and the same networks on one-hot columns."""

import numpy as np
import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular.baselines import NetworkShapley

CITIES, PLANS, CODES = 5, 7, [1, 4]


class Embedded(nn.Module):
    """Columns 1 and 4 hold codes, the others numbers."""

    def __init__(self, n_out=3):
        super().__init__()
        self.city, self.plan = nn.Embedding(CITIES, 3), nn.Embedding(PLANS, 4, padding_idx=0)
        self.body = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, n_out))

    def forward(self, x):
        looked_up = [self.city(x[:, 1].long()), self.plan(x[:, 4].long())]
        return self.body(torch.cat([x[:, [0, 2, 3]], *looked_up], dim=1))


class Rewritten(nn.Module):
    """The same network on numbers and one-hot blocks: a Linear layer in place of each embedding."""

    def __init__(self, net):
        super().__init__()
        self.city, self.plan = (nn.Linear(e.num_embeddings, e.embedding_dim, bias=False) for e in (net.city, net.plan))
        with torch.no_grad():
            self.city.weight.copy_(net.city.weight.T)
            self.plan.weight.copy_(net.plan.weight.T)
        self.body = net.body

    def forward(self, x):
        numbers, city, plan = x.split([3, CITIES, PLANS], dim=1)
        return self.body(torch.cat([numbers, self.city(city), self.plan(plan)], dim=1))


class Shared(nn.Module):
    """One table for both columns, each with an offset of its own, and a token in front of them."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(1 + CITIES + PLANS, 4)
        self.register_buffer("offsets", torch.tensor([1, 1 + CITIES]))
        self.body = nn.Sequential(nn.Linear(3 + 12, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        indices = torch.cat([torch.zeros(len(x), 1).long(), x[:, CODES].long() + self.offsets], dim=1)
        return self.body(torch.cat([x[:, [0, 2, 3]], self.table(indices).flatten(1)], dim=1))


class Bag(nn.Module):
    """The mean of both columns' embeddings."""

    def __init__(self, mode="mean"):
        super().__init__()
        self.bag = nn.EmbeddingBag(CITIES + PLANS, 4, mode=mode)
        self.body = nn.Sequential(nn.Linear(7, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        indices = x[:, CODES].int() + torch.tensor([0, CITIES])
        return self.body(torch.cat([x[:, [0, 2, 3]], self.bag(indices)], dim=1))


class Flat(nn.Module):
    """Columns are laid end to end for one look-up, one code is missing at -1, and the input is overwritten."""

    def __init__(self):
        super().__init__()
        self.city, self.plan = nn.Embedding(CITIES, 4), nn.Embedding(PLANS + 1, 4)
        self.body = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(15, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        city = self.city(x[:, [1, 1]].long().reshape(-1)).reshape(len(x), -1)
        plan = self.plan(x[:, 4].long() + 1)
        x += 1
        return self.body(torch.cat([x[:, [0, 2, 3]] - 1, city, plan], dim=1))


class Integers(nn.Module):
    """Takes integers only, straight into the embeddings."""

    def __init__(self):
        super().__init__()
        self.table, self.last = nn.Embedding(6, 3), nn.Linear(12, 2)

    def forward(self, x):
        return self.last(self.table(x).flatten(1))


NETWORKS = {
    "two tables": Embedded,
    "float64": lambda: Embedded().double(),
    "shared table": Shared,
    "bag": Bag,
    "sum": lambda: Bag("sum"),
    "flat": Flat,
}


class Ordered(Embedded):
    """The same behind a ColumnTransformer that puts both codes first."""

    def forward(self, x):
        return super().forward(x[:, [2, 0, 3, 4, 1]])


class Uses(Embedded):
    """An embedding, and one more use of a column of codes."""

    def __init__(self, use, extra=1):
        super().__init__()
        self.use, self.extra = use, nn.Linear(extra, 3)

    def forward(self, x):
        return super().forward(x) + self.extra(self.use(x))


USES = {
    "a number": lambda x: x[:, 1:2],
    "a faint number": lambda x: 1e-4 * x[:, 1:2],
    "a threshold": lambda x: (x[:, 4:5] > 5).float(),
    "two codes compared": lambda x: (x[:, 1:2] == x[:, 4:5]).float(),
}


def trained(module, X, y, **params):
    torch.manual_seed(0)
    kind = NeuralNetClassifier if y.dtype.kind == "i" else NeuralNetRegressor
    if y.dtype.kind == "i":
        params |= {"criterion": nn.CrossEntropyLoss}
    defaults = {"max_epochs": 20, "optimizer": torch.optim.Adam, "lr": 0.01, "verbose": 0, "train_split": None}
    return kind(module, **defaults | params).fit(X, y)


def one_hot(X):
    codes = X[:, CODES].astype(int)
    parts = X[:, [0, 2, 3]], np.eye(CITIES)[codes[:, 0]], np.eye(PLANS)[codes[:, 1]]
    return np.concatenate(parts, axis=1).astype(X.dtype)


def folded(values):
    city, plan = values[:, 3 : 3 + CITIES].sum(axis=1), values[:, 3 + CITIES :].sum(axis=1)
    return np.column_stack([values[:, 0], city, values[:, 1], values[:, 2], plan])


def shapley(model, X, n):
    """Shapley values of the predicted class's score minus the mean score, of the first n rows."""
    every = NetworkShapley(n_permutations=200)(model, X[:n], "all", X, 0)
    return (every - every.mean(axis=2, keepdims=True))[np.arange(n), :, model.predict(X[:n])]


def to_float32(X):
    return np.asarray(X, dtype="float32")
