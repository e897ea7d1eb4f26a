"""Files of the probability study: JSON and a Markdown page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import write_json

SHOWN = {"cosine": "cosine", "error": "relative error", "refined": "refined", "support": "support"}


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the records."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "probability.json", result)
    (output / "probability.md").write_text(page(result))


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    settings, found = result["settings"], pd.DataFrame(result["networks"])
    lines = [
        "# Explaining probabilities",
        "",
        "`python -m benchmarks probability`: the default method on scores (raw, in contrast) and on probabilities of "
        f"the same networks, seed {settings['seed']}, a development seed. Each is compared with the network's own "
        f"Shapley values of the same output ({settings['permutations']:,} permutations a row), for the predicted class "
        f"of {settings['rows']} rows. *Refined*: relative error with `refine={settings['refine']}`. *Support*: mean.",
        "",
        *markdown_table(_table(found)),
        "",
        f"The largest gap of any row is {found['gap'].max():.1e}; a fit takes "
        f"{_ratio(found):.2f} times as long with probabilities, on average.",
        "",
        made_with(result["machine"]),
    ]
    return "\n".join([*lines, ""])


def _table(found: pd.DataFrame) -> pd.DataFrame:
    """A line for each network, and one for their mean."""
    wide = found.pivot_table(index="family", columns="output", values=list(SHOWN), sort=False)
    wide.loc["mean"] = wide.mean()
    columns = {
        f"{title}, {output}": wide[name, output].map(number)
        for name, title in SHOWN.items()
        for output in ("raw", "probability")
    }
    return pd.DataFrame(columns).rename_axis("family").reset_index()


def _ratio(found: pd.DataFrame) -> float:
    """Mean ratio of the seconds of a fit."""
    seconds = found.pivot_table(index="family", columns="output", values="fit seconds")
    return float((seconds["probability"] / seconds["raw"]).mean())
