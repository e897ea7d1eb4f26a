"""scikit-learn's StackingClassifier and StackingRegressor."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from agop_tabular.adapters.ensemble_module import PREDICT, PROBA
from agop_tabular.adapters.ensembles import ensemble_of_estimators
from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.no_gradient import NoGradientError


class Stacked(nn.Module):
    """A final model whose input is what the members return.

    Parameters
    ----------
    final : Adapter
        Of the final model, without preprocessing.
    firsts : list of int
        First column of each member's response that the final model reads.
    """

    def __init__(self, final: Adapter, firsts: list[int]):
        super().__init__()
        self.final, self.firsts, self.network = final, firsts, final.module

    def __deepcopy__(self, memo: dict[int, Any]) -> Stacked:
        return Stacked(replace(self.final, module=copy.deepcopy(self.final.module, memo)), self.firsts)

    def forward(self, each: list[Tensor]) -> Tensor:
        """Probabilities, or outputs, of the final model."""
        x = torch.cat([part[:, first:] for first, part in zip(self.firsts, each, strict=True)], dim=1)
        x = x.to(self.final.dtype)
        if not self.final.p:
            self.final.confirm(x.detach())
            self.network = self.final.module
        return self.final.probabilities(self.final.scores(x))


@adapts("sklearn.StackingClassifier", "sklearn.StackingRegressor")
def stacking(estimator: Any) -> Adapter:
    """StackingClassifier and StackingRegressor, without ``passthrough``; the final model reads what members return."""
    if estimator.passthrough:
        raise NoGradientError(f"{type(estimator).__name__}(passthrough=True) is not explained; use passthrough=False.")
    classes = getattr(estimator, "classes_", None)
    responses = list(estimator.stack_method_)
    if classes is not None and PREDICT in responses:
        raise NoGradientError(
            "A member of the StackingClassifier passes labels to the final model, which have no gradient; use members "
            "with predict_proba or decision_function."
        )
    final = adapt(estimator.final_estimator_)
    others = [step for step in final.preprocessing if type(step) is not StandardScaler]
    if others:
        raise NoGradientError(
            f"{type(others[0]).__name__} in front of the final model is not explained; use StandardScaler, or none."
        )
    final = replace(final, module=nn.Sequential(*map(_scaling, final.preprocessing), final.module), preprocessing=())
    firsts = [int(r == PROBA and len(classes) == 2) if classes is not None else 0 for r in responses]
    return ensemble_of_estimators(list(estimator.estimators_), responses, Stacked(final, firsts), classes=classes)


def _scaling(scaler: StandardScaler) -> nn.Module:
    """A scaler as a Linear layer."""
    mean = scaler.mean_ if scaler.with_mean else np.zeros(scaler.n_features_in_)
    scale = scaler.scale_ if scaler.with_std else np.ones(scaler.n_features_in_)
    layer = nn.utils.skip_init(nn.Linear, len(mean), len(mean), dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.diag(torch.from_numpy(1 / scale)))
        layer.bias.copy_(torch.from_numpy(-mean / scale))
    return layer
