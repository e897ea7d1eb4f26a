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
"""Maps an estimator to attributions (n, d) of always the same rows."""


def parameter_randomization(
    estimator: Any, explain: Explain, *, cascade: bool = True, random_state: int | RandomState | None = None
) -> pd.DataFrame:
    """How far explanations change when the layers of a network lose what they learned, from the last to the first.

    An explanation that stays the same explains nothing of the model. The estimator itself is left alone.

    Parameters
    ----------
    estimator : torch.nn.Module, skorch net, or Pipeline ending in one
    explain : callable
        Maps an estimator to attributions (n, d); of fixed classes, since a network without its parameters predicts
        others. Explainers that are fitted on the estimator are to be fitted anew on each.
    cascade : bool
        Explain after every layer; False only once all layers are random, which is the last row alone.
    random_state : int, RandomState or None
        Draws the new parameters, as the layers' own ``reset_parameters`` does.

    Returns
    -------
    DataFrame
        A row for each layer, once it and all after it are random: ``spearman`` of the absolute attributions and
        ``cosine`` with the ones before, means over rows. Near 0 is as it should be.
    """
    rng = check_random_state(random_state)
    before = np.asarray(explain(estimator))
    randomised = copy.deepcopy(estimator)
    modules = list(_module(randomised).named_modules())
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


def _module(estimator: Any) -> nn.Module:
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    module = estimator if isinstance(estimator, nn.Module) else getattr(estimator, "module_", None)
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"{type(estimator).__name__} has no torch module whose parameters could be randomised; give a torch "
            "module, a fitted skorch net, or a Pipeline ending in one."
        )
    return module
