"""A network is evaluated with gradients, and left exactly as it was."""

import random
import threading

import numpy as np
import pytest
import torch
from support.nets import ARCHITECTURES, make_architecture
from torch import nn

from agop_tabular.core import evaluating


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_modes_buffers_and_random_state_are_restored(name):
    module = make_architecture(name).train()
    list(module.modules())[-1].eval()
    modes = [m.training for m in module.modules()]
    state = {k: v.clone() for k, v in module.state_dict().items()}
    random_state = torch.get_rng_state()
    with evaluating(module):
        assert not any(m.training for m in module.modules())
        torch.rand(3)
    assert [m.training for m in module.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())


def test_everything_is_restored_after_an_error():
    module = make_architecture("batch norm").train()
    running = module[1].running_mean
    before = running.clone()
    with pytest.raises(RuntimeError, match="in the middle"), evaluating(module):
        module[1].running_mean.add_(1)
        module[1].num_batches_tracked = torch.tensor(99)
        raise RuntimeError("in the middle")
    assert module.training
    assert module[1].running_mean is running
    assert torch.equal(running, before)
    assert module[1].num_batches_tracked == 0


@pytest.mark.parametrize("graph_free", [torch.no_grad, torch.inference_mode])
def test_gradients_are_recorded_whatever_is_around(graph_free):
    module = make_architecture("mlp")
    with graph_free(), evaluating(module):
        assert torch.is_grad_enabled()
        assert module(torch.ones(1, 6)).requires_grad


def test_autocast_is_off():
    module = make_architecture("mlp")
    with torch.autocast("cpu", dtype=torch.bfloat16), evaluating(module):
        assert module(torch.ones(1, 6)).dtype == torch.float32


def test_random_states_are_fixed_inside_and_restored_outside():
    module = nn.Linear(2, 2)
    random.seed(1), np.random.seed(2), torch.manual_seed(3)  # noqa: NPY002
    expected = random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
    random.seed(1), np.random.seed(2), torch.manual_seed(3)  # noqa: NPY002
    inside = []
    for _ in range(2):
        with evaluating(module):
            inside.append(torch.rand(1))
            random.random(), np.random.rand()  # noqa: NPY002
    assert torch.equal(*inside)
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected  # noqa: NPY002


def test_a_buffer_that_changed_its_shape_or_its_name():
    module = nn.BatchNorm1d(3)
    running = module.running_mean
    with evaluating(module):
        running.resize_(5)
        del module.running_var
        module.register_buffer("new", torch.zeros(1))
    assert set(dict(module.named_buffers())) == {"running_mean", "running_var", "num_batches_tracked"}
    assert torch.equal(running, torch.zeros(3))


def test_contexts_are_nested():
    module = make_architecture("dropout").train()
    with evaluating(module):
        with evaluating(module):
            pass
        assert not module.training
    assert module.training


def test_threads_take_turns():
    module, inside = nn.Linear(2, 2), []

    def enter():
        with evaluating(module):
            inside.append(1)

    with evaluating(module):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(0.05)
        assert not inside
    thread.join()
    assert inside
