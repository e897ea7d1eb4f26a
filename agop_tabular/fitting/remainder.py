"""The pass that measures what main and pair effects leave of the scores, once effects are fitted."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.warning import warn_user
from agop_tabular.effects.axis import Axis
from agop_tabular.effects.disagreement import Disagreement, find_disagreement
from agop_tabular.effects.remainder import measure_remainder, with_constants
from agop_tabular.fitting.shuffled_rows import check_shuffled
from agop_tabular.models.explained_model import ExplainedModel

CHECKED_ROWS = 4096
"""Shuffled rows on which effects are compared with scores: above a hundred in each bin."""


WORTH_SAYING = 0.01
"""Share of a score's variance from which a disagreement is said."""

MUCH_LEFT = 0.5
"""Share of a score's variance that effects leave, from which that is said: most of it is shared out."""


def with_remainder(
    model: ExplainedModel, fitted: FittedEffectsMethod, background: Tensor, seed: int
) -> FittedEffectsMethod:
    """Measure what a fitted method's effects leave of the scores, and the constants that go with it.

    Parameters
    ----------
    model : ExplainedModel
    fitted : FittedEffectsMethod
        Centred on these background rows, without anything else of a remainder yet.
    background : Tensor of shape (m, p)
    seed : int
    """
    importances = fitted.summary.importances
    columns = importances.argsort(descending=True, stable=True)
    measured = fitted.measured(model, background)
    with evaluating(model.network.module):
        remainder = measure_remainder(measured, columns[importances[columns] > 0], seed)
        remainder = replace(remainder, background=fitted.remainder.background)
        found = fitted.with_remainder(remainder)
        found = found.with_remainder(with_constants(remainder, found.measured(model, background)))
    check_shuffled(found.remainder.constants, found.remainder.shares)
    return found


@torch.no_grad()
def disagreement_of(model: ExplainedModel, fitted: FittedEffectsMethod, background: Tensor, seed: int) -> Disagreement:
    """Compare a fitted method's effects with the scores; parameters as for :func:`with_remainder`."""
    measured = fitted.measured(model, background)
    with evaluating(model.network.module):
        x = measured.shuffled(measured.affordable(CHECKED_ROWS), torch.Generator().manual_seed(seed))
        scores, remainder = measured.residual(x)
    check_shuffled(scores)
    return find_disagreement(fitted.effects.axes, x, scores, remainder)


def warn_of_disagreement(model: ExplainedModel, axes: tuple[Axis, ...], disagreement: Disagreement) -> None:
    """Warn of columns whose effects disagree with the scores although they were gathered from the scores themselves."""
    shares: dict[str, float] = {}
    for i in disagreement.axes:
        name = model.feature_map.names[int(model.feature_map.column_of[int(axes[i].coordinates[0])])]
        shares[name] = max(shares.get(name, 0.0), float(disagreement.shares[i]))
    parts = [f"{name!r} ({share:.1%})" for name, share in shares.items() if share > WORTH_SAYING]
    if parts:
        warn_user(
            f"The scores move with column(s) {', '.join(parts[:10])} in a way that effects do not follow. This share "
            "of the scores' variance is part of the rest that is shared out; refine= makes up for it."
        )


def warn_of_much_left(fitted: FittedEffectsMethod) -> None:
    """Warn where effects leave more of the scores than they hold."""
    left = fitted.remainder.unexplained
    if left is not None and left.max() > MUCH_LEFT:
        warn_user(
            f"Effects of columns and pairs leave {float(left.max()):.0%} of the scores' variance, which is shared out, "
            "so attributions may be far off: the network has effects of more columns at once than are looked up. "
            "refine= makes up for it, audit() says how far they are off, and each explanation its support."
        )
