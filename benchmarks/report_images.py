"""What the image study writes: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.cells import Cell
from benchmarks.image_maps import CONSTANT, CONTROLS, GRADIENT
from benchmarks.page import made_with, markdown, number, p_value

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RULES = {"iou_union": "union of both shapes", "iou_own": "the image's own shape"}
OTHER = {
    "precision_recall_union": "precision-recall, union",
    "precision_recall_own": "precision-recall, own",
    "mass": "importance mass",
    "earth_movers": "earth mover's distance ↓",
    "iou_union_all": "IoU union, all images",
    "iou_own_all": "IoU own, all images",
}
KEYS = ["network", "background", "scenario"]
SHOWN = (
    "agop-adaptive",
    "agop-weighted",
    "agop-global",
    GRADIENT,
    "smoothgrad",
    "integrated-gradients",
    "grad-cam, last",
)
BEST_OF = ("integrated-gradients", "smoothgrad", GRADIENT, "agop-weighted")
FIXED = ("linear", "multiplicative", "xor")
IG = "integrated-gradients"


def write(output: Path, result: dict, cells: list[Cell]) -> None:
    """Everything from the cells."""
    cells = [cell for cell in cells if cell]
    table = records(cells)
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "images.csv", index=False, float_format="%.4g")
    names = (*KEYS, "seed", "rate", "accuracy", "learned", "zero_gradient", "callback_share", "steadiness", "epochs")
    result["networks"] = [{name: cell[name] for name in names} | {"shift": cell.get("shift")} for cell in cells]
    result["comparisons"] = json.loads(comparisons(table).to_json(orient="records"))
    (output / "images.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "images.md").write_text(page(result, cells, table))
    draw_maps(cells, output / "images-maps.png")
    draw_curves(cells, output / "images-epochs.png")
    draw_shift(cells, output / "images-shift.png")


def records(cells: list[Cell]) -> pd.DataFrame:
    """A row for each cell and method."""
    return pd.DataFrame(
        {key: cell[key] for key in (*KEYS, "seed", "learned")} | {"method": name} | scores
        for cell in cells
        for name, scores in cell["methods"].items()
    )


def comparisons(table: pd.DataFrame) -> pd.DataFrame:
    """Every method against Integrated Gradients, and Weighted against the plain gradient, paired over seeds."""
    rows = []
    for keys, part in table[table["learned"]].groupby(KEYS, sort=False):
        for rule in RULES:
            values = part.pivot_table(index="seed", columns="method", values=rule)
            pairs = [(m, IG) for m in values if m != IG] + [("agop-weighted", GRADIENT)]
            pairs += [("agop-adaptive", other) for other in BEST_OF if other != IG]
            for ours, theirs in pairs:
                if ours in values and theirs in values:
                    found = paired_comparison(values[ours].to_numpy(), values[theirs].to_numpy())
                    ratio = values[ours] / values[theirs]
                    rows.append(
                        dict(zip(KEYS, keys, strict=True))
                        | {"rule": rule, "method": ours, "against": theirs}
                        | {"ours": values[ours].mean(), "theirs": values[theirs].mean()}
                        | {"ratio": values[ours].mean() / values[theirs].mean(), "ratio_sd": ratio.std()}
                        | found
                    )
    out = pd.DataFrame(rows)
    return out.assign(holm_t=holm(out["p_t"].to_numpy())) if len(out) else out


# The page ---------------------------------------------------------------------------------------------------------


def page(result: dict, cells: list[Cell], table: pd.DataFrame) -> str:
    """The Markdown page."""
    settings, found = result["settings"], comparisons(table)
    seeds = settings["seeds"]
    lines = [
        "# Maps of images against the pixels that decide the class",
        "",
        f"`python -m benchmarks images`: XAI-TRIS, 8 × 8 pixels, {settings['images']} images (80% train, 10% validate, "
        f"10% test), {len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) of data, training and sampling; up to "
        f"{settings['epochs']} epochs, the weights of least validation loss kept; learning rate "
        f"{settings['rates'][0]}, and {settings['rates'][1]} where that does not reach an accuracy of "
        f"{settings['learned']} on the validation images. Networks below that on the test images are left out. "
        "IoU of the largest pixels of the absolute map, as many as the truth has, ties at random, over correctly "
        "classified test images. *Union*: the pixels "
        "of both shapes where they are fixed; *own*: those of the image's own shape. Both rules, and the metrics, were "
        "fixed beforehand. Mean ± standard deviation over seeds. All records: `images.csv`.",
        "",
        "## What was claimed, and what came out",
        "",
        *verdicts(found, table),
        "",
        "## Networks",
        "",
        *markdown(_network_table(cells)),
        "",
    ]
    for (network, background), part in table[table["learned"]].groupby(["network", "background"], sort=False):
        for rule, title in RULES.items():
            lines += [f"## {network}, {background} background: IoU, {title}", "", *markdown(_iou_table(part, rule)), ""]
    cnn = table[table["learned"] & (table["network"] == table["network"].iloc[0]) & (table["background"] == "white")]
    if len(cnn):
        lines += ["## Other metrics", "", f"{cnn['network'].iloc[0]}, white background.", ""]
        for metric, title in OTHER.items():
            lines += [f"{title[0].upper()}{title[1:]}:", "", *markdown(_iou_table(cnn, metric)), ""]
    lines += [
        "## Shift",
        "",
        "Test images that are shifted while the network and diag M stay: mean IoU with the image's own shapes over all "
        "images, means over seeds. *Correlations*: Spearman, over images, of the error of AGOP-Weighted (1 - IoU) with "
        "its support and with the Mahalanobis distance from the training images.",
        "",
        *markdown(_shift_table(cells)),
        "",
        "## Digits",
        "",
        "scikit-learn's digits, a network of one convolution; share of test images whose predicted class changes when "
        "the 8 largest pixels of the map are set to their training mean. There is no truth here.",
        "",
        *markdown(_digits_table(result["digits"])),
        "",
        "![Maps](images-maps.png)",
        "",
        "![diag M over the epochs](images-epochs.png)",
        "",
        "![Shift](images-shift.png)",
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def verdicts(found: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """The claims, under both rules, on both backgrounds, for each network."""
    lines = []

    def of(network: str, background: str, scenario: str, rule: str, method: str, against: str = IG) -> pd.Series | None:
        part = found[
            (found[KEYS] == [network, background, scenario]).all(axis=1)
            & (found["rule"] == rule)
            & (found["method"] == method)
            & (found["against"] == against)
        ]
        return None if part.empty else part.iloc[0]

    def told(r: pd.Series) -> str:
        return (
            f"{number(r['ours'])} against {number(r['theirs'])}, {r['ratio']:.2f}× (sd over seeds "
            f"{r['ratio_sd']:.2f}), difference {r['difference']:+.3f} ({r['low']:+.3f} to {r['high']:+.3f}), "
            f"p = {p_value(r['p_t'])}, n = {r['n']:.0f}"
        )

    for network, background in dict.fromkeys(zip(table["network"], table["background"], strict=True)):
        lines += [f"{network}, {background} background:", ""]
        for scenario, method, claim in (
            ("linear", "agop-weighted", "AGOP-Weighted over IG on linear (the paper: 1.44×)"),
            ("multiplicative", "agop-global", "AGOP-Global over IG on multiplicative (the paper: 7×)"),
        ):
            for rule in RULES:
                r = of(network, background, scenario, rule, method)
                if r is None:
                    continue
                line = f"- {claim}, {rule[4:]}: {told(r)}."
                if method == "agop-global":
                    line += f" {_data_only(table, network, background, scenario, rule)}"
                lines.append(line)
        own = table[(table["network"] == network) & (table["background"] == background) & table["learned"]]
        cam = own[own["method"] == "grad-cam, last"].groupby("scenario")["iou_union"].mean()
        chance = own[own["method"] == "random"].groupby("scenario")["iou_union"].mean()
        if len(cam):
            gap = (cam - chance).abs()
            lines.append(
                "- GradCAM at the last layer within .05 of random (union): "
                + ", ".join(f"{s} {number(cam[s])} against {number(chance[s])}" for s in cam.index)
                + (": holds." if (gap < 0.05).all() else ": does not hold everywhere.")
            )
        for rule in RULES:
            lines.append(f"- agop-adaptive, {rule[4:]}: " + _adaptive(own, found, network, background, rule, of))
        lines.append("")
    return lines


def _data_only(table: pd.DataFrame, network: str, background: str, scenario: str, rule: str) -> str:
    part = table[(table[KEYS] == [network, background, scenario]).all(axis=1) & table["learned"]]
    best = part[part["method"].isin(CONSTANT)].groupby("method")[rule].mean()
    return f"The best map without a network, {best.idxmax()}, has {number(best.max())}." if len(best) else ""


def _adaptive(own: pd.DataFrame, found: pd.DataFrame, network: str, background: str, rule: str, of) -> str:
    parts = []
    means = own.groupby(["scenario", "method"])[rule].mean().unstack()
    for scenario in means.index:
        ours, best = means.loc[scenario, "agop-adaptive"], means.loc[scenario, list(BEST_OF)]
        text = f"{scenario} {number(ours)}, best of the others {best.idxmax()} {number(best.max())}"
        against = of(network, background, scenario, rule, "agop-adaptive", best.idxmax())
        if against is not None:
            text += f" ({against['difference']:+.3f}, {against['low']:+.3f} to {against['high']:+.3f})"
        parts.append(text)
    return "; ".join(parts) + "."


def _network_table(cells: list[Cell]) -> pd.DataFrame:
    nets = pd.DataFrame([{k: v for k, v in c.items() if not isinstance(v, (dict, list))} for c in cells])
    groups = nets.groupby(KEYS, sort=False)
    return pd.DataFrame(
        {
            "accuracy": groups["accuracy"].mean().map(number),
            "lowest": groups["accuracy"].min().map(number),
            "left out": (groups.size() - groups["learned"].sum()).map(str) + " of " + groups.size().map(str),
            "trained at the second rate": (groups["rate"].agg(lambda r: (r > 1e-3).sum())).map(str),
            "images without a gradient": groups["zero_gradient"].mean().map("{:.0%}".format),
            "steadiness": groups["steadiness"].mean().map(number),
            "AGOPCallback, share of training": groups["callback_share"].mean().map("{:.1%}".format),
        }
    ).reset_index()


def _iou_table(part: pd.DataFrame, metric: str) -> pd.DataFrame:
    groups = part.groupby(["method", "scenario"], sort=False)[metric]
    text = groups.mean().map(number) + " ±" + groups.std().map(number)
    out = text.unstack()[list(dict.fromkeys(part["scenario"]))].reindex(list(dict.fromkeys(part["method"])))
    out.index = [f"*{name}*" if name in CONTROLS else name for name in out.index]
    return out.rename_axis(index="method (*control*)").reset_index()


def _shift_records(cells: list[Cell]) -> pd.DataFrame:
    return pd.DataFrame(
        {"network": c["network"], "scenario": c["scenario"], "seed": c["seed"]} | row
        for c in cells
        for row in c.get("shift") or []
    )


def _shift_table(cells: list[Cell]) -> pd.DataFrame:
    table = _shift_records(cells)
    if table.empty:
        return pd.DataFrame({"shift": ["no network learned a task with fixed shapes"]})
    means = table.groupby(["network", "scenario", "kind", "level"], sort=False).mean(numeric_only=True).reset_index()
    out = means[["network", "scenario", "kind"]].rename(columns={"kind": "shift"})
    out["level"] = means["level"].map("{:g}".format)
    for name in ("accuracy", "agop-weighted", GRADIENT, "agop-adaptive", "support"):
        out[name] = means[name].map(number)
    out["correlation with support"] = means["error_and_support"].map(number)
    out["with distance"] = means["error_and_distance"].map(number)
    return out


def _digits_table(cells: list[Cell]) -> pd.DataFrame:
    changed = pd.DataFrame([cell["changed"] for cell in cells])
    accuracy = pd.Series([cell["accuracy"] for cell in cells])
    out = pd.DataFrame({"method": changed.columns, "predictions changed": [_spread(changed[m]) for m in changed]})
    return pd.concat(
        [out, pd.DataFrame({"method": ["accuracy of the network"], "predictions changed": [_spread(accuracy)]})]
    )


def _spread(values: pd.Series) -> str:
    return f"{number(values.mean())} ±{number(values.std())}"


# Pictures ---------------------------------------------------------------------------------------------------------


def draw_maps(cells: list[Cell], path: Path) -> None:
    """An image of every scenario, one with a gradient, with its truth and its maps; first network and background."""
    first = cells[0]
    chosen: dict[str, Cell] = {}
    for cell in cells:
        if (cell["network"], cell["background"]) == (first["network"], first["background"]) and cell["learned"]:
            chosen.setdefault(cell["scenario"], cell)
    columns = ("image", "mask", *(name for name in SHOWN if name in first["methods"]))
    figure, axes = plt.subplots(
        max(1, len(chosen)), len(columns), figsize=(1.35 * len(columns), 1.5 * max(1, len(chosen))), squeeze=False
    )
    for row, (scenario, cell) in zip(axes, chosen.items(), strict=False):
        k = max(range(len(cell["shown"]["image"])), key=lambda i: np.max(cell["shown"][GRADIENT][i]) > 0)
        for axis, name in zip(row, columns, strict=True):
            values = np.array(cell["shown"][name][k])
            values = values if name == "image" else np.abs(values)
            axis.imshow(values, cmap="gray" if name in ("image", "mask") else "magma")
            axis.set_xticks([])
            axis.set_yticks([])
        row[0].set_ylabel(scenario.replace("_", "\n"), fontsize=8)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name.replace("-", " ").replace(", ", "\n").replace(" ", "\n", 1), fontsize=8)
    figure.suptitle(f"{first['network']}, {first['background']} background", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_curves(cells: list[Cell], path: Path) -> None:
    """IoU of diag M with the truth, and accuracy, over epochs, means over seeds; tasks with fixed shapes."""
    table = pd.DataFrame(
        {key: cell[key] for key in (*KEYS, "seed")} | point
        for cell in cells
        for point in cell["epochs"]
        if point["iou"] is not None
    )
    if table.empty:
        return
    networks = list(dict.fromkeys(table["network"]))
    figure, axes = plt.subplots(
        len(networks), 3, figsize=(11, 3 * len(networks)), squeeze=False, layout="constrained", sharey=True
    )
    for row, network in zip(axes, networks, strict=True):
        for axis, scenario in zip(row, FIXED, strict=True):
            part = table[(table["network"] == network) & (table["scenario"] == scenario)]
            for i, (background, own) in enumerate(part.groupby("background", sort=False)):
                mean = own.groupby("epoch")[["iou", "valid_accuracy"]].mean()
                axis.plot(mean.index, mean["iou"], color=f"C{i}", label=f"IoU of diag M, {background}")
                axis.plot(mean.index, mean["valid_accuracy"], color=f"C{i}", ls=":", label=f"accuracy, {background}")
            axis.set_title(f"{network}, {scenario}", fontsize=10)
            axis.set_xlabel("epoch")
    axes[0, 0].legend(frameon=False, fontsize=7)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_shift(cells: list[Cell], path: Path) -> None:
    """IoU of Weighted, the plain gradient and the adaptive maps against the level of each shift, first network."""
    table = _shift_records(cells)
    if table.empty:
        return
    table = table[table["network"] == table["network"].iloc[0]]
    kinds = list(dict.fromkeys(table["kind"]))
    figure, axes = plt.subplots(
        len(FIXED), len(kinds), figsize=(11, 8), squeeze=False, layout="constrained", sharex="col"
    )
    for row, scenario in zip(axes, FIXED, strict=True):
        for axis, kind in zip(row, kinds, strict=True):
            part = table[(table["scenario"] == scenario) & (table["kind"] == kind)].groupby("level")
            for name in ("agop-weighted", GRADIENT, "agop-adaptive"):
                mean, sd = part[name].mean(), part[name].std()
                axis.errorbar(mean.index, mean, yerr=sd, marker="o", ms=3, lw=1.2, capsize=2, label=name)
            axis.set_title(f"{scenario}, {kind}", fontsize=9)
            axis.set_ylim(bottom=0)
    for axis in axes[-1]:
        axis.set_xlabel("level")
    axes[0, 0].legend(frameon=False, fontsize=7)
    for axis in axes[:, 0]:
        axis.set_ylabel("IoU, own shape")
    figure.savefig(path, dpi=150)
    plt.close(figure)
