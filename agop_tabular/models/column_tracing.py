"""The way of the user's columns through fitted transformers to a network's input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.column_links import Links


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
        The rows behind the transformers.

    Raises
    ------
    ValueError
        If a transformer mixes columns, as PCA does, so that attributions cannot be folded back.
    """
    from agop_tabular.models.transformer_rules import through  # here, since its classes take half of scikit-learn

    links = Links.identity(names)
    for transformer in transformers:
        links, rows = through(transformer, links, rows)
    blocks = {b: i for i, b in enumerate(dict.fromkeys(links.block[links.block >= 0].tolist()))}
    block_of = np.array([blocks.get(b, -1) for b in links.block.tolist()], dtype=int)
    return FeatureMap(names, tuple(links.names), links.column, block_of, links.low, links.high), rows


def trace_adapter(adapter: Adapter, names: tuple[str, ...], rows: Any) -> tuple[FeatureMap, Tensor]:
    """Adjust an adapter's preprocessing to a few rows, and follow the user's columns through it.

    Parameters
    ----------
    adapter : Adapter
        Its ``preprocessing`` may be changed.
    names : tuple of str, length d
        The user's columns.
    rows : array-like or DataFrame of shape (b, d)

    Returns
    -------
    feature_map : FeatureMap
    x : Tensor of shape (b, p)
        Coordinates of the rows.
    """
    while True:
        feature_map, coordinates = trace(adapter.preprocessing, names, rows)
        x = adapter.probe(coordinates)
        if not adapter.adjust_preprocessing(rows, x, feature_map):
            return feature_map, x
