"""The model-parameter randomisation check (Adebayo and others, 2018)."""

from __future__ import annotations

import copy
import warnings
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

SHOWN = 5
"""Parameters that a warning names."""

Explain = Callable[[Any], np.ndarray]
"""Maps an estimator to attributions (n, d), or maps (n, height, width), of the same rows at every call."""


def parameter_randomization(
    estimator: Any,
    explain: Explain,
    *,
    cascade: bool = True,
    independent: bool = False,
    random_state: int | RandomState | None = None,
) -> pd.DataFrame:
    """Measure how much explanations change when the layers of a network are randomised, from the last to the first.

    An explanation that does not change does not depend on what the model has learned. The estimator is not changed.

    Parameters
    ----------
    estimator : torch.nn.Module, skorch net, or Pipeline ending in one
    explain : callable
        Maps an estimator to attributions (n, d), or maps (n, height, width), of fixed classes, since a randomised
        network predicts other ones. An explainer that is fitted to its estimator must be fitted anew at each call.
    cascade : bool
        Explain after every layer; False explains once, after all layers are random, which is the last row.
    independent : bool
        Randomise each layer alone, with all others as trained, instead of together with those behind it.
    random_state : int, RandomState or None
        For the new parameters, which the layers' own ``reset_parameters`` draws, or torch's ``_reset_parameters`` of
        attention. A warning names parameters that no layer draws, such as tokens, or weights under a weight norm:
        they stay as trained.

    Returns
    -------
    DataFrame
        One row for each layer, when it and all later ones, or it alone, are random: ``spearman`` of the absolute
        attributions and ``cosine``, both with the original attributions, as means over rows. They should be near 0
        where all layers are. ``spearman`` is NaN where the attributions of every row are all alike.

    Raises
    ------
    ValueError
        Where there is no torch module, or no layer, to randomise, and where layers are to be random both alone and all
        at once.
    """
    if independent and not cascade:
        raise ValueError("cascade=False randomises all layers at once, and independent=True each alone: choose one.")
    rng = check_random_state(random_state)
    before = _as_rows(explain(estimator))
    randomised = copy.deepcopy(estimator)
    layers = _layers(randomised)
    if not layers:
        raise ValueError("The network has no layer with reset_parameters(), so there is nothing to randomise.")
    _warn_of_kept(estimator)
    rows = []
    for k in reversed(range(len(layers))):
        if independent:
            randomised = copy.deepcopy(estimator)
        name, layer = _layers(randomised)[k]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(rng.randint(2**31))
            _reset(layer)
        if not cascade and k > 0:
            continue
        after = _as_rows(explain(randomised))
        ranks = spearman(after, before)
        known = ranks[~np.isnan(ranks)]
        mean = known.mean() if len(known) else np.nan
        rows.append({"layer": name, "spearman": mean, "cosine": cosine(after, before).mean()})
    return pd.DataFrame(rows).set_index("layer")


def _as_rows(attributions: np.ndarray) -> np.ndarray:
    """Attributions (n, d), of maps with their pixels as columns."""
    a = np.asarray(attributions)
    return a.reshape(len(a), -1)


def _layers(estimator: Any) -> list[tuple[str, Any]]:
    """Layers whose parameters can be drawn anew, by name, in the order of the modules."""
    modules = _torch_module(estimator).named_modules()
    return [(name or type(m).__name__, m) for name, m in modules if hasattr(m, "reset_parameters") or _is_attention(m)]


def _is_attention(module: nn.Module) -> bool:
    """Whether a module is torch's attention, whose projections of queries, keys and values are its own."""
    return isinstance(module, nn.MultiheadAttention)


def _reset(layer: Any) -> None:
    """Draw a layer's own parameters anew."""
    if hasattr(layer, "reset_parameters"):
        layer.reset_parameters()
    else:
        layer._reset_parameters()


def _warn_of_kept(estimator: Any) -> None:
    """Name the parameters that are as trained where all layers are random."""
    tried = copy.deepcopy(_torch_module(estimator))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for parameter in tried.parameters():
            if parameter.is_floating_point():
                parameter.fill_(torch.nan)
        for _, layer in _layers(tried):
            _reset(layer)
    kept = [name for name, parameter in tried.named_parameters() if parameter.isnan().any()]
    if kept:
        more = f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
        warnings.warn(
            f"Of the network's parameters {', '.join(kept[:SHOWN])}{more} stay as trained, since no layer has a "
            "reset_parameters() that draws them: explanations may depend on them where all layers are said to be "
            "random.",
            UserWarning,
            stacklevel=3,
        )


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
