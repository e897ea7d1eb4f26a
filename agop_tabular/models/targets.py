"""Which score of a row is explained: what ``target=`` means for a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.models.adapter import Adapter

PREDICTED, ALL = "predicted", "all"


def score_names(adapter: Adapter) -> tuple[str, ...]:
    """Names of the scores: the classes, or the outputs."""
    if adapter.classes is not None:
        return tuple(str(c) for c in adapter.classes)
    return ("output",) if adapter.n_scores == 1 else tuple(f"output {i}" for i in range(adapter.n_scores))


def resolve_target(target: Any, adapter: Adapter, n: int) -> str | np.ndarray:
    """Read ``target``.

    Parameters
    ----------
    target : "predicted", "all", a label, or an array-like of n labels
        The two words win over classes of the same name; give an array of labels for those.
    adapter : Adapter
    n : int
        Number of rows.

    Returns
    -------
    "predicted", "all", or ndarray of int, shape (n,)
        Index of the explained score of each row.

    Raises
    ------
    ValueError
        Where the target is unknown, or one per row but not n.
    """
    several_outputs = adapter.classes is None and adapter.n_scores > 1
    if isinstance(target, str) and target == PREDICTED:
        if several_outputs:
            raise ValueError(
                f"The model has {adapter.n_scores} outputs and no predicted class: give target= an index from 0 to "
                f'{adapter.n_scores - 1}, or "all".'
            )
        return PREDICTED
    if adapter.n_scores == 1:
        raise ValueError(f'target={target!r}: the model has one output, so only target="predicted" can be explained.')
    if isinstance(target, str) and target == ALL:
        return ALL
    labels = np.arange(adapter.n_scores) if adapter.classes is None else adapter.classes
    index = {label: i for i, label in enumerate(labels.tolist())}
    if np.ndim(target) == 0:
        target = target.item() if isinstance(target, np.ndarray) else target
        return np.full(n, _index_of(target, index))
    wanted = np.asarray(target)
    if wanted.shape != (n,):
        raise ValueError(f"target has shape {wanted.shape}; for {n} rows give one label, or an array of {n} labels.")
    return np.array([_index_of(label, index) for label in wanted.tolist()], dtype=int)


def _index_of(label: Any, index: dict[Any, int]) -> int:
    label = label.item() if isinstance(label, np.generic) else label
    try:
        return index[label]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, list(index)[:20])) + (", …" if len(index) > 20 else "")
        raise ValueError(f'target {label!r} is unknown: use "predicted", "all" or one of {known}.') from None
