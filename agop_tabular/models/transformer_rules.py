"""Rules for the outputs of scikit-learn's fitted transformers, one for each class.

A rule reads the transformer's own attributes (``categories_``, ``output_indices_``, ``get_support``, …), never
generated names. A transformer without a rule is probed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfTransformer
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

from agop_tabular.models.column_links import Links
from agop_tabular.models.column_probing import (
    keeps_columns_apart,
    links_by_probing,
    links_of_scaled,
    refuse_mixing,
)
from agop_tabular.models.frames import column_labels, take_columns
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.pipeline_steps import steps_of_transform
from agop_tabular.models.step_checks import check_rows_apart, is_known


def through(transformer: Any, links: Links, rows: Any) -> tuple[Links, Any]:
    """Send links and rows through a fitted transformer.

    Parameters
    ----------
    transformer : fitted transformer, Pipeline, "passthrough" or None
    links : Links
        Of its input.
    rows : array-like, sparse matrix or DataFrame of shape (n, k)
        A few rows of its input.

    Returns
    -------
    links : Links
        Of its output.
    rows : array-like, sparse matrix or DataFrame
        Its output.

    Raises
    ------
    ValueError
        If it mixes columns, or returns another number of columns than its attributes say.
    """
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return links, rows
    if isinstance(transformer, Pipeline):
        for step in steps_of_transform(transformer):
            links, rows = through(step, links, rows)
        return links, rows
    out = transformer.transform(rows)
    check_output(transformer, out, rows.shape[0])
    if not is_known(transformer):
        check_rows_apart(transformer, rows, out)
    behind = links_behind(transformer, links, rows)
    if len(behind.column) != out.shape[1]:
        raise NoGradientError(
            f"{type(transformer).__name__} returns {out.shape[1]} columns where its attributes account for "
            f"{len(behind.column)}, so attributions cannot be folded back to the user's columns."
        )
    return behind, out


def check_output(transformer: Any, out: Any, n: int) -> None:
    """Refuse what a transformer made of n rows if it is not one table that has these rows.

    Parameters
    ----------
    transformer : transformer
        Named in the message.
    out : object
    n : int

    Raises
    ------
    TypeError, ValueError
    """
    name, shape = type(transformer).__name__, getattr(out, "shape", None)
    if not isinstance(shape, tuple):
        raise NoGradientError(
            f"{name} returns a {type(out).__name__}, and a network is explained whose input is one table: return an "
            "array or a DataFrame, as ColumnTransformer does, and let the network take one tensor."
        )
    if len(shape) != 2:
        raise ValueError(f"{name} returns shape {shape} for {n} rows; it must return a table, (n_samples, n_features).")
    if shape[0] != n:
        raise ValueError(
            f"{name} returns {shape[0]} rows for {n}, so attributions cannot be given to the rows they are of; drop "
            "or add rows before the pipeline."
        )


@singledispatch
def links_behind(transformer: Any, links: Links, rows: Any) -> Links:
    """Links of a transformer's output, by the rule for its class.

    A transformer of this package has a method ``source_columns(names)``, which returns the place of each output's input
    and what its name has behind the input's.
    """
    if hasattr(transformer, "source_columns"):
        source, labels = transformer.source_columns(links.names)
        return links.derived(source, labels)
    if isinstance(transformer, SelectorMixin):
        return links.take(transformer.get_support(indices=True))
    if isinstance(transformer, OneToOneFeatureMixin):
        return _as_declared(transformer, links, rows)
    return links_by_probing(transformer, links, rows)


def _as_declared(transformer: Any, links: Links, rows: Any) -> Links:
    """Links of a transformer that declares one output for each input, which is tested where its class is unknown."""
    if is_known(transformer) or keeps_columns_apart(transformer, links, rows, transformer.transform(rows)):
        return links_of_scaled(transformer, links, rows)
    return links_by_probing(transformer, links, rows)


@links_behind.register
def _behind_column_transformer(transformer: ColumnTransformer, links: Links, rows: Any) -> Links:
    parts = []
    for name, inner, spec in transformer.transformers_:
        if isinstance(inner, str) and inner == "drop":
            continue
        columns = transformer._transformer_to_input_indices[name]
        labels = column_labels(rows)
        if labels is not None and hasattr(transformer, "feature_names_in_"):  # by name: order and extras are free
            columns = pd.Index(labels).get_indexer(transformer.feature_names_in_[columns])
        place = transformer.output_indices_[name]
        if isinstance(spec, (str, int)) and len(columns):  # the inner one gets a column, not a table of it: text
            labels = [f"[{k}]" for k in range(place.stop - place.start)]
            parts.append((place.start, links.take(columns).derived([0] * len(labels), labels)))
        elif len(columns):
            inputs = take_columns(rows, list(columns))
            behind = through(inner, links.take(columns), inputs)[0]
            parts.append((place.start, _weighted(behind, transformer.transformer_weights, name)))
    return Links.concatenate([part for _, part in sorted(parts, key=lambda part: part[0])])


@links_behind.register
def _behind_feature_union(transformer: FeatureUnion, links: Links, rows: Any) -> Links:
    inner = [(name, t) for name, t in transformer.transformer_list if t != "drop"]
    weights = transformer.transformer_weights
    return Links.concatenate([_weighted(through(t, links, rows)[0], weights, name) for name, t in inner])


def _weighted(links: Links, weights: Mapping[str, float] | None, name: str) -> Links:
    """Links of outputs that are multiplied with the weight of their transformer, if it has one."""
    weight = 1.0 if weights is None else weights.get(name, 1.0)
    links = links.take(np.arange(len(links.column)))
    links.low, links.high = weight * links.low, weight * links.high
    if weight == 0:
        links.block = np.full_like(links.block, -1)
    return links


@links_behind.register
def _behind_one_hot_encoder(transformer: OneHotEncoder, links: Links, rows: Any) -> Links:
    parts = []
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
            part.block = np.zeros(len(labels), dtype=int)
        parts.append(part)
    return Links.concatenate(parts)


@links_behind.register
def _behind_bins(transformer: KBinsDiscretizer, links: Links, rows: Any) -> Links:
    if transformer.encode == "ordinal":
        return links.derived(np.arange(len(links.column)), [""] * len(links.column))
    parts = []
    for i, n_bins in enumerate(transformer.n_bins_):
        part = links.derived([i] * n_bins, [f" bin {b}" for b in range(n_bins)])
        part.low, part.high, part.block = np.zeros(n_bins), np.ones(n_bins), np.zeros(n_bins, dtype=int)
        parts.append(part)
    return Links.concatenate(parts)


@links_behind.register
def _behind_simple_imputer(transformer: SimpleImputer, links: Links, rows: Any) -> Links:
    kept = np.arange(len(links.column))
    if not transformer.keep_empty_features:
        kept = kept[~pd.isna(transformer.statistics_)]
    parts = [links_of_scaled(transformer, links, rows) if len(kept) == len(links.column) else links.take(kept)]
    if transformer.add_indicator:
        parts = [links.take(kept), links_behind(transformer.indicator_, links, rows)]
    return Links.concatenate(parts)


@links_behind.register
def _behind_other_imputers(transformer: _BaseImputer, links: Links, rows: Any) -> Links:
    """KNNImputer, IterativeImputer: a cell that is filled from other columns still counts for its own column."""
    parts = [links.take(np.arange(len(links.column)))]
    if transformer.add_indicator:
        parts.append(links_behind(transformer.indicator_, links, rows))
    return Links.concatenate(parts)


@links_behind.register
def _behind_normalizer(transformer: Normalizer, links: Links, rows: Any) -> Links:
    return links_by_probing(transformer, links, rows)  # one output per column, but each depends on the whole row


@links_behind.register
def _behind_tfidf(transformer: TfidfTransformer, links: Links, rows: Any) -> Links:
    by_norm = transformer.norm is not None  # as a Normalizer does
    return links_by_probing(transformer, links, rows) if by_norm else _as_declared(transformer, links, rows)


@links_behind.register
def _behind_missing_indicator(transformer: MissingIndicator, links: Links, rows: Any) -> Links:
    return links.derived(transformer.features_, [" missing"] * len(transformer.features_))


@links_behind.register
def _behind_function(transformer: FunctionTransformer, links: Links, rows: Any) -> Links:
    if transformer.func is None or transformer.feature_names_out == "one-to-one":
        return _as_declared(transformer, links, rows)
    return links_by_probing(transformer, links, rows)


@links_behind.register
def _behind_target_encoder(transformer: TargetEncoder, links: Links, rows: Any) -> Links:
    if transformer.target_type_ != "multiclass":
        return links.derived(np.arange(len(links.column)), [""] * len(links.column))
    classes = [f" given {c}" for c in transformer.classes_]
    source = np.repeat(np.arange(len(links.column)), len(classes))
    return links.derived(source, classes * len(links.column))


@links_behind.register
def _behind_splines(transformer: SplineTransformer, links: Links, rows: Any) -> Links:
    n_splines = transformer.n_features_out_ // len(links.column)
    source = np.repeat(np.arange(len(links.column)), n_splines)
    behind = links.derived(source, [f" spline {k}" for k in range(n_splines)] * len(links.column))
    if transformer.include_bias:  # a column's basis sums to one, as the columns of a one-hot block do
        behind.low, behind.high, behind.block = np.zeros(len(source)), np.ones(len(source)), source
    return behind


@links_behind.register
def _behind_polynomials(transformer: PolynomialFeatures, links: Links, rows: Any) -> Links:
    used = [np.flatnonzero(row) for row in transformer.powers_]
    refuse_mixing(transformer, links, used)
    source = [u[0] if len(u) else -1 for u in used]
    return links.derived(source, [f"^{row.max()}" if row.max() > 1 else "" for row in transformer.powers_])
