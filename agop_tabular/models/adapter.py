"""The one form that every ecosystem is brought into: differentiable scores over numeric coordinates."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.dense import to_dense
from agop_tabular.models.embedding_search import embedded_codes
from agop_tabular.models.embeddings import EmbeddedCodes, Lookups, has_embeddings
from agop_tabular.models.probabilities import ScoresOfProbabilities, first_output

CHUNK_BYTES = 32 * 2**20
"""Rows go through the preprocessing in chunks of about this many bytes of coordinates."""


OWN_WIDTH = "It must take one tensor of numeric rows of its own width"
EMBEDDED = "; columns that it looks up in nn.Embedding must hold the codes themselves, up to a constant"


@dataclass
class Adapter:
    """What the user has, as differentiable scores over the p numeric coordinates of a torch module.

    An ecosystem fills in the fields; the methods are the same for all.

    Parameters
    ----------
    module : torch.nn.Module
        Maps coordinates (b, p) to raw outputs (b, C), (b, 1) or (b,), row by row, with gradients. The user's own
        module is among its submodules.
    kind : {"classifier", "regressor", "module"}
        A classifier's single output is the logit of its second class; a regressor's, or a bare module's, is a
        score of its own.
    classes : ndarray or None
        Labels in the order of the scores; None stands for 0, 1, ….
    outputs : {"scores", "probabilities"}
        What the module returns.
    independent : bool
        Whether several outputs are labels of their own, any number of which may hold for a row.
    thresholded : object or None
        Its ``threshold`` is the probability above which a single logit predicts the second class; None for 0.5.
    preprocessing : tuple of transformers
        What the user's rows pass on their way to the module, in order.
    p, n_scores, contrast_only, one_logit, in_place
        Left alone by an ecosystem; :meth:`confirm` finds them out.
    """

    module: nn.Module
    kind: Literal["classifier", "regressor", "module"]
    classes: np.ndarray | None = None
    outputs: Literal["scores", "probabilities"] = "scores"
    independent: bool = False
    thresholded: Any = None
    preprocessing: tuple[Any, ...] = ()
    p: int = 0
    n_scores: int = 0
    contrast_only: bool = False
    one_logit: bool = False
    in_place: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """Floating dtype that the module computes in."""
        return next((t.dtype for t in self._tensors() if t.is_floating_point()), torch.get_default_dtype())

    @property
    def device(self) -> torch.device:
        """Device that the module lives on."""
        return next((t.device for t in self._tensors()), torch.device("cpu"))

    def _tensors(self) -> Iterator[Tensor]:
        yield from self.module.parameters()
        yield from self.module.buffers()

    def on(self, device: str | torch.device | None) -> Adapter:
        """This adapter, or one around a copy of the module where ``device`` is another than the module's."""
        if device is None or torch.device(device) == self.device:
            return self
        twin = copy.copy(self)
        twin.module = copy.deepcopy(self.module).to(device)
        return twin

    # From the user's rows to coordinates ------------------------------------------------------------------------

    def encode(self, X: Any) -> Any:
        """The user's rows as coordinates: what the preprocessing returns, dense or sparse."""
        for transformer in self.preprocessing:
            X = transformer.transform(X)
        return X

    def tensor(self, coordinates: Any) -> Tensor:
        """Coordinates as a dense tensor in the module's dtype, on its device; it may share memory with them."""
        return _tensor(coordinates, self.device, self.dtype)

    def batches(self, X: Any, batch_size: int | None) -> Iterator[tuple[slice, Tensor]]:
        """Rows of ``X`` as tensors of coordinates, a batch at a time, with the rows' place in ``X``."""
        n = X.shape[0]
        size = batch_size or auto_batch_size(self.p)
        device, dtype = self.device, self.dtype
        chunk = n if not self.preprocessing else size * max(1, CHUNK_BYTES // (8 * max(self.p, 1) * size))
        for start in range(0, n, max(chunk, 1)):
            stop = min(start + chunk, n)
            coordinates = self.encode(take_rows(X, slice(start, stop)))
            if coordinates.shape[1] != self.p:
                raise ValueError(
                    f"The preprocessing returns {coordinates.shape[1]} columns, but the explainer was fitted with "
                    f"{self.p} at the network's input; fit the explainer with this estimator."
                )
            for i in range(start, stop, size):
                j = min(i + size, stop)
                yield slice(i, j), _tensor(take_rows(coordinates, slice(i - start, j - start)), device, dtype)

    def settle(self, rows: Any, x: Tensor, feature_map: FeatureMap) -> bool:
        """Change the preprocessing by what a few rows show of it; whether it has changed.

        Codes that the network looks up in embeddings become one-hot coordinates.

        Parameters
        ----------
        rows : array-like or DataFrame of shape (b, d)
            The user's.
        x : Tensor of shape (b, p)
            Their coordinates.
        feature_map : FeatureMap
        """
        found = embedded_codes(self.module, x)
        if found is None:
            return False
        columns = feature_map.column_of[found.columns.numpy()]
        self._look_up(found.named([feature_map.names[c] for c in columns]))
        return True

    def state(self) -> dict[str, Tensor]:
        """What :meth:`settle` has found out."""
        embedded = self._embedded()
        return {} if embedded is None else dict(vars(embedded.lookups))

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over what :meth:`state` returned, of tensors among which there may be others."""
        lookups = Lookups.among(state)
        if lookups is not None:
            self._look_up(lookups)

    def coded(self) -> Tensor:
        """Which coordinates stand for codes of embeddings, (p,) of bool."""
        embedded = self._embedded()
        first = self.p if embedded is None else embedded.n_numeric
        return torch.arange(self.p) >= first

    def _look_up(self, lookups: Lookups) -> None:
        self.module = EmbeddedCodes(self.module, lookups)
        self.preprocessing = (*self.preprocessing, *lookups.steps())

    def _embedded(self) -> EmbeddedCodes | None:
        return next((m for m in self.module.modules() if isinstance(m, EmbeddedCodes)), None)

    # From coordinates to scores ---------------------------------------------------------------------------------

    def confirm(self, x: Tensor) -> None:
        """Run the module on a few rows, and settle what its outputs are.

        Sets ``p``, ``in_place``, ``n_scores``, ``classes``, ``one_logit`` and ``contrast_only``; where the module
        returns probabilities, looks for the scores behind them.

        Parameters
        ----------
        x : Tensor of shape (b, p)

        Raises
        ------
        ValueError
            Where the module cannot be run on numeric rows, mixes rows, or does not return one row of scores a row.
        """
        with evaluating(self.module), torch.no_grad():
            try:
                handed = x.clone()
                version = handed._version
                raw = as_rows(self.module(handed), len(x))
                self.in_place = handed._version != version or not torch.equal(handed, x)
            except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
                raise ValueError(
                    f"The network cannot be run on its own input of shape {tuple(x.shape)}, {x.dtype}: {error}. "
                    f"{OWN_WIDTH}{EMBEDDED if has_embeddings(self.module) else ''}."
                ) from error
            if not raw.is_floating_point():
                raise ValueError(
                    f"The network returns {raw.dtype}, which has no gradient; it must return floating scores."
                )
            if x.shape[0] > 1 and not _row_by_row(self.module, x, raw):
                raise ValueError(
                    "The network mixes rows: a row's scores change with the batch it is in, also in evaluation mode "
                    "(BatchNorm with track_running_stats=False, attention over rows, F.dropout without "
                    "training=self.training?). Explain a network that scores every row by itself."
                )
            if self.outputs == "probabilities":
                self.module, self.contrast_only = ScoresOfProbabilities.around(
                    self.module, x, raw, independent=self.independent
                )
                self.outputs = "scores"
        self.p, n_outputs = x.shape[1], raw.shape[1]
        if self.independent and n_outputs > 1:
            self.kind = "regressor"  # no class is predicted: every output stands for itself
        self.one_logit = n_outputs == 1 and self.kind == "classifier"
        self.n_scores = 2 if self.one_logit else n_outputs
        if self.kind == "regressor":
            self.classes = None
        elif (self.kind == "classifier" or n_outputs > 1) and (
            self.classes is None or len(self.classes) != self.n_scores
        ):
            self.classes = np.arange(self.n_scores)

    def scores(self, x: Tensor) -> Tensor:
        """Class scores (b, n_scores) of coordinates (b, p); one logit s counts as the two scores (-s, s).

        A module that overwrites its input is handed a copy, which is neither the caller's memory nor a leaf.
        """
        out = as_rows(self.module(x.clone() if self.in_place else x), len(x))
        return torch.cat((-out, out), dim=1) if self.one_logit else out

    def probabilities(self, scores: Tensor) -> Tensor:
        """What the user's own ``predict_proba`` returns for scores (b, n_scores); of a regressor, the scores."""
        if self.one_logit:
            return torch.cat((torch.sigmoid(-scores[:, 1:]), torch.sigmoid(scores[:, 1:])), dim=1)
        if self.classes is None:
            return torch.sigmoid(scores) if self.independent else scores
        return torch.softmax(scores, dim=1)

    def predicted(self, scores: Tensor) -> Tensor:
        """Index of the predicted class (b,), as the user's own ``predict`` has it."""
        if self.one_logit and self.thresholded is not None:
            return (torch.sigmoid(scores[:, 1]) > self.thresholded.threshold).long()
        return scores.argmax(dim=1)


def as_rows(out: Any, b: int) -> Tensor:
    """A module's output as scores (b, n_outputs): the first of several outputs, (b,) and squeezed rows unfolded.

    Raises
    ------
    ValueError, TypeError
        Where it is not one row of scores for each of the b rows.
    """
    out = first_output(out)
    if out.ndim < 2:
        out = out.reshape(1, -1) if b == 1 else out.reshape(-1, 1)
    if out.ndim != 2 or out.shape[0] != b or out.shape[1] == 0:
        raise ValueError(
            f"it returned shape {tuple(out.shape)} for {b} rows, not one row of scores for each, (n,) or (n, n_scores)"
        )
    return out


def _tensor(coordinates: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    dense = to_dense(coordinates)
    if not dense.flags.writeable or min(dense.strides, default=0) < 0:  # torch takes neither
        dense = dense.copy()
    return torch.from_numpy(dense).to(device, dtype)


def _row_by_row(module: nn.Module, x: Tensor, together: Tensor) -> bool:
    half = len(x) // 2
    together = together[:half]
    try:
        alone = as_rows(module(x[:half].clone()), half)
    except (RuntimeError, ValueError):  # such as BatchNorm's on a single row
        return False
    tolerance = min(1e4 * torch.finfo(together.dtype).eps, 0.05) * together.abs().max()
    return bool((((alone - together).abs() <= tolerance) | ~torch.isfinite(together)).all())


def auto_batch_size(p: int, *, values: int = 2**22) -> int:
    """Rows a batch: enough that the calls' own cost does not show, few enough for the cache and the memory.

    Parameters
    ----------
    p : int
        Coordinates.
    values : int
        Coordinates of all rows together, at most: few for a network of unknown layers, which may be many times as wide.
    """
    return int(np.clip(values // max(p, 1), 16, 4096 if p <= 512 else 2048))


def take_rows(X: Any, rows: slice | np.ndarray) -> Any:
    """Rows of an array, a sparse matrix or a DataFrame, without a copy where that can be had."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
