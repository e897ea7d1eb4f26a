"""XWP and its complement: one step from the initialisation to the trained network."""

import pytest
import torch
from numpy.testing import assert_allclose
from support.column_swaps import attributions, network_at, swapped

from agop_tabular.training_guided import TrainingGuidedExplainer


def explained(run, method, **params):
    explainer = TrainingGuidedExplainer(run.module, method=method, trajectory=run.trajectory, **params).fit(run.X)
    return explainer.explain(run.X[:20], target="all")


@pytest.mark.parametrize("method", ["xwp", "xwp-c"])
def test_by_brute_force(run, method):
    slow = attributions(
        method, run.module, run.trajectory, [[j] for j in range(5)], torch.from_numpy(run.X[:20]), ["0"]
    )
    assert_allclose(explained(run, method), slow.numpy(), rtol=1e-10, atol=1e-12)


def test_xwp_is_the_score_minus_that_with_initial_weights(run):
    """The definition once more, without the oracle's loop."""
    states = [c.state() for c in run.trajectory.checkpoints]
    x = torch.from_numpy(run.X[:20])
    with torch.no_grad():
        lost = run.module(x) - swapped(run.module, states[-1], states[0], [2], x, ["0"])
        gained = swapped(run.module, states[0], states[-1], [2], x, ["0"]) - network_at(run.module, states[0])(x)
    assert_allclose(explained(run, "xwp")[:, 2], lost.numpy(), rtol=1e-10, atol=1e-12)
    assert_allclose(explained(run, "xwp-c")[:, 2], gained.numpy(), rtol=1e-10, atol=1e-12)


def test_xstep_in_one_step_is_the_mean_of_both(run):
    mean = (explained(run, "xwp") + explained(run, "xwp-c")) / 2
    assert_allclose(explained(run, "xstep", checkpoints=2), mean, rtol=1e-12, atol=1e-14)
