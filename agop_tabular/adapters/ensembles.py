"""Ensembles of models that have adapters, as one network.

The members' coordinates stand side by side; what they return is combined as the ensemble combines it, so that the whole
is one differentiable network. Where the result is a probability, its logarithm is explained, in contrast.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapt
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.codes import blocks

PROBA, DECISION, PREDICT = "predict_proba", "decision_function", "predict"

SAME = 1e-4
"""How far a coordinate may be from what another one makes of it, in its own size."""

COMPARED = 512
"""Rows that are compared at a time."""


class Members(nn.Module):
    """Members on their own parts of the coordinates, and one output made of theirs.

    Parameters
    ----------
    adapters : list of Adapter
    responses : list of str
        What is asked of each: ``"predict_proba"``, ``"decision_function"`` or, of regressors, ``"predict"``.
    combine : torch.nn.Module
        Maps the list of responses, (b, C) or (b, 1) each, to probabilities or outputs.
    shared : bool
        Whether all members read the same coordinates.
    """

    def __init__(self, adapters: list[Adapter], responses: list[str], combine: nn.Module, *, shared: bool):
        super().__init__()
        self.adapters, self.responses, self.combine, self.shared = adapters, responses, combine, shared
        self.networks = nn.ModuleList(adapter.module for adapter in adapters)
        self.layout: Layout | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Members:
        adapters = [replace(a, module=copy.deepcopy(a.module, memo)) for a in self.adapters]
        twin = Members(adapters, self.responses, copy.deepcopy(self.combine, memo), shared=self.shared)
        twin.layout, twin.training = self.layout, self.training
        return twin

    def confirm(self, x: Tensor) -> None:
        """Confirm every member on its own coordinates."""
        for adapter, part in zip(self.adapters, self._parts(x), strict=True):
            adapter.confirm(part.to(adapter.dtype))
        self.networks = nn.ModuleList(adapter.module for adapter in self.adapters)

    def forward(self, x: Tensor) -> Tensor:
        """What the ensemble returns."""
        each = []
        for adapter, response, part in zip(self.adapters, self.responses, self._parts(x), strict=True):
            scores = adapter.scores(part.to(adapter.dtype))
            if response == PROBA:
                scores = adapter.probabilities(scores)
            elif adapter.one_logit:
                scores = scores[:, 1:]
            each.append(scores.to(x.dtype))
        combined: Tensor = self.combine(each)
        return combined

    def _parts(self, x: Tensor) -> tuple[Tensor, ...]:
        if self.shared or self.layout is None:
            return (x,) * len(self.adapters)
        return tuple(
            torch.addcmul(offset.to(x), _taken(x, source), scale.to(x))
            for source, scale, offset in self.layout.members()
        )


@dataclass(frozen=True)
class Layout:
    """How the coordinates of all members come from those that are kept, ``x[:, source] * scale + offset``.

    Attributes
    ----------
    widths : Tensor of int, shape (m,)
        Coordinates of each member.
    kept : Tensor of int, shape (p,)
        Coordinates that no earlier one says already.
    source : Tensor of int, shape (sum of widths,)
        Place among those kept.
    scale, offset : Tensor of shape (sum of widths,), float64
    """

    widths: Tensor
    kept: Tensor
    source: Tensor
    scale: Tensor
    offset: Tensor

    def members(self) -> Iterator[tuple[Tensor, ...]]:
        """Source, scale and offset of each member's coordinates."""
        widths = self.widths.tolist()
        return zip(*(every.split(widths) for every in (self.source, self.scale, self.offset)), strict=True)

    @classmethod
    def found(cls, widths: list[int], x: Tensor, feature_map: FeatureMap) -> Layout:
        """From a few rows of all coordinates: a later member's is left out where it is another's, scaled and moved."""
        rows = x.double().cpu()
        n, size = rows.shape[1], 64 * torch.finfo(x.dtype).eps
        source, scale, offset = torch.arange(n), torch.ones(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
        kept: list[int] = []
        places: dict[Any, int] = {}
        for j in range(n):
            key = (int(feature_map.column_of[j]), feature_map.coordinate_names[j])
            first = places.get(key)
            fit = None if first is None else _affine(rows[:, kept[first]], rows[:, j], size)
            if first is not None and fit is not None:
                source[j], scale[j], offset[j] = first, *fit
            else:
                source[j] = len(kept)
                places.setdefault(key, len(kept))
                kept.append(j)
        return cls(torch.tensor(widths), torch.tensor(kept), source, scale, offset)

    @classmethod
    def as_it_is(cls, widths: list[int]) -> Layout:
        """All coordinates are kept."""
        every, ones = torch.arange(sum(widths)), torch.ones(sum(widths), dtype=torch.float64)
        return cls(torch.tensor(widths), every, every, ones, torch.zeros_like(ones))


def _taken(x: Tensor, source: Tensor) -> Tensor:
    """These coordinates; all in their order are x itself."""
    if torch.equal(source, torch.arange(x.shape[1])):
        return x
    return x.index_select(1, source.to(x.device))


def _affine(x: Tensor, y: Tensor, size: float) -> tuple[float, float] | None:
    """The factor and the constant that make ``y`` of ``x``, or None."""
    low, high = x.argmin(), x.argmax()
    if x[low] == x[high]:
        return (1.0, 0.0) if torch.equal(x, y) else None
    scale = (y[high] - y[low]) / (x[high] - x[low])
    offset = y[low] - scale * x[low]
    span = (y - y.mean()).abs().max()
    exact = scale != 0 and ((scale * x + offset - y).abs() <= size * (span + y.abs().max())).all()
    return (float(scale), float(offset)) if exact else None


class KeptCoordinates(SelectorMixin, BaseEstimator):
    """Coordinates that are kept of all members', in arrays, so that the same have the same fingerprint.

    Parameters
    ----------
    kept : ndarray of int, shape (p,)
    source, scale, offset : ndarray of shape (n,)
        How all coordinates come from them, as in :class:`Layout`.
    """

    def __init__(self, kept: np.ndarray, source: np.ndarray, scale: np.ndarray, offset: np.ndarray):
        self.kept = kept
        self.source = source
        self.scale = scale
        self.offset = offset

    def fit(self, X: Any, y: Any = None) -> Any:
        """Nothing is left to be fitted."""
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Those coordinates; a warning where the others do not follow from them in some row."""
        kept: np.ndarray = X[:, self.kept]
        rest = np.setdiff1d(np.arange(len(self.source)), self.kept)
        source, scale, offset = self.source[rest], self.scale[rest], self.offset[rest]
        n_differ = 0
        for start in range(0, len(X), COMPARED):
            part = slice(start, start + COMPARED)
            others, found = X[part][:, rest], kept[part][:, source] * scale + offset
            n_differ += (np.abs(found - others) > SAME * (1 + np.abs(others))).any(axis=1).sum()
        if n_differ:
            warnings.warn(
                f"The members of this ensemble read {n_differ} of {len(X)} rows differently, as where each imputes "
                "a missing value in a column that had none in the rows given to fit; they are explained as the first "
                "member reads them. Give fit rows with such values.",
                UserWarning,
                stacklevel=2,
            )
        return kept

    def _get_support_mask(self) -> np.ndarray:
        mask = np.zeros(len(self.source), dtype=bool)
        mask[self.kept] = True
        return mask

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass
class EnsembleAdapter(Adapter):
    """An adapter whose members are confirmed first, and which computes in the widest of their dtypes.

    Members read the same columns, each scaled by its own preprocessing; such coordinates are kept once.

    Parameters
    ----------
    beside : SideBySide or None
        The members' preprocessing, where they have any.
    """

    beside: SideBySide | None = None

    @property
    def dtype(self) -> torch.dtype:
        """Floating dtype of the coordinates."""
        dtypes = {adapter.dtype for adapter in self._members().adapters}
        return torch.float64 if torch.float64 in dtypes else next(iter(dtypes))

    def settle(self, rows: Any, x: Tensor, feature_map: FeatureMap) -> bool:
        """Settle the members, whose embeddings are looked up in their own rows; then keep once what several read."""
        if self._members().layout is not None:
            return False
        rows = self._in_front(rows)
        widths = None if self.beside is None else self._widths(rows)
        if self._settle_members(rows, x, feature_map, widths):
            return True
        if widths is None:
            return False
        self._lay_out(Layout.found(widths, x, feature_map))
        return True

    def _settle_members(self, rows: Any, x: Tensor, feature_map: FeatureMap, widths: list[int] | None) -> bool:
        adapters = self._members().adapters
        places = [slice(0, x.shape[1])] * len(adapters) if widths is None else blocks(widths)
        for adapter, place in zip(adapters, places, strict=True):
            if not isinstance(adapter, EnsembleAdapter):
                adapter.settle(rows, x[:, place].to(adapter.dtype), feature_map.part(place))
        return self._take_over()

    def _take_over(self) -> bool:
        """Put what members have set in front of themselves among their preprocessing; whether there is any."""
        members = self._members()
        behind = [adapter.preprocessing for adapter in members.adapters]
        if not any(behind):
            return False
        if self.beside is None:
            before: list[Any] = [FunctionTransformer(feature_names_out="one-to-one") for _ in behind]
        else:
            before = [step for _, step in self.beside.transformer_list]
            self.preprocessing = self.preprocessing[:-1]
        self.beside = _side_by_side([(first, *rest) for first, rest in zip(before, behind, strict=True)])
        self.preprocessing = (*self.preprocessing, self.beside)
        for adapter in members.adapters:
            adapter.preprocessing = ()
        members.shared = False
        return True

    def _in_front(self, rows: Any) -> Any:
        """Rows as they come to the members, behind the steps of a Pipeline around the ensemble."""
        for transformer in self.preprocessing if self.beside is None else self.preprocessing[:-1]:
            rows = transformer.transform(rows)
        return rows

    def _widths(self, rows: Any) -> list[int]:
        """Coordinates of each member; those that are ensembles themselves are laid out on the way, as they stand."""
        assert self.beside is not None
        widths = []
        for adapter, (_, transformer) in zip(self._members().adapters, self.beside.transformer_list, strict=True):
            widths.append(transformer.transform(rows).shape[1])
            if isinstance(adapter, EnsembleAdapter) and adapter.beside is not None:
                adapter._lay_out(Layout.as_it_is(adapter._widths(rows)))
        return widths

    def state(self) -> dict[str, Tensor]:
        """The layouts, of members too."""
        layout = self._members().layout
        state = {} if layout is None else dict(vars(layout))
        for i, adapter in enumerate(self._members().adapters):
            state |= {f"{i}.{name}": tensor for name, tensor in adapter.state().items()}
        return state

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over what the members have found out, and the layout."""
        for i, adapter in enumerate(self._members().adapters):
            adapter.restore({n.partition(".")[2]: t for n, t in state.items() if n.partition(".")[0] == str(i)})
        self._take_over()
        names = [field.name for field in fields(Layout)]
        if set(names) <= set(state):
            self._lay_out(Layout(**{name: state[name] for name in names}))

    def coded(self) -> Tensor:
        """Which coordinates stand for codes of a member's embeddings, (p,) of bool."""
        members = self._members()
        if members.layout is None:
            return torch.zeros(self.p, dtype=torch.bool)
        return torch.cat([adapter.coded() for adapter in members.adapters])[members.layout.kept]

    def _lay_out(self, layout: Layout) -> None:
        self._members().layout = layout
        if self.preprocessing:  # a member of another ensemble has none of its own
            kept = KeptCoordinates(*(getattr(layout, name).numpy() for name in ("kept", "source", "scale", "offset")))
            self.preprocessing = (*self.preprocessing, kept)

    def confirm(self, x: Tensor) -> None:
        """As for one network, after every member."""
        self._members().confirm(x)
        super().confirm(x)

    def _members(self) -> Members:
        found: Members = next(m for m in self.module.modules() if isinstance(m, Members))
        return found


class SideBySide(FeatureUnion):
    """The members' preprocessing, one beside the other."""

    def transform(self, X: Any) -> np.ndarray:
        """Coordinates of all members (n, p)."""
        parts = [transformer.transform(X) for _, transformer in self.transformer_list]
        return np.hstack([part.toarray() if hasattr(part, "toarray") else np.asarray(part) for part in parts])


def ensemble_of_estimators(
    estimators: list[Any], responses: list[str], combine: nn.Module, *, classes: Any = None
) -> EnsembleAdapter:
    """The adapter of an ensemble of these estimators; of a classifier where there are classes."""
    for estimator, response in zip(estimators, responses, strict=True):
        if response == PROBA:
            _check_probabilities(estimator)
    return ensemble_of([adapt(estimator) for estimator in estimators], responses, combine, classes=classes)


def _check_probabilities(estimator: Any) -> None:
    """Refuse members whose probabilities are none, or not the softmax or sigmoid of their scores."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    name = type(last).__name__
    if isinstance(last, ClassifierMixin) and not hasattr(last, PROBA):
        raise ValueError(f"{name} has no predict_proba, so the ensemble counts labels, which have no gradient.")
    if isinstance(last, SGDClassifier) and (last.loss == "modified_huber" or len(last.classes_) > 2):
        raise ValueError(
            f'{name}(loss="{last.loss}") with {len(last.classes_)} classes makes probabilities of its own kind, which '
            "are not followed inside an ensemble; use LogisticRegression."
        )


def ensemble_of(
    members: list[Adapter], responses: list[str], combine: nn.Module, *, classes: Any = None
) -> EnsembleAdapter:
    """One adapter of several.

    Parameters
    ----------
    members : list of Adapter
    responses : list of str
        What is asked of each: "predict_proba", "decision_function" or "predict".
    combine : torch.nn.Module
        Maps the list of what they return to probabilities, or outputs where there are no classes.
    classes : ndarray, optional
    """
    shared = not any(member.preprocessing for member in members)
    beside = None if shared else _side_by_side([member.preprocessing for member in members])
    inner = [replace(member, preprocessing=()) for member in members]
    module = Members(inner, responses, combine, shared=shared)
    preprocessing = () if beside is None else (beside,)
    if classes is None:
        return EnsembleAdapter(module, kind="regressor", preprocessing=preprocessing, beside=beside)
    return EnsembleAdapter(
        module,
        kind="classifier",
        classes=np.asarray(classes),
        outputs="probabilities",
        preprocessing=preprocessing,
        beside=beside,
    )


def _side_by_side(members: list[tuple[Any, ...]]) -> SideBySide:
    """Of the steps in front of each member."""
    none = (FunctionTransformer(feature_names_out="one-to-one"),)
    each = [Pipeline([(f"step {i}", step) for i, step in enumerate(steps or none)]) for steps in members]
    return SideBySide([(f"member {i}", steps) for i, steps in enumerate(each)])
