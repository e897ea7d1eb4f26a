"""Which moment of the gradients is gathered: all of M, dense, factored or sketched, or its diagonal."""

from __future__ import annotations

from collections.abc import Callable

from agop_tabular.attribution.methods import Method
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment, GradientMoment
from agop_tabular.core.sketch import SketchedMoment

MOMENTS = ("auto", "dense", "factored", "sketched", "diagonal")

DENSE_UP_TO = 2048
"""Coordinates up to which p × p, and its decomposition, are cheap: about a second."""


def no_gradients(moment: str, method: Method, feature_map: FeatureMap, layer: InputLayer | None) -> GradientMoment:
    """The moment that a pass begins with.

    Parameters
    ----------
    moment : "auto", "dense", "factored", "sketched" or "diagonal"
    method : Method
    feature_map : FeatureMap
    layer : InputLayer or None
        The layer that all of the input goes straight into, where there is one.

    Raises
    ------
    ValueError
        Where the method, or the centring of one-hot blocks, needs more than a diagonal, or there is no such layer.
    """
    p, blocks = feature_map.n_coordinates, bool((feature_map.block_of >= 0).any())
    kinds: dict[str, Callable[[], GradientMoment]] = {
        "dense": lambda: DenseMoment(p),
        "sketched": lambda: SketchedMoment(p),
        "diagonal": lambda: DiagonalMoment(p),
    }
    if layer is not None:
        kinds["factored"] = lambda: FactoredMoment(p, weight=layer.weight.cpu())
    if moment == "factored" and layer is None:
        raise ValueError(
            'moment="factored" needs a network whose input goes straight into a Linear layer, and nowhere else; use '
            'moment="auto".'
        )
    if moment == "diagonal" and (blocks or not method.diagonal):
        why = "one-hot blocks are centred by" if blocks else f'method="{method.name}" needs'
        raise ValueError(f'moment="diagonal" is not enough, since {why} all of M; use moment="auto".')
    if moment == "auto":
        moment = _cheapest(p, None if layer is None else len(layer.weight), diagonal=method.diagonal and not blocks)
    return kinds[moment]()


def _cheapest(p: int, h: int | None, *, diagonal: bool) -> str:
    """The kind of moment that costs least, behind a first layer of h outputs or without one."""
    if h is not None and h * h < p * (p + h):
        return "factored"
    if p <= DENSE_UP_TO:
        return "dense"
    return "diagonal" if diagonal else "sketched"
