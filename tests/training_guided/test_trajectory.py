"""Trajectory: what is kept, thinned, and refused."""

from dataclasses import replace

import pytest
import torch

from agop_tabular.training_guided.trajectory import Checkpoint


def test_what_a_trajectory_says_of_itself(run):
    trajectory = run.trajectory
    assert trajectory.steps == list(range(7))
    assert len(trajectory) == 7
    assert trajectory.nbytes == 7 * sum(p.numel() * 8 for p in run.module.parameters())


@pytest.mark.parametrize(
    ("n", "steps"), [(2, [0, 6]), (3, [0, 3, 6]), (4, [0, 2, 4, 6]), (7, list(range(7))), (50, list(range(7)))]
)
def test_thinned_evenly_with_both_ends(run, n, steps):
    assert run.trajectory.thinned(n).steps == steps


def test_reversed(run):
    assert run.trajectory.reversed().steps == list(range(6, -1, -1))


def test_checkpoints_of_another_network(run, make_perceptron):
    with pytest.raises(ValueError, match="other layers than this one"):
        run.trajectory.check(make_perceptron(n_in=4))


def test_only_the_start(run):
    with pytest.raises(ValueError, match="the start of the training only"):
        replace(run.trajectory, checkpoints=run.trajectory.checkpoints[:1]).check(run.module)


def test_a_training_that_diverged(run):
    first, *others = run.trajectory.checkpoints
    broken = {name: torch.full_like(t, float("nan")) for name, t in first.state().items()}
    trajectory = replace(run.trajectory, checkpoints=(first, Checkpoint(1, broken), *others[1:]))
    with pytest.raises(ValueError, match="At epoch 1 of the training some weights were NaN"):
        trajectory.check(run.module)


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        Checkpoint(0, tmp_path / "gone.safetensors").state()
