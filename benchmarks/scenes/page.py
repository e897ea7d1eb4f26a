"""Files of the study on scenes: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.scenes import tables
from benchmarks.scenes.comparisons import by_image, claims, claims_table, prior_lines, records, verdict_lines
from benchmarks.scenes.maps import ADAPTIVE_IMAGES
from benchmarks.scenes.path_methods import STEPS
from benchmarks.scenes.pictures import draw_maps, draw_shift
from benchmarks.scenes.pooling import USUAL
from benchmarks.scenes.segments import SEGMENTED
from benchmarks.shared.markdown import made_with, markdown_table
from benchmarks.shared.records import rows_of, write_csv, write_json

CLAIMED = (
    "The paper (arXiv 2605.12816) has +18% mIoU for AGOP-Weighted and +37% for AGOP-Global over Integrated Gradients "
    "on CLEVR-XAI, with a ResNet-18 fine-tuned from ImageNet at 224 × 224. Neither its label, nor how many images, nor "
    "its threshold, nor the rule of pooling is in any text found, so all rules are shown. *Holds*: the interval of the "
    "difference over images (95%, Student's t) is above zero and the ratio is as large as claimed; *better, by less*: "
    "above zero, but less than claimed. IG starts at the mean colour of ImageNet, the network's zero; *black* starts "
    "at the black image. *One class*: M sums the gradient of each training image's predicted class only."
)


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything that was computed."""
    output.mkdir(parents=True, exist_ok=True)
    maps, shift = result.pop("maps"), result["shift"]
    lines = ["# Maps of rendered scenes against the object that is asked about", ""]
    if result["networks"]:
        lines += [*_introduction(result), "## Networks", "", *markdown_table(tables.networks(result["networks"])), ""]
        lines += _not_learned(result)
    if maps:
        table, values = records(maps), by_image(maps)
        found = claims(values)
        write_csv(output / "scenes.csv", table)
        result["claims"] = rows_of(found.drop(columns="networks"))
        result["seconds"] = [{key: cell[key] for key in ("task", "seed", "seconds")} for cell in maps]
        draw_maps(maps, output / "scenes-maps.png")
        lines += [*_claims(found, values), *_methods(table, values, found)]
    if result["segments"]:
        lines += _segments(result["segments"])
    if shift:
        draw_shift(shift, output / "scenes-shift.png")
        lines += _shift(shift)
    if result["cost"]:
        lines += _cost(result["cost"])
    write_json(output / "scenes.json", result)
    (output / "scenes.md").write_text("\n".join([*lines, made_with(result["machine"]), ""]))


def _introduction(result: dict[str, Any]) -> list[str]:
    settings, first = result["settings"], result["networks"][0]
    training, sizes = settings["training"], first["scenes"]
    start = "from random weights" if training["weights"] is None else "from given weights"
    steps = "" if settings["steps"] == STEPS else f" ({STEPS} at their authors')"
    height, width = first["pixels"]
    return [
        f"`python -m benchmarks scenes`: {sum(sizes.values())} scenes of CLEVR, {height} × {width} pixels: "
        f"{sizes['train']} to train, {sizes['validation']} to look at while training, {sizes['test']} to test. The "
        "label is a property of the one large object of a scene; its pixels are the truth (*single object*), or those "
        f"of every object (*all objects*). ResNet-18 of width {training['width']} (64 as published), {start}, "
        f"{training['epochs']} epochs of Adam with flips and shifts; the last epoch's weights are explained, if at "
        f"least {settings['least_accuracy']:.0%} of the test scenes are classified correctly.",
        "",
        f"Maps of up to {settings['images']} correctly classified test scenes, for the predicted class. M sums "
        f"gradients of {settings['background']} training scenes at most (agop-adaptive: {ADAPTIVE_IMAGES}). IoU of the "
        "largest pixels of the map, as many as the truth has; *rank*: the share of these on the truth; *mass*: the "
        f"share of the map on it (CLEVR-XAI's relevance rank and mass accuracy). Channels are pooled by the {USUAL} "
        f"norm unless said otherwise, for all methods. Guided and Spectral IG take {settings['steps']} points{steps}. "
        "All of this was fixed before the networks were trained. Means over images, ± standard deviation over networks "
        "where there are several. All records: `scenes.csv`.",
        "",
    ]


def _not_learned(result: dict[str, Any]) -> list[str]:
    failed = [f"{cell['task']}, seed {cell['seed']}" for cell in result["networks"] if not cell["learned"]]
    if not failed:
        return []
    return [f"Not good enough to be explained: {'; '.join(failed)}.", ""]


def _claims(found: pd.DataFrame, values: pd.Series) -> list[str]:
    one = values.reset_index().groupby("task")["seed"].nunique().max() == 1
    alone = ["One network a task: intervals are over its images, and say nothing of other networks.", ""] if one else []
    return [
        "## What was claimed, and what came out",
        "",
        CLAIMED,
        "",
        *verdict_lines(found),
        "",
        *alone,
        "What M adds to the gradient alone, and against the variance of the training images' pixels in its place:",
        "",
        *prior_lines(values),
        "",
        "![Scenes, the object asked about, and maps with its outline](scenes-maps.png)",
        "",
    ]


def _methods(table: pd.DataFrame, values: pd.Series, found: pd.DataFrame) -> list[str]:
    lines = []
    for task in dict.fromkeys(table["task"]):
        lines += [f"## Task: {task}", "", *markdown_table(tables.methods(table, values, task)), ""]
        if iou := tables.adaptive(table, task):
            lines += [f"Not in the table, since its rule was chosen on small images: agop-adaptive, {iou}.", ""]
        lines += ["IoU with the single object, by rule of pooling (l2² orders pixels as l2 does):", ""]
        lines += [*markdown_table(tables.poolings(table, task)), ""]
        lines += ["The claims, ratios of mIoU by rule of pooling:", "", *markdown_table(claims_table(found, task)), ""]
    return lines


def _segments(cells: list[dict[str, Any]]) -> list[str]:
    return [
        "## Segments",
        "",
        f"The object that is asked about, in up to {SEGMENTED} correctly classified test scenes: the map's pixels "
        f"above the quantile that does best on {SEGMENTED} training scenes, whose masks are looked at, and the graph "
        "cut that starts from the same map and looks at no mask, but at colours. *Boxes missed*: share of objects "
        "whose box has an IoU below .5 with the true one (ILSVRC's localisation error).",
        "",
        *markdown_table(tables.segments(cells)),
        "",
    ]


def _shift(cells: list[dict[str, Any]]) -> list[str]:
    return [
        "## Shift",
        "",
        "The network and M stay, the scenes are of another kind; all of them count, also those classified wrongly. IoU "
        "with the single object. *Support*: median over images. *Correlation*: Spearman, over images, of the error of "
        "AGOP-Weighted (1 - IoU) with its support.",
        "",
        *markdown_table(tables.shift(cells)),
        "",
        "![Error against support](scenes-shift.png)",
        "",
    ]


def _cost(cells: list[dict[str, Any]]) -> list[str]:
    return [
        "## Cost",
        "",
        "Seconds of the processor, one thread, batches of eight; each step in a process of its own, whose peak memory "
        "beyond the network and the images is given. *Once*: what a fit takes whatever the number of images, since it "
        "tries the network first. Integrated Gradients and SmoothGrad take 50 gradients an image. AGOPCallback gathers "
        "diag M of all classes once, when training ends: whatever the number of epochs, it costs one pass more.",
        "",
        *markdown_table(tables.cost(cells)),
        "",
    ]
