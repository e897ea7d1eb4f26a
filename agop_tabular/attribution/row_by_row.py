"""The loop that explains: batches of rows go through the network and through a fitted method."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.method import FittedMethod, Run
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.gradients import Choice
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_attributions, check_finite
from agop_tabular.models.rows import result_dtype
from agop_tabular.models.targets import Target


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows that are attributed together.

    Attributes
    ----------
    x : Tensor of shape (b, p)
        Coordinates.
    choose : callable or None
        Chooses the explained score of each row from the scores (b, C); None for all scores.
    with_support : bool
        Whether support and scores are wanted.
    first_row : int
        Place of the first row in the user's table, for messages.
    out : Tensor of shape (b, n_values) or None
        Memory that the values may be written to.
    """

    x: Tensor
    choose: Choice | None
    with_support: bool
    first_row: int
    out: Tensor | None


@dataclass(frozen=True, eq=False)
class BatchAttributions:
    """What a method finds for a batch.

    Attributes
    ----------
    values : Tensor of shape (b, n_values), or (b, n_values, C) for all scores
    index : Tensor of int, shape (b,), or None for all scores
    support, scores : Tensor of shape (b,) or (b, C), or None
    errors : Tensor of the shape of values, or None
    distances : Tensor of shape (b,), or None
    raw : Tensor of shape (b, C), or None
        The network's own scores, which predictions and probabilities are read from.
    """

    values: Tensor
    index: Tensor | None = None
    support: Tensor | None = None
    scores: Tensor | None = None
    errors: Tensor | None = None
    distances: Tensor | None = None
    raw: Tensor | None = None


AttributeBatch = Callable[[Batch], BatchAttributions]


class RowByRow(FittedMethod):
    """A fitted method that looks at every row."""

    @property
    def n_values(self) -> int:
        """Attributions of a row: one for each of the user's columns."""
        return self.feature_map.n_columns

    @property
    @abstractmethod
    def has_support(self) -> bool:
        """Whether there is a support of each row."""

    @property
    def looks_up(self) -> bool:
        """Whether attributions are looked up in tables, so that large batches pay."""
        return False

    @abstractmethod
    def prepared(self, model: ExplainedModel, run: Run) -> AttributeBatch:
        """A function that attributes a batch, with all that is the same for every batch computed before.

        Parameters
        ----------
        model : ExplainedModel
        run : Run
        """

    def attribute(self, model: ExplainedModel, X: Any, target: Any, run: Run) -> Attributions:
        """Attribute the scores of rows, a batch at a time; see :meth:`FittedMethod.attribute`."""
        adapter, n, dtype = model.network, len(X), result_dtype(X)
        wanted = Target.read(target, adapter, n)
        every = wanted.kind == "all"
        shape = (n, adapter.n_scores) if every else (n,)
        values = np.empty((n, self.n_values, *shape[1:]), dtype=dtype)
        arrays = {
            "index": None if every else np.empty(n, dtype=int),
            "support": np.empty(shape, dtype=dtype) if run.with_support and self.has_support else None,
            "scores": np.empty(shape, dtype=dtype) if run.with_support else None,
            "errors": None if run.refine is None else np.zeros_like(values),
            "distances": np.empty(n, dtype=dtype) if run.with_support and self.looks_up else None,
        }
        # A method may write its values straight into the result, where both have one dtype and live in main memory.
        direct = not every and adapter.device.type == "cpu" and torch.from_numpy(values[:0]).dtype == adapter.dtype
        batches = model.batches(X, run.batch_size, looked_up=self.looks_up, progress=run.progress)
        predicted = []
        with torch.inference_mode(False):
            attribute_batch = self.prepared(model, run)
            with evaluating(adapter.module):
                for rows, x in batches:
                    first_row = run.first_row + rows.start
                    check_finite(x, self.feature_map, first_row)
                    place = torch.from_numpy(values[rows]) if direct else None
                    choose = wanted.choice(adapter, rows, x.device)
                    found = attribute_batch(Batch(x, choose, run.with_support, first_row, place))
                    check_attributions(found.values, self.feature_map, first_row)
                    if found.values is not place:
                        values[rows] = _as_numpy(found.values, dtype)
                    for name, array in arrays.items():
                        part = getattr(found, name)
                        if array is not None and part is not None:
                            array[rows] = _as_numpy(part, array.dtype)
                    if run.with_support and found.raw is not None:
                        predicted.append(_predictions(adapter, found.raw, found.index, dtype))
        return Attributions(values, **arrays, **_joined(predicted))


def _predictions(
    adapter: Adapter, raw: Tensor, index: Tensor | None, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray | None]:
    """What the network predicts of a batch, and probabilities of the explained scores, from its own scores (b, C)."""

    def explained(s: Tensor) -> np.ndarray:
        return _as_numpy(s if index is None else s.gather(1, index[:, None])[:, 0], dtype)

    with torch.no_grad():
        own = explained(raw) if adapter.classes is None else adapter.predicted(raw).cpu().numpy()
        return own, explained(adapter.probabilities(raw)) if adapter.has_probabilities else None


def _joined(parts: list[tuple[np.ndarray, np.ndarray | None]]) -> dict[str, np.ndarray | None]:
    """Predictions of all batches, as Attributions holds them."""
    if not parts:
        return {}
    predicted, probabilities = zip(*parts, strict=True)
    return {
        "predicted": np.concatenate(predicted),
        "probabilities": None if probabilities[0] is None else np.concatenate(probabilities),
    }


def _as_numpy(t: Tensor, dtype: np.dtype) -> np.ndarray:
    """As an array of a dtype; numpy knows no bfloat16."""
    array: np.ndarray = (t.float() if t.dtype is torch.bfloat16 else t).cpu().numpy()
    if dtype.kind != "f" or array.dtype.itemsize <= dtype.itemsize:
        return array
    with np.errstate(over="ignore"):
        narrowed = array.astype(dtype)
    if np.isinf(narrowed).any() and not np.isinf(array).any():
        raise ValueError(
            f"Attributions or scores are too large for {dtype}, the dtype of X, in which they are returned: give X as "
            "float64, or clip what is so large."
        )
    return narrowed
