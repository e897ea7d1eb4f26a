"""Registry of adapters by the names of estimators' classes, so that no optional package is imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agop_tabular.models.adapter import Adapter
from agop_tabular.models.no_gradient import NoGradientError

BUILDERS: dict[str, Callable[[Any], Adapter]] = {}
"""Functions that build an adapter, by ``"package.Class"``."""


def adapts(*class_names: str) -> Callable[[Callable[[Any], Adapter]], Callable[[Any], Adapter]]:
    """Register the decorated function, which builds the adapter of an estimator of these classes or subclasses.

    Parameters
    ----------
    *class_names : str
        ``"package.Class"``: the top-level package and the name of the class.
    """

    def register(build: Callable[[Any], Adapter]) -> Callable[[Any], Adapter]:
        for name in class_names:
            BUILDERS[name] = build
        return build

    return register


def adapt(estimator: Any) -> Adapter:
    """Build the adapter of a fitted estimator, by its class or the nearest base class that has one.

    Parameters
    ----------
    estimator : object
        A fitted skorch net, torch module, scikit-learn pipeline, MLP or linear model, …

    Returns
    -------
    Adapter

    Raises
    ------
    TypeError
        If no class has an adapter, as for trees, which have no gradient.
    """
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    build = _builder(estimator)
    if build is not None:
        return build(estimator)
    held = _held(estimator)
    if held is not None:
        raise NoGradientError(
            f"{type(estimator).__name__} cannot be explained as a whole, but an estimator that it holds can: "
            f"AGOPExplainer(model.{held})."
        )
    raise NoGradientError(
        f"{type(estimator).__name__} cannot be explained: it has no gradient that AGOPExplainer could follow. "
        "Give a skorch net, a torch.nn.Module, an MLPClassifier, MLPRegressor or linear model of scikit-learn, or a "
        "Pipeline that ends in one of them; for trees and ensembles of trees use shap.TreeExplainer."
    )


def _builder(estimator: Any) -> Callable[[Any], Adapter] | None:
    names = (f"{ancestor.__module__.partition('.')[0]}.{ancestor.__name__}" for ancestor in type(estimator).__mro__)
    return next((BUILDERS[name] for name in names if name in BUILDERS), None)


def _held(wrapper: Any) -> str | None:
    """Where a wrapper, as one that sets a threshold or has several outputs, holds an estimator that has an adapter."""
    if _builder(getattr(wrapper, "estimator_", None)) is not None:
        return "estimator_"
    several = getattr(wrapper, "estimators_", None)
    return "estimators_[0]" if isinstance(several, list) and several and _builder(several[0]) is not None else None
