"""An error of shap's is an error here."""

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.baselines import (
    DeepShap,
)


def test_a_failure_of_the_peer_is_an_error():
    class Reuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.relu, self.last = nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 3)

        def forward(self, x):
            return self.last(nn.functional.silu(self.first(x)) * 10)

    torch.manual_seed(0)
    net = NeuralNetClassifier(Reuses, criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    rows = np.random.default_rng(0).standard_normal((120, 6)).astype("float32") * 3
    with pytest.raises(AssertionError, match="do not sum up"):
        DeepShap()(net, rows[:5], "predicted", rows, 0)
    assert DeepShap(check_additivity=False)(net, rows[:5], "predicted", rows, 0).shape == (5, 6)
