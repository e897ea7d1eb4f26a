"""Rows read a batch at a time: the same training, without a call for each row."""

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

from agop_tabular.networks.batches import BatchDataset, batched


def test_a_batch_is_read_with_one_index():
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    rows, targets = BatchDataset(X, y).__getitems__([4, 1])
    assert rows.tolist() == [[8, 9], [2, 3]]
    assert targets.tolist() == [4, 1]
    assert BatchDataset(X).__getitems__([0, 3])[1].tolist() == [0, 0]


def test_training_is_that_of_rows_read_one_by_one():
    X = np.random.default_rng(0).standard_normal((60, 3)).astype("float32")

    def weights(**params):
        torch.manual_seed(0)
        net = NeuralNetRegressor(nn.Linear, module__in_features=3, module__out_features=1, verbose=0, **params)
        return net.fit(X, X[:, :1]).module_.weight.detach()

    torch.testing.assert_close(weights(**batched(valid_batch_size=4)), weights())
