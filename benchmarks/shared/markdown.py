"""Parts of the Markdown pages that studies write: numbers, p-values, tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def number(value: float) -> str:
    """Three decimals, no leading zero; a dash for None and NaN."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def p_value(value: float) -> str:
    """As :func:`number`, but never zero."""
    return "<.001" if value < 0.001 else number(value)


def difference(row: Any) -> str:
    """A paired difference and its interval, from a row with ``difference``, ``low`` and ``high``."""
    return f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})"


def markdown_table(table: pd.DataFrame) -> list[str]:
    """A table as the lines of a Markdown table; a dash for missing cells."""
    head = [str(column) for column in table.columns]
    rows = [
        ["–" if pd.isna(cell) else str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
        for row in table.to_numpy(dtype=object)
    ]
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def made_with(machine: dict[str, Any]) -> str:
    """The line with versions and hardware."""
    return "Made with: " + ", ".join(f"{name} {value}" for name, value in machine.items()) + "."
