"""Markdown page of the study of GPUs."""

from __future__ import annotations

from typing import Any

from benchmarks.shared.markdown import made_with


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
    calls = list(result["cells"][0]["device_ms"])
    names = list(result["cells"][0]["differences"])
    header = ["columns", "width", *calls, *(f"{name}, apart" for name in names), "memory, MB"]
    lines += ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += [_row(cell, calls, names) for cell in result["cells"]]
    return "\n".join([*lines, "", made_with(result["machine"]), ""])


def _row(cell: dict[str, Any], calls: list[str], names: list[str]) -> str:
    times = [f"{cell['device_ms'][call]:.1f} / {cell['cpu_ms'][call]:.1f}" for call in calls]
    apart = [f"{cell['differences'][name]:.0e}" for name in names]
    memory = "–" if cell["peak_mb"] is None else f"{cell['peak_mb']:,.0f}"
    return "| " + " | ".join([str(cell["columns"]), str(cell["width"]), *times, *apart, memory]) + " |"
