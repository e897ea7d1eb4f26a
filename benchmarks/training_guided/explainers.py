"""The explainers that are compared: those of the training, and peers that only this study has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import Baseline, IntegratedGradients
from agop_tabular.baselines.captum_methods import CaptumMethod
from agop_tabular.training_guided import TrainingGuidedExplainer
from agop_tabular.training_guided.guided_method import GuidedMethod, Step
from agop_tabular.training_guided.guided_methods import GUIDED_METHODS
from agop_tabular.training_guided.xtrain import mean_swap
from benchmarks.shared import methods

PEERS = ("agop", "agop-ixg", "input-x-gradient", "integrated-gradients", "deeplift", "shap-deep")
"""Peers that other studies have, too."""

MASKS = 1000
"""Random masks of RISE."""


class Occlusion(CaptumMethod):
    """Score minus that with a column at its training mean (captum's FeatureAblation)."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import FeatureAblation

        with torch.no_grad():
            out: Tensor = FeatureAblation(self.network_).attribute(
                x, baselines=self.mean_, target=target, perturbations_per_eval=16
            )
        return out


class Rise(CaptumMethod):
    """RISE (Petsiuk and others, 2018) without its smooth masks, which are for images.

    Half of the columns keep their values and the others get the training means; a column's attribution is the mean
    score of the masks that keep it minus that of all masks.
    """

    @torch.no_grad()
    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        keep = torch.from_numpy(self.random_state_.random_sample((MASKS, x.shape[1])) < 0.5).to(x.dtype)
        out = torch.empty_like(x)
        for i in range(len(x)):
            scores = self.network_(self.mean_ + keep * (x[i] - self.mean_))[:, target[i]]
            out[i] = keep.T @ (scores - scores.mean()) / keep.sum(dim=0)
        return out


class Lrp(CaptumMethod):
    """Layer-wise relevance propagation with captum's epsilon rule; for networks of Linear layers and ReLU."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import LRP

        module = next(m for m in self.network_.modules() if isinstance(m, nn.Sequential))
        out: Tensor = LRP(module).attribute(x, target=target)
        return out.detach()


OWN_PEERS: dict[str, Callable[[], Baseline]] = {"occlusion": Occlusion, "rise": Rise, "lrp": Lrp}

CONTROLS: dict[str, Callable[[], Baseline]] = {
    "integrated-gradients, black": partial(IntegratedGradients, baseline="zero")
}
"""Training-guided attributions are zero where the input is zero, and those of peers that count from the mean are not:
this control tells whether it is the training or the black baseline that leaves the background clean."""

METHODS = (*GUIDED_METHODS, *PEERS, *OWN_PEERS, "random")
"""All that are compared."""

REGION_METHODS = (*METHODS[:-1], *CONTROLS, "random")
"""All that are compared where the region of the signal is known."""


def fitted(name: str, net: Any, background: np.ndarray, seed: int, agop_rows: int | None = None) -> methods.Method:
    """Fit the explainer of this name to a network and its training rows; "agop" to some of them only."""
    if name in GUIDED_METHODS:
        return TrainingGuidedExplainer(net, method=name).fit(background)
    if name in OWN_PEERS or name in CONTROLS:
        return (OWN_PEERS | CONTROLS)[name]().fit(net, background, seed)
    if name == "agop" and agop_rows is not None:
        explainer = AGOPExplainer(net, contrast=False, gate=None, max_samples=agop_rows, random_state=seed)
        return explainer.fit(background)
    return methods.fitted(name, net, background, seed)


@dataclass(frozen=True)
class PositiveParts(GuidedMethod):
    """Another reading of XtrAIn+: each column's positive contributions, whatever the score did."""

    def attribute(self, steps: Iterator[Step]) -> Tensor:
        """Sum of the positive parts."""
        return torch.stack([mean_swap(step).clamp_min(0) for step in steps]).sum(dim=0)
