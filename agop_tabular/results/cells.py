"""Cells of the user's table, attributions and shares as short text, the same in tables, sentences and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

MISSING = "missing"
"""What a cell without a value is called."""

GROUPED = 10_000
"""Whole numbers from here on have separators of thousands; below, they may be years."""

EXPONENT_BELOW, EXPONENT_FROM = 1e-3, 1e15
"""Sizes between which numbers are written out."""


def cell_text(value: Any) -> str:
    """A cell as text: "missing", a date without its midnight, a number with about four digits, anything else as it is.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> from agop_tabular.results.cells import cell_text
    >>> [cell_text(v) for v in (2015, 2015.0, 123456.7, 0.123456, float("nan"), True, "Rome")]
    ['2015', '2015', '123,457', '0.1235', 'missing', 'True', 'Rome']
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    value = _plain(value)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return _number_text(value)
    if isinstance(value, datetime):
        return MISSING if pd.isna(value) else str(value).removesuffix(" 00:00:00")
    return str(value) if not isinstance(value, date) else value.isoformat()


def _plain(value: Any) -> Any:
    """A value of numpy as Python's own, a date as pandas'."""
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value)
    return value.item() if isinstance(value, np.generic) else value


def _number_text(value: float) -> str:
    if value != value:
        return MISSING
    size = abs(value)
    if size and (size < EXPONENT_BELOW or size >= EXPONENT_FROM):
        return f"{value:.3g}"
    if value == int(value) or size >= 1000:
        return f"{value:,.0f}" if round(size) >= GROUPED else f"{value:.0f}"
    return f"{value:.4g}"


def cell_texts(cells: Iterable[Any]) -> list[str]:
    """Cells as text, equal ones alike and different ones differently: with all digits where four are not enough.

    Parameters
    ----------
    cells : iterable of object

    Examples
    --------
    >>> from agop_tabular.results.cells import cell_texts
    >>> cell_texts([1000.2, 1000.4, 3.0, 3, None, "missing", True])
    ['1000.2', '1000.4', '3', '3', 'missing', "'missing'", 'True']
    """
    keys = []
    first: dict[tuple[str, Any], Any] = {}  # of cells that are equal, the first
    for cell in cells:
        keys.append(_identity(cell))
        first.setdefault(keys[-1], cell)
    texts = {key: cell_text(cell) for key, cell in first.items()}
    for exact in (_exact_text, repr):
        count = Counter(texts.values())
        texts = {key: text if count[text] == 1 else exact(first[key]) for key, text in texts.items()}
    return [texts[key] for key in keys]


def _identity(cell: Any) -> tuple[str, Any]:
    """What tells a cell from others: True is not 1, and a missing one is not the text "missing"."""
    value = _plain(cell)
    if isinstance(value, str):
        return "text", value
    if cell_text(value) == MISSING:
        return "missing", None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    return type(value).__name__, str(value)


def _exact_text(cell: Any) -> str:
    """A cell with all its digits, or its hours; text in quotes."""
    value = _plain(cell)
    if cell_text(value) == MISSING:
        return MISSING if not isinstance(value, str) else repr(value)
    return repr(value) if isinstance(value, (float, str)) else str(value)


def score_text(value: float) -> str:
    """A score, base value or prediction with three digits: no difference, so without a plus.

    Parameters
    ----------
    value : float
    """
    return signed_text(value).removeprefix("+")


def signed_text(value: float) -> str:
    """An attribution with its sign and three digits; numbers below 10,000 are written out.

    Parameters
    ----------
    value : float
    """
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-3 <= size < GROUPED:
        digits = max(0, 2 - int(np.floor(np.log10(size))))
        return f"{value:+.{digits}f}"
    return f"{value:+,.0f}" if GROUPED <= size < EXPONENT_FROM else f"{value:+.2g}"


def probability_text(value: float) -> str:
    """A probability with two digits; 0 and 1 only where it is them.

    Parameters
    ----------
    value : float
    """
    if 0 < value < 0.01:
        return "below 0.01"
    if 0.99 < value < 1:
        return "above 0.99"
    return f"{value:.2f}"


def percent_text(share: float) -> str:
    """A share as a whole percentage, "<1%" where that would be 0 and ">99%" where it would be 100 without being all.

    Parameters
    ----------
    share : float
    """
    whole = f"{share:.0%}"
    return "<1%" if whole == "0%" and share > 0 else ">99%" if whole == "100%" and share < 1 else whole


def bound_text(value: float) -> str:
    """The bound of a relative error as a percentage.

    Parameters
    ----------
    value : float
    """
    return "at most 1%" if value < 0.01 else (f"at most {value:.0%}" if value < 10 else "more than tenfold")


def cut_text(text: Any, length: int) -> str:
    """Text of at most this many characters: of a longer one the beginning and the end, since names differ at either.

    Parameters
    ----------
    text : object
    length : int
    """
    text = " ".join(str(text).split())
    if len(text) <= length:
        return text
    if length < 8:
        return text[: max(1, length - 1)] + "…"
    end = length // 3
    return f"{text[: length - 1 - end]}…{text[-end:]}"


def cut_names(names: Sequence[Any], length: int) -> list[str]:
    """Names of at most this many characters that stay different: what long ones share is cut.

    Parameters
    ----------
    names : sequence of object
    length : int

    Examples
    --------
    >>> from agop_tabular.results.cells import cut_names
    >>> cut_names(["mean of the first quantity in spring", "mean of the third quantity in spring", "age"], 16)
    ['… the first qua…', '… the third qua…', 'age']
    """
    whole = [" ".join(str(name).split()) for name in names]
    short = [cut_text(name, length) for name in whole]
    long = [j for j, name in enumerate(whole) if name != short[j]]
    for start in {whole[j][: max(4, length // 3)] for j in long}:
        alike = [j for j in long if whole[j].startswith(start)]
        if len({short[j] for j in alike}) < len({whole[j] for j in alike}):
            _differ(short, whole, alike, length)
    called: dict[str, set[str]] = {}
    for j in long:
        called.setdefault(short[j], set()).add(whole[j])
    clash = [j for j in long if len(called[short[j]]) > 1]
    for j, name in zip(clash, _own_words([whole[j] for j in clash]), strict=True):
        short[j] = cut_text(name, length)  # they differ in several places
    return short


def _shared(names: list[str]) -> int:
    """Characters that several names begin with alike."""
    unlike = (place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1)
    return next(unlike, min(map(len, names)))


def _differ(short: list[str], whole: list[str], alike: list[int], length: int) -> None:
    """Cut some names around the place where they begin to differ."""
    same = [whole[j] for j in alike]
    before, after = _shared(same), _shared([name[::-1] for name in same])
    for j in alike:
        name = whole[j]
        middle = (before + max(before, len(name) - after)) // 2  # of the part that is the name's own
        start = min(max(0, middle - (length - 2) // 2), max(0, len(name) - length + 1))
        part = name[start : start + length - 1 - (start > 0)]
        left, right = "…" * (start > 0), "…" * (start + len(part) < len(name))
        short[j] = f"{left}{part}{right}"


def _own_words(names: list[str]) -> list[str]:
    """Names without the words that all of them have at the same place."""
    words = [name.split() for name in names]
    alike = [len(set(each)) == 1 for each in zip_longest(*words)]
    found = []
    for own in words:
        kept = ["…" if same else word for word, same in zip(own, alike, strict=False)]
        found.append(" ".join(word for k, word in enumerate(kept) if word != "…" or k == 0 or kept[k - 1] != "…"))
    return found
