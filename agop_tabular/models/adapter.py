"""The common form of all models: differentiable scores over numeric coordinates."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.models.dense import to_dense
from agop_tabular.models.embedding_search import embedded_codes
from agop_tabular.models.embeddings import EmbeddedCodes, Lookups, has_embeddings
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.probabilities import (
    ScoresOfProbabilities,
    SeveralOutputsError,
    behind_probabilities,
    one_tensor,
)
from agop_tabular.models.row_independence import check_row_by_row, describe, trying
from agop_tabular.models.rows import spread_rows, take_rows

CHUNK_BYTES = 32 * 2**20
"""Rows pass the preprocessing in chunks of about this many bytes of coordinates (in float64): enough that the
transformers' own overhead does not show, and little memory even for wide tables."""

VALUES_PER_BATCH = 2**22
"""Largest number of coordinates in a batch, over all its rows: 16 MB in float32, which leaves room for the activations
of a network whose layers are many times as wide."""

FEWEST_ROWS, MOST_ROWS, MOST_ROWS_OF_WIDE, WIDE = 16, 4096, 2048, 512
"""Bounds of the rows in a batch: 16 of the widest table, since a call has a fixed cost; 4,096, or 2,048 of over 512
coordinates, beyond which this cost no longer shows."""

DTYPE_ROWS = 16
"""Rows on which a network's input is tried in several dtypes: enough for some of them to lose digits where any do."""

OWN_WIDTH = "It must take one tensor of numeric rows of its own width"
EMBEDDED = "; columns that it looks up in nn.Embedding must hold the codes themselves, up to a constant"


@dataclass
class Adapter:
    """The user's model as differentiable scores over the p numeric coordinates of a torch module.

    An ecosystem fills in the fields; the methods are the same for all.

    Parameters
    ----------
    module : torch.nn.Module
        Maps coordinates (b, p) to raw outputs (b, C), (b, 1) or (b,), row by row, with gradients. The user's own
        module is among its submodules.
    kind : {"classifier", "regressor", "module"}
        A classifier's single output is the logit of its second class; that of a regressor or a bare module is the one
        score.
    classes : ndarray or None
        Labels in the order of the scores; None stands for 0, 1, ….
    classes_given : bool
        Whether the user gave them, so that another number of scores is an error; otherwise 0, 1, … take their place.
    outputs : {"scores", "probabilities", "unsaid"}
        What the module returns; where nobody says, a layer that it ends in tells probabilities from scores.
    independent : bool
        Whether several outputs are separate labels, any number of which may hold for a row.
    threshold_owner : object or None
        Object whose ``threshold`` is the probability above which a single logit predicts the second class; None for
        0.5.
    preprocessing : tuple of transformers
        Applied to the user's rows in front of the module, in order.
    coverage : float or None
        Share of an ensemble's weight that is explained, if members without a gradient were left out.
    logits : bool
        Whether differences between a classifier's scores are log-odds, so that its probabilities follow from them.
    input_dtype : torch.dtype or None
        Not set by an ecosystem; :meth:`choose_dtype` does. None for the dtype of the module's first tensor.
    p, n_scores, contrast_only, one_logit, in_place
        Not set by an ecosystem; :meth:`confirm` determines them.
    """

    module: nn.Module
    kind: Literal["classifier", "regressor", "module"]
    classes: np.ndarray | None = None
    outputs: Literal["scores", "probabilities", "unsaid"] = "scores"
    independent: bool = False
    threshold_owner: Any = None
    preprocessing: tuple[Any, ...] = ()
    coverage: float | None = None
    classes_given: bool = False
    logits: bool = True
    input_dtype: torch.dtype | None = None
    p: int = 0
    n_scores: int = 0
    contrast_only: bool = False
    one_logit: bool = False
    in_place: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """Floating dtype of the module's input."""
        return self.input_dtype or self._dtypes()[0]

    def _dtypes(self) -> list[torch.dtype]:
        """Floating dtypes of the module's tensors, in their order."""
        found = list(dict.fromkeys(t.dtype for t in self._tensors() if t.is_floating_point()))
        return found or [torch.get_default_dtype()]

    @property
    def device(self) -> torch.device:
        """Device of the module."""
        return next((t.device for t in self._tensors()), torch.device("cpu"))

    def _tensors(self) -> Iterator[Tensor]:
        yield from self.module.parameters()
        yield from self.module.buffers()

    def on(self, device: str | torch.device | None) -> Adapter:
        """This adapter, or one with a copy of the module if that is on another device."""
        if device is None or torch.device(device) == self.device:
            return self
        twin = copy.copy(self)
        twin.module = copy.deepcopy(self.module).to(device)
        return twin

    # From the user's rows to coordinates ------------------------------------------------------------------------

    def encode(self, X: Any) -> Any:
        """Coordinates of the user's rows as the preprocessing returns them, dense or sparse."""
        for transformer in self.preprocessing:
            X = transformer.transform(X)
        return X

    def tensor(self, coordinates: Any) -> Tensor:
        """Coordinates as a dense tensor of the module's dtype, on its device; it may share their memory."""
        return _tensor(coordinates, self.device, self.dtype)

    def probe(self, coordinates: Any) -> Tensor:
        """Coordinates of a few rows as :meth:`tensor`, once :meth:`choose_dtype` has chosen on them."""
        dense = to_dense(coordinates)
        self.choose_dtype(torch.from_numpy(dense[spread_rows(len(dense), DTYPE_ROWS)]))
        return self.tensor(dense)

    def choose_dtype(self, x: Tensor) -> None:
        """Choose the dtype of the module's input: that of its first tensor, unless another keeps more of the rows.

        A module may normalise its input in double before all else is computed in float32, as the user's own
        ``predict`` has it: then rows are fed in their own dtype. Where the first tensor's dtype cannot be fed, as where
        only a later layer has it, the next one that can is taken.

        Parameters
        ----------
        x : Tensor of shape (b, p)
            A few rows, in their own dtype, on any device.
        """
        first, *others = self._dtypes()
        self.input_dtype = None
        if not others and x.dtype == first:
            return
        fed = {dtype: self._fed(x.to(self.device, dtype)) for dtype in dict.fromkeys((x.dtype, first))}
        own, usual = fed[x.dtype], fed[first]
        if own is not None and (usual is None or not torch.equal(own, usual)):
            self.input_dtype = x.dtype
        elif own is None and usual is None:  # if none can be fed, confirm says so
            wide = sorted(set(others) - set(fed), key=lambda dtype: torch.finfo(dtype).eps)
            able = (dtype for dtype in wide if self._fed(x.to(self.device, dtype)) is not None)
            self.input_dtype = next(able, None)

    def _fed(self, x: Tensor) -> Tensor | None:
        """Raw outputs at a few rows in float64, NaN as zero; None where the module fails on them."""
        try:
            with trying(self.module):
                return torch.nan_to_num(as_rows(self.module(x.clone()), len(x)).double())
        except Exception:  # whatever it raises where it is given another dtype than it expects
            return None

    def batches(self, X: Any, batch_size: int | None) -> Iterator[tuple[slice, Tensor]]:
        """Yield the coordinates of ``X`` a batch at a time, each with the place of its rows in ``X``."""
        n = X.shape[0]
        size = batch_size or auto_batch_size(self.p)
        device, dtype = self.device, self.dtype
        chunk = n if not self.preprocessing else size * max(1, CHUNK_BYTES // (8 * max(self.p, 1) * size))
        for start in range(0, n, max(chunk, 1)):
            stop = min(start + chunk, n)
            coordinates = self.encode(take_rows(X, slice(start, stop)))
            if coordinates.shape[0] != stop - start:
                raise ValueError(f"The preprocessing returns {coordinates.shape[0]} rows for {stop - start}.")
            if coordinates.shape[1] != self.p:
                raise ValueError(
                    f"The preprocessing returns {coordinates.shape[1]} columns, but the explainer was fitted with "
                    f"{self.p} at the network's input; fit the explainer with this estimator."
                )
            for i in range(start, stop, size):
                j = min(i + size, stop)
                yield slice(i, j), _tensor(take_rows(coordinates, slice(i - start, j - start)), device, dtype)

    def adjust_preprocessing(self, rows: Any, x: Tensor, feature_map: FeatureMap) -> bool:
        """Change the preprocessing according to what a few rows show; return whether it changed.

        Codes that the network looks up in embeddings become one-hot coordinates.

        Parameters
        ----------
        rows : array-like or DataFrame of shape (b, d)
            Rows of the user's table.
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

    def state(self) -> AdapterState:
        """Return what :meth:`adjust_preprocessing` and :meth:`choose_dtype` found."""
        embedded, dtype = self._embedded(), self.input_dtype
        if embedded is None:
            return AdapterState("plain", {}, dtype=dtype)
        return AdapterState("embedded codes", dict(vars(embedded.lookups)), dtype=dtype)

    def restore(self, state: AdapterState) -> None:
        """Change the preprocessing, and feed the dtype, as when the state was taken, without rows."""
        self.input_dtype = state.dtype
        if state.kind == "embedded codes":
            self._look_up(Lookups(**state.tensors))

    def code_coordinates(self) -> Tensor:
        """Which coordinates are one-hot codes of embeddings, (p,) of bool."""
        embedded = self._embedded()
        first = self.p if embedded is None else embedded.n_numeric
        return torch.arange(self.p) >= first

    def _look_up(self, lookups: Lookups) -> None:
        self.module = EmbeddedCodes(self.module, lookups)
        self.preprocessing = (*self.preprocessing, *lookups.steps())

    def _embedded(self) -> EmbeddedCodes | None:
        return next((m for m in self.module.modules() if isinstance(m, EmbeddedCodes)), None)

    # From coordinates to scores ---------------------------------------------------------------------------------

    def confirm(self, x: Tensor, most_rows: int | None = None) -> None:
        """Run the module on a few rows and determine the kind of its outputs.

        Sets ``p``, ``in_place``, ``n_scores``, ``classes``, ``one_logit`` and ``contrast_only``. A module that returns
        probabilities is replaced by one that returns the scores behind them.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        most_rows : int, optional
            Rows of a batch, at most; None for all at once.

        Raises
        ------
        ValueError
            If the module cannot be run on numeric rows, mixes rows, keeps something between calls, or does not return
            one row of scores for each.
        """
        most_rows = most_rows or len(x)
        with trying(self.module):
            raw = torch.cat([self._run(part) for part in torch.split(x, most_rows)])
        check_row_by_row(self.module, lambda rows: as_rows(self.module(rows), len(rows)), x, raw, most_rows)
        if self.outputs == "probabilities":
            with trying(self.module):
                few = slice(0, most_rows)
                self.module, self.contrast_only = ScoresOfProbabilities.around(
                    self.module, x[few], raw[few], independent=self.independent
                )
        if self.outputs == "unsaid":
            with trying(self.module):
                self.module, self.contrast_only = behind_probabilities(self.module, x[:most_rows], raw[:most_rows])
        self.outputs = "scores"
        self.p = x.shape[1]
        self._set_scores(raw.shape[1])

    def _run(self, x: Tensor) -> Tensor:
        """Raw outputs (b, n_outputs) of the module; sets ``in_place``."""
        own = x.clone()
        version = own._version
        try:
            out = self.module(own)
        except SeveralOutputsError:
            raise
        except Exception as error:
            raise NoGradientError(
                f"The network cannot be run on its own input of shape {tuple(x.shape)}, {x.dtype}: "
                f"{describe(error)}. {OWN_WIDTH}{EMBEDDED if has_embeddings(self.module) else ''}."
            ) from error
        raw = as_rows(out, len(x))
        self.in_place |= own._version != version or not torch.equal(own, x)
        if not raw.is_floating_point():
            raise NoGradientError(
                f"The network returns {raw.dtype}, which has no gradient; it must return floating scores."
            )
        return raw

    def _set_scores(self, n_outputs: int) -> None:
        """Set what the scores stand for, given the number of the module's outputs."""
        if self.independent and n_outputs > 1:
            self.kind = "regressor"  # no class is predicted: every output stands for itself
        self.one_logit = n_outputs == 1 and self.kind == "classifier"
        self.n_scores = 2 if self.one_logit else n_outputs
        if self.classes_given and self.classes is not None and len(self.classes) != self.n_scores:
            raise ValueError(
                f"The network's classes_ are {len(self.classes)}, but it returns {n_outputs} scores; set one label for "
                "each score, two where it returns one logit, or None where its outputs are no classes."
            )
        if self.kind == "regressor":
            self.classes = None
        elif (self.kind == "classifier" or n_outputs > 1) and (
            self.classes is None or len(self.classes) != self.n_scores
        ):
            self.classes = np.arange(self.n_scores)

    def scores(self, x: Tensor) -> Tensor:
        """Class scores (b, n_scores) of coordinates (b, p); one logit s counts as the two scores (-s, s).

        A module that overwrites its input gets a copy: x may be the caller's memory, or a leaf that autograd forbids to
        overwrite.
        """
        out = as_rows(self.module(x.clone() if self.in_place else x), len(x))
        return torch.cat((-out, out), dim=1) if self.one_logit else out

    def probabilities(self, scores: Tensor) -> Tensor:
        """Result of the user's own ``predict_proba`` for scores (b, n_scores); a regressor's are the scores."""
        if self.one_logit:
            return torch.cat((torch.sigmoid(-scores[:, 1:]), torch.sigmoid(scores[:, 1:])), dim=1)
        if self.classes is None:
            return torch.sigmoid(scores) if self.independent else scores
        return torch.softmax(scores, dim=1)

    @property
    def has_probabilities(self) -> bool:
        """Whether probabilities of classes, or of separate labels, follow from the scores."""
        return self.logits and (self.classes is not None or self.independent)

    def predicted(self, scores: Tensor) -> Tensor:
        """Index of the class (b,) that the user's own ``predict`` returns."""
        if self.one_logit and self.threshold_owner is not None:
            return (torch.sigmoid(scores[:, 1]) > self.threshold_owner.threshold).long()
        return scores.argmax(dim=1)


def as_rows(out: Any, b: int) -> Tensor:
    """A module's output as scores (b, n_outputs); (b,) becomes (b, 1).

    Raises
    ------
    ValueError
        If it is not one tensor with one row of scores for each of the b rows.
    """
    out = one_tensor(out)
    if out.ndim < 2:
        out = out.reshape(1, -1) if b == 1 else out.reshape(-1, 1)
    if out.ndim != 2 or out.shape[0] != b or out.shape[1] == 0:
        raise NoGradientError(
            f"The network cannot be explained as it is: it returned shape {tuple(out.shape)} for {b} rows, not one row "
            "of scores for each, (n,) or (n, n_scores). Explain a network that does."
        )
    return out


def _tensor(coordinates: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Coordinates as a dense tensor."""
    dense = to_dense(coordinates)
    if not dense.flags.writeable or min(dense.strides, default=0) < 0:  # torch takes neither
        dense = dense.copy()
    return torch.from_numpy(dense).to(device, dtype)


def auto_batch_size(p: int, *, values: int = VALUES_PER_BATCH) -> int:
    """Rows per batch: enough to hide the overhead of a call, few enough for cache and memory.

    Parameters
    ----------
    p : int
        Number of coordinates.
    values : int
        Largest number of coordinates in a batch, over all its rows.
    """
    return int(np.clip(values // max(p, 1), FEWEST_ROWS, MOST_ROWS if p <= WIDE else MOST_ROWS_OF_WIDE))
