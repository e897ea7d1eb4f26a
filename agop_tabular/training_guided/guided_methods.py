"""The training-guided methods by name."""

from __future__ import annotations

from typing import Any

from agop_tabular.training_guided.guided_method import GuidedMethod
from agop_tabular.training_guided.xtrain import XStep, XTrain
from agop_tabular.training_guided.xtrain_plus import XTrainPlus
from agop_tabular.training_guided.xwp import XWP, XWPComplement

GUIDED_METHODS: dict[str, GuidedMethod] = {
    method.name: method
    for method in (XTrain("xtrain"), XStep("xstep"), XTrainPlus("xtrain+"), XWP("xwp"), XWPComplement("xwp-c"))
}
"""All methods."""


def guided_method(name: Any) -> GuidedMethod:
    """The method of this name.

    Raises
    ------
    ValueError
        Where there is none.
    """
    if not isinstance(name, str) or name not in GUIDED_METHODS:
        raise ValueError(f"method={name!r} is not one of {', '.join(map(repr, GUIDED_METHODS))}.")
    return GUIDED_METHODS[name]
