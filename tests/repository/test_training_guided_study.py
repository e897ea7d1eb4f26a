"""What the study of training-guided attribution computes by itself: readings of XtrAIn+, and RISE."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.random import RandomState
from numpy.testing import assert_allclose
from skorch import NeuralNetClassifier
from support.column_swaps import network_at
from torch import nn

from agop_tabular.training_guided import TrainingGuidedExplainer
from benchmarks.training_guided.problems import UNSEEN, Region
from benchmarks.training_guided.readings import OwnTerm, split_step, split_training
from benchmarks.training_guided.rise import MASKS, Rise, mean_of_kept, random_smooth_masks, smooth_masks


@pytest.fixture(scope="module")
def region():
    """Rows in float64 of four classes out of five."""
    rng = RandomState(0)
    X = rng.standard_normal((150, 6))
    y = (X[:, 0] > 0).astype(np.int64) + 2 * (X[:, 1] > 0)
    return Region(X, y, X[:7], y[:7], np.ones((7, 6), dtype=bool), 5)


@pytest.fixture(scope="module")
def split(region):
    return split_training(region, seed=1, epochs=4)


def test_parts_of_all_logits_add_up_to_the_update(split):
    states = [checkpoint.state() for checkpoint in split.trajectory.checkpoints]
    assert len(states) == 5
    for part, (earlier, later) in zip(split.parts, itertools.pairwise(states), strict=True):
        update = later["0.weight"] - earlier["0.weight"]
        assert_allclose(part.sum(dim=0), update, rtol=1e-9, atol=1e-13)
        assert part[UNSEEN].abs().max() > 1e-4


def test_a_part_is_the_step_by_a_loss_in_which_only_one_logit_moves(region):
    torch.manual_seed(2)
    module = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 5)).double()
    x, y = torch.from_numpy(region.X[:20]), torch.from_numpy(region.y[:20])
    slow = []
    for c in range(5):
        scores = module(x)
        only = torch.where(torch.arange(5) == c, scores, scores.detach())
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(only, y), module[0].weight)
        slow.append(-0.3 * gradient)
    parts = split_step(module, torch.optim.SGD(module.parameters(), lr=0.3), x, y)
    assert_allclose(parts, torch.stack(slow), rtol=1e-10, atol=1e-14)


def test_own_term_by_brute_force(region, split):
    """A column's part of its update is switched on in the earlier network, and taken back from the later one."""
    method = OwnTerm("own", tuple(part[UNSEEN] for part in split.parts))
    attributor = TrainingGuidedExplainer(split.module, trajectory=split.trajectory).fit(region.X).attributor_
    found = replace(attributor, method=method).attribute(region.test, UNSEEN).values
    x, slow = torch.from_numpy(region.test), np.zeros((7, 6))

    def score(state, column, change):
        twin = network_at(split.module, state)
        with torch.no_grad():
            twin[0].weight[:, column] += change
            return twin(x)[:, UNSEEN].numpy()

    states = [checkpoint.state() for checkpoint in split.trajectory.checkpoints]
    for part, (earlier, later) in zip(method.parts, itertools.pairwise(states), strict=True):
        for i in range(6):
            forward = score(earlier, i, part[:, i]) - score(earlier, i, 0.0)
            reverse = score(later, i, 0.0) - score(later, i, -part[:, i])
            slow[:, i] += (forward + reverse) / 2
    assert_allclose(found, slow, rtol=1e-9, atol=1e-13)
    assert np.abs(found).min() > 0, "its own term moves the score of a class without training rows"


def test_smooth_masks_by_hand():
    """Two cells of two pixels: enlarged to 6 pixels, of which 4 are the image."""
    grids = torch.tensor([[[1, 0], [0, 0]], [[1, 0], [0, 0]], [[1, 1], [1, 1]]])
    moved = torch.tensor([[0, 0], [1, 0], [1, 1]])
    masks = smooth_masks(grids, moved, side=4)
    falls = np.array([1, 1, 2 / 3, 1 / 3, 0, 0])  # the cells' centres are those of pixels 1 and 4
    assert_allclose(masks[0], np.outer(falls[:4], falls[:4]), atol=1e-15)
    assert_allclose(masks[1], np.outer(falls[1:5], falls[:4]), atol=1e-15)
    assert_allclose(masks[2], np.ones((4, 4)), atol=1e-15)


def test_mean_of_kept_by_hand():
    masks = torch.tensor([[1.0, 0.5], [0.0, 0.5], [1.0, 0.0]])
    scores = torch.tensor([6.0, 0.0, 3.0])  # of mean 3
    assert_allclose(mean_of_kept(masks, scores), [(3 + 0) / 2, (1.5 - 1.5) / 1])


def test_masks_of_a_canvas_are_smooth_and_those_of_a_table_are_not():
    masks = random_smooth_masks(12, RandomState(0)).reshape(MASKS, 12, 12)
    assert 0 <= float(masks.min()) < float(masks.max()) <= 1
    assert_allclose(masks.mean(dim=(1, 2)).mean(), 0.5, atol=0.01)
    assert float((masks[:, :, 1:] - masks[:, :, :-1]).abs().max()) < 0.5  # a cell is 16 / 7 pixels
    module = nn.Sequential(nn.Linear(144, 2))
    with torch.no_grad():
        module[0].weight.zero_()
        module[0].weight[1, 5 * 12 + 5] = 1.0  # reads one pixel
    net = NeuralNetClassifier(module, criterion=nn.CrossEntropyLoss, classes=[0, 1]).initialize()
    X = np.vstack([np.zeros(144), np.ones(144)]).astype("float32")
    smooth, plain = (Rise(side=side).fit(net, X[:1], 0).explain(X[1:], 1).reshape(12, 12) for side in (12, None))
    assert np.unravel_index(smooth.argmax(), (12, 12)) == (5, 5)
    assert plain[5, 5] == pytest.approx(0.5, abs=0.03), "it is kept by half of the masks"
    beside = [(4, 5), (6, 5), (5, 4), (5, 6)]
    assert all(smooth[place] > 0.5 * smooth[5, 5] for place in beside)
    assert all(abs(plain[place]) < 0.1 for place in beside)
