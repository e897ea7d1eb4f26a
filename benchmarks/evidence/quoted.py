"""Figures that documents quote, computed from the records of the studies: by name, as they are to be printed."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.image.adaptive import STEADY
from benchmarks.ablation.comparisons import TRUTH
from benchmarks.budget.page import lowest, mean_errors
from benchmarks.images.comparisons import IG
from benchmarks.images.tables import shift as shifted_images
from benchmarks.orders.page import by_family
from benchmarks.roar.page import SCORES, area_table, spread
from benchmarks.scenes.pooling import USUAL
from benchmarks.scenes.tables import segments as found_segments
from benchmarks.scenes.tables import shift as shifted_scenes
from benchmarks.shared.families import CHOSEN_ON
from benchmarks.shared.markdown import number
from benchmarks.shared.segments import COLUMNS

SEARCHES = ("grid search", "autogluon", "flaml", "pytabkit")
"""Tools of the AutoML study that search, whose time the step's is compared with."""


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
    """What the gate does where everything is informative, and where noise is known.

    Also the least and the most per cent of a classifier's predictions that change without what is below the floor.
    """
    records = record(results, "ablation")["gate"]
    informative = [r["training rows"] for r in records if r["family"] == "all-informative"]
    known = [r["training rows"] for r in records if r["passed"] and r["family"] != "all-informative"]
    known = [r for r in known if "noise" in r]
    noise, kept, real, lost = (
        sum(r[name] for r in known) for name in ("noise", "noise_kept", "informative", "informative_lost")
    )
    changed = [100 * r["training rows"]["predictions_changed"] for r in records if r["passed"]]
    changed = [share for share in changed if share > 0]  # none where nothing is gated, and of regressors
    return {
        "changed_least": f"{min(changed):.0f}",
        "changed_most": f"{max(changed):.0f}",
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
def budget(results: Path) -> dict[str, str]:
    """Mean errors over families with the most pairs, by method; where refinement is best, and how far it is ahead."""
    table = pd.read_csv(results / "budget.csv")
    means, found, most = mean_errors(table), lowest(table), table["pairs"].max()
    times = (found["other"] / found["refined"])[found["pairs"] == most]
    left = means["refined"].xs(most // 2, level="pairs") / means["look-up"].xs(0, level="pairs")
    at_most = means.xs(most, level="pairs").mean()
    return {f"{_name(method)}_error": number(error) for method, error in at_most.items()} | {
        "won": str(int((found["refined"] < found["other"]).sum())),
        "budgets": str(len(found)),
        "pairs": str(most),
        "half_of_them": str(most // 2),
        "left_least": f"{100 * left.min():.0f}",
        "left_most": f"{100 * left.max():.0f}",
        "least": f"{times.min():.1f}",
        "most": f"{times.max():.1f}",
    }


@cache
def orders(results: Path) -> dict[str, str]:
    """Means of exact effects and of the default, as it is and finer; on how many families exact triples are nearer."""
    table = by_family(record(results, "orders")["networks"]).set_index("family").replace("–", "nan")
    table = table.astype(float).dropna()
    families = table.drop(index=table.index[-1])
    found = {f"{_name(column)}_error": number(value) for column, value in table.iloc[-1].items()}
    for family, row in families.iterrows():
        found |= {f"{_name(str(family))}_{_name(str(column))}": number(value) for column, value in row.items()}
    nearer = int((families["exact, 3"] < families["default"]).sum())
    return found | {"families": str(len(families)), "nearer": str(nearer)}


@cache
def timing(results: Path) -> dict[str, str]:
    """Seconds and ratios at the base size, by method."""
    measured = record(results, "timing")
    base = measured["base"]
    own = {m["method"]: m for m in measured["measured"] if _at(m, base) and "fit_seconds" in m}
    found = {}
    for method, m in own.items():
        name = _name(method)
        found |= {
            f"{name}_fit": _two(m["fit_seconds"]),
            f"{name}_row": _two(1000 * m["row_seconds"]),
            f"{name}_times_agop": _round(m["row_seconds"] / own["agop"]["row_seconds"]),
            f"{name}_times_ixg": _round(m["row_seconds"] / own["agop-ixg"]["row_seconds"]),
            f"{name}_all": _two(m["fit_seconds"] + m["explain_seconds"]),
        }
    fits = {m["features"]: m["fit_seconds"] for m in measured["measured"] if m["method"] == "agop"}
    forward = next(m for m in measured["measured"] if m["method"] == "forward pass" and _at(m, base))
    deep, ours = own["shap-deep"], own["agop"]
    even = (ours["fit_seconds"] - deep["fit_seconds"]) / (deep["row_seconds"] - ours["row_seconds"])
    return found | {
        "shap_deep_even": _round(even),
        "agop_of_forward": f"{own['agop']['row_seconds'] / forward['row_seconds']:.1f}",
        "agop_fit_100_columns": _two(fits[100]),
        "agop_fit_times_ixg": _round(own["agop"]["fit_seconds"] / own["agop-ixg"]["fit_seconds"]),
    }


@cache
def scale(results: Path) -> dict[str, str]:
    """Times a forward pass, by what is timed and the size at which it is: ``agop_ixg_p_20``."""
    found = {}
    for cell in record(results, "scale")["cells"]:
        size = f"{_name(cell['varied'])}_{cell[cell['varied']]}"
        for what, ratio in cell["ratios"].items():
            found[f"{_name(what)}_{size}"] = f"{ratio:.1f}"
    return found


@cache
def overhead(results: Path) -> dict[str, str]:
    """AGOP-IxG beside a loop in plain torch; the default beside a forward pass, and its fit beside AGOP-IxG's."""
    found = record(results, "overhead")
    loop = {"loop": [cell["explain"]["ratio"] for cell in found["cells"]]}
    ratios: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for cell in found["default"]:
        seconds.setdefault(f"seconds_{cell['columns']}", []).append(cell["fit_seconds"])
        ratios.setdefault(f"agop_{cell['columns']}", []).append(cell["ratio"])
        ratios.setdefault(f"fit_{cell['columns']}", []).append(cell["times_ixg"])
    return {
        f"{name}_{end}": printed(value)
        for group, printed in ((loop, _hundredths), (ratios, lambda ratio: f"{ratio:.1f}"), (seconds, _two))
        for name, values in group.items()
        for end, value in (("least", min(values)), ("most", max(values)))
    }


@cache
def synthetic(results: Path) -> dict[str, str]:
    """Means over the tasks against the network's own Shapley values, and by task against the raw truth.

    Also by how much AGOP-IxG is behind each peer there (``linear_lime_top_k_behind``), and the networks that failed.
    """
    table = pd.read_csv(results / "synthetic.csv")
    table = table[table["passed"]]
    own = table[(table["truth"] == "network contrast") & (table["form"] == "centred")]
    found = {}
    for method, means in own.groupby(["method", "task"])[["cosine", "relative_error"]].mean().groupby("method"):
        name = _name(method)
        found |= {f"{name}_cosine": number(means["cosine"].mean())}
        found |= {f"{name}_error": number(means["relative_error"].mean())}
    raw = table[(table["truth"] == "raw") & (table["form"] == "plain")]
    for (task, method), means in raw.groupby(["task", "method"])[["spearman", "top_k", "noise_mass"]].mean().iterrows():
        found |= {f"{_name(task)}_{_name(method)}_{metric}": number(value) for metric, value in means.items()}
    for row in record(results, "synthetic")["paper_family"]:
        name = _name(f"{row['task']}_{row['against']}_{row['metric']}")
        found |= {f"{name}_behind": _hundredths(-row["difference"]), f"{name}_p": _hundredths(row["holm_t"])}
    networks = pd.DataFrame(record(results, "synthetic")["networks"])
    for task, passed in networks.groupby("task")["passed"]:
        found |= {f"{_name(task)}_failed": str(int((~passed).sum())), f"{_name(task)}_networks": str(len(passed))}
    return found


@cache
def roar(results: Path) -> dict[str, str]:
    """Mean areas of ROC-AUC, by table, curve and method: ``adult_remove_agop``.

    Also p-values, per cent of the random rankings beaten, and per cent between the paper's lowest and highest method.
    """
    areas = record(results, "roar")["areas"]
    table = pd.DataFrame([row | {"data": data} for data, rows in areas.items() for row in rows])
    means = table.groupby(["data", "curve", "method"])["roc_auc"].mean()
    found = {"_".join(key): number(value) for key, value in means.items()}
    for data, of in table.groupby("data"):
        found |= {f"{data}_spread_{score}": f"{100 * spread(of, score)[0]:.1f}".removeprefix("0") for score in SCORES}
        for curve in ("remove", "keep"):
            for row in area_table(of, curve).to_dict("records"):
                name = f"{data}_{curve}_{row['method']}"
                found |= {f"{name}_p": _hundredths(row["p (t, Holm)"])} if row["p (t, Holm)"][0] == "." else {}
                found |= {f"{name}_beaten": row["random rankings beaten"].removesuffix("%")}
    return {_name(key): value for key, value in found.items()}


@cache
def automl(results: Path) -> dict[str, str]:
    """By tool: seconds of its own fit, and per cent of them that explaining takes."""
    found = {}
    for tool in record(results, "automl")["tools"]:
        name, fit = _name(tool["tool"]), tool["tool_fit"]
        found |= {
            f"{name}_fit": _round(fit) if fit >= 100 else f"{fit:.0f}",
            f"{name}_share": _two(100 * tool["share"]),
        }
    shares = [100 * tool["share"] for tool in record(results, "automl")["tools"] if tool["tool"] in SEARCHES]
    return found | {"share_least": _two(min(shares)), "share_most": _two(max(shares))}


@cache
def training_guided(results: Path) -> dict[str, str]:
    """Means over the networks of each problem, by problem, method and metric: ``linear_xtrain_own_cosine``."""
    networks = [network for network in record(results, "training-guided")["networks"] if "methods" in network]
    table = pd.DataFrame(
        {"problem": network["problem"], "method": method} | scores
        for network in networks
        for method, scores in network["methods"].items()
    )
    metrics = ["cosine", "own_cosine", "clean", "srg"]
    means = table.groupby(["problem", "method"])[metrics].mean().stack()
    return {_name("_".join(key)): number(value) for key, value in means.items()}


@cache
def images(results: Path) -> dict[str, str]:
    """Mean IoU of each method and its ratio to IG, as ``cnn8by8_white_linear_agop_weighted_own``; digits.

    Also the table of shifted images, as ``shift_cnn8by8_linear_places_moved_1_accuracy``, and its largest correlations.
    """
    table, found = pd.read_csv(results / "images.csv"), {}
    learned = table[table["learned"]].groupby(["network", "background", "scenario", "method"])
    for key, means in learned[["iou_union", "iou_own"]].mean().iterrows():
        name = _name("_".join(key)).lower()
        found |= {f"{name}_{rule}": number(means[f"iou_{rule}"]) for rule in ("union", "own")}
    for row in record(results, "images")["comparisons"]:
        if row["against"] == IG:
            places = (row["network"], row["background"], row["scenario"], row["method"], row["rule"][4:])
            name = _name("_".join(places)).lower()
            found |= {f"{name}_ratio": f"{row['ratio']:.1f}", f"{name}_ratio_sd": f"{row['ratio_sd']:.1f}"}
    for background, networks in pd.DataFrame(record(results, "images")["networks"]).groupby("background"):
        known = networks[networks["learned"]]
        moving = known["scenario"] == "translations_rotations"
        wrong = (known["steadiness"] > STEADY) == moving
        found |= {f"{background}_networks": str(len(known)), f"{background}_wrong": str(int(wrong.sum()))}
        found |= {f"{background}_moving": str(int(moving.sum())), f"{background}_missed": str(int(wrong[moving].sum()))}
    moved = shifted_images(_shift_records(record(results, "images")["networks"]))
    for row in moved.to_dict("records"):
        name = _name(f"shift_{row['network']}_{row['scenario']}_{row['shift']}_{row['level']}").lower()
        found |= {f"{name}_{_name(column)}": str(value) for column, value in row.items()}
    correlations = moved[["correlation with support", "with distance"]].astype(float).to_numpy()
    found |= {"correlation_least": _hundredths(correlations.min()), "correlation_most": _hundredths(correlations.max())}
    digits = pd.DataFrame([cell["changed"] for cell in record(results, "images")["digits"]]).mean()
    return found | {f"digits_{_name(method)}": f"{100 * share:.0f}" for method, share in digits.items()}


@cache
def scenes(results: Path) -> dict[str, str]:
    """IoU with the single object by task and method under the usual rule of pooling, as ``shape_agop_weighted``.

    Also ratios of the paper's two methods to IG over all rules and both truths, the table of the shift, and segments.
    """
    table, found = pd.read_csv(results / "scenes.csv"), record(results, "scenes")
    usual = table[(table["truth"] == "target") & (table["pooling"] == USUAL)]
    values = {"_".join(key): number(iou) for key, iou in usual.groupby(["task", "method"])["iou"].mean().items()}
    ratios = pd.DataFrame(found["claims"]).groupby(["task", "method", "against"])["ratio"].agg(["min", "max"])
    for key, (least, most) in ratios.iterrows():
        name = "_".join(key)
        values |= {f"{name}_least": f"{least:.1f}".removeprefix("0"), f"{name}_most": f"{most:.1f}".removeprefix("0")}
    for row in shifted_scenes(found["shift"]).to_dict("records"):
        values |= {f"shift_{row['task']}_{row['scenes']}_{column}": str(value) for column, value in row.items()}
    for row in found_segments(found["segments"]).to_dict("records"):
        name = f"{row['task']}_{row['map (*control*)'].strip('*')}"
        values |= {
            f"{name}_threshold": row[COLUMNS["threshold", "iou"]],
            f"{name}_cut": row[COLUMNS["graph cut", "iou"]],
        }
    for cell in found["networks"]:
        values[f"accuracy_{cell['task']}_{cell['seed']}"] = number(cell["accuracy"]["test"])
    return {_name(key): value for key, value in values.items()}


def _shift_records(networks: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each network of a study of images and level of a shift."""
    keys = ("network", "scenario", "seed")
    return pd.DataFrame({key: net[key] for key in keys} | row for net in networks for row in net["shift"] or [])


def _at(measured: dict[str, Any], base: dict[str, int]) -> bool:
    """Whether something was measured at the base size."""
    return all(measured[name] == value for name, value in base.items())


def _name(method: str) -> str:
    """A method's name as a figure's can be."""
    return "".join(c if c.isalnum() else "_" for c in method)


def _hundredths(value: float | str) -> str:
    """Two decimals, without a leading zero."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{float(value):.2f}")


def _two(value: float) -> str:
    """Two significant digits, without an exponent or a leading zero."""
    text = f"{float(f'{value:.2g}'):,.10f}".rstrip("0").rstrip(".")
    return text.removeprefix("0") if text.startswith("0.") else text


def _round(value: float) -> str:
    """Two significant digits of a large ratio."""
    return f"{int(float(f'{value:.2g}')):,}" if value >= 10 else f"{value:.1f}"
