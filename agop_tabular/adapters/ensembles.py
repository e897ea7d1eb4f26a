"""Ensembles of models that have adapters, as one differentiable network.

The members' coordinates are concatenated, and what the members return is combined as the ensemble combines it. If the
result is a probability, its logarithm is explained, in contrast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import _check_feature_names
from torch import Tensor, nn

from agop_tabular.adapters.coordinate_layout import Layout
from agop_tabular.adapters.ensemble_module import PROBA, EnsembleModule
from agop_tabular.adapters.registry import adapt
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.warning import warn_user
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.models.codes import blocks
from agop_tabular.models.dense import to_dense
from agop_tabular.models.frames import column_labels
from agop_tabular.models.no_gradient import NoGradientError

SAME = 1e-4
"""Relative tolerance when a member's coordinate is reconstructed from another one: above the rounding of any scaler in
float32, and far below the effect of another imputed value."""

COMPARED = 512
"""Number of rows compared at a time: they stay in the processor's cache."""


@dataclass
class EnsembleAdapter(Adapter):
    """Adapter of an ensemble: confirms its members first, and computes in the widest of their dtypes.

    Parameters
    ----------
    member_preprocessing : SideBySide or None
        The members' preprocessing, if they have any; it is also the last step, or the last but one, of
        ``preprocessing``.
    """

    member_preprocessing: SideBySide | None = None

    @property
    def dtype(self) -> torch.dtype:
        """Floating dtype of the coordinates."""
        dtypes = {adapter.dtype for adapter in self._ensemble().adapters}
        return torch.float64 if torch.float64 in dtypes else next(iter(dtypes))

    def adjust_preprocessing(self, rows: Any, x: Tensor, feature_map: FeatureMap) -> bool:
        """Adjust the members' preprocessing, then keep coordinates only once that several members read.

        Parameters
        ----------
        rows : array-like or DataFrame of shape (b, d)
            Rows of the user's table.
        x : Tensor of shape (b, p)
            Their coordinates.
        feature_map : FeatureMap
        """
        if self._ensemble().layout is not None:
            return False
        rows = self._rows_of_members(rows)
        widths = None if self.member_preprocessing is None else self._widths(rows)
        if self._adjust_members(rows, x, feature_map, widths):
            return True
        if widths is None:
            return False
        self._set_layout(Layout.without_duplicates(widths, x, feature_map))
        return True

    def _adjust_members(self, rows: Any, x: Tensor, feature_map: FeatureMap, widths: list[int] | None) -> bool:
        adapters = self._ensemble().adapters
        places = [slice(0, x.shape[1])] * len(adapters) if widths is None else blocks(widths)
        for adapter, place in zip(adapters, places, strict=True):
            if not isinstance(adapter, EnsembleAdapter):
                adapter.adjust_preprocessing(rows, x[:, place].to(adapter.dtype), feature_map.part(place))
        return self._collect_member_preprocessing()

    def _collect_member_preprocessing(self) -> bool:
        """Move the preprocessing that members have added to ``member_preprocessing``; return whether any has."""
        ensemble = self._ensemble()
        added = [adapter.preprocessing for adapter in ensemble.adapters]
        if not any(added):
            return False
        if self.member_preprocessing is None:
            before: list[Any] = [AsTheyCome() for _ in added]
        else:
            before = [step for _, step in self.member_preprocessing.transformer_list]
            self.preprocessing = self.preprocessing[:-1]
        self.member_preprocessing = _side_by_side([(first, *rest) for first, rest in zip(before, added, strict=True)])
        self.preprocessing = (*self.preprocessing, self.member_preprocessing)
        for adapter in ensemble.adapters:
            adapter.preprocessing = ()
        ensemble.shared = False
        return True

    def _rows_of_members(self, rows: Any) -> Any:
        """Rows as the members get them, behind the steps of a Pipeline around the ensemble."""
        for transformer in self.preprocessing if self.member_preprocessing is None else self.preprocessing[:-1]:
            rows = transformer.transform(rows)
        return rows

    def _widths(self, rows: Any) -> list[int]:
        """Number of coordinates of each member; members that are ensembles get a layout that keeps all of theirs."""
        assert self.member_preprocessing is not None
        widths = []
        steps = self.member_preprocessing.transformer_list
        for adapter, (_, transformer) in zip(self._ensemble().adapters, steps, strict=True):
            widths.append(transformer.transform(rows).shape[1])
            if isinstance(adapter, EnsembleAdapter) and adapter.member_preprocessing is not None:
                adapter._set_layout(Layout.identity(adapter._widths(rows)))
        return widths

    def _set_layout(self, layout: Layout) -> None:
        self._ensemble().layout = layout
        if self.preprocessing:  # a member of another ensemble has none: its layout works inside its module
            kept = KeptCoordinates(*(getattr(layout, name).numpy() for name in ("kept", "source", "scale", "offset")))
            self.preprocessing = (*self.preprocessing, kept)

    def state(self) -> AdapterState:
        """Return the layout of coordinates, and the states of the members."""
        ensemble = self._ensemble()
        tensors = {} if ensemble.layout is None else dict(vars(ensemble.layout))
        return AdapterState("ensemble", tensors, tuple(adapter.state() for adapter in ensemble.adapters))

    def restore(self, state: AdapterState) -> None:
        """Restore the members, then the layout of coordinates."""
        for adapter, member in zip(self._ensemble().adapters, state.members, strict=False):  # see infer_tags
            adapter.restore(member)
        self._collect_member_preprocessing()
        if state.kind == "ensemble" and state.tensors:
            self._set_layout(Layout(**state.tensors))

    def code_coordinates(self) -> Tensor:
        """Which coordinates are one-hot codes of a member's embeddings, (p,) of bool."""
        ensemble = self._ensemble()
        if ensemble.layout is None:
            return torch.zeros(self.p, dtype=torch.bool)
        return torch.cat([adapter.code_coordinates() for adapter in ensemble.adapters])[ensemble.layout.kept]

    def choose_dtype(self, x: Tensor) -> None:
        """Choose the dtype of each member's input."""
        self._ensemble().choose_dtypes(x)

    def confirm(self, x: Tensor, most_rows: int | None = None) -> None:
        """Confirm every member, then the ensemble as one network."""
        self._ensemble().confirm(x, most_rows)
        super().confirm(x, most_rows)

    def _ensemble(self) -> EnsembleModule:
        """The ensemble's module, which may be inside another one, as behind the transformation of a target."""
        found: EnsembleModule = next(m for m in self.module.modules() if isinstance(m, EnsembleModule))
        return found


# Transformers: their module, names and attributes are part of a saved explainer's fingerprint ------------------------


class KeptCoordinates(SelectorMixin, BaseEstimator):
    """Selects the coordinates that a layout keeps.

    Parameters
    ----------
    kept : ndarray of int, shape (p,)
    source, scale, offset : ndarray of shape (n,)
        How all coordinates follow from them, see :class:`~agop_tabular.adapters.coordinate_layout.Layout`. They are
        arrays, since equal tensors have different hashes.
    """

    def __init__(self, kept: np.ndarray, source: np.ndarray, scale: np.ndarray, offset: np.ndarray):
        self.kept = kept
        self.source = source
        self.scale = scale
        self.offset = offset

    def fit(self, X: Any, y: Any = None) -> Any:
        """Do nothing: there is nothing to fit."""
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The kept coordinates (n, p); warns of rows in which the others do not follow from them."""
        kept: np.ndarray = X[:, self.kept]
        rest = np.setdiff1d(np.arange(len(self.source)), self.kept)
        source, scale, offset = self.source[rest], self.scale[rest], self.offset[rest]
        n_differ = 0
        for start in range(0, len(X), COMPARED):
            part = slice(start, start + COMPARED)
            others, found = X[part][:, rest], kept[part][:, source] * scale + offset
            n_differ += (np.abs(found - others) > SAME * (1 + np.abs(others))).any(axis=1).sum()
        if n_differ:
            warn_user(
                f"The members of this ensemble read {n_differ} of {len(X)} rows differently, for example if each "
                "imputes a missing value in a column that had none in the rows given to fit; they are explained as the "
                "first member reads them. Give fit rows with such values."
            )
        return kept

    def _get_support_mask(self) -> np.ndarray:
        mask = np.zeros(len(self.source), dtype=bool)
        mask[self.kept] = True
        return mask

    def __sklearn_is_fitted__(self) -> bool:
        return True


class AsTheyCome(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """What is in front of a member without preprocessing: it passes rows on, once their columns have their names.

    Parameters
    ----------
    names : ndarray of str, shape (d,), or None
        Columns of the table that the member was fitted on, which it reads by their places; None where it had no names.
    """

    def __init__(self, names: np.ndarray | None = None):
        self.names = names

    def fit(self, X: Any, y: Any = None) -> AsTheyCome:
        """Do nothing: there is nothing to fit."""
        return self

    def transform(self, X: Any) -> Any:
        """The rows; raises as scikit-learn does where a table has other columns."""
        if self.names is not None and column_labels(X) is not None:
            _check_feature_names(self, X, reset=False)
        return X

    @property
    def feature_names_in_(self) -> np.ndarray | None:
        """The names, where scikit-learn looks for them."""
        return self.names

    def __sklearn_is_fitted__(self) -> bool:
        return True


class SideBySide(FeatureUnion):
    """The preprocessing of all members: a FeatureUnion that returns a dense array."""

    def transform(self, X: Any) -> np.ndarray:
        """Coordinates of all members (n, p)."""
        return np.hstack([to_dense(transformer.transform(X)) for _, transformer in self.transformer_list])


def _side_by_side(members: list[tuple[Any, ...]]) -> SideBySide:
    """One transformer from each member's steps."""
    each = [Pipeline([(f"step {i}", step) for i, step in enumerate(steps or (AsTheyCome(),))]) for steps in members]
    return SideBySide([(f"member {i}", steps) for i, steps in enumerate(each)])


# Building an ensemble's adapter ---------------------------------------------------------------------------------------


def ensemble_of_estimators(
    estimators: list[Any], responses: list[str], combine: nn.Module, *, classes: Any = None
) -> EnsembleAdapter:
    """Adapter of an ensemble of fitted estimators; parameters as for :func:`ensemble_of`."""
    for estimator, response in zip(estimators, responses, strict=True):
        if response == PROBA:
            _check_probabilities(estimator)
    members = [adapt(estimator) for estimator in estimators]
    if any(member.preprocessing for member in members):  # which checks names; a bare member reads columns by place
        members = [
            replace(member, preprocessing=member.preprocessing or (AsTheyCome(_names_in(estimator)),))
            for member, estimator in zip(members, estimators, strict=True)
        ]
    return ensemble_of(members, responses, combine, classes=classes)


def _names_in(estimator: Any) -> np.ndarray | None:
    """Columns of the table that an estimator was fitted on."""
    names: np.ndarray | None = getattr(estimator, "feature_names_in_", None)
    return names


def _check_probabilities(estimator: Any) -> None:
    """Refuse a member that has no probabilities, or whose are not the softmax or sigmoid of its scores."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    name = type(last).__name__
    if isinstance(last, ClassifierMixin) and not hasattr(last, PROBA):
        raise NoGradientError(f"{name} has no predict_proba, so the ensemble counts labels, which have no gradient.")
    if isinstance(last, SGDClassifier) and (last.loss == "modified_huber" or len(last.classes_) > 2):
        raise NoGradientError(
            f'{name}(loss="{last.loss}") with {len(last.classes_)} classes makes probabilities of its own kind, which '
            "cannot be explained inside an ensemble; use LogisticRegression."
        )


def ensemble_of(
    members: list[Adapter], responses: list[str], combine: nn.Module, *, classes: Any = None
) -> EnsembleAdapter:
    """Adapter of an ensemble of models that have adapters.

    Parameters
    ----------
    members : list of Adapter
    responses : list of str
        The method of each member whose result is combined: "predict_proba", "decision_function" or "predict".
    combine : torch.nn.Module
        Maps the list of responses to probabilities, or to outputs if there are no classes.
    classes : ndarray, optional
        A classifier's labels.
    """
    shared = not any(member.preprocessing for member in members)
    member_preprocessing = None if shared else _side_by_side([member.preprocessing for member in members])
    inner = [replace(member, preprocessing=()) for member in members]
    module = EnsembleModule(inner, responses, combine, shared=shared)
    preprocessing = () if member_preprocessing is None else (member_preprocessing,)
    return EnsembleAdapter(
        module,
        kind="regressor" if classes is None else "classifier",
        classes=None if classes is None else np.asarray(classes),
        outputs="scores" if classes is None else "probabilities",
        preprocessing=preprocessing,
        member_preprocessing=member_preprocessing,
    )
