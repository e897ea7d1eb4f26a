"""Markdown page of the import-time study."""

from __future__ import annotations

from typing import Any

from benchmarks.shared.markdown import made_with

NAMES = {
    "skorch": "`import skorch`",
    "AGOPExplainer": "`from agop_tabular import AGOPExplainer`",
    "agop_tabular": "`import agop_tabular`",
    "command": "`agop-tabular --version`",
}


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    skorch = result["seconds"]["skorch"]
    rows = [
        f"| {NAMES[name]} | {seconds:.2f} | {seconds / skorch:.2f} |" for name, seconds in result["seconds"].items()
    ]
    lines = [
        "# What an import takes",
        "",
        f"`python -m benchmarks import-time`: seconds of the processor of a new process, medians of "
        f"{result['repeats']} that took turns. Both import torch and scikit-learn, which take nearly all of it.",
        "",
        "| process | s | of skorch's |",
        "|---|---|---|",
        *rows,
        "",
        f"The explainer's import over skorch's, of pairs: {result['pairs_min']:.2f} to {result['pairs_max']:.2f}.",
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)
