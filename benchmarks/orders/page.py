"""Files of the study of orders: JSON and a Markdown page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import write_json


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the records."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "orders.json", result)
    (output / "orders.md").write_text(page(result))


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    settings, table = result["settings"], by_family(result["networks"])
    lines = [
        "# What is left of the default's error",
        "",
        f"`python -m benchmarks orders`: relative errors against the network's own Shapley values, {settings['rows']} "
        f"rows of each network, without the noise of these ({settings['permutations']:,} permutations in two halves, "
        "whose errors are independent).",
        "",
        "*Exact effects* of up to one, two or three columns come from every coalition of so many columns, with "
        f"{settings['background']} background rows; what they leave of a score is shared out by their size. Their "
        "reference has the same background rows, the default's all training rows. They are no lower limit: the "
        "default shares what is left by what columns are known to take part in it, and effects of more columns may "
        "cancel each other. A dash: there are too many coalitions.",
        "",
        "*The default* looks up tables of effects of one and two columns and of up to eight triples. The last columns "
        "replace constants of its tables: what each simplification costs. *More shuffled rows*: a quarter of the "
        "noise, of 65,536 rows at most; *more groups*: 13 for each column, fewer where its values have gaps, and "
        "shuffled rows as many as these need.",
        "",
        *markdown_table(table),
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def by_family(networks: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each family, worst first, and the means: errors, means over networks that learned their task."""
    learned = [n for n in networks if n["passed"]]
    table = pd.DataFrame(
        {"family": n["family"]}
        | {f"exact, {k}": n["orders"].get(k) for k in ("1", "2", "3")}
        | {("default" if name == "as it is" else name): value for name, value in n["tables"].items()}
        for n in learned
    )
    means = table.groupby("family").mean().sort_values("default", ascending=False)
    all_three = means[means["exact, 3"].notna()].mean()
    means.loc["mean of families with three exact orders"] = all_three
    counts = table["family"].value_counts().to_dict() | {means.index[-1]: int(table["exact, 3"].notna().sum())}
    found = means.map(number).reset_index()
    found.insert(1, "networks", [str(counts[name]) for name in means.index])
    return found
