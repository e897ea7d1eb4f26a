"""The compared explainers: this project's methods and the baselines, all fitted and called the same way."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from sklearn.base import clone

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import BASELINES

OURS = ("agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global")
PEERS = tuple(name for name in BASELINES if name not in ("random", "network-shapley"))
METHODS = (*OURS, *BASELINES)

UNSIGNED = ("agop-weighted", "agop-local", "agop-global")
"""Their signs mean nothing, so metrics of signs are left out."""

SLOW = ("shap-kernel",)
"""Left out of a study's defaults: a row takes a third of a second."""

DEFAULT = tuple(name for name in METHODS if name not in SLOW)


class Method(Protocol):
    """An explainer that knows its model."""

    def explain(self, X: Any, target: Any) -> np.ndarray: ...


def fitted(name: str, model: Any, background: Any, seed: int) -> Method:
    """The explainer of this name, set up for a model and its training rows."""
    if name in BASELINES:
        return clone(BASELINES[name]).fit(model, background, seed)
    # of the score itself, as the peers': the study centres all of them alike
    return AGOPExplainer(model, method=name, contrast=False, random_state=seed).fit(background)
