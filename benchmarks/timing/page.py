"""Files of the timing study: JSON, CSV, a Markdown page and a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table
from benchmarks.shared.records import write_csv, write_json
from benchmarks.timing.pictures import draw
from benchmarks.timing.shape import Shape, along

OURS = "agop-ixg"
"""The method that others are compared with: the cheapest that makes one signed attribution a column."""

BASE_TIMES = 20
"""At the first size a method is allowed this many times the limit, so that most explain all of its rows."""


def write(output: Path, result: dict[str, Any], table: pd.DataFrame) -> None:
    """Write everything from the records of all sizes and methods."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "timing.json", result)
    write_csv(output / "timing.csv", table)
    (output / "timing.md").write_text(page(result, table))
    draw(table, Shape(**result["base"]), result["axes"], output / "timing.png")


def page(result: dict[str, Any], table: pd.DataFrame) -> str:
    """The Markdown page."""
    base = Shape(**result["base"])
    lines = [
        "# Seconds, memory and growth of every explainer",
        "",
        f"`python -m benchmarks timing --limit {result['limit']:g} --rounds {result['rounds']} "
        + " ".join(f"--{axis} {' '.join(map(str, values))}" for axis, values in result["axes"].items())
        + f"`: medians of up to {result['rounds']} interleaved rounds, {result['limit']:g} seconds a method and size "
        f"({BASE_TIMES:g} times that at the first size); the explained class "
        f"is the predicted one. Fit is from {result['train_rows']:,} training rows. Networks are initialized MLPs of "
        "two hidden layers. All records: `timing.csv`.",
        "",
        *_base_section(result, table, base),
        *_growth_section(result, table, base),
        *_failures(table),
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def _base_section(result: dict[str, Any], table: pd.DataFrame, base: Shape) -> list[str]:
    at_base = table[np.all([table[name] == value for name, value in asdict(base).items()], axis=0)]
    return [
        f"## {base.rows} rows, {base.features} features, {base.classes} classes, width {base.width}",
        "",
        f"Ratios are a method's time over {OURS}'s in the same rounds: explaining alone, and fit and explaining "
        "together. A method that was measured on fewer rows is scaled to all of them. Memory is the peak of fit and "
        "explain beyond what was resident before.",
        "",
        *markdown_table(_base_table(at_base, result["memory_mb"])),
        "",
        *_headline(at_base.set_index("method"), base),
        "",
    ]


def _growth_section(result: dict[str, Any], table: pd.DataFrame, base: Shape) -> list[str]:
    exponents = slopes(table, base, result["axes"]).map(lambda v: "–" if np.isnan(v) else f"{v:.2f}")
    lines = [
        "## Growth",
        "",
        "Exponents of the time for all rows: 1 is proportional, 0 is constant. Few rows are dominated by fixed costs.",
        "",
        *markdown_table(exponents.rename_axis("method").reset_index()),
        "",
        "Milliseconds a row:",
    ]
    for axis in result["axes"]:
        wide = along(table, base, axis).pivot_table(index="method", columns=axis, values="row_seconds", sort=False)
        wide = wide[sorted(wide.columns)].map(lambda v: "–" if np.isnan(v) else _milliseconds(v))
        lines += ["", *markdown_table(wide.add_prefix(f"{axis} ").reset_index())]
    return lines


def _failures(table: pd.DataFrame) -> list[str]:
    if "failed" not in table or not table["failed"].notna().any():
        return []
    failed = table[table["failed"].notna()]
    return ["", "## Failures", "", *markdown_table(failed[[*asdict(Shape()), "method", "failed"]])]


def slopes(table: pd.DataFrame, base: Shape, axes: dict[str, list[int]]) -> pd.DataFrame:
    """Exponent of each method's seconds for all rows along each axis, least squares on logarithms."""
    found = {}
    for axis in axes:
        for name, part in along(table, base, axis).groupby("method", sort=False):
            part = part[part["explain_seconds"] > 0]
            if len(part) > 1:
                found[name, axis] = np.polyfit(np.log(part[axis]), np.log(part["explain_seconds"]), 1)[0]
    return pd.Series(found, dtype=float).unstack(sort=False)


def _base_table(at_base: pd.DataFrame, memory: dict[str, float | None]) -> pd.DataFrame:
    rows = []
    for r in at_base.to_dict("records"):
        known = pd.notna(r.get("explain_seconds"))
        rows.append(
            {
                "method": r["method"],
                "rows measured": f"{r['measured_rows']:.0f}" if pd.notna(r.get("measured_rows")) else "–",
                "fit, s": f"{r['fit_seconds']:.4f}" if pd.notna(r.get("fit_seconds")) else "–",
                "explain all rows, s": f"{r['explain_seconds']:.4f}" if known else "failed",
                "a row, ms": _milliseconds(r["row_seconds"]) if known else "–",
                "ratio, explain": _times(r.get("ratio_explain")),
                "ratio, with fit": _times(r.get("ratio_with_fit")),
                "peak memory, MB": "–" if memory.get(r["method"]) is None else f"{memory[r['method']]:.1f}",
            }
        )
    return pd.DataFrame(rows)


def _headline(by_method: pd.DataFrame, base: Shape) -> list[str]:
    shown = [n for n in ("shap-deep", "shap-kernel") if n in by_method.index and "ratio_explain" in by_method]
    return [
        f"- {name} takes {_times(by_method.loc[name, 'ratio_explain'])} as long as {OURS} to explain the {base.rows} "
        f"rows, and {_times(by_method.loc[name, 'ratio_with_fit'])} with both fits included."
        for name in shown
    ]


def _times(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:,.0f}×" if value >= 10 else f"{value:.2f}×"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}"
