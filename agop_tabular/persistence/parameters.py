"""The parameters of an explainer as JSON, and back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch

from agop_tabular.attribution.methods import method_named
from agop_tabular.fitting.moment_choice import MOMENTS
from agop_tabular.persistence.cells import NUMBER, array_from_json, cell_from_json, cell_to_json
from agop_tabular.persistence.specs import demand
from agop_tabular.persistence.typed_json import Count, Length, Within, checked

Auto = Literal["auto"]

Name = Annotated[str, Length(1, 1024)]

KINDS: dict[str, Any] = {
    "method": Annotated[str, Length(most=256)],
    "rank": Auto | Count | Annotated[float, Within(0, 1)],
    "standardize": bool | int,
    "baseline": Literal["mean", "zero"] | list[Any] | dict[str, Any],
    "contrast": Auto | bool,
    "gate": Auto | bool | None | list[bool],
    "refine": bool | Annotated[int, Within(0)],
    "moment": Annotated[str, Length(most=16)],
    "batch_size": Auto | Count,
    "max_samples": Count | None,
    "prefit": Auto | bool,
    "device": Annotated[str, Length(most=64)] | None,
    "random_state": int | None,
    "verbose": bool | float,
    "model_output": Literal["raw", "probability"],
    "class_names": Annotated[list[Name], Length(least=1)] | None,
    "output_name": Name | None,
    "channels": Literal["auto", "first", "last"],
    "moment_target": Annotated[str, Length(most=1024)] | bool | int | float | None,
}
"""What each parameter may be in a file. One that an explainer gets anew needs a line here."""


def check_params(params: dict[str, Any], n_columns: int, *, methods: bool = True) -> None:
    """Raise unless parameters are such as a file may hold.

    Parameters
    ----------
    params : dict of str to object
    n_columns : int
    methods : bool
        Whether the method is one of tables.

    Raises
    ------
    ValueError
    """
    for name, value in params.items():
        demand(name in KINDS, f"header has an unknown parameter {name[:64]!r}")
        checked(KINDS[name], value, f"its parameter {name}")
    if methods and "method" in params:
        method_named(params["method"])
    moment = params.get("moment", "auto")
    demand(moment in MOMENTS, f"parameter moment is {moment!r}, none of {', '.join(MOMENTS)}")
    gate = params.get("gate")
    demand(not isinstance(gate, list) or len(gate) == n_columns, "parameter gate is a mask over other columns")
    row = _row_from_json(params.get("baseline", "mean"))
    width = n_columns if isinstance(row, str) else np.shape(row)[-1]
    demand(width == n_columns, "parameter baseline is a row of other columns")


def param_to_json(name: str, value: Any) -> Any:
    """A parameter as JSON can hold it; None for what it cannot, such as a RandomState.

    Raises
    ------
    ValueError
        Where a baseline has cells that a file cannot hold.
    """
    if name == "baseline" and not isinstance(value, str):
        try:
            return _row_to_json(value)
        except ValueError as error:
            raise ValueError(f"The cell {error}; give a baseline of text, numbers or dates.") from error
    if name == "gate" and not isinstance(value, (str, bool, np.bool_, type(None))):
        return np.asarray(value).tolist()
    if name == "class_names" and value is not None:
        return list(map(str, value))
    if name == "device" and value is not None:
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, (str, int, float, bool, type(None))) else None


def params_from_json(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters from what :func:`param_to_json` made of them."""
    found = dict(params)
    if "baseline" in found:
        found["baseline"] = _row_from_json(found["baseline"])
    if isinstance(found.get("gate"), list):
        found["gate"] = np.array(found["gate"], dtype=bool)
    return found


def _row_to_json(row: Any) -> Any:
    """One row of a table as JSON, exactly: numbers are not rounded, and columns keep their dtypes."""
    if isinstance(row, dict):
        row = pd.DataFrame([row])
    elif isinstance(row, pd.Series):
        row = pd.DataFrame([row.to_dict()])
    elif hasattr(row, "to_pandas"):  # of polars or pyarrow
        row = row.to_pandas()
    if isinstance(row, pd.DataFrame):
        dtypes = [dtype.str if isinstance(dtype, np.dtype) else "" for dtype in row.dtypes]
        return {
            "columns": [cell_to_json(name) for name in row.columns.tolist()],
            "dtypes": [dtype if NUMBER.fullmatch(dtype) else None for dtype in dtypes],
            "data": [[cell_to_json(row.iloc[i, j]) for j in range(row.shape[1])] for i in range(len(row))],
        }
    if isinstance(row, torch.Tensor):
        row = row.detach().cpu().numpy()
    if isinstance(row, np.ndarray) and NUMBER.fullmatch(row.dtype.str) and row.dtype != np.float64:
        return {"dtype": row.dtype.str, "data": row.reshape(-1).tolist()}
    cells = row.reshape(-1).tolist() if isinstance(row, np.ndarray) else list(row)
    if len(cells) == 1 and isinstance(cells[0], (list, tuple, np.ndarray)):
        return _row_to_json(cells[0])
    return [cell_to_json(cell) for cell in cells]


def _row_from_json(row: Any) -> Any:
    """What :func:`_row_to_json` was given; a dict or Series as a DataFrame.

    Raises
    ------
    ValueError
        Where it is none of its forms.
    """
    where = "its baseline"
    if isinstance(row, str):
        return row
    if isinstance(row, list):
        return [cell_from_json(cell, where) for cell in row]
    if set(row) == {"dtype", "data"}:
        dtype = checked(Annotated[str, Length(most=8)], row["dtype"], where)
        demand(NUMBER.fullmatch(dtype), "baseline is of an unknown dtype")
        return array_from_json(checked(list[Any], row["data"], where), dtype, where)
    demand({"columns", "data"} <= set(row) <= {"columns", "data", "dtypes"}, "baseline is no row")
    columns = [cell_from_json(name, where) for name in checked(list[Any], row["columns"], where)]
    rows = checked(Annotated[list[list[Any]], Length(1, 1)], row["data"], where)
    dtypes = checked(list[str | None], row.get("dtypes", [None] * len(columns)), where)
    demand(len(columns) == len(rows[0]) == len(dtypes), "baseline has cells of other columns")
    cells = [_column_from_json(cell, dtype, where) for cell, dtype in zip(rows[0], dtypes, strict=True)]
    frame = pd.DataFrame(dict(enumerate(cells)))
    frame.columns = pd.Index(columns)
    return frame


def _column_from_json(cell: Any, dtype: str | None, where: str) -> Any:
    """A column of one cell."""
    if dtype is None:
        return [cell_from_json(cell, where)]
    demand(NUMBER.fullmatch(dtype), "baseline has a column of an unknown dtype")
    value = cell_from_json(cell, where)
    return array_from_json([value.item() if isinstance(value, np.generic) else value], dtype, where)
