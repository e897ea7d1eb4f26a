"""JSON checked against types: what a file may say is declared once, as annotations, and nothing else gets past them."""

from __future__ import annotations

import json
import math
import reprlib
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

LARGEST_WHOLE = 2**64
"""Whole numbers stay below this in absolute value: no array has wider ones."""

LARGEST_TEXT = 2**25
"""Characters of JSON at most. Names of 100,000 columns have a tenth of it; read, they take some twenty times as much
memory."""


@dataclass(frozen=True)
class Within:
    """Annotation of a number: its least and its largest value, and whether NaN is one, too."""

    low: float = -math.inf
    high: float = math.inf
    nan: bool = False


@dataclass(frozen=True)
class Length:
    """Annotation of a list or a text: its least and its largest length."""

    least: int = 0
    most: int = LARGEST_TEXT


Count = Annotated[int, Within(low=1)]
"""A whole number from 1."""

AnyFloat = Annotated[float, Within(nan=True)]
"""A number, which may be infinite or NaN."""


def parsed(text: str) -> Any:
    """JSON as Python's objects.

    Raises
    ------
    ValueError
        Where it is none, is nested too deep, or has numbers of thousands of digits.
    """
    if len(text) > LARGEST_TEXT:
        raise ValueError(f"its header has more than {LARGEST_TEXT} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is no JSON that can be read ({error})") from error


def checked(kind: Any, value: Any, where: str) -> Any:
    """A value of the kind that is declared; objects become instances of dataclasses.

    Parameters
    ----------
    kind : type
        bool, int, float, str, None, ``list[…]``, ``dict[str, …]``, ``Literal``, a union, a dataclass, ``Any``, or
        ``Annotated`` with :class:`Within` or :class:`Length`. Numbers are finite unless they are annotated otherwise.
    value : object
        From :func:`parsed`.
    where : str
        Its name, for messages.

    Raises
    ------
    ValueError
        Where the value is of another kind.
    """
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), value, where)
    if origin is Annotated:
        base, *rules = get_args(kind)
        return _annotated(base, rules, value, where)
    if origin is Literal:
        _demand(any(value is v or (type(value) is type(v) and value == v) for v in get_args(kind)), value, where, kind)
        return value
    if origin is list:
        _demand(isinstance(value, list), value, where, kind)
        (item,) = get_args(kind)
        if item in (str, bool) and set(map(type, value)) <= {item}:  # names of many columns, all at once
            return value
        return [checked(item, v, f"{where}[{i}]") for i, v in enumerate(value)]
    if origin is dict:
        _demand(isinstance(value, dict), value, where, kind)
        return {k: checked(get_args(kind)[1], v, f"{where}.{k[:64]}") for k, v in value.items()}
    if is_dataclass(kind):
        return _record(kind, value, where)
    return _annotated(kind, (), value, where)


def _annotated(base: Any, rules: Any, value: Any, where: str) -> Any:
    """A plain value, or one with rules."""
    if base is None or base is NoneType:
        _demand(value is None, value, where, "null")
    elif base in (int, float):
        _check_number(base, next((rule for rule in rules if isinstance(rule, Within)), None), value, where)
    elif base in (bool, str):
        _demand(type(value) is base, value, where, _described(base))
    else:
        value = checked(base, value, where)
    for rule in rules:
        if isinstance(rule, Length):
            wanted = f"{rule.least} to {rule.most} long"
            _demand(rule.least <= len(value) <= rule.most, value, where, wanted)
    return value


def _check_number(base: type, rule: Within | None, value: Any, where: str) -> None:
    """Raise unless it is a number of this type within its bounds."""
    known = (int,) if base is int else (int, float)
    _demand(type(value) in known, value, where, _described(base))
    _demand(not isinstance(value, int) or abs(value) < LARGEST_WHOLE, value, where, "a number of 64 bits")
    if rule is None:
        _demand(math.isfinite(value), value, where, "finite")
    elif math.isnan(value):
        _demand(rule.nan, value, where, "a number")
    else:
        _demand(rule.low <= value <= rule.high, value, where, f"from {rule.low} to {rule.high}")


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """The value as the first of some kinds that it is of."""
    errors = []
    for kind in kinds:
        try:
            return checked(kind, value, where)
        except ValueError as error:
            errors.append(error)
    # The error of a part says most; otherwise no kind is more likely meant than another.
    inside = next((e for e in errors if not str(e).startswith(f"{where} is ")), None)
    if inside is not None:
        raise inside
    raise ValueError(f"{where} is {reprlib.repr(value)}, not {' or '.join(map(_described, kinds))}")


def _described(kind: Any) -> str:
    """A kind in words."""
    if get_origin(kind) is Annotated:
        base, *rules = get_args(kind)
        bounds = [f" from {rule.low:g} to {rule.high:g}" for rule in rules if isinstance(rule, Within) and not rule.nan]
        return _described(base) + "".join(bounds)
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false", NoneType: "null"}
    return words.get(kind, "a list" if get_origin(kind) is list else "an object")


def _record(kind: Any, value: Any, where: str) -> Any:
    """A dataclass from an object that has its fields, and no others."""
    _demand(isinstance(value, dict), value, where, "an object")
    hints = get_type_hints(kind, include_extras=True)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(value) - known)
    if unknown:
        raise ValueError(f"{where} has {reprlib.repr(unknown[0])}, which is unknown")
    missing = sorted(known - set(value))
    if missing:
        raise ValueError(f"{where} lacks {missing[0]!r}")
    return kind(**{name: checked(hints[name], value[name], f"{where}.{name}") for name in known})


def _demand(holds: bool, value: Any, where: str, wanted: Any) -> None:
    if not holds:
        wanted = wanted if isinstance(wanted, str) else _described(wanted)
        raise ValueError(f"{where} is {reprlib.repr(value)}, not {wanted}")
