"""Where scikit-learn's fitted transformers take the user's columns.

Everything is read off the transformers' own attributes (``categories_``, ``output_indices_``, ``get_support``, …),
never off generated names. A transformer that says nothing of itself is asked: one column at a time is changed on a
few rows, and the outputs that move belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.impute._base import _BaseImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    TargetEncoder,
)
from sklearn.utils import _safe_indexing
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.adapter import Adapter


def trace(transformers: Iterable[Any], names: tuple[str, ...], rows: Any) -> tuple[FeatureMap, Any]:
    """Follow the user's columns, and a few rows, through fitted transformers.

    Parameters
    ----------
    transformers : iterable of fitted transformers
        Applied one after the other.
    names : tuple of str, length d
        The user's columns.
    rows : array-like or DataFrame of shape (n, d)
        A few of the user's rows.

    Returns
    -------
    feature_map : FeatureMap
    coordinates : array-like, sparse matrix or DataFrame of shape (n, p)
        What the transformers make of the rows.

    Raises
    ------
    ValueError
        Where a transformer mixes columns, as PCA does, so that nothing can be folded back.
    """
    links = _Links.identity(names)
    for transformer in transformers:
        links, rows = _through(transformer, links, rows)
    blocks = {b: i for i, b in enumerate(dict.fromkeys(links.block[links.block >= 0].tolist()))}
    block_of = np.array([blocks.get(b, -1) for b in links.block.tolist()], dtype=int)
    return FeatureMap(names, tuple(links.names), links.column, block_of, links.low, links.high), rows


def traced(adapter: Adapter, names: tuple[str, ...], rows: Any) -> tuple[FeatureMap, Tensor]:
    """The feature map of an adapter, and the coordinates of a few rows, once its preprocessing is settled.

    Parameters
    ----------
    adapter : Adapter
    names : tuple of str, length d
        The user's columns.
    rows : array-like or DataFrame of shape (b, d)

    Returns
    -------
    feature_map : FeatureMap
    x : Tensor of shape (b, p)
    """
    while True:
        feature_map, coordinates = trace(adapter.preprocessing, names, rows)
        x = adapter.tensor(coordinates)
        if not adapter.settle(rows, x, feature_map):
            return feature_map, x


@dataclass
class _Links:
    """What is known of the columns of a table on its way through the transformers."""

    column: np.ndarray
    block: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: list[str]

    @classmethod
    def identity(cls, names: tuple[str, ...]) -> _Links:
        d = len(names)
        return cls(np.arange(d), np.full(d, -1), np.zeros(d), np.ones(d), [str(n) for n in names])

    def take(self, source: Any) -> _Links:
        """Outputs that are, or come from, these inputs; -1 for a constant."""
        source = np.asarray(source, dtype=int)
        if len(self.column) == 0:
            return _Links.concatenate([])
        none = source < 0
        return _Links(
            np.where(none, -1, self.column[source]),
            np.where(none, -1, self.block[source]),
            self.low[source],
            self.high[source],
            ["constant" if s < 0 else self.names[s] for s in source],
        )

    def derived(self, source: Any, labels: Iterable[str]) -> _Links:
        """Outputs made from these inputs by something that ends their blocks."""
        links = self.take(source)
        links.block = np.full(len(links.column), -1)
        links.names = [f"{n}{label}" for n, label in zip(links.names, labels, strict=True)]
        return links

    @classmethod
    def concatenate(cls, parts: list[_Links]) -> _Links:
        """Side by side; the blocks of different parts stay apart."""
        offset, blocks = 0, [np.empty(0, dtype=int)]
        for part in parts:
            blocks.append(np.where(part.block >= 0, part.block + offset, -1))
            offset += part.block.max(initial=-1) + 1
        return cls(
            np.concatenate([np.empty(0, dtype=int), *(p.column for p in parts)]),
            np.concatenate(blocks),
            np.concatenate([np.empty(0), *(p.low for p in parts)]),
            np.concatenate([np.empty(0), *(p.high for p in parts)]),
            [n for p in parts for n in p.names],
        )


def _through(transformer: Any, links: _Links, rows: Any) -> tuple[_Links, Any]:
    """Links and rows behind a transformer."""
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return links, rows
    if isinstance(transformer, Pipeline):
        for _, step in transformer.steps:
            links, rows = _through(step, links, rows)
        return links, rows
    out = transformer.transform(rows)
    behind = _links(transformer, links, rows)
    if len(behind.column) != out.shape[1]:
        raise ValueError(
            f"{type(transformer).__name__} returns {out.shape[1]} columns where its attributes account for "
            f"{len(behind.column)}, so attributions cannot be folded back to the user's columns."
        )
    return behind, out


@singledispatch
def _links(transformer: Any, links: _Links, rows: Any) -> _Links:
    """Links behind a transformer, by what its class says of its outputs."""
    if hasattr(transformer, "source_columns"):  # of an adapter, which knows
        source, labels = transformer.source_columns(links.names)
        return links.derived(source, labels)
    if isinstance(transformer, SelectorMixin):
        return links.take(transformer.get_support(indices=True))
    if isinstance(transformer, OneToOneFeatureMixin):
        return _scaled(transformer, links, rows)
    return _asked(transformer, links, rows)


@_links.register
def _(transformer: ColumnTransformer, links: _Links, rows: Any) -> _Links:
    parts = []
    for name, inner, spec in transformer.transformers_:
        if isinstance(inner, str) and inner == "drop":
            continue
        columns = transformer._transformer_to_input_indices[name]
        if hasattr(rows, "columns") and hasattr(transformer, "feature_names_in_"):  # by name: order and extras are free
            columns = rows.columns.get_indexer(transformer.feature_names_in_[columns])
        place = transformer.output_indices_[name]
        if isinstance(spec, (str, int)) and len(columns):  # the column itself, not a table of it: text
            labels = [f"[{k}]" for k in range(place.stop - place.start)]
            parts.append((place.start, links.take(columns).derived([0] * len(labels), labels)))
        elif len(columns):
            inputs = _safe_indexing(rows, list(columns), axis=1)
            parts.append((place.start, _through(inner, links.take(columns), inputs)[0]))
    return _Links.concatenate([part for _, part in sorted(parts, key=lambda part: part[0])])


@_links.register
def _(transformer: FeatureUnion, links: _Links, rows: Any) -> _Links:
    inner = [t for _, t in transformer.transformer_list if t != "drop"]
    return _Links.concatenate([_through(t, links, rows)[0] for t in inner])


@_links.register
def _(transformer: OneHotEncoder, links: _Links, rows: Any) -> _Links:
    parts, next_block = [], 0
    infrequent = getattr(transformer, "infrequent_categories_", None)
    for i, categories in enumerate(transformer.categories_):
        labels = [str(c) for c in categories]  # as text, so that a missing category equals itself
        if infrequent is not None and infrequent[i] is not None:
            rare = {str(c) for c in infrequent[i]}
            labels = [c for c in labels if c not in rare] + ["infrequent"]
        dropped = None if transformer.drop_idx_ is None else transformer.drop_idx_[i]
        if dropped is not None:
            gone = str(categories[dropped])
            labels.remove(gone if gone in labels else "infrequent")
        part = links.derived([i] * len(labels), [f"={c}" for c in labels])
        part.low, part.high = np.zeros(len(labels)), np.ones(len(labels))
        if dropped is None and len(labels) > 1:
            part.block = np.full(len(labels), next_block)
        parts.append(part)
    return _Links.concatenate(parts)


@_links.register
def _(transformer: KBinsDiscretizer, links: _Links, rows: Any) -> _Links:
    if transformer.encode == "ordinal":
        return links.derived(np.arange(len(links.column)), [""] * len(links.column))
    parts = []
    for i, n_bins in enumerate(transformer.n_bins_):
        part = links.derived([i] * n_bins, [f" bin {b}" for b in range(n_bins)])
        part.low, part.high, part.block = np.zeros(n_bins), np.ones(n_bins), np.zeros(n_bins, dtype=int)
        parts.append(part)
    return _Links.concatenate(parts)


@_links.register
def _(transformer: SimpleImputer, links: _Links, rows: Any) -> _Links:
    kept = np.arange(len(links.column))
    if not transformer.keep_empty_features:
        kept = kept[~pd.isna(transformer.statistics_)]
    parts = [_scaled(transformer, links, rows) if len(kept) == len(links.column) else links.take(kept)]
    if transformer.add_indicator:
        parts = [links.take(kept), _links(transformer.indicator_, links, rows)]
    return _Links.concatenate(parts)


@_links.register
def _(transformer: _BaseImputer, links: _Links, rows: Any) -> _Links:
    """KNNImputer, IterativeImputer: a cell that is filled from other columns still counts as its own column's."""
    parts = [links.take(np.arange(len(links.column)))]
    if transformer.add_indicator:
        parts.append(_links(transformer.indicator_, links, rows))
    return _Links.concatenate(parts)


@_links.register
def _(transformer: Normalizer, links: _Links, rows: Any) -> _Links:
    return _asked(transformer, links, rows)  # one output per column, but each depends on the whole row


@_links.register
def _(transformer: MissingIndicator, links: _Links, rows: Any) -> _Links:
    return links.derived(transformer.features_, [" missing"] * len(transformer.features_))


@_links.register
def _(transformer: FunctionTransformer, links: _Links, rows: Any) -> _Links:
    if transformer.func is None or transformer.feature_names_out == "one-to-one":
        return _scaled(transformer, links, rows)
    return _asked(transformer, links, rows)


@_links.register
def _(transformer: TargetEncoder, links: _Links, rows: Any) -> _Links:
    if transformer.target_type_ != "multiclass":
        return links.derived(np.arange(len(links.column)), [""] * len(links.column))
    classes = [f" given {c}" for c in transformer.classes_]
    source = np.repeat(np.arange(len(links.column)), len(classes))
    return links.derived(source, classes * len(links.column))


@_links.register
def _(transformer: SplineTransformer, links: _Links, rows: Any) -> _Links:
    n_splines = transformer.n_features_out_ // len(links.column)
    source = np.repeat(np.arange(len(links.column)), n_splines)
    behind = links.derived(source, [f" spline {k}" for k in range(n_splines)] * len(links.column))
    if transformer.include_bias:  # a column's basis sums to one, as indicators do
        behind.low, behind.high, behind.block = np.zeros(len(source)), np.ones(len(source)), source
    return behind


@_links.register
def _(transformer: PolynomialFeatures, links: _Links, rows: Any) -> _Links:
    used = [np.flatnonzero(row) for row in transformer.powers_]
    _refuse_mixing(transformer, links, used)
    source = [u[0] if len(u) else -1 for u in used]
    return links.derived(source, [f"^{row.max()}" if row.max() > 1 else "" for row in transformer.powers_])


def _scaled(transformer: Any, links: _Links, rows: Any) -> _Links:
    """One output per input; inside one-hot blocks, where the values of an indicator go."""
    links = links.take(np.arange(len(links.column)))
    inside = np.flatnonzero(links.block >= 0)
    if len(inside):
        links.low = links.low.copy()
        links.high = links.high.copy()
        for values in (links.low, links.high):
            placed = transformer.transform(_with_columns(rows, inside, values[inside]))
            values[inside] = _numbers(placed)[0, inside]
        flat = links.high == links.low
        links.block = np.where(flat, -1, links.block)
    return links


def _asked(transformer: Any, links: _Links, rows: Any) -> _Links:
    """Change one column at a time and see which outputs move."""
    before = _numbers(transformer.transform(rows))
    if len(set(links.column.tolist())) == 1 and len(links.column) != before.shape[1]:  # nobody else to ask
        return links.derived([0] * before.shape[1], [f"[{k}]" for k in range(before.shape[1])])
    n, d = rows.shape
    moves = np.zeros((d, before.shape[1]), dtype=bool)
    for j in range(d):
        column = _numbers(_safe_indexing(rows, [j], axis=1))[:, 0]
        changes = [np.roll(column, 1), np.roll(column, n // 2)]
        if column.dtype.kind in "fiu":
            changes += [column + 1, 2 * column - 1]
        for change in changes:
            try:
                after = _numbers(transformer.transform(_with_columns(rows, [j], [change])))
            except (
                ValueError,
                TypeError,
                AttributeError,
                LookupError,
            ):  # a value that the transformer refuses tells nothing
                continue
            moves[j] |= ((after != before) & ~(_missing(after) & _missing(before))).any(axis=0)
    used = [np.flatnonzero(column) for column in moves.T]
    _refuse_mixing(transformer, links, used)
    if len(used) == d and all(u.size == 0 or u[0] == k for k, u in enumerate(used)):  # unmoved ones, too, by place
        return _scaled(transformer, links, rows)
    return links.derived([u[0] if len(u) else -1 for u in used], [f"[{k}]" for k in range(len(used))])


def _refuse_mixing(transformer: Any, links: _Links, used: list[np.ndarray]) -> None:
    for inputs in used:
        columns = {links.column[i] for i in inputs}
        if len(columns) > 1:
            mixed = ", ".join(repr(links.names[i]) for i in inputs[:3]) + (", …" if len(inputs) > 3 else "")
            raise ValueError(
                f"{type(transformer).__name__} mixes the columns {mixed} into one coordinate, so attributions cannot "
                "be folded back to the user's columns. Make it the first layer of the network, or explain the network "
                "itself on the transformed table: AGOPExplainer(pipeline[-1]).fit(pipeline[:-1].transform(X))."
            )


def _numbers(table: Any) -> np.ndarray:
    if scipy.sparse.issparse(table):
        return table.toarray()
    return np.asarray(table)


def _missing(values: np.ndarray) -> np.ndarray:
    return np.asarray(pd.isna(values))


def _with_columns(rows: Any, columns: Any, values: Any) -> Any:
    """A copy of the rows with other values, a constant or one a row, in some columns."""
    if hasattr(rows, "iloc"):
        copy = rows.copy()
        for j, value in zip(columns, values, strict=True):
            copy.isetitem(j, np.broadcast_to(value, len(copy)))
        return copy
    sparse = scipy.sparse.issparse(rows)
    copy = rows.toarray() if sparse else np.array(rows)
    for j, value in zip(columns, values, strict=True):
        copy[:, j] = value
    return type(rows)(copy) if sparse else copy
