"""Single values of a user's, such as labels and the cells of a row, as JSON and back, exactly."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any

import numpy as np
import pandas as pd

from agop_tabular.persistence.typed_json import AnyFloat, Length, checked

PLAIN = (bool, int, float, str, type(None))
"""Types that JSON has itself."""

TIME = re.compile(r"[<>=]?[Mm]8(\[\d{0,6}(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?")
"""A numpy dtype of times, or of differences between them; it is saved as whole numbers."""

NUMBER = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248])")
"""A numpy dtype of numbers."""

Short = Annotated[str, Length(most=64)]


def cell_to_json(value: Any) -> Any:
    """A value as JSON can hold it: itself, or an object with its ``type``.

    Raises
    ------
    ValueError
        Where it would not come back as it is.
    """
    written = _written(value)
    if written is None and value is not None:
        raise ValueError(f"{value!r} is a {type(value).__name__}, of which a file can hold none")
    again = cell_from_json(written, "a value")
    if not _same(again, value):
        raise ValueError(f"{value!r} would come back from a file as {again!r}")
    return written


def cell_from_json(written: Any, where: str) -> Any:
    """What :func:`cell_to_json` was given.

    Parameters
    ----------
    written : object
    where : str
        Its name, for messages.

    Raises
    ------
    ValueError
        Where it is nothing that :func:`cell_to_json` returns.
    """
    if not isinstance(written, dict):
        return checked(bool | int | AnyFloat | str | None, written, where)
    parts = checked(dict[str, Short | bool | int | AnyFloat | None], written, where)
    kind = parts.get("type")
    if kind in ("NaT", "NA") and set(parts) == {"type"}:
        return pd.NaT if kind == "NaT" else pd.NA
    if not isinstance(kind, str) or set(parts) - {"type"} not in ({"value"}, {"value", "zone"}, {"value", "freq"}):
        raise ValueError(f"{where} has an unknown type")
    value = parts["value"]
    if TIME.fullmatch(kind):
        return np.array(checked(int, value, where), dtype="i8").view(kind)[()]
    if NUMBER.fullmatch(kind):
        return array_from_json([value], kind, where)[0]
    if kind not in _READ:
        raise ValueError(f"{where} has an unknown type")
    text = checked(Short, value, where)
    try:  # text that is no date is known by the libraries that read it
        return _READ[kind](text, parts)
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise ValueError(f"{where} is {text!r}, no {kind}") from error


def array_from_json(values: list[Any], dtype: str, where: str) -> np.ndarray:
    """Numbers, flags or times as an array of a dtype, exactly.

    Parameters
    ----------
    values : list of int, float or bool
    dtype : str
        One that :data:`NUMBER` or :data:`TIME` knows.
    where : str

    Raises
    ------
    ValueError
        Where a value does not fit.
    """
    if TIME.fullmatch(dtype):
        return np.array(checked(list[int], values, where), dtype="i8").view(dtype)
    kind = {"b": bool, "f": AnyFloat}.get(np.dtype(dtype).kind, int)
    values = checked(list[kind], values, where)  # type: ignore[valid-type]
    if kind is int and values:
        info = np.iinfo(dtype)
        if min(values) < info.min or max(values) > info.max:
            raise ValueError(f"{where} has a number beyond {dtype}")
    with np.errstate(over="ignore"):
        return np.array(values, dtype=dtype)


def _written(value: Any) -> Any:
    """A value as JSON; None for None, and for what has no form."""
    if type(value) in PLAIN:
        return value
    if value is pd.NaT or value is pd.NA:
        return {"type": "NaT" if value is pd.NaT else "NA"}
    for kind, write in _WRITE:
        if isinstance(value, kind):
            found: Any = write(value)
            return found
    return None


def _same(a: Any, b: Any) -> bool:
    """Whether two values are equal, or both missing in the same way."""
    if a is b:
        return True
    if pd.isna(a) and pd.isna(b):
        return type(a) is type(b)
    return type(a) is type(b) and bool(a == b)


def _numpy(value: np.generic) -> Any:
    dtype = value.dtype.str
    if TIME.fullmatch(dtype):
        return {"type": dtype, "value": int(value.view("i8"))}
    return {"type": dtype, "value": value.item()} if NUMBER.fullmatch(dtype) else None


def _timestamp(value: pd.Timestamp) -> Any:
    zone = {} if value.tz is None else {"zone": str(value.tz)}
    return {"type": f"Timestamp[{value.unit}]", "value": value.isoformat(), **zone}


def _read_timestamp(text: str, parts: dict[str, Any]) -> pd.Timestamp:
    found = pd.Timestamp(text)
    unit = parts["type"].removeprefix("Timestamp[").removesuffix("]")
    return (found if parts.get("zone") is None else found.tz_convert(parts["zone"])).as_unit(unit)


_UNITS = ("s", "ms", "us", "ns")

_WRITE: tuple[tuple[type, Any], ...] = (
    (pd.Timestamp, _timestamp),
    (pd.Timedelta, lambda value: {"type": f"Timedelta[{value.unit}]", "value": value.isoformat()}),
    (pd.Period, lambda value: {"type": "Period", "value": str(value), "freq": value.freqstr}),
    (datetime.datetime, lambda value: {"type": "datetime", "value": value.isoformat()}),
    (datetime.date, lambda value: {"type": "date", "value": value.isoformat()}),
    (datetime.time, lambda value: {"type": "time", "value": value.isoformat()}),
    (np.generic, _numpy),
)

_READ: dict[str, Any] = {
    **{f"Timestamp[{unit}]": _read_timestamp for unit in _UNITS},
    **{f"Timedelta[{unit}]": lambda text, _, unit=unit: pd.Timedelta(text).as_unit(unit) for unit in _UNITS},
    "Period": lambda text, parts: pd.Period(text, parts["freq"]),
    "datetime": lambda text, _: datetime.datetime.fromisoformat(text),
    "date": lambda text, _: datetime.date.fromisoformat(text),
    "time": lambda text, _: datetime.time.fromisoformat(text),
}
