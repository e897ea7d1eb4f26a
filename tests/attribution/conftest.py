"""A network whose Jacobian is known."""

import pytest
import torch
from support.nets import make_architecture
from torch.func import jacrev, vmap


@pytest.fixture
def setting(X):
    """A float64 network, its rows, and the jacobian by vmap(jacrev)."""
    module = make_architecture("silu").double()
    rows = X.astype("float64")
    jacobian = vmap(jacrev(lambda row: module(row[None])[0]))(torch.tensor(rows)).detach().numpy()
    return module, rows, jacobian, module(torch.tensor(rows)).detach().numpy().argmax(1)
