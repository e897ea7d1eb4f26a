"""The explainers that are compared: those of the training, and peers that only this study has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import Baseline, IntegratedGradients
from agop_tabular.baselines.captum_methods import CaptumMethod
from agop_tabular.training_guided import TrainingGuidedExplainer
from agop_tabular.training_guided.guided_methods import GUIDED_METHODS
from benchmarks.shared import methods
from benchmarks.training_guided.rise import Rise

PEERS = ("agop", "agop-ixg", "input-x-gradient", "integrated-gradients", "deeplift", "shap-deep")
"""Peers that other studies have, too."""


class Occlusion(CaptumMethod):
    """Score minus that with a column at its training mean (captum's FeatureAblation)."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import FeatureAblation

        with torch.no_grad():
            out: Tensor = FeatureAblation(self.network_).attribute(
                x, baselines=self.mean_, target=target, perturbations_per_eval=16
            )
        return out


class Lrp(CaptumMethod):
    """Layer-wise relevance propagation with captum's epsilon rule; for networks of Linear layers and ReLU."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import LRP

        module = next(m for m in self.network_.modules() if isinstance(m, nn.Sequential))
        out: Tensor = LRP(module).attribute(x, target=target)
        return out.detach()


OWN_PEERS: dict[str, Callable[..., Baseline]] = {"occlusion": Occlusion, "rise": Rise, "lrp": Lrp}

CONTROLS: dict[str, Callable[..., Baseline]] = {
    "integrated-gradients, black": partial(IntegratedGradients, baseline="zero")
}
"""Training-guided attributions are zero where the input is zero, and those of peers that count from the mean are not:
this control tells whether it is the training or the black baseline that leaves the background clean."""

METHODS = (*GUIDED_METHODS, *PEERS, *OWN_PEERS, "random")
"""All that are compared."""

REGION_METHODS = (*METHODS[:-1], *CONTROLS, "random")
"""All that are compared where the region of the signal is known."""


def fitted(
    name: str, net: Any, background: np.ndarray, seed: int, agop_rows: int | None = None, side: int | None = None
) -> methods.Method:
    """Fit the explainer of this name to a network and its training rows.

    Parameters
    ----------
    name : str
    net : object
    background : ndarray of shape (n, d)
    seed : int
    agop_rows : int or None
        Rows that "agop" is fitted to; None for all.
    side : int or None
        Pixels along a side of an image, for RISE's masks; None for a table.
    """
    if name in GUIDED_METHODS:
        return TrainingGuidedExplainer(net, method=name).fit(background)
    if name in OWN_PEERS or name in CONTROLS:
        options = {"side": side} if name == "rise" else {}
        return (OWN_PEERS | CONTROLS)[name](**options).fit(net, background, seed)
    if name == "agop" and agop_rows is not None:
        explainer = AGOPExplainer(net, contrast=False, gate=None, max_samples=agop_rows, random_state=seed)
        return explainer.fit(background)
    return methods.fitted(name, net, background, seed)
