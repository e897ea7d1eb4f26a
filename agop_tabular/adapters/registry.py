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
    for ancestor in type(estimator).__mro__:
        build = BUILDERS.get(f"{ancestor.__module__.partition('.')[0]}.{ancestor.__name__}")
        if build is not None:
            return build(estimator)
    raise NoGradientError(
        f"{type(estimator).__name__} cannot be explained: it has no gradient that AGOPExplainer could follow. "
        "Give a skorch net, a torch.nn.Module, an MLPClassifier, MLPRegressor or linear model of scikit-learn, or a "
        "Pipeline that ends in one of them; for trees and ensembles of trees use shap.TreeExplainer."
    )
