"""Find the gate of a fitted network, and what the model loses by it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.method import Method
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.warning import warn_user
from agop_tabular.gate.noise_floor import Gate, NoiseFloor, noise_floor
from agop_tabular.gate.parameter import GateParameter
from agop_tabular.gate.usefulness import usefulness
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import spread_rows

TRIED_ROWS = 4096
"""Rows that are tried, from all over the table, at most: a share of them is then known to about one per cent."""

OVERFITTED = 0.1
"""Share of rows that noise may decide without a warning: well-trained networks changed 3 to 12% of their predictions,
overfitted ones 13 to 37%."""


@dataclass(frozen=True, eq=False)
class GateRows:
    """The rows that a gate is tried on, those of :func:`tried_rows`.

    Attributes
    ----------
    X : ndarray or DataFrame of shape (n, d), or None
        The user's rows; None where their coordinates have been computed already.
    coordinates : Tensor of shape (n, p) or None
    labels : ndarray of shape (n,) or None
    """

    X: Any
    coordinates: Tensor | None
    labels: Any = None


def tried_rows(gate: GateParameter, method: Method, n: int) -> np.ndarray:
    """Places of the rows, of a table of n, that :func:`find_gate` looks at; none where no gate is looked for."""
    return np.zeros(0, dtype=int) if gate.is_needless(method) else spread_rows(n, TRIED_ROWS)


def find_gate(
    model: ExplainedModel, summary: MomentSummary, gate: GateParameter, variances: np.ndarray | None, rows: GateRows
) -> Gate | None:
    """The noise floor, or the user's mask, and what the model loses by it; None where none is wanted.

    Parameters
    ----------
    model : ExplainedModel
    summary : MomentSummary
    gate : GateParameter
    variances : ndarray of shape (d, d) or None
        Of main and pair effects; None where the method has none, and no floor can be reported.
    rows : GateRows
    """
    if gate.kind == "off" or (variances is None and gate.kind == "report"):
        return None
    x = model.coordinates(rows.X) if rows.coordinates is None else rows.coordinates
    useful = None
    if gate.finds_a_floor:
        assert variances is not None
        useful = None if rows.labels is None else usefulness(model, x, rows.labels)
        floor = noise_floor(summary.importances.numpy(), variances, useful)
    else:
        assert gate.mask is not None
        floor = NoiseFloor(gate.mask, np.nan, np.nan, np.nan)
    found = gate_of(model, floor, summary.baseline, x, labelled=useful is not None)
    if gate.finds_a_floor and found.predictions_changed > OVERFITTED:
        warn_user(
            f"Without {np.sum(~found.mask)} of {len(found.mask)} columns that it uses like noise the network predicts "
            f"{found.predictions_changed:.0%} of the rows differently: it is probably overfitted; gate_ says which."
        )
    return found


def gate_of(model: ExplainedModel, floor: NoiseFloor, baseline: Tensor, x: Tensor, *, labelled: bool) -> Gate:
    """Measure what predictions and scores lose where the columns below a floor are set to the baseline.

    Parameters
    ----------
    model : ExplainedModel
    floor : NoiseFloor
    baseline : Tensor of shape (p,)
    x : Tensor of shape (b, p)
        Coordinates of the rows that it is measured on.
    labelled : bool
        Whether labels were used to find the floor.
    """
    adapter = model.network
    gated = np.append(~floor.mask, False)[model.feature_map.column_of]  # -1 is no column
    changed = variance = 0.0
    if gated.any():
        without = x.clone()
        columns = torch.from_numpy(np.flatnonzero(gated)).to(x.device)
        without[:, columns] = baseline.to(x.device, x.dtype)[columns]
        with evaluating(adapter.module), torch.no_grad():
            before, after = adapter.scores(x), adapter.scores(without)
            if adapter.classes is not None:
                changed = float((adapter.predicted(before) != adapter.predicted(after)).double().mean())
            before, after = (model.explained(s).double() for s in (before, after))
            before, after = (s - s.mean(dim=1, keepdim=True) * (s.shape[1] > 1) for s in (before, after))
            variance = float((after - before).square().mean() / before.var(dim=0, unbiased=False).mean())
    names = model.feature_map.names
    return Gate(
        **asdict(floor),
        predictions_changed=changed,
        variance_changed=variance,
        labelled=labelled,
        feature_names=tuple(names),
    )
