"""Files of the budget study: JSON, CSV, a Markdown page and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.budget.coalitions import NOISY, SAMPLERS
from benchmarks.budget.pictures import draw
from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import rows_of, write_csv, write_json

SHOWN_PAIRS = 16
"""Refined pairs whose worth in plain sampling is shown: the larger of the ablation study's two budgets."""


LARGEST = 10
"""Above which an error is not written out: some regressions fail with few coalitions."""

METHODS = ("look-up", "refined", NOISY, "permutations", "KernelSHAP", *SAMPLERS)


def write(output: Path, result: dict[str, Any], cells: list[dict[str, Any]]) -> None:
    """Write everything from the cells."""
    table = pd.DataFrame({"family": c["family"], "seed": c["seed"]} | record for c in cells for record in c["errors"])
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / "budget.csv", table)
    worth = equivalents(table, {(c["family"], c["seed"]): c["fit_seconds"] for c in cells})
    result["equivalents"] = rows_of(worth)
    write_json(output / "budget.json", result)
    (output / "budget.md").write_text(page(result, table, worth))
    draw(table, mean_errors(table), output / "budget.png")


def page(result: dict[str, Any], table: pd.DataFrame, worth: pd.DataFrame) -> str:
    """The Markdown page."""
    settings = result["settings"]
    lines = [
        "# Error against model evaluations",
        "",
        "`python -m benchmarks budget`: mean relative error against the network's own Shapley values "
        f"({settings['permutations']:,} permutations a row), {settings['rows']} rows of each network, seeds "
        f"{settings['seeds'][0]} to {settings['seeds'][-1]}, zero-sum scores of the predicted class. K antithetic "
        "pairs of permutations cost 2 K (d + 1) evaluations of the network a row. shap's KernelSHAP and shapiq's "
        "samplers get the same number (coalitions times background rows), once the budget allows more coalitions than "
        "columns; of 10 and 50 background rows, for shap with and without its choice of ten columns, and for shapiq a "
        "new row with each coalition, those with the lowest error count. shapiq's samplers are made for games whose "
        "values are known; here a value is a mean over background rows that has to be sampled as well, and a coalition "
        "that they evaluate once counts as known. *Leverage SHAP* is shapiq's KernelSHAP with all sizes of coalitions "
        f"as likely; *{NOISY}* is the same regression written for this study: coalitions in pairs, drawn again and "
        "again, each with a background row of its own whose score is a control variate. The look-up evaluates the "
        "network once.",
        "",
        *markdown_table(_error_table(table)),
        "",
        _verdict(table),
        "",
        "## How many evaluations is the look-up worth?",
        "",
        "Pairs of permutations, and evaluations of the network a row, at which plain sampling reaches the error of the "
        f"look-up and of {SHOWN_PAIRS} refined pairs (log-log interpolation of the means; > if it never does). *Pays "
        "from*: explained rows with which the fit and the look-up together take less time than that sampling (or than "
        "the most pairs, where it never does).",
        "",
        *markdown_table(_worth_table(worth)),
        "",
        "![Error against evaluations](budget.png)",
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def mean_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Mean error over seeds: a row for each family and number of pairs, a column for each method."""
    keys = ["family", "pairs", "method"]
    of_backgrounds = table.groupby([*keys, "background"], sort=False, dropna=False)["error"].mean()
    return of_backgrounds.groupby(keys, sort=False).min().unstack().reindex(columns=list(METHODS))


def lowest(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each family and number of pairs: the errors of refinement and of the best other one, and its name."""
    means = mean_errors(table)
    others = means.drop(columns=["look-up", "refined"])[means["refined"].notna()]
    found = pd.DataFrame({"refined": means["refined"].dropna(), "other": others.min(axis=1)})
    return found.assign(best=others.idxmin(axis=1)).reset_index()


def _verdict(table: pd.DataFrame) -> str:
    found = lowest(table)
    lost = found[found["other"] <= found["refined"]]
    where = [f"{r.best} on {r.family} with {r.pairs} pairs" for r in lost.itertuples()]
    most = found[found["pairs"] == found["pairs"].max()]
    return (
        f"Refinement has the lowest error in {len(found) - len(lost)} of {len(found)} families and budgets"
        + (f"; not so: {', '.join(where)}." if where else ".")
        + f" With {most['pairs'].max()} pairs the best other one has {(most['other'] / most['refined']).min():.1f} to "
        f"{(most['other'] / most['refined']).max():.1f} times its error: {', '.join(sorted(set(most['best'])))}."
    )


def equivalents(table: pd.DataFrame, fit_seconds: dict[tuple[str, int], float]) -> pd.DataFrame:
    """Pairs of permutations that plain sampling needs to reach the errors of the look-up and of its refinement.

    Of the look-up also the number of rows from which it takes less time than sampling, its fit included.
    """
    fits = pd.Series(fit_seconds).groupby(level=0).mean()
    seconds = table.groupby(["family", "method", "pairs"])["seconds"].mean()
    means, most = mean_errors(table), table["pairs"].max()
    most_evaluations = table[table["pairs"] == most].groupby("family")["evaluations"].first()
    rows = []
    for family, part in means.groupby(level="family", sort=False):
        sampling = part["permutations"].droplevel("family").dropna()
        refined = part["refined"].droplevel("family").dropna()
        of_look_up, of_refined = part["look-up"].dropna().iloc[0], refined.get(SHOWN_PAIRS, np.nan)
        for name, error in (("look-up", of_look_up), ("refined", of_refined)):
            pairs = _pairs_to_reach(error, sampling)
            evaluations = pairs * (most_evaluations[family] / most)
            found = {"family": family, "of": name, "error": error, "pairs": pairs, "evaluations": evaluations}
            if name == "look-up":
                of_sampling = seconds[family, "permutations"]
                a_row = np.interp(pairs, of_sampling.index, of_sampling) - seconds[family, "look-up", 0]
                found["pays_from"] = fits[family] / a_row if a_row > 0 else np.inf
            rows.append(found)
    return pd.DataFrame(rows)


def _pairs_to_reach(error: float, sampling: pd.Series) -> float:
    """Pairs at which sampling has this error, by log-log interpolation of its errors; infinity if it never does."""
    if not np.isfinite(error) or error < sampling.min():
        return np.inf
    order = np.argsort(sampling.to_numpy())
    log_errors, log_pairs = np.log(sampling.to_numpy())[order], np.log(sampling.index)[order]
    return np.exp(np.interp(np.log(error), log_errors, log_pairs))


def _error_table(table: pd.DataFrame) -> pd.DataFrame:
    means = mean_errors(table)
    rows = []
    for family, part in means.groupby(level="family", sort=False):
        for name in part.columns:
            cells = {"0": part[name].get((family, 0), np.nan)}
            cells |= {str(k): part[name].get((family, k), np.nan) for k in sorted(table["pairs"].unique()) if k}
            rows.append({"family": family, "pairs K:": name} | {k: _shown(v) for k, v in cells.items()})
    return pd.DataFrame(rows)


def _shown(error: float) -> str:
    return f"> {LARGEST}" if error > LARGEST else number(error)


def _worth_table(worth: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for family, part in worth.groupby("family", sort=False):
        row = {"family": family}
        for r in part.itertuples():
            title = "look-up" if r.of == "look-up" else f"{SHOWN_PAIRS} refined pairs"
            row[f"error of the {title}"] = number(r.error)
            reached = np.isfinite(r.pairs)
            if r.of == "look-up":
                row["pays from"] = f"{r.pays_from:,.0f} rows"
            row[f"worth of the {title}"] = f"{r.pairs:.0f} pairs, {r.evaluations:,.0f} evaluations" if reached else ">"
        rows.append(row)
    return pd.DataFrame(rows)
