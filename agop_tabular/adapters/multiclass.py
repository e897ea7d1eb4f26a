"""scikit-learn's OneVsRestClassifier."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from torch import Tensor, nn

from agop_tabular.adapters.ensemble_module import PROBA
from agop_tabular.adapters.ensembles import ensemble_of_estimators
from agop_tabular.adapters.registry import adapt, adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.no_gradient import NoGradientError


class Normalised(nn.Module):
    """Each member's probability that a row is of its class, divided by the sum over the members."""

    def forward(self, each: list[Tensor]) -> Tensor:
        """Probabilities (b, C) from those of C members, (b, 2) each."""
        own = torch.cat([part[:, 1:] for part in each], dim=1)
        return own / own.sum(dim=1, keepdim=True).clamp_min(torch.finfo(own.dtype).tiny)


@adapts("sklearn.OneVsRestClassifier")
def one_vs_rest(estimator: Any) -> Adapter:
    """OneVsRestClassifier of one label a row: of two classes its only member, of more the members side by side."""
    if estimator.multilabel_:
        raise NoGradientError(
            "OneVsRestClassifier of several labels a row is not explained as a whole; explain its estimators_, one "
            "for each label."
        )
    members = list(estimator.estimators_)
    if not all(is_classifier(member) and len(member.classes_) == 2 for member in members):
        raise NoGradientError(
            "A member of the OneVsRestClassifier is a regressor, or has seen one class only, so that it has no "
            "probability to differentiate; give it classifiers and rows of every class."
        )
    if len(members) == 1:
        return replace(adapt(members[0]), classes=np.asarray(estimator.classes_))
    return ensemble_of_estimators(members, [PROBA] * len(members), Normalised(), classes=estimator.classes_)
