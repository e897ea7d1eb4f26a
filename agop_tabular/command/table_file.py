"""Read a table from a file, and take from it the columns that a model has."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from agop_tabular.command.column_types import Expected, expected_columns, expected_labels
from agop_tabular.results.facts import named_list

CSV, PARQUET = (".csv", ".csv.gz"), (".parquet", ".pq")
"""Endings of the files that are read."""

SHOWN = 6
"""Columns that a message names."""


def read_table(path: Path) -> pd.DataFrame:
    """The rows of a file; the cells of a .csv as pandas takes them, until :func:`with_types` knows better.

    Parameters
    ----------
    path : Path
        Ends in .csv or .csv.gz (separated by commas, names in the first line), or .parquet or .pq.

    Raises
    ------
    ValueError, OSError, ImportError
        Where there is no such table, or it has no rows.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file of a table.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if not path.name.lower().endswith(CSV + PARQUET):
        raise ValueError(f"{path} does not end in {', '.join(CSV + PARQUET)}, which say how it is read.")
    try:
        if _is_csv(path):
            _check_lines(path)
        table = pd.read_csv(path, low_memory=False) if _is_csv(path) else pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(f"{path} needs the package pyarrow: pip install pyarrow") from error
    except (ValueError, OSError) as error:  # those of pandas and pyarrow are kinds of these
        said = str(error).strip().partition("\n")[0]
        raise ValueError(f"{path} cannot be read as a table ({said}).") from error
    if not len(table):
        raise ValueError(f"{path} has no rows.")
    return table


def _check_lines(path: Path) -> None:
    """Raise unless every line has as many cells as there are names: pandas moves or fills in others without a word."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        try:
            n_names = len(next((cells for cells in lines if cells), []))
            for cells in lines:
                if cells and len(cells) != n_names:
                    raise ValueError(
                        f"line {lines.line_num:,} has {len(cells)} cells and the first line {n_names} names: every "
                        "column needs a name, every row all of its cells, and no line ends with a comma"
                    )
        except csv.Error as error:
            raise ValueError(f"line {lines.line_num:,}: {error}") from error


def _is_csv(path: Path) -> bool:
    return path.name.lower().endswith(CSV)


def without_target(table: pd.DataFrame, target: str, path: Path) -> tuple[pd.DataFrame, pd.Series]:
    """A table without the column of its labels, and these.

    Raises
    ------
    ValueError
        Where there is no such column.
    """
    if target not in table:
        has = named_list([repr(str(name)) for name in table], SHOWN)
        raise ValueError(f"{path} has no column {target!r}, which --target names; it has {has}.")
    return table.drop(columns=target), table[target]


def model_columns(table: pd.DataFrame, model: Any, path: Path) -> pd.DataFrame:
    """A table's columns in the order of those that a model was fitted on, or as they are where it does not know.

    Their cells have the types that the model expects.

    Raises
    ------
    ValueError
        Where some are missing, or there are others; or where one of numbers has text.
    """
    known = getattr(model, "feature_names_in_", None)
    names = list(table) if known is None else [str(name) for name in known]
    missing = [repr(name) for name in names if name not in table]
    others = [repr(str(name)) for name in table if name not in names]
    if missing:
        others_text = f", and has {named_list(others, SHOWN)} instead" if others else ""
        raise ValueError(f"{path} lacks columns of the model: {named_list(missing, SHOWN)}{others_text}.")
    if others:
        raise ValueError(
            f"{path} has columns that the model does not: {named_list(others, SHOWN)}; --target COLUMN leaves out that "
            "of the labels."
        )
    return with_types(table if known is None else table[names], expected_columns(model, len(names)), path)


def model_labels(labels: pd.Series, model: Any, path: Path) -> pd.Series:
    """Labels of a table as text where the model's classes are; as they are otherwise."""
    return with_types(labels.to_frame(), [expected_labels(model)], path).iloc[:, 0]


def with_types(table: pd.DataFrame, expected: Sequence[Expected | None], path: Path) -> pd.DataFrame:
    """Columns of a .csv file with the cells that the training table had; those of any other file as they are.

    Text is taken from the file as it stands there: "NA", "None", "01" and "True" are values. What pandas takes for a
    missing cell, such as "NA", is one in a column of numbers; and in one of text of which the model knows the levels,
    where it is none of them. An empty cell is missing always.

    Parameters
    ----------
    table : DataFrame of shape (n, d)
        Of :func:`read_table`.
    expected : sequence of Expected or None, length d
        What the columns are to hold; None where that is not known: text if there are cells that are no numbers.
    path : Path
        Where the table is from.

    Raises
    ------
    ValueError
        Where a column that is to hold numbers has text.
    """
    if not _is_csv(path):
        return table
    texts = []
    for name, one in zip(table, expected, strict=True):
        if one is not None and one.kind == "numbers":
            _check_numbers(table[name], path)
        elif (one is not None and one.kind == "text") or _has_text(table[name]):
            texts.append(name)
    if not texts:
        return table
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    levels = {name: one.levels for name, one in zip(table, expected, strict=True) if one is not None}
    typed = table.copy()
    for name in texts:
        typed[name] = _text(cells[name], table[name], levels.get(name))
    return typed


def _text(cells: pd.Series, read: pd.Series, levels: tuple[Any, ...] | None) -> pd.Series:
    """Cells of a column of text; where its levels are known, without those that pandas takes for missing."""
    if levels is None:
        return cells
    cells = cells.mask(read.isna() & ~cells.isin([level for level in levels if isinstance(level, str)]))
    if any(level is None for level in levels):  # so it was in the training table, and None is not NaN to encoders
        cells = cells.astype(object).where(cells.notna(), None)
    return cells


def _has_text(column: pd.Series) -> bool:
    """Whether there are cells that pandas read as text."""
    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "mixed", "mixed-integer")


def _check_numbers(column: pd.Series, path: Path) -> None:
    """Raise where a column has cells that are no numbers."""
    if not _has_text(column):
        return
    wrong = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
    if len(wrong):
        raise ValueError(
            f"{path} has the cell {wrong.iloc[0]!r} in the column {column.name!r}, where the model needs a number."
        )
