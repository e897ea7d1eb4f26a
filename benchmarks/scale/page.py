"""Files of the scale study: JSON, a Markdown page and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scale import workers
from benchmarks.scale.pictures import draw
from benchmarks.shared.markdown import made_with, markdown_table
from benchmarks.shared.records import write_json

CENTRE = {"p": 108, "n": 20_000, "h": 128, "n_classes": 3}
"""Values of what is not varied; Adult has 108 columns after one-hot encoding, missing values as
levels."""

DENSE_ROWS = 2000
"""Rows that peers which build p × p are timed on; the kernel machine has the same number of centres."""

FITS_UP_TO = 1000
"""Columns up to which the slope of the default's fit is taken: in wider tables not all columns have pair effects."""

IMAGE = (3, 224, 224)

SHOWN = ("a new table", "agop-ixg", "agop", "captum Input×Gradient")
SHOWN += ("agop-ixg, fit", "agop, fit", "vmap(jacrev) AGOP, fit", "xRFM AGOP, fit")


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the cells."""
    result["slopes"] = slopes(result["cells"])
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "scale.json", result)
    (output / "scale.md").write_text(page(result))
    draw(result["cells"], output / "scale.png")


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    lines = [
        "# Cost against size",
        "",
        f"`python -m benchmarks scale`: ratios to forward passes (*floor*) of the same run, medians of "
        f"{result['repeats']} interleaved runs, device {result['device']}. MLPs, untrained unless said otherwise, of "
        f"{CENTRE['h']} and {CENTRE['h'] // 2} hidden units, {CENTRE['n_classes']} classes, {CENTRE['p']} columns and "
        f"{CENTRE['n']:,} rows, unless varied. *Components*: what 95% of the trace keeps, or the rank asked for. "
        "*A new table*: writing an array of the answer's size into newly allocated memory, done right before agop-ixg. "
        f"The peers' fits are timed on {DENSE_ROWS:,} rows and scaled to all; xRFM's AGOP is that of its kernel "
        f"machine with {DENSE_ROWS:,} centres, fitted to the network's scores.",
        "",
        *markdown_table(_ratio_table(result["cells"])),
        "",
        "Log-log slopes, seconds a row (seconds, if rows are varied, and of the default's fit, up to "
        f"{FITS_UP_TO:,} columns):",
        "",
        *markdown_table(_slope_table(result)),
        "",
    ]
    if "image" in result:
        lines += _image_section(result["image"])
    if "workers" in result:
        lines += _worker_section(result["workers"])
    return "\n".join([*lines, made_with(result["machine"]), ""])


def slopes(cells: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Log-log slopes of the seconds against what was varied."""
    out: dict[str, dict[str, float]] = {}
    for varied in dict.fromkeys(cell["varied"] for cell in cells):
        of_axis = [cell for cell in cells if cell["varied"] == varied]
        for name in ("floor", "agop-ixg", "agop-ixg, fit", "agop", "agop, fit"):
            points = [
                (np.log(c[varied]), np.log(_seconds(c, name, varied)))
                for c in of_axis
                if (name == "floor" or name in c["ratios"]) and not (name == "agop, fit" and c["p"] > FITS_UP_TO)
            ]
            if len(points) > 1:
                out.setdefault(name, {})[varied] = float(np.polyfit(*zip(*points, strict=True), 1)[0])
    return out


def _seconds(cell: dict[str, Any], name: str, varied: str) -> float:
    """Seconds a row; of the default's fit, which shuffles as many rows as it needs, and if rows are varied, of all."""
    whole: float = cell["floor_ms"] / 1e3 * (1.0 if name == "floor" else cell["ratios"][name])
    return whole if varied == "n" or name == "agop, fit" else whole / cell["n"]


def _ratio_table(cells: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"varied": f"{c['varied']} = {c[c['varied']]:,}", "rows": f"{c['n']:,}", "components": str(c["kept"])}
        | {"moment": c["moment"], "floor, ms": f"{c['floor_ms']:.1f}"}
        | {name: f"{c['ratios'][name]:.2f}" if name in c["ratios"] else "–" for name in SHOWN}
        | {"agop, fit, s": f"{_seconds(c, 'agop, fit', 'n'):.2f}" if "agop, fit" in c["ratios"] else "–"}
        for c in cells
    )


def _slope_table(result: dict[str, Any]) -> pd.DataFrame:
    axes = list(dict.fromkeys(c["varied"] for c in result["cells"]))
    return pd.DataFrame(
        {"seconds of": name} | {axis: f"{found[axis]:.2f}" if axis in found else "–" for axis in axes}
        for name, found in result["slopes"].items()
    )


def _image_section(image: dict[str, Any]) -> list[str]:
    return [
        f"Images of 3 × 224 × 224 ({np.prod(IMAGE):,} coordinates) before a convolution: `fit` of AGOP-IxG on "
        f"{image['rows']} rows took {image['seconds']:.1f} s and {image['extra_mb']:.0f} MB beyond the rows "
        f"(moment: {image['moment']}, {image['kept']} components, error bound {image['error']:.2g} before "
        f"standardising).",
        "",
    ]


def _worker_section(found: dict[str, Any]) -> list[str]:
    table = pd.DataFrame(
        {"": what, "one worker, s": f"{found[f'{what}_1']:.1f}", "two workers, s": f"{found[f'{what}_2']:.1f}"}
        | {"times as fast": f"{found[what]:.2f}"}
        for what in ("fit", "explain")
    )
    return [
        f"Dask workers of one thread each: {found['rows']:,} rows of {workers.COLUMNS} columns through a network of "
        f"widths {workers.WIDTHS[0]} and {workers.WIDTHS[1]}, AGOP-IxG, medians of {found['repeats']}:",
        "",
        *markdown_table(table),
        "",
    ]
