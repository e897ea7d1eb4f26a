"""ImageExplanation: maps of images, and what is needed to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agop_tabular.attribution.constant import ConstantMethod
from agop_tabular.attribution.methods import METHODS
from agop_tabular.image.map_text import map_text
from agop_tabular.image.regions import region_labels, region_table
from agop_tabular.image.report import IMAGES, write_maps
from agop_tabular.image.segmentation import SMOOTHNESS, boxes, segment
from agop_tabular.report.options import ReportOptions
from agop_tabular.results.cells import probability_text, score_text
from agop_tabular.results.facts import facts_html, facts_text, named_list
from agop_tabular.results.plots.canvas import count
from agop_tabular.results.plots.maps import plot_maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10
"""Classes that are named when maps are printed."""


@dataclass(frozen=True, eq=False)
class ImageExplanation:
    """Maps of some images.

    Attributes
    ----------
    values : ndarray of shape (n, height, width) or (n, height, width, n_classes)
    data : ndarray of shape (n, channels, height, width)
        The images explained: as they were given, and as the network takes them where a transform cuts or scales them,
        or reads them from files. An array that the network takes as it is is not copied: do not change it later.
    target : ndarray of shape (n,), "all" or None
        Label of the explained class of each image; None for a method that explains no class.
    support : ndarray of shape (n,) or (n, n_classes), or None
        Share of the gradient's energy inside the kept AGOP subspace; None where only diag M was gathered.
    method : str
    predictions : ndarray of shape (n,), or (n, n_classes) of several outputs, or None
        Predicted labels, or outputs; None for a method that does not call the network.
    probabilities : ndarray of shape (n,) or (n, n_classes), or None
        Of the explained classes.
    label_names : dict or None
        Names of the classes by their labels, where they have some.
    """

    values: np.ndarray
    data: np.ndarray
    target: Any
    support: np.ndarray | None
    method: str
    predictions: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    label_names: dict[Any, str] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, images: Any) -> ImageExplanation:
        """The explanation of some images.

        Parameters
        ----------
        images : int, slice, or array of positions or of bool
        """
        chosen = np.atleast_1d(np.arange(len(self))[images])
        if chosen.ndim > 1 or images is None:
            raise IndexError(f"{images!r} is not a position, a slice, or a list of positions or of True and False.")
        names = ("values", "data", "target", "support", "predictions", "probabilities")
        parts = {name: getattr(self, name) for name in names}
        return replace(self, **{name: v[chosen] for name, v in parts.items() if isinstance(v, np.ndarray)})

    @property
    def signed(self) -> bool:
        """Whether what is above zero raises the score, and what is below zero lowers it; diag M does neither."""
        method = METHODS.get(self.method)
        return method is not None and method.signed and not isinstance(method, ConstantMethod)

    def name_of(self, label: Any) -> str:
        """What a class is called."""
        return str((self.label_names or {}).get(label, label))

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        n, size = len(self), " × ".join(map(str, self.values.shape[1:3]))
        title = f"Maps of {n:,} image{'s' * (n != 1)} of {size} pixels by method {self.method!r}"
        if self.values.ndim == 4:
            targets = f"all {self.values.shape[3]} classes"
        elif self.target is None:
            targets = "none: the same for every image"
        else:
            names = [self.name_of(label) for label in np.asarray(self.target).tolist()]
            labels, counts = np.unique(names, return_counts=True)
            each = [f"{label} ({k:,})" for label, k in zip(labels.tolist(), counts.tolist(), strict=True)]
            targets = named_list(each, SHOWN)
        facts = [("images", f"{self.data.shape[1]} channel{'s' * (self.data.shape[1] != 1)}"), ("targets", targets)]
        if self.support is not None and self.support.size and not np.isnan(self.support).all():
            facts.append(("support", f"median {np.nanmedian(self.support):.2f}, lowest {np.nanmin(self.support):.2f}"))
        return title, facts

    def __repr__(self) -> str:
        return facts_text(*self.facts())

    def _repr_html_(self) -> str:
        """Table for notebooks; :meth:`plot` shows the maps."""
        return facts_html(*self.facts())

    def report(
        self,
        path: str | PathLike[str] = "report.html",
        *,
        title: str | None = None,
        date: Any = None,
        n_images: int = IMAGES,
    ) -> Path:
        """Write one HTML file with the maps, and return where it is.

        Parameters
        ----------
        path : str or path-like, default="report.html"
        title, date : str, optional
        n_images : int, default=24
            Images that are shown, from all over the explained ones.

        Returns
        -------
        Path
        """
        self._one_target("report()")
        if not len(self):
            raise ValueError("There is no image to report.")
        return write_maps(self, path, ReportOptions(title, date, None, None, n_images, "n_images"))

    def segment(self, *, smoothness: float = SMOOTHNESS) -> np.ndarray:
        """The explained object of each image, cut out by colours where the map is largest and smallest.

        Parameters
        ----------
        smoothness : float
            Cost of a border between neighbours of the same colour; see
            :func:`~agop_tabular.image.segmentation.segment`.

        Returns
        -------
        ndarray of bool, shape (n, height, width)
        """
        return segment(self.data, self._one_target("segment()"), smoothness=smoothness)

    def boxes(self) -> np.ndarray:
        """The box around the largest component of each segment: top, left, bottom and right, (n, 4)."""
        return boxes(self.segment())

    def _one_target(self, what: str) -> np.ndarray:
        """Maps of one target an image."""
        if self.values.ndim != 3:
            raise ValueError(f'{what} takes maps of one target an image; explain another target than "all".')
        return self.values

    def plot(self, n: int = 4, *, overlay: bool = False, masks: Any = None) -> Figure:
        """Draw the first images, each above its map; ``explanation[[3, 7]].plot()`` draws others.

        Parameters
        ----------
        n : int
        overlay : bool
            Whether maps lie over the images, in grey.
        masks : array-like of bool or int, shape (n, height, width) or (height, width), optional
            Of all images: drawn below the maps, and as outlines on them.

        Returns
        -------
        matplotlib.figure.Figure
        """
        maps, n = self._one_target("plot()"), min(count(n), len(self))
        if n < 1:
            raise ValueError("There is no image to plot.")
        labels = None if masks is None else region_labels(masks, maps.shape)[0][:n]
        titles = None if self.target is None else [self._title(i) for i in range(n)]
        how: Any = {"label": self.method, "signed": self.signed, "titles": titles}
        return plot_maps(self.data[:n], maps[:n], overlay=overlay, masks=labels, **how)

    def _title(self, i: int) -> str:
        """Name and probability of the explained class of an image."""
        name = self.name_of(np.asarray(self.target)[i].item())
        return name if self.probabilities is None else f"{name} ({probability_text(float(self.probabilities[i]))})"

    def to_frame(self, masks: Any, names: Sequence[str] | None = None) -> pd.DataFrame:
        """How much of each map lies in each region of a mask.

        Parameters
        ----------
        masks : array-like of bool or int, shape (n, height, width), or (height, width) for all images alike
            Numbers of regions count from 0.
        names : sequence of str, optional
            Of the regions; "outside" and "inside" of a mask that is True or False.

        Returns
        -------
        DataFrame
            A row for each image and region that it has: ``image``, ``target`` where there is one, ``region``,
            ``pixels``, the ``sum`` of the map, its ``share`` of the absolute map, and ``density``, that over the
            region's share of the pixels.
        """
        maps = self._one_target("to_frame()")
        labels, found = region_labels(masks, maps.shape, names)
        table = region_table(maps, labels, found)
        if self.target is not None:
            classes = np.array([self.name_of(label) for label in np.asarray(self.target).tolist()], dtype=object)
            table.insert(1, "target", classes[table["image"]])
        return table

    def to_text(self, image: int = 0, *, masks: Any = None, names: Sequence[str] | None = None) -> str:
        """Say in two sentences what is predicted of an image, and where its map lies.

        Parameters
        ----------
        image : int
        masks, names : as in :meth:`to_frame`
            The region with the largest share of the map is named; "inside" of a mask that is True or False.
        """
        maps = self._one_target("to_text()")
        if isinstance(image, bool) or not isinstance(image, Integral):
            raise TypeError(f"image={image!r} is not a position, a whole number from 0.")
        if not -len(self) <= image < len(self):
            raise ValueError(f"There is no image {image!r}: there are {len(self)}.")
        at = range(len(self))[int(image)]
        regions = None if masks is None else self._named_regions(masks, names, at)
        target = None if self.target is None else self.name_of(np.asarray(self.target)[at].item())
        prediction, output = None, None
        if self.predictions is not None and self.predictions.ndim == 1 and target is not None:
            # An output of its own has no probability, and is a number; a class has both, or is a label.
            is_output = self.probabilities is None and self.predictions.dtype.kind == "f"
            value = self.predictions[at].item()
            prediction = score_text(value) if is_output else self.name_of(value)
            output, target = (target, None) if is_output else (None, target)
        return map_text(
            f"image {at}" if output is None else f"output {output} of image {at}",
            maps[at],
            signed=self.signed,
            prediction=prediction,
            target=target,
            probability=None if self.probabilities is None else float(self.probabilities[at]),
            regions=regions,
        )

    def _named_regions(self, masks: Any, names: Sequence[str] | None, at: int) -> list[tuple[str, float, float]]:
        """The region of an image that :meth:`to_text` names, with its shares of map and pixels."""
        labels, found = region_labels(masks, self.values.shape, names)
        table = region_table(self.values[at][None], labels[at][None], found)
        two = np.asarray(masks).dtype.kind == "b"
        chosen = table[table["region"] == found[1]] if two else table.nlargest(1, "share")
        if two and chosen.empty:
            return [(found[1], 0.0, 0.0)]
        shares = zip(chosen["region"], chosen["share"], chosen["pixels"] / self.values[at].size, strict=True)
        return [(str(name), float(share), float(pixels)) for name, share, pixels in shares]
