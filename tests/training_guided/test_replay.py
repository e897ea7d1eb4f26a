"""Replay: behind the first layer, on a copy, for networks of several kinds."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.column_swaps import attributions
from support.nets import MLP, Residual
from support.snapshots import assert_same, snapshot
from torch import nn

from agop_tabular.training_guided import TrainingGuidedExplainer


class TwoReaders(nn.Module):
    """Two layers read the input."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.last = nn.Linear(5, 4), nn.Linear(5, 7, bias=False), nn.Linear(11, 3)

    def forward(self, x):
        return self.last(torch.cat([torch.tanh(self.left(x)), torch.relu(self.right(x))], dim=1))


NETWORKS = {
    "two layers read the input": (TwoReaders, ["left", "right"]),
    "in-place relu": (lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=True), nn.Linear(8, 3)), ["0"]),
    "batch norm": (lambda: nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)), ["0"]),
    "dropout": (lambda: nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3)), ["0"]),
    "one layer": (lambda: nn.Sequential(nn.Linear(5, 3)), ["0"]),
    "gelu": (lambda: nn.Sequential(nn.Linear(5, 8), nn.GELU(), nn.Linear(8, 3)), ["0"]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_several_kinds(train, table, name):
    make, layers = NETWORKS[name]
    run = train(make, *table)
    before = snapshot(run.module)
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
    found = explainer.explain(run.X[:20], target="all")
    assert_same(before, run.module)
    slow = attributions(
        "xtrain", run.module, run.trajectory, [[j] for j in range(5)], torch.from_numpy(run.X[:20]), layers
    )
    assert_allclose(found, slow.numpy(), rtol=1e-9, atol=1e-11)


def test_the_first_layer_is_never_run(run, monkeypatch):
    """Counted: rows of the first layer, and of the layer behind it."""
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
    counted = {"products": 0, "behind": 0}
    linear = nn.functional.linear

    def counting(x, weight, bias=None):
        counted["products" if weight.shape == (8, 5) else "behind"] += len(x) if weight.shape in ((8, 5), (6, 8)) else 0
        return linear(x, weight, bias)

    monkeypatch.setattr(nn.functional, "linear", counting)
    explainer.explain(run.X[:10])
    # once a checkpoint, at the start once more for the base value, and in the prediction
    assert counted["products"] == 10 * (7 + 1 + 1)
    # two swaps of five columns in each of six steps; both scores of each step, the base value, the prediction
    assert counted["behind"] == 10 * (2 * 5 * 6 + 2 * 6 + 1 + 1)


def test_small_chunks_are_the_same(run, monkeypatch):
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
    whole = explainer.explain(run.X)
    monkeypatch.setattr("agop_tabular.training_guided.replay.SWAPPED_VALUES", 1)
    assert_allclose(explainer.explain(run.X), whole, rtol=1e-12, atol=1e-14)
    assert_allclose(explainer.set_params(batch_size=7).explain(run.X), whole, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Residual(5, 3),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(6, 3)),
        lambda: nn.Sequential(nn.LayerNorm(5), MLP(5, 3)),
    ],
)
def test_networks_in_which_columns_have_no_weights_of_their_own(train, table, make):
    run = train(make, *table, epochs=1)
    with pytest.raises(ValueError, match="straight into Linear layers"):
        TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)


def test_weights_changed_since(train, table, make_perceptron):
    run = train(make_perceptron, *table, epochs=2)
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
    with torch.no_grad():
        run.module[2].bias.add_(1)
    with pytest.raises(ValueError, match="have changed since"):
        explainer.explain(run.X)
    with pytest.raises(ValueError, match="have changed since"):
        TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)


def test_another_network(run):
    other = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    with pytest.raises(ValueError, match="other layers than this one"):
        TrainingGuidedExplainer(other, trajectory=run.trajectory).fit(run.X)


def test_float32_is_near_float64(train, table, make_perceptron):
    found = {}
    for dtype in (torch.float32, torch.float64):
        run = train(make_perceptron, *table, epochs=1, dtype=dtype)
        explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
        found[dtype] = explainer.explain(run.X, target="all")
    a, b = found.values()
    assert_allclose(a, b, atol=1e-4 * np.abs(b).max())
