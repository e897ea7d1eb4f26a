"""Everything about a module that an explanation must leave unchanged."""

import torch


def snapshot(module):
    return {
        "modes": [m.training for m in module.modules()],
        "state": {k: v.clone() for k, v in module.state_dict().items()},
        "grads": [None if p.grad is None else p.grad.clone() for p in module.parameters()],
        "requires_grad": [p.requires_grad for p in module.parameters()],
        "hooks": [
            [len(hooks) for name, hooks in vars(m).items() if "_hooks" in name and hooks is not None]
            for m in module.modules()
        ],
        "random": torch.get_rng_state(),
    }


def assert_same(before, module):
    after = snapshot(module)
    assert after["modes"] == before["modes"]
    assert after["requires_grad"] == before["requires_grad"]
    assert after["hooks"] == before["hooks"]
    assert after["state"].keys() == before["state"].keys()
    assert all(torch.equal(after["state"][k], v) for k, v in before["state"].items())
    for now, then in zip(after["grads"], before["grads"], strict=True):
        assert (now is None) == (then is None)
        assert now is None or torch.equal(now, then)
    assert torch.equal(after["random"], before["random"])
