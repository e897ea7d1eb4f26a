"""A network is evaluated with gradients, and left exactly as it was."""

import os
import random
import signal
import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from support.nets import ARCHITECTURES, make_architecture
from torch import nn

from agop_tabular import AGOPExplainer
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


def in_child(check, timeout=60):
    """Whether a check holds in a forked process, or "hangs"."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 1)
        except BaseException:
            os._exit(2)
    for _ in range(timeout * 100):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
class TestFork:
    """A process that is forked while a network is evaluated finds it as it was, and can evaluate it itself."""

    @pytest.mark.parametrize("depth", [1, 2])
    def test_while_another_thread_evaluates(self, depth):
        module = make_architecture("batch norm").train()
        torch.manual_seed(5)
        state, entered, leave = torch.get_rng_state(), threading.Event(), threading.Event()
        expected = {name: buffer.clone() for name, buffer in module.state_dict().items()}

        def evaluate():
            with ExitStack() as stack:
                for _ in range(depth):
                    stack.enter_context(evaluating(module))
                module[0].register_forward_hook(lambda *_: 1 / 0)
                module[1].running_mean += 1
                entered.set()
                leave.wait()
                module[0]._forward_hooks.clear()

        def as_before():
            same = all(torch.equal(buffer, expected[name]) for name, buffer in module.state_dict().items())
            found = same and all(m.training for m in module.modules()) and torch.equal(torch.get_rng_state(), state)
            with evaluating(module):
                return found and bool(module(torch.ones(2, 6)).requires_grad) and not module.training

        thread = threading.Thread(target=evaluate)
        thread.start()
        entered.wait()
        try:
            assert in_child(as_before) is True
        finally:
            leave.set()
            thread.join()
        assert in_child(as_before) is True

    def test_by_the_thread_that_evaluates(self):
        module = make_architecture("dropout").train()

        def evaluates_on():
            with evaluating(module):
                return not module.training

        with evaluating(module):
            assert in_child(lambda: not module.training and evaluates_on() and not module.training) is True
        assert module.training

    def test_an_explainer(self, X):
        explainer = AGOPExplainer(make_architecture("mlp"), method="agop-ixg", moment="factored").fit(X)
        expected, many, stop = explainer.explain(X[:5]), np.tile(X, (50, 1)), threading.Event()

        def explain_on():
            while not stop.is_set():
                explainer.explain(many)

        thread = threading.Thread(target=explain_on)
        thread.start()
        try:
            for _ in range(5):
                assert in_child(lambda: np.array_equal(explainer.explain(X[:5]), expected)) is True
        finally:
            stop.set()
            thread.join()
