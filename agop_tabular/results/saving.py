"""Write an explanation to a file, in the form that the ending says."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.core.atomic import replacing
from agop_tabular.models.frames import cells_as_objects
from agop_tabular.results.explanation_html import explanation_page

if TYPE_CHECKING:
    from agop_tabular.results.explanation import Explanation


def save_explanation(explanation: Explanation, path: str | PathLike[str]) -> None:
    """Write an explanation, whole or not at all.

    Parameters
    ----------
    explanation : Explanation
    path : str or path-like
        Ends in .parquet or .csv for the long table, .json for one object a row, or .html for a page to read.

    Raises
    ------
    ValueError
        Where the ending is none of these.
    OSError
        Where the file cannot be written.
    """
    path = Path(path)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(f"{str(path)!r} does not end in {', '.join(WRITERS)}, which say what is written.")
    with replacing(path) as place:
        write(explanation, place)


def _write_parquet(explanation: Explanation, path: Path) -> None:
    table = explanation.to_frame(long=True)
    for name in table:
        if pd.api.types.is_object_dtype(table[name]):  # it may hold several kinds; parquet has one a column
            table[name] = table[name].map(str, na_action="ignore")
    try:
        table.to_parquet(path, index=False)
    except ImportError as error:
        raise ImportError("A .parquet file needs the package pyarrow: pip install pyarrow; or save a .csv.") from error


def _write_csv(explanation: Explanation, path: Path) -> None:
    explanation.to_frame(long=True).to_csv(path, index=False)


def _write_json(explanation: Explanation, path: Path) -> None:
    path.write_text(json.dumps(_as_json(explanation), indent=1, allow_nan=False), encoding="utf-8")


def _write_html(explanation: Explanation, path: Path) -> None:
    path.write_text(explanation_page(explanation), encoding="utf-8")


WRITERS: dict[str, Callable[[Explanation, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".json": _write_json,
    ".html": _write_html,
}
"""What writes a file, by its ending."""


def _as_json(explanation: Explanation) -> dict[str, Any]:
    """All of an explanation; of all classes the parts of a row are lists in the order of ``target_names``."""
    cells = cells_as_objects(explanation.data)
    every = explanation.values.ndim == 3
    named = {
        "prediction": explanation.predictions,
        "probability": explanation.probabilities,
        "base_value": explanation.base_values,
        "gap": explanation.gap,
        "support": explanation.support,
        "error": explanation.error,
    }
    targets = explanation.row_targets()
    rows = []
    for i, label in enumerate(explanation.index):
        row = {"row": _plain(label), "target": "all" if every else targets[i]}
        row |= {name: _plain(part[i]) for name, part in named.items() if part is not None}
        row["data"] = [_plain(cell) for cell in cells[i]]
        row["attributions"] = _plain(explanation.values[i])
        rows.append(row)
    return {
        "method": explanation.method,
        "unit": explanation.unit,
        "feature_names": list(explanation.feature_names),
        "target_names": list(explanation.target_names),
        "about": {name: _plain(value) for name, value in explanation.about.items()},
        "rows": rows,
    }


def _plain(value: Any) -> Any:
    """As JSON has it: numbers, text, lists and dicts; null for what is missing or not finite."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(part) for part in value]
    if isinstance(value, (np.datetime64, np.timedelta64)):  # of nanoseconds, numpy's item() is a number
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return None if value is pd.NA or value is pd.NaT else str(value)
