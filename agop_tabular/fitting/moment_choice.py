"""Which moment of the gradients is gathered: all of M, dense, factored or sketched, or its diagonal."""

from __future__ import annotations

from agop_tabular.attribution.method import Method
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment, GradientMoment
from agop_tabular.core.sketch import SketchedMoment
from agop_tabular.models.explained_model import ExplainedModel

MOMENTS = ("auto", "dense", "factored", "sketched", "diagonal")

DENSE_UP_TO = 2048
"""Coordinates up to which p × p, and its decomposition, are cheap: about a second."""


def choose_moment(wanted: str, method: Method, model: ExplainedModel) -> str:
    """The kind of moment that a fit gathers.

    Parameters
    ----------
    wanted : "auto", "dense", "factored", "sketched" or "diagonal"
        "auto" takes the cheapest kind that is enough for the method.
    method : Method
    model : ExplainedModel

    Returns
    -------
    "dense", "factored", "sketched" or "diagonal"

    Raises
    ------
    ValueError
        Where the method, or the centring of one-hot blocks, needs more than a diagonal, or "factored" is wanted and the
        input does not go straight into a Linear layer.
    """
    p, has_blocks = model.feature_map.n_coordinates, bool((model.feature_map.block_of >= 0).any())
    if wanted == "factored" and model.layer is None:
        raise ValueError(
            'moment="factored" needs a network whose input goes straight into a Linear layer, and nowhere else; use '
            'moment="auto".'
        )
    if wanted == "diagonal" and (has_blocks or method.needs_all_of_m):
        why = "one-hot blocks are centred by" if has_blocks else f'method="{method.name}" needs'
        raise ValueError(f'moment="diagonal" is not enough, since {why} all of M; use moment="auto".')
    if wanted != "auto":
        return wanted
    h = None if model.layer is None else len(model.layer.weight)
    return _cheapest(p, h, diagonal=not method.needs_all_of_m and not has_blocks)


def empty_moment(kind: str, p: int, layer: InputLayer | None) -> GradientMoment:
    """A moment of a kind, over no rows yet.

    Parameters
    ----------
    kind : "dense", "factored", "sketched" or "diagonal"
    p : int
        Number of coordinates.
    layer : InputLayer or None
        The layer that "factored" takes gradients behind.

    Raises
    ------
    ValueError
        Where "factored" is wanted and there is no such layer any more.
    """
    if kind == "factored":
        if layer is None:
            raise ValueError("The first layer has changed since earlier rows were added; call fit to start anew.")
        return FactoredMoment(p, weight=layer.weight.cpu().contiguous())  # as it is after load, to the last bit
    return {"dense": DenseMoment, "sketched": SketchedMoment, "diagonal": DiagonalMoment}[kind](p)


def _cheapest(p: int, h: int | None, *, diagonal: bool) -> str:
    """The kind of moment that costs least, behind a first layer of h outputs or without one."""
    if h is not None and h * h < p * (p + h):  # operations a row: h² for S, against p² for M and p · h for the gradient
        return "factored"
    if p <= DENSE_UP_TO:
        return "dense"
    return "diagonal" if diagonal else "sketched"
