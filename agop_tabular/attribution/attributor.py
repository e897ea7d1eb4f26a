"""The pass that attributes: rows through the network, and through the filter or the tables that were fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.fitted_method import Attribution
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.gradients import Choice, score_gradient, score_jacobian
from agop_tabular.effects.refinement import Refinement
from agop_tabular.fitting.statistics import Batches, Gathered
from agop_tabular.models.refusals import check_finite, check_gradient, check_scores
from agop_tabular.models.targets import ALL


@dataclass(frozen=True, eq=False)
class Attributed:
    """Attributions of n rows.

    Attributes
    ----------
    values : ndarray of shape (n, d), or (n, d, C) for all scores
    index : ndarray of int, shape (n,), or None for all scores
        The explained score of each row.
    support, scores : ndarray of shape (n,) or (n, C), or None
        How far each explanation is backed, and the explained score, where they were asked for.
    errors : ndarray of shape of values, or None
        Standard errors, where attributions were refined.
    residual : ndarray of shape of values, or None
        What a gate took away.
    """

    values: np.ndarray
    index: np.ndarray | None
    support: np.ndarray | None
    scores: np.ndarray | None
    errors: np.ndarray | None = None
    residual: np.ndarray | None = None

    def gated(self, mask: np.ndarray | None) -> Attributed:
        """With zeros for the columns where the mask (d,) is False, and what was there as the residual."""
        if mask is None:
            return self
        keep = mask[None, :, None] if self.values.ndim == 3 else mask
        return replace(self, values=np.where(keep, self.values, 0), residual=np.where(keep, 0, self.values))


def attribute(
    gathered: Gathered,
    attribution: Attribution,
    batches: Batches,
    n: int,
    wanted: str | np.ndarray,
    dtype: np.dtype,
    *,
    with_support: bool,
    refinement: Refinement | None = None,
    first_row: int = 0,
) -> Attributed:
    """Attribute n rows.

    Parameters
    ----------
    wanted : "predicted", "all", or ndarray of int, shape (n,)
        The explained score, as :func:`~agop_tabular.models.targets.resolve_target` reads it.
    dtype : dtype
        Of the result.
    with_support : bool
        Whether support and scores are wanted, too.
    refinement : Refinement, optional
        What corrects attributions that were looked up.
    first_row : int
        Place of the rows in a larger table, for messages.
    """
    adapter = gathered.network
    every = isinstance(wanted, str) and wanted == ALL
    shape = (n, adapter.n_scores) if every else (n,)
    values = np.empty((n, attribution.feature_map.n_columns, *shape[1:]), dtype=dtype)
    index = None if every else np.empty(n, dtype=int)
    scores = np.empty(shape, dtype=dtype) if with_support else None
    backed = with_support and (attribution.method.tables or attribution.spectrum is not None)
    support = np.empty(shape, dtype=dtype) if backed else None
    errors = None if refinement is None else np.empty_like(values)
    if attribution.method.tables:
        batch = _tables(gathered, attribution, refinement)
    else:
        batch = _gradients(gathered, attribution)
    direct = not every and adapter.device.type == "cpu" and torch.from_numpy(values[:0]).dtype == adapter.dtype
    with evaluating(adapter.module):
        for rows, x in batches:
            check_finite(x, attribution.feature_map, first_row + rows.start)
            choose = None if every else adapter.predicted if isinstance(wanted, str) else _fixed(wanted[rows], x)
            place = torch.from_numpy(values[rows]) if direct else None
            found = batch(x, choose, with_support, first_row + rows.start, place)
            if found[0] is not place:
                values[rows] = _as_numpy(found[0])
            for out, part in zip((index, support, scores, errors), found[1:], strict=True):
                if out is not None and part is not None:
                    out[rows] = _as_numpy(part)
    return Attributed(values, index, support, scores, errors)


Found = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None, Tensor | None]
"""Values (b, d) or (b, d, C), index (b,), support and scores (b,) or (b, C), and errors like the values, of a batch."""

Batch = Callable[[Tensor, Choice | None, bool, int, Tensor | None], Found]
"""Maps coordinates (b, p), the choice of score (None for all), whether support is wanted, the number of the first row,
and where to put the values, if they can be put there, to what is found."""


def _gradients(gathered: Gathered, attribution: Attribution) -> Batch:
    """Attributions from each row's gradient, taken behind the first layer where that can be."""
    adapter, contrast, layer = gathered.network, gathered.contrast, gathered.layer
    fitted = attribution.ready(adapter.dtype, adapter.device, None if layer is None else layer.weight)
    cut = None if layer is None else layer.cut

    def batch(x: Tensor, choose: Choice | None, with_support: bool, first: int, out: Tensor | None) -> Found:
        index, scores = None, None
        if choose is None:
            gradient = score_jacobian(adapter.scores, x, contrast=contrast, cut=cut)
        else:
            gradient, index, scores = score_gradient(adapter.scores, x, choose, contrast=contrast, cut=cut)
        check_gradient(gradient, first)
        values = fitted.values(gradient, x if choose is not None else x[:, None, :], out)
        if choose is None:
            values = values.transpose(1, 2)
        if not with_support:
            return values, index, None, None, None
        s = gathered.scores(x) if scores is None else gathered.explained(scores)
        return values, index, fitted.support(gradient), s if index is None else s.gather(1, index[:, None])[:, 0], None

    return batch


def _tables(gathered: Gathered, attribution: Attribution, refinement: Refinement | None) -> Batch:
    """Attributions looked up in tables of effects, and refined."""
    adapter = gathered.network
    fitted = attribution.tabulated(adapter.device, adapter.dtype)

    def batch(x: Tensor, choose: Choice | None, with_support: bool, first: int, out: Tensor | None) -> Found:
        with torch.no_grad():
            s = gathered.scores(x)
            check_scores(s, first)
            if choose is None:
                every = torch.arange(s.shape[1], device=s.device)
                parts = [fitted.values(x, s[:, c], c) for c in range(s.shape[1])]
                values, support = (torch.stack(part, dim=-1) for part in zip(*parts, strict=True))
                if refinement is None:
                    return values, None, support, s, None
                refined = refinement.refined(
                    gathered.scores, x, values, s.double() - fitted.mean_scores, every.expand(len(x), -1)
                )
                return refined[0], None, support, s, refined[1]
            index = choose(s)
            s = s.gather(1, index[:, None])[:, 0]
            values, support = fitted.values(x, s, index)
            if refinement is None:
                return values, index, support, s, None
            total = s.double() - fitted.mean_scores[index]
            refined = refinement.refined(gathered.scores, x, values[:, :, None], total[:, None], index[:, None])
            return refined[0][:, :, 0], index, support, s, refined[1][:, :, 0]

    return batch


def _as_numpy(t: Tensor) -> np.ndarray:
    """As an array; numpy knows no bfloat16."""
    array: np.ndarray = (t.float() if t.dtype is torch.bfloat16 else t).cpu().numpy()
    return array


def _fixed(index: np.ndarray, x: Tensor) -> Choice:
    chosen = torch.as_tensor(index, device=x.device)
    return lambda scores: chosen
