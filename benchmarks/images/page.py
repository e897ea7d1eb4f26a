"""Files of the image study: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.images import tables
from benchmarks.images.cell import Cell
from benchmarks.images.comparisons import KEYS, RULES, comparisons, verdicts
from benchmarks.images.pictures import draw_curves, draw_maps, draw_shift
from benchmarks.shared.markdown import made_with, markdown_table
from benchmarks.shared.records import rows_of, write_csv, write_json

OTHER_METRICS = {
    "precision_recall_union": "precision-recall, union",
    "precision_recall_own": "precision-recall, own",
    "mass": "importance mass",
    "earth_movers": "earth mover's distance ↓",
    "iou_union_all": "IoU union, all images",
    "iou_own_all": "IoU own, all images",
}


def write(output: Path, result: dict[str, Any], cells: list[Cell]) -> None:
    """Write everything from the cells."""
    table = records(cells)
    found = comparisons(table)
    shifts = tables.shift_records(cells)
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / "images.csv", table)
    names = (*KEYS, "seed", "rate", "accuracy", "learned", "zero_gradient", "callback_share", "steadiness", "epochs")
    result["networks"] = [{name: getattr(cell, name) for name in (*names, "shift")} for cell in cells]
    result["comparisons"] = rows_of(found)
    write_json(output / "images.json", result)
    (output / "images.md").write_text(page(result, cells, table, found))
    draw_maps(cells, output / "images-maps.png")
    draw_curves(cells, output / "images-epochs.png")
    draw_shift(shifts, output / "images-shift.png")


def records(cells: list[Cell]) -> pd.DataFrame:
    """A row for each cell and method."""
    return pd.DataFrame(
        {key: getattr(cell, key) for key in (*KEYS, "seed", "learned")} | {"method": name} | scores
        for cell in cells
        for name, scores in cell.methods.items()
    )


def page(result: dict[str, Any], cells: list[Cell], table: pd.DataFrame, found: pd.DataFrame) -> str:
    """The Markdown page; tables of methods are from networks that learned."""
    learned = table[table["learned"]]
    lines = [
        *_introduction(result["settings"]),
        "## What was claimed, and what came out",
        "",
        *verdicts(found, table),
        "",
        "## Networks",
        "",
        *markdown_table(tables.networks(cells)),
        "",
    ]
    for (network, background), part in learned.groupby(["network", "background"], sort=False):
        for rule, title in RULES.items():
            lines += [f"## {network}, {background} background: IoU, {title}", ""]
            lines += [*markdown_table(tables.methods(part, rule)), ""]
    first = learned[(learned["network"] == table["network"].iloc[0]) & (learned["background"] == "white")]
    lines += [*_other_metrics(first), *_shift_section(cells), *_digits_section(result["digits"])]
    return "\n".join([*lines, made_with(result["machine"]), ""])


def _introduction(settings: dict[str, Any]) -> list[str]:
    seeds = settings["seeds"]
    return [
        "# Maps of images against the pixels that decide the class",
        "",
        f"`python -m benchmarks images`: XAI-TRIS, 8 × 8 pixels, {settings['images']} images (80% train, 10% validate, "
        f"10% test), {len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) of data, training and sampling; up to "
        f"{settings['epochs']} epochs, the weights of least validation loss kept; learning rate "
        f"{settings['rates'][0]}, and {settings['rates'][1]} if that does not reach an accuracy of "
        f"{settings['learned']} on the validation images. Networks below that on the test images are left out. "
        "IoU of the largest pixels of the absolute map, as many as the truth has, ties at random, over correctly "
        "classified test images. *Union*: the pixels of both shapes if they are fixed; *own*: those of the image's own "
        "shape. Both rules, and the metrics, were fixed beforehand. Mean ± standard deviation over seeds. All records: "
        "`images.csv`.",
        "",
    ]


def _other_metrics(part: pd.DataFrame) -> list[str]:
    if part.empty:
        return []
    lines = ["## Other metrics", "", f"{part['network'].iloc[0]}, white background.", ""]
    for metric, title in OTHER_METRICS.items():
        lines += [f"{title[0].upper()}{title[1:]}:", "", *markdown_table(tables.methods(part, metric)), ""]
    return lines


def _shift_section(cells: list[Cell]) -> list[str]:
    return [
        "## Shift",
        "",
        "Test images that are shifted while the network and diag M stay: mean IoU with the image's own shapes over all "
        "images, means over seeds. *Correlations*: Spearman, over images, of the error of AGOP-Weighted (1 - IoU) with "
        "its support and with the Mahalanobis distance from the training images.",
        "",
        *markdown_table(tables.shift(tables.shift_records(cells))),
        "",
    ]


def _digits_section(cells: list[dict[str, Any]]) -> list[str]:
    return [
        "## Digits",
        "",
        "scikit-learn's digits, a network of one convolution; share of test images whose predicted class changes when "
        "the 8 largest pixels of the map are set to their training mean. No true pixels are known here.",
        "",
        *markdown_table(tables.digits(cells)),
        "",
        "![Maps](images-maps.png)",
        "",
        "![diag M over the epochs](images-epochs.png)",
        "",
        "![Shift](images-shift.png)",
        "",
    ]
