"""The explainers that studies compare, all fitted and called the same way."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from sklearn.base import clone

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import BASELINES

OURS = ("agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global")
METHODS = (*OURS, *BASELINES)

PAPER_PEERS = ("shap-deep", "integrated-gradients", "input-x-gradient", "lime")
"""The peers that arXiv 2605.15700 compares AGOP-IxG with."""

UNSIGNED = ("agop-weighted", "agop-local", "agop-global")
"""Methods whose signs mean nothing; metrics of signs are left out for them."""

SLOW = ("shap-kernel", "shap-deep-1000", "shap-gradient-1000")
"""Not among the defaults of a study, since a row takes up to a third of a second."""

DEFAULT = tuple(name for name in METHODS if name not in SLOW)


class Method(Protocol):
    """A fitted explainer, bound to its model."""

    def explain(self, X: Any, target: Any) -> np.ndarray: ...


def fitted(name: str, model: Any, background: Any, seed: int) -> Method:
    """Fit the explainer of this name to a model and its training rows."""
    if name in BASELINES:
        return clone(BASELINES[name]).fit(model, background, seed)
    # contrast=False explains the score itself, as the baselines do: studies centre the attributions of all alike
    return AGOPExplainer(model, method=name, contrast=False, random_state=seed).fit(background)
