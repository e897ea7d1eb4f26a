"""The passes that a gate needs: what columns are worth on labelled rows, and what the model loses without them."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_consistent_length
from torch import Tensor

from agop_tabular.attribution.fitted_method import Attribution
from agop_tabular.attribution.methods import Method
from agop_tabular.core.evaluating import evaluating
from agop_tabular.fitting.statistics import Gathered
from agop_tabular.gate.noise_floor import Gate, NoiseFloor, noise_floor
from agop_tabular.models.adapter import take_rows

ROWS = 4096
"""Rows that are tried, from all over the table, at most."""

GATED_UP_TO = 1024
"""Columns up to which ``gate="auto"`` looks for a floor, which needs the variances of all pairs of them."""

SHUFFLES = 5
"""Permutations of each column on labelled rows."""

OVERFITTED = 0.1
"""Share of rows that noise may decide without a warning."""


def check_gate(wanted: Any, method: Method, n_columns: int | None = None) -> None:
    """Refuse what is no gate, as far as it can be told before the columns are known."""
    if isinstance(wanted, str) and wanted != "auto":
        raise ValueError(f'gate={wanted!r} is not "auto", True, None or a mask over the columns.')
    if _looks(wanted) and not isinstance(wanted, str) and not method.tables:
        raise ValueError(f'gate=True needs the effects of method="agop"; for method="{method.name}" give a mask.')
    if n_columns is not None and not _looks(wanted) and not _is_off(wanted):
        _as_mask(wanted, n_columns)


def applied(wanted: Any, gate: Gate | None, n_columns: int) -> np.ndarray | None:
    """The mask that attributions are multiplied by; None for none.

    Parameters
    ----------
    wanted : "auto", bool, None or array-like of shape (d,)
        As the parameter stands now, whatever it was when the explainer was fitted.
    gate : Gate or None
        What was found then.
    """
    if isinstance(wanted, str) or _is_off(wanted):
        return None
    if not _looks(wanted):
        return _as_mask(wanted, n_columns)
    if gate is None or np.isnan(gate.evidence):
        raise ValueError("gate=True, but no floor was looked for when this explainer was fitted; fit it again.")
    return gate.mask


def _looks(wanted: Any) -> bool:
    """Whether a floor is to be found."""
    return isinstance(wanted, str) or (isinstance(wanted, (bool, np.bool_)) and bool(wanted))


def _is_off(wanted: Any) -> bool:
    return wanted is None or (isinstance(wanted, (bool, np.bool_)) and not wanted)


def find_gate(
    gathered: Gathered,
    fitted: Attribution,
    wanted: Any,
    variances: np.ndarray | None,
    rows: Any,
    labels: Any,
    encoded: Tensor | None = None,
) -> Gate | None:
    """The noise floor, or the user's mask, and what the model loses by it; None where none is wanted.

    Parameters
    ----------
    wanted : "auto", bool, None or array-like of shape (d,)
    variances : ndarray of shape (d, d) or None
        Of main and pair effects; None where the method has none, and "auto" then finds nothing.
    rows : ndarray or DataFrame of shape (n, d)
    labels : array-like of shape (n,) or None
    encoded : Tensor of shape (n, p) or None
        The rows' coordinates, where they are at hand.
    """
    if _is_off(wanted) or (variances is None and isinstance(wanted, str)):
        return None
    useful = None
    found = _looks(wanted)
    if found:
        assert variances is not None
        useful = None if labels is None else usefulness(gathered, rows, labels, encoded)
        floor = noise_floor(fitted.importances.numpy(), variances, useful)
    else:
        floor = NoiseFloor(_as_mask(wanted, gathered.feature_map.n_columns), np.nan, np.nan, np.nan)
    x = _coordinates(gathered, rows, _spread(len(rows)), encoded)
    gate = gate_of(gathered, floor, fitted.baseline, x, labelled=useful is not None)
    if found and gate.predictions_changed > OVERFITTED:
        warnings.warn(
            f"Without {np.sum(~gate.mask)} of {len(gate.mask)} columns that it uses like noise the network predicts "
            f"{gate.predictions_changed:.0%} of the rows otherwise: it is probably overfitted; gate_ says which.",
            UserWarning,
            stacklevel=4,
        )
    return gate


def tried_rows(wanted: Any, method: Method, n: int) -> np.ndarray:
    """Places of the rows, of a table of n, that :func:`find_gate` looks at; none where it finds nothing anyway."""
    needless = _is_off(wanted) or (isinstance(wanted, str) and not method.tables)
    return np.zeros(0, dtype=int) if needless else _spread(n)


def _as_mask(wanted: Any, d: int) -> np.ndarray:
    mask = np.asarray(wanted)
    if mask.shape != (d,) or mask.dtype.kind != "b":
        raise ValueError(f"gate= is a {mask.dtype} array of shape {mask.shape}; give {d} booleans, one a column.")
    return mask


def usefulness(gathered: Gathered, X: Any, y: Any, encoded: Tensor | None = None) -> np.ndarray | None:
    """Standard errors by which every column lowers the loss: paired permutation tests on labelled rows.

    Parameters
    ----------
    gathered : Gathered
    X : ndarray or DataFrame of shape (n, d)
        Rows that the network was not trained on.
    y : array-like of shape (n,)
        Labels, or targets of a regressor.
    encoded : Tensor of shape (n, p) or None
        The rows' coordinates, where they are at hand.

    Returns
    -------
    ndarray of shape (d,), or None
        None where the labels are not those of the model, so that there is no loss.
    """
    adapter = gathered.network
    check_consistent_length(X, y)
    labels = np.asarray(y, dtype=object)
    if labels.size != len(X):  # several labels a row
        return None
    chosen = _spread(len(X))
    truth = _truth(gathered, labels.ravel()[chosen])
    if truth is None:
        return None
    x = _coordinates(gathered, X, chosen, encoded)
    rng = np.random.RandomState(0)
    out = np.zeros(gathered.feature_map.n_columns)
    with evaluating(adapter.module), torch.no_grad():
        loss = _loss(adapter.scores(x), truth)
        for j in range(len(out)):
            own = torch.from_numpy(np.flatnonzero(gathered.feature_map.column_of == j)).to(x.device)
            if len(own) == 0:
                continue
            worse = torch.zeros_like(loss)
            for _ in range(SHUFFLES):
                moved = x.clone()
                moved[:, own] = x[torch.from_numpy(rng.permutation(len(x))).to(x.device)][:, own]
                worse += (_loss(adapter.scores(moved), truth) - loss) / SHUFFLES
            spread = float(worse.std()) / np.sqrt(len(worse))
            out[j] = float(worse.mean()) / spread if spread > 0 else 0.0
    return out


def _spread(n: int) -> np.ndarray:
    """Rows from all over a table."""
    return np.unique(np.linspace(0, n - 1, min(n, ROWS)).astype(int))


def _coordinates(gathered: Gathered, X: Any, chosen: np.ndarray, encoded: Tensor | None) -> Tensor:
    """Of some rows, taken from those of all rows where these are at hand."""
    if encoded is not None:
        return encoded[torch.from_numpy(chosen).to(encoded.device)]
    adapter = gathered.network
    return adapter.tensor(adapter.encode(X if len(chosen) == len(X) else take_rows(X, chosen)))


def _truth(gathered: Gathered, y: np.ndarray) -> Tensor | None:
    """Indices of the classes, or targets."""
    if gathered.classes is None:
        try:
            return torch.from_numpy(y.astype(float))[:, None] if len(gathered.score_names) == 1 else None
        except (TypeError, ValueError):
            return None
    index = {label: i for i, label in enumerate(gathered.classes.tolist())}
    if len(index) < 2 or not all(label in index for label in set(y.tolist())):
        return None
    return torch.tensor([index[label] for label in y.tolist()])


def _loss(scores: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy, or squared error, of each row."""
    scores = scores.double().cpu()
    if truth.ndim == 2:
        return (scores - truth).square()[:, 0]
    return torch.nn.functional.cross_entropy(scores, truth, reduction="none")


def gate_of(gathered: Gathered, floor: NoiseFloor, baseline: Tensor, x: Tensor, *, labelled: bool) -> Gate:
    """What predictions and scores lose at rows (b, p) where the columns below the floor are set to the baseline."""
    adapter = gathered.network
    gated = np.append(~floor.mask, False)[gathered.feature_map.column_of]  # -1 is no column
    changed = variance = 0.0
    if gated.any():
        moved = x.clone()
        columns = torch.from_numpy(np.flatnonzero(gated)).to(x.device)
        moved[:, columns] = baseline.to(x.device, x.dtype)[columns]
        with evaluating(adapter.module), torch.no_grad():
            before, after = adapter.scores(x), adapter.scores(moved)
            if adapter.classes is not None:
                changed = float((adapter.predicted(before) != adapter.predicted(after)).double().mean())
            before, after = (
                s.double() - s.double().mean(dim=1, keepdim=True) * (s.shape[1] > 1) for s in (before, after)
            )
            variance = float((after - before).square().mean() / before.var(dim=0, unbiased=False).mean())
    return Gate(**asdict(floor), predictions_changed=changed, variance_changed=variance, labelled=labelled)
