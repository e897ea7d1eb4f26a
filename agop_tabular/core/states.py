"""Scores of rows in which some coordinates are set to each of several states, such as the levels of a category."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from agop_tabular.core.gradients import Scores
from agop_tabular.core.input_layer import InputLayer

StateScores = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Maps rows (b, p), states (n_states, k) and the k coordinates that have them to scores (b, C, n_states)."""

ROWS_PER_CALL = 2048
"""Rows passed to the network in one call: enough to keep it busy, few enough for memory."""

VALUES_PER_CALL = 2**24
"""Coordinates of these rows together, at most."""


@torch.no_grad()
def scores_in_states(
    scores: Scores, x: Tensor, states: Tensor, coordinates: Tensor, layer: InputLayer | None = None
) -> Tensor:
    """Score every row in every state.

    Parameters
    ----------
    scores : callable
        Maps coordinates (b, p) to scores (b, C).
    x : Tensor of shape (b, p)
    states : Tensor of shape (n_states, k)
    coordinates : Tensor of int, shape (k,)
    layer : InputLayer, optional
        Where the network reads its input. Then only what the k coordinates add to its outputs is computed for each
        state, which for a wide table is a small part of a forward pass.

    Returns
    -------
    Tensor of shape (b, C, n_states)
    """
    states, coordinates = states.to(x.device, x.dtype), coordinates.to(x.device)
    found = None if layer is None else _behind(layer, scores, x, states, coordinates)
    return _at_the_input(scores, x, states, coordinates) if found is None else found


def _at_the_input(scores: Scores, x: Tensor, states: Tensor, coordinates: Tensor) -> Tensor:
    rows = min(ROWS_PER_CALL, VALUES_PER_CALL // x.shape[1])
    found = []
    for part in torch.split(states, max(1, rows // len(x))):
        moved = x.repeat(len(part), 1, 1)
        moved[:, :, coordinates] = part[:, None]
        found.append(scores(moved.flatten(0, 1)).cpu().reshape(len(part), len(x), -1))
    return torch.cat(found).permute(1, 2, 0)


def _behind(layer: InputLayer, scores: Scores, x: Tensor, states: Tensor, coordinates: Tensor) -> Tensor | None:
    """The same from the outputs of the layers that read the input; None where something else reads it, too."""
    rest = x.clone()
    rest[:, coordinates] = 0
    layers = layer.layers
    outputs = [functional.linear(rest, own.weight, own.bias) for own in layers]
    weights = [own.weight[:, coordinates] for own in layers]
    unread = torch.full((1, 1), torch.nan, dtype=x.dtype, device=x.device)
    found = []
    for part in torch.split(states, max(1, ROWS_PER_CALL // len(x))):
        moved = [
            (output + functional.linear(part, weight)[:, None]).flatten(0, 1)
            for output, weight in zip(outputs, weights, strict=True)
        ]
        try:
            with layer.returning(moved):
                s = scores(unread.expand(len(part) * len(x), x.shape[1]))
        except Exception:  # whatever it raises where its input is not finite
            return None
        found.append(s.cpu().reshape(len(part), len(x), -1))
    together = torch.cat(found).permute(1, 2, 0)
    return together if torch.isfinite(together).all() else None
