"""The network's own Shapley values of some rows, by sampling, with the noise of the samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel


@dataclass(frozen=True, eq=False)
class SampledValues:
    """Unbiased estimates of Shapley values.

    Attributes
    ----------
    values : ndarray of shape (n, d, C)
    variances : ndarray of shape (n, d, C)
        Of these estimates: the square of their standard errors.
    n_evaluations : int
        Rows on which the network was evaluated for them.
    """

    values: np.ndarray
    variances: np.ndarray
    n_evaluations: int

    def __add__(self, more: SampledValues) -> SampledValues:
        """Both together, each with as much weight as it took evaluations."""
        total = self.n_evaluations + more.n_evaluations
        a, b = (part.n_evaluations / total if total else 0.5 for part in (self, more))
        values, variances = a * self.values + b * more.values, a**2 * self.variances + b**2 * more.variances
        return SampledValues(values, variances, total)


def evaluations_a_pair(n_columns: int) -> int:
    """Evaluations of the network that a permutation of the columns of one row takes together with its reverse."""
    return 2 * (n_columns + 1)


def sample_values(
    model: ExplainedModel,
    fitted: FittedEffectsMethod,
    background: torch.Tensor,
    x: torch.Tensor,
    n_pairs: int,
    seed: int,
) -> SampledValues:
    """Sample the Shapley values of all scores by permutations that every row draws for itself.

    Errors of different rows are therefore independent, and average out.

    Parameters
    ----------
    model : ExplainedModel
    fitted : FittedEffectsMethod
        Whose effects take noise away, as a control variate; the estimates are without bias whatever they are.
    background : Tensor of shape (m, p)
        Those that the effects are differences from.
    x : Tensor of shape (n, p)
    n_pairs : int
        Permutations of each row, each with its reverse.
    seed : int
    """
    sampling, d, classes = fitted.sampling(background), model.feature_map.n_columns, list(range(model.network.n_scores))
    shape = (len(x), d, len(classes))
    if sampling is None:  # no column varies, so that none can have a part in the scores
        return SampledValues(np.zeros(shape), np.zeros(shape), 0)
    draws = sampling.draws(n_pairs, seed, len(x))
    with evaluating(model.network.module), torch.no_grad():
        found = sampling.sample(model.scores, x, classes, draws)
    values, variances = (torch.stack([found[c][k] for c in classes], dim=2).numpy() for k in (0, 1))
    return SampledValues(values, variances, len(x) * n_pairs * evaluations_a_pair(d))
