"""A table and a network whose answers do not depend on batches."""

import numpy as np
import pytest
import torch
from support.nets import MLP


@pytest.fixture(scope="module")
def table():
    """4,500 rows, correlated, of different scale."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((4500, 6)) @ rng.standard_normal((6, 6)) * [1, 2, 0.5, 10, 1, 3] + 1).astype("float32")


@pytest.fixture(scope="module")
def network():
    """In float64, where batches that begin elsewhere do not show."""
    torch.manual_seed(0)
    return MLP(6, 3).double()


@pytest.fixture(autouse=True)
def in_turn():
    """Every test computes in its own thread unless it sets another scheduler."""
    dask = pytest.importorskip("dask")
    with dask.config.set(scheduler="synchronous"):
        yield
