"""Training-guided attributions the slow, obvious way: networks are copied, columns' weights set, rows run again."""

import copy
import itertools

import torch


def network_at(module, state):
    """A copy of the module with the weights of a checkpoint."""
    twin = copy.deepcopy(module).eval()
    with torch.no_grad():
        for name, t in (*twin.named_parameters(), *twin.named_buffers()):
            t.copy_(state[name])
    return twin


@torch.no_grad()
def swapped(module, state, other, coordinates, x, layers):
    """Outputs of the network at a checkpoint, with some coordinates' weights of these layers from another one."""
    twin = network_at(module, state)
    for name in layers:
        twin.get_submodule(name).weight[:, coordinates] = other[f"{name}.weight"][:, coordinates].to(x.dtype)
    return twin(x)


@torch.no_grad()
def forward_and_reverse(module, earlier, later, columns, x, layers):
    """Both forms of a step, (2, b, d, C): a column's update switched on in the earlier network, and taken back."""
    before, after = network_at(module, earlier)(x), network_at(module, later)(x)
    forward = [swapped(module, earlier, later, c, x, layers) - before for c in columns]
    reverse = [after - swapped(module, later, earlier, c, x, layers) for c in columns]
    return torch.stack([torch.stack(forward, dim=1), torch.stack(reverse, dim=1)])


@torch.no_grad()
def attributions(method, module, trajectory, columns, x, layers, checkpoints=None):
    """Attributions (b, d, C) of a training-guided method, by its definition."""
    states = [c.state() for c in trajectory.checkpoints]
    if method.startswith("xwp"):
        forward, reverse = forward_and_reverse(module, states[0], states[-1], columns, x, layers)
        return reverse if method == "xwp" else forward
    if checkpoints is not None:
        states = [states[i] for i in checkpoints]
    total = torch.zeros(())
    for earlier, later in itertools.pairwise(states):
        part = forward_and_reverse(module, earlier, later, columns, x, layers).mean(dim=0)
        if method == "xtrain+":
            risen = network_at(module, later)(x) > network_at(module, earlier)(x)
            part = part * risen[:, None, :]
        total = total + part
    return total
