"""Files of the importance study: JSON and a Markdown page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import write_json


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the records."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "importance.json", result)
    (output / "importance.md").write_text(page(result))


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    settings, every = result["settings"], pd.DataFrame(result["networks"])
    found = pd.json_normalize(every[every["with_permutation"].notna()].to_dict("records"))
    by_family = found.groupby("family", sort=False).mean(numeric_only=True)
    by_family.loc["mean"] = found.mean(numeric_only=True)
    columns = {
        "with_permutation.effects": "rank correlation, effects",
        "with_permutation.diag M": "diag M",
        "on_noise.effects": "on noise, effects",
        "on_noise.diag M": "diag M ",
        "on_noise.permutation": "permutation",
        "inside": "inside interval",
        "width": "width",
        "seconds.effects, with the fit": "seconds, effects",
        "seconds.permutation": "permutation ",
    }
    table = by_family[[name for name in columns if name in by_family]].map(number).rename(columns=columns)
    lines = [
        "# Importances",
        "",
        "`python -m benchmarks importance`: `feature_importances_` of the default (shares in the variance of all "
        f"effects) and of the published methods (diag M), on {len(found)} networks of seeds that nothing was chosen on."
        " *Rank correlation* with permutation importance (loss on held-out labels, "
        f"{settings['repeats']} repeats of each column). *On noise*: share of the importance on columns that no score "
        "depends on, where that is known; permutation importances below zero count as zero. *Inside interval*: share "
        f"of `feature_importance_intervals_` that have the mean of {settings['refits']} fits which shuffle otherwise; "
        "*width*: theirs. Seconds are on one thread, those of effects with the whole fit.",
        "",
        *markdown_table(table.rename_axis("family").reset_index()),
        "",
        made_with(result["machine"]),
    ]
    return "\n".join([*lines, ""])
