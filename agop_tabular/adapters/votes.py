"""scikit-learn's VotingClassifier and BaggingClassifier, and those for regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.adapters.ensemble_module import PREDICT, PROBA
from agop_tabular.adapters.ensembles import ensemble_of_estimators
from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.no_gradient import NoGradientError


class Average(nn.Module):
    """The weighted mean of the members' responses."""

    def __init__(self, weights: Any, n: int):
        super().__init__()
        shares = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
        self.shares = (shares / shares.sum()).tolist()

    def forward(self, each: list[Tensor]) -> Tensor:
        """Mean (b, C) of responses (b, C) each."""
        return torch.stack([share * part for share, part in zip(self.shares, each, strict=True)]).sum(dim=0)


@adapts("sklearn.VotingClassifier")
def voting_classifier(estimator: Any) -> Adapter:
    """VotingClassifier that averages probabilities."""
    if estimator.voting != "soft":
        raise NoGradientError(
            'VotingClassifier(voting="hard") counts votes, which have no gradient; use voting="soft".'
        )
    members, combine = estimator.estimators_, Average(estimator._weights_not_none, len(estimator.estimators_))
    return ensemble_of_estimators(members, [PROBA] * len(members), combine, classes=estimator.classes_)


@adapts("sklearn.VotingRegressor")
def voting_regressor(estimator: Any) -> Adapter:
    """VotingRegressor."""
    members, combine = estimator.estimators_, Average(estimator._weights_not_none, len(estimator.estimators_))
    return ensemble_of_estimators(members, [PREDICT] * len(members), combine)


@adapts("sklearn.BaggingClassifier")
def bagging_classifier(estimator: Any) -> Adapter:
    """BaggingClassifier of members with probabilities that were fitted on all columns and all classes."""
    members = _members_of_bag(estimator)
    if any(len(member.classes_) != len(estimator.classes_) for member in members):
        raise NoGradientError("A member of the BaggingClassifier has not seen every class; draw larger samples.")
    return ensemble_of_estimators(
        members, [PROBA] * len(members), Average(None, len(members)), classes=estimator.classes_
    )


@adapts("sklearn.BaggingRegressor")
def bagging_regressor(estimator: Any) -> Adapter:
    """BaggingRegressor of members that were fitted on all columns."""
    members = _members_of_bag(estimator)
    return ensemble_of_estimators(members, [PREDICT] * len(members), Average(None, len(members)))


def _members_of_bag(estimator: Any) -> list[Any]:
    """Members of a bag; raises if they were fitted on different columns."""
    d = estimator.n_features_in_
    if any(not np.array_equal(np.asarray(f), np.arange(d)) for f in estimator.estimators_features_):
        raise NoGradientError(
            f"Members of the {type(estimator).__name__} see different columns; set max_features=1.0 and "
            "bootstrap_features=False."
        )
    members: list[Any] = estimator.estimators_
    return members
