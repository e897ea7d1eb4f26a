"""Files of the study of training-guided attribution: JSON, a Markdown page and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from agop_tabular.evaluation import compare_methods, holm
from agop_tabular.training_guided.guided_methods import GUIDED_METHODS
from benchmarks.shared.markdown import difference, made_with, markdown_table, number, p_value
from benchmarks.shared.records import write_json
from benchmarks.training_guided.explainers import REGION_METHODS
from benchmarks.training_guided.pictures import course
from benchmarks.training_guided.problems import CANVASES, REGIONS

CLAIMS = (
    ("XtrAIn is cleaner, on typefaces", "typefaces", "clean"),
    ("XtrAIn is cleaner, on shifted typefaces", "typefaces-shifted", "clean"),
    ("XtrAIn has a higher SRG (black), on typefaces", "typefaces", "srg_zero"),
    ("XtrAIn has a higher SRG (black), on shifted typefaces", "typefaces-shifted", "srg_zero"),
    ("XtrAIn has a higher SRG (means), on typefaces", "typefaces", "srg"),
    ("XtrAIn has a higher SRG (means), on shifted typefaces", "typefaces-shifted", "srg"),
)
"""Published claims, the problem that stands in for the paper's data, and the metric."""

PEERS = tuple(name for name in REGION_METHODS if name not in (*GUIDED_METHODS, "random"))


def write(output: Path, result: dict[str, Any], seed: int) -> None:
    """Write everything from the records."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "training-guided.json", result)
    (output / "training-guided.md").write_text(page(result))
    if any(network["problem"] in CANVASES for network in result["networks"]):
        course(output / "training-guided-epochs.png", seed, result["settings"]["epochs"])


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    networks = [network for network in result["networks"] if "methods" in network]
    records = pd.DataFrame(
        {"problem": n["problem"], "seed": n["seed"], "method": method, **scores}
        for n in networks
        for method, scores in n["methods"].items()
    )
    counts = pd.Series([n["problem"] for n in networks]).value_counts(sort=False)
    lines = [
        "# Attribution by training, beside methods of the trained network",
        "",
        "`python -m benchmarks training-guided`. Networks that learned their task, by problem: "
        + ", ".join(f"{problem} {n}" for problem, n in counts.items())
        + ". Means over networks of seeds that nothing was chosen on; the methods of the first rows are reconstructed "
        "(see docs/training-guided.md), and the data stand in for the papers'.",
        "",
        *_tables(records),
        *_regions(records),
        *_claims(records),
        *_unseen(networks),
        *_cost(records, networks),
        *_ansatz(result["ansatz"]),
        made_with(result["machine"]),
    ]
    return "\n".join([*lines, ""])


def _by_problem(records: pd.DataFrame, metric: str, problems: list[str]) -> pd.DataFrame:
    """Means (methods × problems) of a metric."""
    table = records.pivot_table(index="method", columns="problem", values=metric, aggfunc="mean", sort=False)
    return table.reindex([m for m in REGION_METHODS if m in table.index])[problems]


def _section(records: pd.DataFrame, metrics: dict[str, str], problems: list[str]) -> list[str]:
    lines = []
    for metric, meaning in metrics.items():
        table = _by_problem(records, metric, problems).map(number).rename_axis("method").reset_index()
        lines += [f"### {meaning}", "", *markdown_table(table), ""]
    return lines


def _tables(records: pd.DataFrame) -> list[str]:
    tables = records[~records["problem"].isin(REGIONS)]
    if tables.empty:
        return []
    metrics = {
        "cosine": "Cosine with the exact Shapley values of the true scores, in contrast",
        "own_cosine": "Cosine with the network's own Shapley values, in contrast",
        "clean": "CleanScore: share of the attributions on informative columns",
        "shift": "Attribution shift when two informative columns are occluded",
    }
    return ["## Synthetic tables with exact truth", "", *_section(tables, metrics, list(tables["problem"].unique()))]


def _regions(records: pd.DataFrame) -> list[str]:
    regions = records[records["problem"].isin(REGIONS)]
    if regions.empty:
        return []
    metrics = {
        "clean": "CleanScore: share of the attributions inside the region of the signal",
        "srg": "SRG, training means in the place of columns",
        "srg_zero": "SRG, zero in the place of columns",
        "deletion": "Deletion area of the probability (lower is better)",
        "insertion": "Insertion area of the probability",
        "average_drop": "Average drop (lower is better)",
    }
    return ["## A known region of the signal", "", *_section(regions, metrics, list(regions["problem"].unique()))]


def _claims(records: pd.DataFrame) -> list[str]:
    found = []
    for claim, problem, metric in CLAIMS:
        some = records[records["problem"] == problem]
        if some["seed"].nunique() < 2:
            continue
        values = some.pivot_table(index="seed", columns="method", values=metric)
        table = compare_methods(values[["xtrain", *PEERS]], "xtrain").assign(claim=claim)
        found.append(table.reset_index())
    if not found:
        return []
    tests = pd.concat(found, ignore_index=True)
    tests["holm"] = holm(tests["p_t"].to_numpy())
    shown = pd.DataFrame(
        {
            "claim": tests["claim"],
            "against": tests["against"],
            "advantage of xtrain (95%)": [difference(row) for row in tests.itertuples()],
            "p, Holm": tests["holm"].map(p_value),
        }
    )
    verdicts = [
        f"- {claim}: against {int(((part['low'] > 0) & (part['holm'] < 0.05)).sum())} of {len(part)} methods it is "
        f"better, against {int(((part['high'] < 0) & (part['holm'] < 0.05)).sum())} worse."
        for claim, part in tests.groupby("claim", sort=False)
    ]
    return [
        "## Do the published claims hold?",
        "",
        f"Paired t-tests over networks, all {len(tests)} of them one family (Holm).",
        "",
        *verdicts,
        "",
        *markdown_table(shown),
        "",
    ]


def _unseen(networks: list[dict[str, Any]]) -> list[str]:
    found = pd.DataFrame(
        {"reading": reading, "column": f"{what}, {training}", "value": value}
        for network in networks
        for training, readings in network.get("unseen", {}).items()
        for reading, values in readings.items()
        for what, value in values.items()
    )
    if found.empty:
        return []
    table = found.pivot_table(index="reading", columns="column", values="value", sort=False)
    table = table[sorted(table, key=lambda name: not name.startswith("zero"))]
    return [
        "## A class without training rows",
        "",
        "At the fifth class of `expression`. Zero: share of rows whose attributions are all exactly zero, which is "
        "published of XtrAIn+, and by which its reading was chosen (steps that raised the score; not each column's "
        "positive parts, nor the part of each update that comes from the class's own term of the loss, which takes "
        "plain SGD). Size: sum of absolute attributions, that of `xtrain` taken as 1. Trainings: those of the study, "
        "which stop early; by plain SGD for as many epochs; and by plain SGD to the end.",
        "",
        *markdown_table(table.map(number).reset_index()),
        "",
    ]


def _cost(records: pd.DataFrame, networks: list[dict[str, Any]]) -> list[str]:
    kept = pd.DataFrame(networks)[
        ["problem", "accuracy", "checkpoints", "megabytes", "share_of_training", "columns_get"]
    ]
    kept = kept.groupby("problem", sort=False).mean()
    kept["share_of_training"] = kept["share_of_training"].map(lambda share: f"{share:.2%}")
    kept[["accuracy", "megabytes", "columns_get"]] = kept[["accuracy", "megabytes", "columns_get"]].map(number)
    kept["checkpoints"] = kept["checkpoints"].map("{:.0f}".format)
    seconds = 1e3 * _by_problem(records, "row_seconds", list(records["problem"].unique()))
    return [
        "## Cost",
        "",
        "Checkpoints that the callback kept, their size, its share of the training's time, and the share of the "
        "score's change since the start that columns get (the median; the rest is `Explanation.gap`).",
        "",
        *markdown_table(kept.reset_index()),
        "",
        "Milliseconds a row, on one thread; of tables for all three classes.",
        "",
        *markdown_table(seconds.map(number).rename_axis("method").reset_index()),
        "",
    ]


def _ansatz(cells: list[dict[str, Any]]) -> list[str]:
    trained = [cell for cell in cells if "curve" in cell]
    if not trained:
        return []
    rows = []
    for cell in trained:
        last = cell["curve"][-1]["layers"]
        layers = list(last["cosine"])[:-1]  # without the output layer
        for layer, place in {layers[-1]: "last hidden", layers[0]: "first"}.items():
            rows.append({"training": cell["kind"], "layer": place, **{k: v[layer] for k, v in last.items()}})
    names = ["cosine", "cosine_root", "centred_root", "change_root", "initial", "initial_root", "gram"]
    table = pd.DataFrame(rows).groupby(["training", "layer"], sort=False)[names].mean().map(number).reset_index()
    curve = pd.DataFrame(
        {"training": c["kind"], "epoch": p["epoch"], "cosine": next(iter(p["layers"]["cosine_root"].values()))}
        for c in trained
        for p in c["curve"]
    ).pivot_table(index="training", columns="epoch", values="cosine", sort=False)
    lines = [
        "## The Neural Feature Ansatz",
        "",
        "`feature_ansatz` after 60 epochs: cosines of WᵀW with G and its root, with the root of centred G, of "
        "(W - W₀)ᵀ(W - W₀) with the root, the first two before the training, and of the weights before and after.",
        "",
        *markdown_table(table),
        "",
        "Cosine of WᵀW with the root of G at the first layer, over epochs.",
        "",
        *markdown_table(curve.map(number).reset_index()),
        "",
    ]
    beside = next((cell["xrfm"] for cell in cells if "xrfm" in cell), None)
    if beside is None:
        return lines
    text = " and ".join(f"{number(value)} ({name})" for name, value in beside.items())
    return [
        *lines,
        f"xRFM's own AGOP (`collect_best_agops`) beside that of its scores' gradients on the same rows: cosine {text}.",
        "",
    ]
