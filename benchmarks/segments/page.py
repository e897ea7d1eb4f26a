"""Files of the study of segments: JSON, a Markdown page, and two pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from agop_tabular.datasets import make_shapes
from agop_tabular.image import AGOPImageExplainer
from benchmarks.segments.cell import BACKGROUND, trained
from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import write_json
from benchmarks.shared.segments import COLUMNS


def write(output: Path, result: dict[str, Any]) -> None:
    """Write everything from the records; the pictures are of the first network, trained again."""
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "segments.json", result)
    (output / "segments.md").write_text(page(result))
    _draw(output, result["networks"][0]["seed"], result["settings"])


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    networks, settings = result["networks"], result["settings"]
    names = list(networks[0]["methods"])
    table = pd.DataFrame(
        [
            {
                "map": name,
                **{
                    title: _mean([network["methods"][name][way][what] for network in networks])
                    for (way, what), title in COLUMNS.items()
                },
            }
            for name in names
        ]
    )
    accuracy = number(float(np.mean([network["accuracy"] for network in networks])))
    lines = [
        "# Segments",
        "",
        f"`python -m benchmarks segments`: {len(networks)} small convolutional networks that tell discs, squares and "
        f"triangles apart (accuracy {accuracy}), each on pictures of its own (`make_shapes`, {settings['train']} for "
        f"training; {settings['test']} for the test, of which the correctly classified ones count). *Best threshold*: "
        "the map's pixels above the quantile that does best on 200 training pictures, whose masks are looked at. "
        "*Graph cut*: `segment`, which looks at no mask; it knows the picture's colours besides, and objects here are "
        "of one colour. *Boxes missed*: share of objects whose box has an IoU below .5 with the true one (ILSVRC's "
        "localisation error). Means over networks, with standard deviations.",
        "",
        *markdown_table(table),
        "",
        made_with(result["machine"]),
    ]
    return "\n".join([*lines, ""])


def _mean(values: list[float]) -> str:
    spread = f" ± {number(float(np.std(values, ddof=1)))}" if len(values) > 1 else ""
    return number(float(np.mean(values))) + spread


def _draw(output: Path, seed: int, settings: dict[str, Any]) -> None:
    """Maps over pictures, and the class models."""
    matplotlib.use("Agg")
    train, test = make_shapes(settings["train"], random_state=seed), make_shapes(6, random_state=10_000 + seed)
    module = trained(train, settings["epochs"], seed)
    explainer = AGOPImageExplainer(module, method="agop-weighted", class_names=train.class_names)
    explanation = explainer.fit(train.images[:BACKGROUND])(test.images)
    figure = explanation.plot(6, overlay=True, masks=test.masks)
    figure.savefig(output / "segments-maps.png", dpi=100)
    plt.close(figure)
    models = explainer.class_model()
    figure, axes = plt.subplots(1, len(models), figsize=(2.4 * len(models), 2.6), layout="constrained")
    for axis, model, name in zip(axes, models, train.class_names, strict=True):
        axis.imshow(model.clip(0, 1).transpose(1, 2, 0))
        axis.set(title=name, xticks=[], yticks=[])
    figure.savefig(output / "segments-class-models.png", dpi=100)
    plt.close(figure)
