"""Files that earlier versions wrote: they load without a warning, and explain as a new fit does."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.effects.remainder import Remainder

FILES = Path(__file__).parent / "files"


def with_known_weights(module):
    """The module with weights that do not depend on a random state."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.sin(torch.arange(1, p.numel() + 1, dtype=torch.float32)).reshape(p.shape))
    return module


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.net = nn.Embedding(5, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.net(torch.cat((x[:, :2], self.table(x[:, 2].long())), dim=1))


ROWS = np.sin(np.arange(400, dtype="float64")).reshape(100, 4).astype("float32")
CODED = np.column_stack([ROWS[:, :2], np.arange(100) % 5]).astype("float32")


@pytest.mark.parametrize(
    ("file", "method", "make_network", "rows"),
    [
        ("format-4", "agop", lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)), ROWS),
        ("format-4-embedding", "agop-ixg", Embedded, CODED),
    ],
)
def test_a_file_of_format_4(file, method, make_network, rows):
    network = with_known_weights(make_network())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = AGOPExplainer.load(FILES / f"{file}.agop", network)
    fitted = AGOPExplainer(network, method=method).fit(rows)
    attributor = fitted.attributor_
    if method == "agop":  # what effects leave was not measured then
        nothing = Remainder.nothing(3, 4)
        attributor = replace(attributor, method=replace(attributor.method, remainder=nothing))
    expected = attributor.attribute(rows, "predicted").values
    np.testing.assert_allclose(loaded.explain(rows), expected, rtol=1e-4, atol=1e-5)
    assert loaded.moment_ == fitted.moment_
    np.testing.assert_allclose(loaded.agop_diagonal_, fitted.agop_diagonal_, rtol=1e-5)
