"""Networks and tables that the tests share; every seed is fixed."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch import NeuralNetClassifier
from support.nets import MLP
from support.without_optional import SkipWithoutOptionalTools
from torch import nn

torch.set_num_threads(1)


def pytest_addoption(parser):
    parser.addoption("--without-optional", action="store_true", help="skip what needs an optional tool that is missing")


def pytest_configure(config):
    if config.getoption("--without-optional"):
        config.pluginmanager.register(SkipWithoutOptionalTools())


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def X(rng):
    """200 rows, 6 columns, correlated, of different scale, float32."""
    return (rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6)) * [1, 2, 0.5, 10, 1, 3] + 1).astype("float32")


@pytest.fixture
def module():
    torch.manual_seed(0)
    return MLP(6, 3)


@pytest.fixture
def net(X):
    """A skorch classifier with three classes, fitted."""
    torch.manual_seed(0)
    y = (np.abs(X[:, 0]) > 1).astype("int64") + (X[:, 1] > 0)
    return NeuralNetClassifier(
        MLP, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss, max_epochs=3, lr=0.05, verbose=0
    ).fit(X, y)


@pytest.fixture
def frame(rng):
    """A table as people have it: numbers, categories, text, booleans, missing values."""
    n = 240
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "income": np.exp(rng.normal(10, 1, n)),
            "city": pd.Categorical(rng.choice(["Athens", "Berlin", "Cairo"], n, p=[0.6, 0.3, 0.1])),
            "member": rng.random(n) > 0.5,
            "plan": rng.choice(["basic", "plus"], n).astype(object),
            "visits": pd.array(rng.poisson(3, n), dtype="Int64"),
        },
        index=pd.Index([f"r{i}" for i in range(n)], name="id"),
    )
    table.loc[table.index[::17], "income"] = np.nan
    table.loc[table.index[::19], "visits"] = pd.NA
    return table


@pytest.fixture
def labels(frame):
    return ((frame["age"] > 45).to_numpy() ^ (frame["city"] == "Cairo").to_numpy()).astype("int64")
