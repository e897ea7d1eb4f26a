"""Markdown page of the study of GPUs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    lines = [
        "# Cost on a GPU",
        "",
        f"`python -m benchmarks gpu`: {result['rows']:,} rows of standard normal values, MLP of two hidden layers (the "
        f"second half as wide), 3 classes, untrained; milliseconds on {result['device']} / on the processor, medians "
        f"of {result['repeats']} runs that took turns. Fitting and explaining start and end with numpy arrays; the "
        "forward pass starts with rows that are on the device. *Apart*: Euclidean distance of both devices' "
        "attributions over their norm; the rows that are shuffled are drawn on the processor, so they are the same.",
        "",
    ]
    return "\n".join([*lines, *markdown_table(_table(result["cells"])), "", made_with(result["machine"]), ""])


def _table(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each network."""
    return pd.DataFrame(
        {
            "columns": cell["columns"],
            "width": cell["width"],
            **{call: f"{ms:.1f} / {cell['cpu_ms'][call]:.1f}" for call, ms in cell["device_ms"].items()},
            **{f"{name}, apart": f"{difference:.0e}" for name, difference in cell["differences"].items()},
            "memory, MB": None if cell["peak_mb"] is None else f"{cell['peak_mb']:,.0f}",
        }
        for cell in cells
    )
