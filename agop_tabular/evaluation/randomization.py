"""The model-parameter randomisation check (Adebayo and others, 2018)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.random import RandomState
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from torch import nn

from agop_tabular.evaluation.metrics import cosine, spearman

Explain = Callable[[Any], np.ndarray]
"""A function that maps an estimator to attributions (n, d), for the same rows at every call."""


def parameter_randomization(
    estimator: Any, explain: Explain, *, cascade: bool = True, random_state: int | RandomState | None = None
) -> pd.DataFrame:
    """Measure how much explanations change when the layers of a network are randomised, from the last to the first.

    An explanation that does not change does not depend on what the model has learned. The estimator is not changed.

    Parameters
    ----------
    estimator : torch.nn.Module, skorch net, or Pipeline ending in one
    explain : callable
        Maps an estimator to attributions (n, d) of fixed classes, since a randomised network predicts other ones. An
        explainer that is fitted to its estimator must be fitted anew at each call.
    cascade : bool
        Explain after every layer; False explains once, after all layers are random, which is the last row.
    random_state : int, RandomState or None
        For the new parameters, which the layers' own ``reset_parameters`` draws.

    Returns
    -------
    DataFrame
        One row for each layer, when it and all later ones are random: ``spearman`` of the absolute attributions and
        ``cosine``, both with the original attributions, as means over rows. They should be near 0.
    """
    rng = check_random_state(random_state)
    before = np.asarray(explain(estimator))
    randomised = copy.deepcopy(estimator)
    modules = list(_torch_module(randomised).named_modules())
    layers = [(name or type(m).__name__, m) for name, m in modules if hasattr(m, "reset_parameters")]
    if not layers:
        raise ValueError("The network has no layer with reset_parameters(), so there is nothing to randomise.")
    rows = []
    for name, layer in reversed(layers):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(rng.randint(2**31))
            layer.reset_parameters()
        if not cascade and layer is not layers[0][1]:
            continue
        after = np.asarray(explain(randomised))
        rows.append(
            {"layer": name, "spearman": np.nanmean(spearman(after, before)), "cosine": cosine(after, before).mean()}
        )
    return pd.DataFrame(rows).set_index("layer")


def _torch_module(estimator: Any) -> nn.Module:
    """The torch module inside an estimator."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    module = estimator if isinstance(estimator, nn.Module) else getattr(estimator, "module_", None)
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"{type(estimator).__name__} has no torch module whose parameters could be randomised; give a torch "
            "module, a fitted skorch net, or a Pipeline ending in one."
        )
    return module
