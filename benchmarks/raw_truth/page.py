"""Markdown page of the paired tests on raw truth."""

from __future__ import annotations

import pandas as pd

from benchmarks.shared.markdown import difference, markdown_table, number, p_value


def page(found: pd.DataFrame) -> str:
    """The Markdown page."""
    lines = [
        "# Raw truth: paired tests",
        "",
        "`python -m benchmarks raw-truth`, from the records of `python -m benchmarks ablation`: the paper's tasks, "
        "attributions as they are, ungated. Differences are paired over the networks that learned their task and "
        "positive in favour of this project's row, with 95% intervals; p-values Holm-adjusted over the whole table.",
        "",
    ]
    for (task, metric), part in found.groupby(["task", "metric"], sort=False):
        best = part.groupby("method")["difference"].min().idxmax()
        ahead = part[(part["method"] == best) & (part["low"] > 0) & (part["holm_t"] < 0.05)]["against"]
        lines.append(f"- {task}, {metric}: {best} is significantly ahead of {', '.join(ahead) or 'none'}.")
    table = pd.DataFrame(
        {
            "task": found["task"],
            "metric": found["metric"],
            "row": found["method"] + " " + found["ours"].map(number),
            "against": found["against"] + " " + found["theirs"].map(number),
            "difference": [difference(r) for r in found.itertuples()],
            "seeds won": [f"{r.wins:g} of {r.n}" for r in found.itertuples()],
            "p (t)": found["holm_t"].map(p_value),
            "p (Wilcoxon)": found["holm_wilcoxon"].map(p_value),
        }
    )
    return "\n".join([*lines, "", *markdown_table(table), ""])
