"""XtrAIn+: only steps that raised the score; the other readings of the paper for comparison."""

import itertools

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal
from support.column_swaps import attributions, forward_and_reverse, network_at

from agop_tabular.training_guided import TrainingGuidedExplainer


def test_by_brute_force(run):
    explainer = TrainingGuidedExplainer(run.module, method="xtrain+", trajectory=run.trajectory).fit(run.X)
    x = torch.from_numpy(run.X[:20])
    slow = attributions("xtrain+", run.module, run.trajectory, [[j] for j in range(5)], x, ["0"])
    found = explainer.explain(run.X[:20], target="all")
    assert_allclose(found, slow.numpy(), rtol=1e-10, atol=1e-12)
    everything = attributions("xtrain", run.module, run.trajectory, [[j] for j in range(5)], x, ["0"])
    assert np.abs(found - everything.numpy()).max() > 0.01, "some steps lowered some scores"


def test_a_row_whose_score_never_rose_gets_exactly_zero_and_other_readings_do_not(train, table, make_perceptron):
    """A class without training rows: its score falls in every step, at nearly every row."""
    X, y = table
    run = train(lambda: make_perceptron(n_out=4), X, y, epochs=12)  # labels are 0 to 2
    found = TrainingGuidedExplainer(run.module, method="xtrain+", trajectory=run.trajectory).fit(X).explain(X, target=3)
    x = torch.from_numpy(X)
    states = [c.state() for c in run.trajectory.checkpoints]
    with torch.no_grad():
        scores = torch.stack([network_at(run.module, state)(x)[:, 3] for state in states]).numpy()
    fell = (np.diff(scores, axis=0) <= 0).all(axis=0)
    assert fell.mean() > 0.5
    assert_array_equal(found[fell], 0)
    assert np.abs(found[~fell]).max() > 0
    columns, positive = [[j] for j in range(5)], 0
    for earlier, later in itertools.pairwise(states):
        part = forward_and_reverse(run.module, earlier, later, columns, x, ["0"]).mean(dim=0)[..., 3]
        positive = positive + part.clamp_min(0)  # reading (a): each column's positive contributions
    assert (positive[torch.from_numpy(fell)].sum(dim=1) > 0).all()
