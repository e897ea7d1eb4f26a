"""TrajectoryRecorder: which weights are kept, where, and how exactly."""

import pytest
import torch
from torch import nn

from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.training_guided import TrajectoryRecorder


def shifted(module, by):
    with torch.no_grad():
        for p in module.parameters():
            p.fill_(by)


def values(trajectory):
    return [float(c.state()["weight"][0, 0]) for c in trajectory.checkpoints]


def recorded(n, **options):
    """A module whose weights are k after step k."""
    module = nn.Linear(3, 2)
    shifted(module, 0)
    recorder = TrajectoryRecorder(module, **options)
    for k in range(1, n + 1):
        shifted(module, k)
        recorder.record()
    return module, recorder


def test_every_step_and_the_digest():
    module, recorder = recorded(4)
    trajectory = recorder.finish()
    assert values(trajectory) == [0, 1, 2, 3, 4]
    assert trajectory.unit == "step"
    assert trajectory.digest == weights_digest(module)
    assert not trajectory.resumed


@pytest.mark.parametrize(("budget", "n"), [(2, 9), (3, 9), (5, 9), (5, 100), (20, 100), (20, 7)])
def test_a_budget_is_held_evenly(budget, n):
    trajectory = recorded(n, budget=budget)[1].finish()
    assert len(trajectory) <= budget
    assert trajectory.steps[0] == 0
    assert trajectory.steps[-1] == n
    assert values(trajectory) == trajectory.steps
    gaps = {b - a for a, b in zip(trajectory.steps[:-2], trajectory.steps[1:-1], strict=True)}
    assert len(gaps) <= 1, "evenly, but for the last step"
    assert len(trajectory) >= min(n + 1, budget / 2)


def test_weights_that_are_restored_end_the_trajectory_there():
    module, recorder = recorded(5)
    shifted(module, 3)
    assert values(recorder.finish()) == [0, 1, 2, 3]


def test_weights_changed_behind_the_last_step_are_the_end():
    module, recorder = recorded(2)
    shifted(module, 9)
    assert values(recorder.finish()) == [0, 1, 2, 9]


def test_recording_goes_on_after_finish():
    module, recorder = recorded(2)
    recorder.finish()
    shifted(module, 7)
    recorder.record()
    assert values(recorder.finish()) == [0, 1, 2, 7]


def test_half_precision_keeps_both_ends_as_they_are(run, train, table, make_perceptron):
    half = train(make_perceptron, *table, precision="half").trajectory
    states = [c.state() for c in half.checkpoints]
    full = [c.state() for c in run.trajectory.checkpoints]
    assert half.steps == run.trajectory.steps
    for name in full[0]:
        assert torch.equal(states[0][name], full[0][name])
        assert torch.equal(states[-1][name], full[-1][name])
        assert states[3][name].dtype is torch.float16
        assert torch.equal(states[3][name], full[3][name].half())
    assert half.nbytes < run.trajectory.nbytes / 2


def test_half_precision_leaves_what_it_cannot_hold():
    module, recorder = recorded(1, precision="half")
    shifted(module, 1e6)
    recorder.record()
    shifted(module, 5)
    recorder.record()
    assert values(recorder.finish()) == [0, 1, 1e6, 5]


def test_on_disk(tmp_path):
    module, recorder = recorded(20, budget=5, folder=tmp_path)
    trajectory = recorder.finish()
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.iterdir())) == len(trajectory), "files that were dropped are gone"
    assert values(trajectory) == trajectory.steps
    assert trajectory.nbytes == sum(p.stat().st_size for p in folder.iterdir())
    recorded(2, folder=tmp_path)
    assert values(trajectory) == trajectory.steps, "another training has a folder of its own"


@pytest.mark.parametrize("options", [{"budget": 1}, {"budget": True}, {"budget": 2.5}, {"precision": "double"}])
def test_bad_parameters(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        TrajectoryRecorder(nn.Linear(2, 2), **options)
