"""What the bundled networks share in training: a time limit, and a random state of their own."""

import time

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

from agop_tabular.networks.training import TimeLimit, own_random_state


def test_training_stops_after_the_first_epoch_that_ends_late():
    class Slow(nn.Linear):
        def forward(self, x):
            time.sleep(0.05)
            return super().forward(x)

    X = np.zeros((8, 3), dtype="float32")
    net = NeuralNetRegressor(
        Slow(3, 1), callbacks=[TimeLimit(0.12)], max_epochs=100, train_split=None, batch_size=8, verbose=0
    ).fit(X, X[:, :1])
    assert 1 <= len(net.history) <= 3


def test_the_random_state_outside_is_left_as_it_was():
    before = torch.get_rng_state()
    with own_random_state(3):
        first = torch.rand(2)
    assert torch.equal(torch.get_rng_state(), before)
    with own_random_state(3):
        assert torch.equal(torch.rand(2), first)
