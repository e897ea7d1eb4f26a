"""Small parts of the Markdown pages that studies write."""

from __future__ import annotations

import numpy as np
import pandas as pd


def number(value: float) -> str:
    """Three decimals, no leading zero; a dash where there is none."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def p_value(value: float) -> str:
    """As :func:`number`, and no zero."""
    return "<.001" if value < 0.001 else number(value)


def markdown(table: pd.DataFrame) -> list[str]:
    """A table of texts as the lines of a Markdown table."""
    head = [str(column) for column in table.columns]
    rows = [
        ["–" if pd.isna(cell) else str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
        for row in table.to_numpy(dtype=object)
    ]
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def made_with(machine: dict) -> str:
    """The line that says what a page was made with."""
    return "Made with: " + ", ".join(f"{name} {value}" for name, value in machine.items()) + "."
