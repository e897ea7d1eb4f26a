"""A real table with category dtypes, read from the copy in the package or from OpenML."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch


@dataclass(frozen=True)
class Table:
    """A table's file, checksum, columns and levels, the same for every source."""

    file: str
    sha256: str
    openml_id: int
    url: str
    categories: dict[str, tuple[Any, ...]]
    features: tuple[str, ...]
    target: str
    classes: tuple[Any, ...]
    description: str
    from_openml: Callable[[pd.DataFrame], pd.DataFrame]


def read_frame(table: Table, source: str) -> pd.DataFrame:
    """Read a table from a source: features, target, and ``split`` if it has one, in their final dtypes."""
    if source == "bundled":
        raw = _bundled(table)
    elif source == "openml":
        raw = table.from_openml(_openml(table))
    else:
        raise ValueError(f'source={source!r} is not "bundled" or "openml".')
    columns: dict[str, Any] = {}
    for name in table.features:
        if name in table.categories:
            columns[name] = _category(raw[name], table.categories[name])
        else:
            columns[name] = pd.to_numeric(raw[name]).astype(np.int64)
    columns[table.target] = _category(raw[table.target], table.classes)
    if "split" in raw:
        columns["split"] = raw["split"].astype(object)
    return pd.DataFrame(columns).reset_index(drop=True)


def _category(values: pd.Series, categories: tuple[Any, ...]) -> pd.Series:
    """Values as a categorical column with these levels, for values read as numbers or as text."""
    values = values.astype(object)
    present = values.notna()
    if isinstance(categories[0], int):
        values = values.where(~present, pd.to_numeric(values[present]).astype(np.int64))
    else:
        values = values.where(~present, values[present].astype(str).str.strip())
    unknown = set(values[present]) - set(categories)
    if unknown:
        raise ValueError(f"Column {values.name!r} has unknown categories {sorted(unknown)}.")
    return pd.Series(pd.Categorical(values, categories=list(categories)), index=values.index, name=values.name)


def _bundled(table: Table) -> pd.DataFrame:
    """Read the copy inside the package, after checking its checksum."""
    packed = files("agop_tabular.datasets").joinpath("data", table.file).read_bytes()
    if hashlib.sha256(packed).hexdigest() != table.sha256:
        raise ValueError(
            f"The bundled file {table.file} is damaged: its checksum does not match. Reinstall agop_tabular."
        )
    return pd.read_csv(io.BytesIO(gzip.decompress(packed)))


def _openml(table: Table) -> pd.DataFrame:
    """Download from OpenML, or read the cache of its client."""
    try:
        import openml
    except ImportError as error:
        raise ImportError('source="openml" needs the package openml: pip install openml') from error
    dataset = openml.datasets.get_dataset(
        table.openml_id, download_data=True, download_qualities=False, download_features_meta_data=False
    )
    return pd.DataFrame(dataset.get_data()[0])


def as_bunch(table: Table, frame: pd.DataFrame, split: pd.Series | None, *, return_X_y: bool) -> Any:
    """Return the frame in the form of scikit-learn's fetchers."""
    data, target = frame[list(table.features)], frame[table.target]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        split=split,
        frame=frame,
        feature_names=list(table.features),
        categorical_feature_names=list(table.categories),
        target_names=[str(c) for c in table.classes],
        DESCR=table.description,
        url=table.url,
    )
