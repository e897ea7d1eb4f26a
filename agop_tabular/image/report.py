"""Reports of image networks: what was explained, how well it predicts, and maps of some images."""

from __future__ import annotations

from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agop_tabular.models.rows import spread_rows
from agop_tabular.report.blocks import Block, Bullets, Facts, Paragraph, Picture, Section
from agop_tabular.report.document import Document, write_document
from agop_tabular.report.options import ReportOptions
from agop_tabular.report.performance import checked_labels, label_names, measured, performance_section
from agop_tabular.report.pictures import drawn
from agop_tabular.report.subject import model_facts, model_name, table_digest, versions
from agop_tabular.results.cells import cut_text

if TYPE_CHECKING:
    from agop_tabular.image.explanation import ImageExplanation

SIDE_BY_SIDE = 6
"""Images in a picture: more are too small on a page."""

IMAGES = 24
"""Images in a report unless ``n_images`` says otherwise."""

NAME_LENGTH = 60
"""Characters of a model's name in a title."""

LIMITS = (
    "A map says which pixels the network's output depends on. It does not say what the network sees there, nor whether "
    "a prediction is right.",
    "How near maps are to the network's own Shapley values was not measured: these methods do not estimate them.",
    "The file holds the images that it shows: keep it as you keep the images themselves.",
)
"""What a report of images does not say."""


def write_image_report(
    explainer: Any, X: Any, images: np.ndarray, y: Any, path: str | PathLike[str], options: ReportOptions
) -> Path:
    """Write the report of a fitted image explainer; see :meth:`agop_tabular.image.AGOPImageExplainer.report`.

    Parameters
    ----------
    explainer : AGOPImageExplainer
        Fitted.
    X, y, path : as there
    images : ndarray of shape (n, channels, height, width)
        X as the network takes it.
    options : ReportOptions
    """
    options.check()
    return write_document(path, lambda: _document(explainer, X, images, y, options))


def write_maps(explanation: ImageExplanation, path: str | PathLike[str], options: ReportOptions) -> Path:
    """Write the report of maps alone; see :meth:`agop_tabular.image.ImageExplanation.report`.

    Parameters
    ----------
    explanation, path : as there
    options : ReportOptions
    """
    options.check()
    return write_document(path, lambda: _document_of_maps(explanation, options))


def _document(explainer: Any, X: Any, images: np.ndarray, y: Any, options: ReportOptions) -> Document:
    tabular, flat = explainer.tabular_, images.reshape(len(images), -1)
    model, target = tabular.model_, "predicted" if options.target is None else options.target
    labels = None if y is None else checked_labels(y, len(images), model)
    places = spread_rows(len(images), int(options.n_rows))
    explanation = explainer([X[i] for i in places.tolist()], target)
    performance = None if labels is None else measured(model, flat, labels, tabular.batch_size)
    facts = [("model", model_name(explainer.estimator))]
    facts += [fact for fact in model_facts(tabular) if fact[0] not in ("model", "reads", "explained by")]
    size = " × ".join(map(str, images.shape[1:]))
    facts.append(("explained by", f"method {explainer.method!r} of agop_tabular"))
    facts.append(("images", f"{len(images):,} of {size} (channels × height × width); {len(places):,} are shown"))
    facts.append(("hash", f"{table_digest(flat)} (SHA-256, of the images as rows)"))
    names = None if labels is None else label_names(labels[places], model)
    sections = [Section("model", "What was explained", [Facts(facts)])]
    sections += [] if performance is None else [performance_section(performance)]
    sections += [_where(explainer), _maps(explanation, names), _limits()]
    summary = ["Maps show which pixels the network's predictions depend on."]
    summary += [] if performance is None else [performance.summary]
    name = cut_text(model_name(explainer.estimator), NAME_LENGTH)
    return Document(options.title or f"{name}: what it looks at", options.date_text, summary, sections)


def _document_of_maps(explanation: ImageExplanation, options: ReportOptions) -> Document:
    title, facts = explanation.facts()
    pairs = [*facts, ("method", explanation.method)]
    pairs.append(
        ("hash", f"{table_digest(explanation.data.reshape(len(explanation), -1))} (SHA-256, of images as rows)")
    )
    pairs.append(("software", ", ".join(versions(None))))
    shown = explanation[spread_rows(len(explanation), int(options.n_rows))]
    sections = [Section("model", "What was explained", [Facts(pairs)]), _maps(shown, None), _limits()]
    return Document(options.title or title, options.date_text, [f"{title}."], sections)


def _limits() -> Section:
    return Section("limits", "What this report does not say", [Bullets(LIMITS)])


def _where(explainer: Any) -> Section:
    """Where in the image the network's output reacts, on average."""

    def draw() -> Any:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(4, 3.4), layout="constrained")
        mesh = ax.imshow(explainer.diagonal_map_, cmap="magma", vmin=0)
        ax.figure.colorbar(mesh, ax=ax).set_label("mean squared gradient")
        ax.set_xticks([])
        ax.set_yticks([])
        return ax

    said = "The brighter a pixel, the more the network's output reacts to it, on average over the training images."
    picture = Picture(drawn("where", draw), "A map of all pixels, brighter where the output reacts more.", said)
    return Section("where", "Where the network looks", [picture])


def _maps(explanation: ImageExplanation, labels: np.ndarray | None) -> Section:
    """Images above their maps, a few in each picture."""
    blocks: list[Block] = [
        Paragraph("Each image is shown above its map, in the same order as in the words below them.")
    ]
    for start in range(0, len(explanation), SIDE_BY_SIDE):
        some = explanation[start : start + SIDE_BY_SIDE]
        said = []
        for k in range(len(some)):
            of = "" if some.target is None else f": explained is {cut_text(some.target[k], NAME_LENGTH)}"
            truth = "" if labels is None else f", label {cut_text(labels[start + k], NAME_LENGTH)}"
            said.append(f"image {start + k + 1}{of}{truth}")
        text = "; ".join(said)
        svg = drawn(f"maps-{start}", partial(_axes_of_all, some))
        blocks.append(Picture(svg, f"Images and maps: {text}.", f"{text[0].upper()}{text[1:]}."))
    return Section("maps", "Maps of single images", blocks)


def _axes_of_all(explanation: ImageExplanation) -> Any:
    """Axes of a picture of all images and their maps."""
    return explanation.plot(len(explanation)).axes
