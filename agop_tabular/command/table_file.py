"""Read a table from a file, and take from it the columns that a model has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from agop_tabular.results.facts import named_list

CSV, PARQUET = (".csv", ".csv.gz"), (".parquet", ".pq")
"""Endings of the files that are read."""

SHOWN = 6
"""Columns that a message names."""


def read_table(path: Path) -> pd.DataFrame:
    """The rows of a file.

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
    name = path.name.lower()
    if not name.endswith(CSV + PARQUET):
        raise ValueError(f"{path} does not end in {', '.join(CSV + PARQUET)}, which say how it is read.")
    try:
        table = pd.read_csv(path) if name.endswith(CSV) else pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(f"{path} needs the package pyarrow: pip install pyarrow") from error
    except (ValueError, OSError) as error:  # those of pandas and pyarrow are kinds of these
        said = str(error).strip().partition("\n")[0]
        raise ValueError(f"{path} cannot be read as a table ({said}).") from error
    if not len(table):
        raise ValueError(f"{path} has no rows.")
    return table


def without_target(table: pd.DataFrame, target: str, path: Path) -> tuple[pd.DataFrame, pd.Series]:
    """A table without the column of its labels, and these.

    Raises
    ------
    ValueError
        Where there is no such column.
    """
    if target not in table:
        has = named_list([str(name) for name in table], SHOWN)
        raise ValueError(f"{path} has no column {target!r}, which --target names; it has {has}.")
    return table.drop(columns=target), table[target]


def model_columns(table: pd.DataFrame, model: Any, path: Path) -> pd.DataFrame:
    """A table's columns in the order of those that a model was fitted on; as they are where it does not know.

    Raises
    ------
    ValueError
        Where some are missing, or there are others.
    """
    known = getattr(model, "feature_names_in_", None)
    if known is None:
        return table
    names = [str(name) for name in known]
    missing = [name for name in names if name not in table]
    others = [str(name) for name in table if name not in names]
    if missing:
        others_text = f", and has {named_list(others, SHOWN)} instead" if others else ""
        raise ValueError(f"{path} lacks columns of the model: {named_list(missing, SHOWN)}{others_text}.")
    if others:
        raise ValueError(
            f"{path} has columns that the model does not: {named_list(others, SHOWN)}; --target COLUMN leaves out that "
            "of the labels."
        )
    return table[names]
