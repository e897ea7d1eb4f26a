"""Which score of a row is explained: what ``target=`` means for a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch

from agop_tabular.core.gradients import Choice
from agop_tabular.models.adapter import Adapter

PREDICTED, ALL = "predicted", "all"


class Scored(Protocol):
    """Something with scores: an adapter, or a model that is explained without one."""

    @property
    def classes(self) -> np.ndarray | None:
        """Labels in the order of the scores; None for outputs that are no classes."""
        ...

    @property
    def n_scores(self) -> int:
        """Number of scores."""
        ...


def asks_for_predicted(target: Any) -> bool:
    """Whether ``target`` is the word "predicted"."""
    return isinstance(target, str) and target == PREDICTED


def asks_for_all(target: Any) -> bool:
    """Whether ``target`` is the word "all"; an array or a label of another type is not."""
    return isinstance(target, str) and target == ALL


@dataclass(frozen=True, eq=False)
class Target:
    """Which score is explained of each of n rows.

    Attributes
    ----------
    kind : {"predicted", "all", "fixed"}
        The score of the predicted class, all scores, or one that is known for each row.
    index : ndarray of int, shape (n,), or None
        The explained score of each row, for "fixed".
    """

    kind: Literal["predicted", "all", "fixed"]
    index: np.ndarray | None = None

    @classmethod
    def read(cls, target: Any, adapter: Scored, n: int) -> Target:
        """Read what a user gave as ``target=``.

        Parameters
        ----------
        target : "predicted", "all", a label, or an array-like of n labels
            The two words win over classes of the same name; give an array of labels for those.
        adapter : Adapter or ExplainedModel
            Whose scores they are.
        n : int
            Number of rows.

        Returns
        -------
        Target

        Raises
        ------
        ValueError
            Where the target is unknown, or one per row but not n.
        """
        several_outputs = adapter.classes is None and adapter.n_scores > 1
        if asks_for_predicted(target):
            if several_outputs:
                raise ValueError(
                    f"The model has {adapter.n_scores} outputs and no predicted class: give target= an index from 0 to "
                    f'{adapter.n_scores - 1}, or "all".'
                )
            return cls("predicted")
        if adapter.n_scores == 1:
            raise ValueError(
                f'target={target!r}: the model has one output, so only target="predicted" can be explained.'
            )
        if asks_for_all(target):
            return cls("all")
        labels = np.arange(adapter.n_scores) if adapter.classes is None else adapter.classes
        index = {label: i for i, label in enumerate(labels.tolist())}
        if np.ndim(target) == 0:
            target = target.item() if isinstance(target, np.ndarray) else target
            return cls("fixed", np.full(n, _index_of(target, index)))
        wanted = np.asarray(target)
        if wanted.shape != (n,):
            raise ValueError(
                f"target has shape {wanted.shape}; for {n} rows give one label, or an array of {n} labels."
            )
        return cls("fixed", np.array([_index_of(label, index) for label in wanted.tolist()], dtype=int))

    def choice(self, adapter: Adapter, rows: slice, device: torch.device) -> Choice | None:
        """How the explained score of each row of a batch is chosen from its scores; None for all scores.

        Parameters
        ----------
        adapter : Adapter
        rows : slice
            Place of the batch among the n rows.
        device : torch.device
        """
        if self.kind == "all":
            return None
        if self.kind == "predicted":
            return adapter.predicted
        assert self.index is not None
        chosen = torch.as_tensor(self.index[rows], device=device)
        return lambda scores: chosen


def _index_of(label: Any, index: dict[Any, int]) -> int:
    label = label.item() if isinstance(label, np.generic) else label
    try:
        return index[label]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, list(index)[:20])) + (", …" if len(index) > 20 else "")
        raise ValueError(f'target {label!r} is unknown: use "predicted", "all" or one of {known}.') from None
