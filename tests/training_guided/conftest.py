"""A network whose training was recorded, and the rows that it was trained on."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.training_guided import TrajectoryCallback, TrajectoryRecorder


def trained(make, X, y, epochs=6, dtype=torch.float64, **options):
    """A module, trained by hand, and its trajectory."""
    torch.manual_seed(0)
    module = make().to(dtype)
    recorder = TrajectoryRecorder(module, unit="epoch", **options)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.3, momentum=0.5)
    x, labels = torch.as_tensor(X, dtype=dtype), torch.as_tensor(y)
    for _ in range(epochs):
        for rows in torch.arange(len(x)).split(30):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(x[rows]), labels[rows]).backward()
            optimizer.step()
        recorder.record()
    return SimpleNamespace(module=module, recorder=recorder, trajectory=recorder.finish(), X=np.asarray(X))


@pytest.fixture(scope="session")
def train():
    return trained


@pytest.fixture(scope="session")
def table():
    """90 rows of 5 columns in float64, and labels of three classes."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((90, 5))
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0)


def perceptron(n_in=5, n_out=3):
    return nn.Sequential(nn.Linear(n_in, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, n_out))


@pytest.fixture(scope="session")
def make_perceptron():
    return perceptron


@pytest.fixture(scope="session")
def run(table):
    return trained(perceptron, *table)


@pytest.fixture
def make_net():
    """A function that makes a skorch net with a TrajectoryCallback."""

    def make(*callbacks, n_in=5, n_out=3, epochs=4, **params):
        torch.manual_seed(0)
        return NeuralNetClassifier(
            perceptron(n_in, n_out),
            criterion=nn.CrossEntropyLoss,
            callbacks=list(callbacks or [TrajectoryCallback()]),
            max_epochs=epochs,
            lr=0.1,
            batch_size=16,
            iterator_train__shuffle=True,
            verbose=0,
            **params,
        )

    return make


@pytest.fixture
def callback_of():
    return lambda net: next(c for _, c in net.callbacks_ if isinstance(c, TrajectoryCallback))
