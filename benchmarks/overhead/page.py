"""Markdown page of the overhead study."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.shared.markdown import made_with


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    lines = [
        "# Overhead of AGOPExplainer over a bare torch loop",
        "",
        f"`python -m benchmarks overhead`: {result['rows']:,} rows of {result['columns']} columns, float32, MLP with "
        f"two hidden layers, medians of {result['repeats']} interleaved runs in one process, and the range of the "
        "ratio over pairs of runs. The loop takes the same gradients and the same product and does nothing else.",
        "",
        "| classes | width | rank | fit, ms | loop, ms | ratio (pairs) | explain, ms | loop, ms | ratio (pairs) | "
        "forward pass, ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_loop_row, result["cells"]),
    ]
    if result["default"]:
        lines += _default_section(result["default"])
    if "memory" in result:
        memory = result["memory"]
        lines += [
            "",
            f"Explaining {memory['rows']:,} × {memory['columns']} float32 raised the peak resident set by "
            f"{memory['extra_mb']:.0f} MB beyond the answer itself.",
        ]
    return "\n".join([*lines, "", made_with(result["machine"]), ""])


def _default_section(cells: list[dict[str, Any]]) -> list[str]:
    return [
        "",
        "## The default method and a forward pass",
        "",
        "`agop`, values only, numpy in and out, against the module under no_grad at its fastest batch size, MLP "
        "128-64, 3 classes; *trained* networks learned five informative columns. *Factors*: of the pair effects. "
        "*Interacting*: columns with pair effects. *Of agop-ixg*: the fit as a multiple of its fit on the same rows. "
        "Tables: look-up and sums, in memory.",
        "",
        "| columns | network | factors | interacting | explain, ms | forward, ms | ratio (pairs) | fit, s (rows) | "
        "of agop-ixg | tables, MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_default_row, cells),
        "",
        *_slopes(cells),
    ]


def _slopes(cells: list[dict[str, Any]]) -> list[str]:
    """How the time of a fit grows with the number of columns, where there are several of the same kind."""
    lines = []
    for trained in (True, False):
        points = [(c["columns"], c["fit_seconds"]) for c in cells if c["trained"] == trained]
        if len(points) > 1:
            slope = np.polyfit(*np.log(points).T, 1)[0]
            what = "trained" if trained else "untrained"
            lines.append(f"Log-log slope of the fit in columns, {what}: {slope:.2f}.")
    return lines


def _loop_row(cell: dict[str, Any]) -> str:
    columns = [str(cell["n_classes"]), str(cell["width"]), str(cell["rank"])]
    for what in ("fit", "explain"):
        r = cell[what]
        columns += [f"{1e3 * r['explainer']:.0f}", f"{1e3 * r['loop']:.0f}"]
        columns += [f"{r['ratio']:.2f} ({r['pairs_min']:.2f} to {r['pairs_max']:.2f})"]
    return "| " + " | ".join([*columns, f"{1e3 * cell['forward']:.0f}"]) + " |"


def _default_row(cell: dict[str, Any]) -> str:
    columns = [str(cell["columns"]), "trained" if cell["trained"] else "untrained"]
    columns += [str(cell["vectors"]), str(cell["meeting"])]
    columns += [f"{1e3 * cell['explainer']:.0f}", f"{1e3 * cell['loop']:.1f}"]
    columns += [f"{cell['ratio']:.1f} ({cell['pairs_min']:.1f} to {cell['pairs_max']:.1f})"]
    columns += [
        f"{cell['fit_seconds']:.2f} ({cell['fit_rows']:,})",
        f"{cell['times_ixg']:.1f}",
        f"{cell['tables_mb']:.1f}",
    ]
    return "| " + " | ".join(columns) + " |"
