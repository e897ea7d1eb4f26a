"""The sentences of README and documentation that quote figures, with where in the records each figure comes from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.ablation.comparisons import TRUTH
from benchmarks.evidence.figures import Sentence
from benchmarks.shared.families import CHOSEN_ON
from benchmarks.shared.markdown import number


@cache
def record(results: Path, study: str) -> Any:
    """A study's JSON."""
    return json.loads((results / f"{study}.json").read_text())


@cache
def ablation(results: Path) -> dict[str, str]:
    """Mean errors of each method against the network's own Shapley values, where nothing was chosen, and by family."""
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
            found |= {f"{name}_cosine": number(own["cosine"].mean()), f"{name}_error": number(own["error"].mean())}
    for (family, method), own in of.groupby(["family", "method"]):
        found[f"{_name(family)}_{_name(method)}_error"] = number(own["error"].mean())
    return found


@cache
def few_rows(results: Path) -> dict[str, str]:
    """On how many networks sampling is nearer in the time of so many rows, and from how many rows on it is not."""
    table = pd.read_csv(results / "ablation.csv.gz")
    of = table[(table["truth"] == "network contrast") & (table["form"] == "centred") & table["passed"]]
    errors = of.pivot_table(index=["family", "seed"], columns="method", values="error")
    times = {n: errors[f"permutations, time of {n:,} rows"] for n in (10, 100, 1000)}
    even = pd.Series(
        np.exp(np.interp(np.log(ours), np.log(found.clip(1e-3).sort_values()), np.log(sorted(times))))
        for ours, (_, found) in zip(errors["agop"], pd.DataFrame(times).iterrows(), strict=True)
    )
    nearer = {f"nearer_{n}": str(int((found < errors["agop"]).sum())) for n, found in times.items()}
    return nearer | {"networks": str(len(errors)), "even": f"{even.median():.0f}"}


@cache
def contrast_truth(results: Path) -> dict[str, str]:
    """Means against the contrast truth of each method and metric, nothing gated, where nothing was chosen."""
    table = pd.read_csv(results / "ablation.csv.gz")
    of = table[(table["truth"] == "contrast") & (table["form"] == "centred") & table["passed"]]
    means = of[~of["kind"].isin(CHOSEN_ON)].groupby("method")[list(TRUTH)].mean()
    return {
        f"{_name(method)}_{metric}": number(means.loc[method, metric]) for method in means.index for metric in TRUTH
    }


@cache
def gate(results: Path) -> dict[str, str]:
    """What the gate does where everything is informative, and where noise is known."""
    records = record(results, "ablation")["gate"]
    informative = [r["training rows"] for r in records if r["family"] == "all-informative"]
    known = [r["training rows"] for r in records if r["passed"] and r["family"] != "all-informative"]
    known = [r for r in known if "noise" in r]
    noise, kept, real, lost = (
        sum(r[name] for r in known) for name in ("noise", "noise_kept", "informative", "informative_lost")
    )
    return {
        "untouched": str(sum(r["gated"] == 0 for r in informative)),
        "informative": str(len(informative)),
        "kept": f"{100 * kept / noise:.1f}",
        "lost": f"{100 * lost / real:.1f}",
    }


@cache
def support(results: Path) -> dict[str, str]:
    """Median errors of test rows by their support."""
    rows = {
        r["support"]: r["error, network"] for r in record(results, "ablation")["support"] if r["rows"] == "test rows"
    }
    return {"high": rows["0.95 to 1"], "middle": rows["0.7 to 0.8"], "low": rows["0 to 0.5"]}


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


ABLATION = "docs/ablation.md"

SENTENCES: tuple[Sentence, ...] = (
    Sentence(
        "README.md",
        "Relative error {agop_error} against the network's own Shapley values on {networks} networks of "
        "{families} families of problems that nothing was chosen on, shap's DeepExplainer {shap_deep_error}, "
        "with 1,000 background rows {shap_deep_1000_error}",
        ablation,
    ),
    Sentence(
        ABLATION,
        "On {networks} networks of {families} families that nothing was chosen on, the relative error of the "
        "default against the network's own Shapley values is {agop_error} (cosine {agop_cosine}). Those of "
        "DeepExplainer are {shap_deep_error} ({shap_deep_cosine}) with 100 background rows and "
        "{shap_deep_1000_error} ({shap_deep_1000_cosine}) with 1,000, of KernelExplainer {shap_kernel_error} "
        "({shap_kernel_cosine}) with 200,000 evaluations a row, of GradientExplainer {shap_gradient_error} "
        "({shap_gradient_cosine}), of Integrated Gradients {integrated_gradients_error} "
        "({integrated_gradients_cosine}) and of Input×Gradient {input_x_gradient_error} "
        "({input_x_gradient_cosine}). "
        "LIME's values are not on the scale of the scores; their cosine is {lime_cosine}. On the *new* families alone, "
        "{new_networks} networks of {new_families}, it is {new_agop_error} for the default, "
        "{new_shap_deep_1000_error} for DeepExplainer with 1,000 rows and {new_shap_kernel_error} for "
        "KernelExplainer.",
        ablation,
    ),
    Sentence(
        ABLATION,
        "wine {wine_shap_deep_1000_error} against {wine_agop_error}, breast cancer "
        "{breast_cancer_shap_deep_1000_error} against {breast_cancer_agop_error}, digits "
        "{digits_shap_deep_1000_error} against {digits_agop_error} (but not on the diabetes table, "
        "{diabetes_shap_deep_1000_error} against {diabetes_agop_error})",
        ablation,
    ),
    Sentence(
        ABLATION,
        "relative error of {permutations__time_of_10_rows_error} for ten rows, "
        "{permutations__time_of_100_rows_error} for a hundred and {permutations__time_of_1_000_rows_error} for a "
        "thousand, against {agop_error} of the default",
        ablation,
    ),
    Sentence(
        ABLATION,
        "cosine {agop_cosine} (DeepExplainer {shap_deep_cosine}), signs {agop_signs} ({shap_deep_signs}), "
        "Spearman {agop_spearman} ({shap_deep_spearman}), noise mass {agop_noise_mass} "
        "({shap_deep_noise_mass}). With the same gate",
        contrast_truth,
    ),
    Sentence(
        ABLATION,
        "It finds no noise in {untouched} of {informative} all-informative networks. Over the other families "
        "whose truth is known it keeps {kept}% of the noise columns and loses {lost}% of the informative ones",
        gate,
    ),
    Sentence(
        ABLATION,
        "is {high} where support is above .95, {middle} between .7 and .8, and {low} below .5",
        support,
    ),
    Sentence(
        "docs/when-not.md",
        "nearer to the exact values on {nearer_10} of {networks} networks if 10 rows are explained, on "
        "{nearer_100} if 100 are, and on {nearer_1000} if 1,000 are; the median break-even is {even} rows",
        few_rows,
    ),
    Sentence(
        "docs/when-not.md",
        "its relative error is {three_way_agop_error}, DeepExplainer's {three_way_shap_deep_1000_error} with 1,000 "
        "background rows",
        ablation,
    ),
    Sentence(
        "docs/comparison.md",
        "on {networks} networks of {families} families that nothing was chosen on and that learned their task "
        "([study](ablation.md)): | method | relative error | cosine | |---|---|---| "
        "| agop_tabular's default | {agop_error} | {agop_cosine} | "
        "| shap KernelExplainer, 200,000 evaluations a row | {shap_kernel_error} | {shap_kernel_cosine} | "
        "| shap DeepExplainer, 1,000 background rows | {shap_deep_1000_error} | {shap_deep_1000_cosine} | "
        "| shap DeepExplainer, 100 background rows | {shap_deep_error} | {shap_deep_cosine} | "
        "| shap GradientExplainer | {shap_gradient_error} | {shap_gradient_cosine} | "
        "| Integrated Gradients (captum) | {integrated_gradients_error} | {integrated_gradients_cosine} | "
        "| Input×Gradient (captum) | {input_x_gradient_error} | {input_x_gradient_cosine} | "
        "| LIME | – | {lime_cosine} |",
        ablation,
    ),
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
