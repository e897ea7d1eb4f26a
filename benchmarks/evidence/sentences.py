"""The sentences of README and documentation that quote figures, with where in the records each figure comes from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.evidence.figures import Sentence
from benchmarks.shared.families import CHOSEN_ON
from benchmarks.shared.markdown import number


@cache
def record(results: Path, study: str) -> Any:
    """A study's JSON."""
    return json.loads((results / f"{study}.json").read_text())


@cache
def ablation(results: Path) -> dict[str, str]:
    """Mean errors of each method against the network's own Shapley values, of families that nothing was chosen on."""
    table = pd.read_csv(results / "ablation.csv.gz")
    of = table[(table["truth"] == "network contrast") & (table["form"] == "centred") & table["passed"]]
    found = {}
    for group, part in (("", of[~of["kind"].isin(CHOSEN_ON)]), ("new_", of[of["kind"] == "new"])):
        found |= {
            f"{group}networks": f"{len(part[['family', 'seed']].drop_duplicates())}",
            f"{group}families": f"{part['family'].nunique()}",
        }
        for method, own in part.groupby("method"):
            name = group + _name(method)
            found |= {
                f"{name}_cosine": number(own["cosine"].mean()),
                f"{name}_error": number(own["error"].mean()),
                f"{name}_scaled_error": number(own["relative_error"].mean()),
            }
    return found


@cache
def timing(results: Path) -> dict[str, str]:
    """Seconds and ratios at the base size, by method."""
    measured = record(results, "timing")
    base = measured["base"]
    own = {
        m["method"]: m
        for m in measured["measured"]
        if all(m[name] == base[name] for name in base) and "fit_seconds" in m
    }
    found = {}
    for method, m in own.items():
        name = _name(method)
        found |= {
            f"{name}_fit": _two(m["fit_seconds"]),
            f"{name}_row": _two(1000 * m["row_seconds"]),
            f"{name}_times_agop": _round(m["row_seconds"] / own["agop"]["row_seconds"]),
            f"{name}_times_ixg": _round(m["row_seconds"] / own["agop-ixg"]["row_seconds"]),
        }
    return found


def _name(method: str) -> str:
    """A method's name as a figure's can be."""
    return "".join(c if c.isalnum() else "_" for c in method)


def _two(value: float) -> str:
    """Two significant digits, without an exponent or a leading zero."""
    text = f"{float(f'{value:.2g}'):,.10f}".rstrip("0").rstrip(".")
    return text.removeprefix("0") if text.startswith("0.") else text


def _round(value: float) -> str:
    """Two significant digits of a large ratio."""
    return f"{int(float(f'{value:.2g}')):,}" if value >= 10 else f"{value:.1f}"


SENTENCES: tuple[Sentence, ...] = (
    Sentence(
        "docs/timing.md",
        "shap's DeepExplainer takes some {shap_deep_times_ixg} times as long as AGOP-IxG and some "
        "{shap_deep_times_agop} times as long as the default",
        timing,
    ),
    Sentence(
        "docs/timing.md",
        "KernelExplainer takes {shap_kernel_times_ixg} and {shap_kernel_times_agop} times as long",
        timing,
    ),
    Sentence(
        "docs/comparison.md",
        "| method | fit, s | a row, ms | |---|---|---| "
        "| agop_tabular's default | {agop_fit} | {agop_row} | "
        '| "agop-ixg" | {agop_ixg_fit} | {agop_ixg_row} | '
        "| Input×Gradient (captum) | {input_x_gradient_fit} | {input_x_gradient_row} | "
        "| Integrated Gradients (captum) | {integrated_gradients_fit} | {integrated_gradients_row} | "
        "| shap DeepExplainer | {shap_deep_fit} | {shap_deep_row} | "
        "| shap GradientExplainer | {shap_gradient_fit} | {shap_gradient_row} | "
        "| LIME | {lime_fit} | {lime_row} | "
        "| shap KernelExplainer | {shap_kernel_fit} | {shap_kernel_row} |",
        timing,
    ),
)
