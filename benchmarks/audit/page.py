"""Files of the audit study: JSON and a Markdown page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import write_json

DEVELOPMENT = ("development", "control")
"""Kinds of families that defaults were chosen on."""


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the records."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "audit.json", result)
    (output / "audit.md").write_text(page(result))


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    settings, every = result["settings"], pd.DataFrame(result["networks"])
    failed = int(every["failed"].eq(True).sum()) if "failed" in every else 0
    found = _figures(every[every["coverage"].notna()])
    groups = [("development and control", found[found["kind"].isin(DEVELOPMENT)])]
    groups.append(("unseen and real", found[~found["kind"].isin(DEVELOPMENT)]))
    lines = [
        "# Audits",
        "",
        f"`python -m benchmarks audit`: {len(found)} networks of seeds that nothing was chosen on ({failed} more did "
        f"not learn their task). Each is audited {settings['audits']} times, on other 64 held-out rows every time, or "
        f"all there are; up to {settings['fresh']} fresh rows with {2 * settings['pairs']} permutations a row say "
        "what is true.",
        "",
        "*Coverage*: share of fresh rows whose relative error is at most `Explanation.error`, which is to be 90%; "
        "*lowest*: that of the worst network, the mean of its audits. *After a shift*: audited below the median of the "
        "most important column, tried above it; nothing is guaranteed there. *Bound*: the median bound over the 90% "
        "quantile of the errors, 1 at best for a bound that knows nothing of the row. *Correlation* with the errors of "
        "a network's rows, by rank (median): of the bound, and of 1 − support. *Error in interval*: share of audits "
        "whose 95% interval has the relative error of the fresh rows, which is uncertain itself.",
        "",
        *markdown_table(pd.DataFrame([_summary(name, part) for name, part in groups if len(part)])),
        "",
        *markdown_table(_families(found)),
        "",
        made_with(result["machine"]),
    ]
    return "\n".join([*lines, ""])


def _figures(found: pd.DataFrame) -> pd.DataFrame:
    """Means over a network's audits."""
    inside = [
        np.mean([low <= error <= high for low, high in intervals])
        for error, intervals in zip(found["relative_error"], found["audited_interval"], strict=True)
    ]
    means = {
        name: found[name].map(np.mean)
        for name in ("coverage", "audited_error", "audited_cosine", "seconds", "evaluations")
    }
    return found.assign(**means, inside=inside, width=found["bound"] / found["quantile"])


def _summary(name: str, part: pd.DataFrame) -> dict[str, Any]:
    return {
        "networks": f"{len(part)} {name}",
        "coverage": number(part["coverage"].mean()),
        "lowest": number(part["coverage"].min()),
        "after a shift": number(part["shifted"].mean()),
        "bound": number(part["width"].mean()),
        "correlation": number(part["bound_correlation"].median()),
        "of support": number(part["support_correlation"].median()),
        "error in interval": number(part["inside"].mean()),
        "seconds": number(part["seconds"].mean()),
    }


def _families(found: pd.DataFrame) -> pd.DataFrame:
    """A line for each family: means over its networks."""
    columns = {
        "coverage": "coverage",
        "shifted": "after a shift",
        "width": "bound",
        "relative_error": "relative error",
        "audited_error": "audited",
        "cosine": "cosine",
        "audited_cosine": "audited cosine",
    }
    table = found.groupby("family", sort=False)[list(columns)].mean().map(number).rename(columns=columns)
    return table.reset_index()
