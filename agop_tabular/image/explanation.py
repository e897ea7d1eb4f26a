"""ImageExplanation: maps of images, and what is needed to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agop_tabular.attribution.methods import METHODS
from agop_tabular.image.segmentation import SMOOTHNESS, boxes, segment
from agop_tabular.results.facts import facts_html, facts_text, named_list

SHOWN = 10
"""Classes that are named when maps are printed."""


@dataclass(frozen=True, eq=False)
class ImageExplanation:
    """Maps of some images.

    Attributes
    ----------
    values : ndarray of shape (n, height, width) or (n, height, width, n_classes)
    data : ndarray of shape (n, channels, height, width)
        The images explained.
    target : ndarray of shape (n,), "all" or None
        Label of the explained class of each image; None for a method that explains no class.
    support : ndarray of shape (n,) or (n, n_classes), or None
        Share of the gradient's energy inside the kept AGOP subspace; None where only diag M was gathered.
    method : str
    """

    values: np.ndarray
    data: np.ndarray
    target: Any
    support: np.ndarray | None
    method: str

    def __len__(self) -> int:
        return len(self.values)

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        n, size = len(self), " × ".join(map(str, self.values.shape[1:3]))
        title = f"Maps of {n:,} image{'s' * (n != 1)} of {size} pixels by method {self.method!r}"
        if self.values.ndim == 4:
            targets = f"all {self.values.shape[3]} classes"
        elif self.target is None:
            targets = "none: the same for every image"
        else:
            labels, counts = np.unique(np.asarray(self.target).astype(str), return_counts=True)
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

    def plot(self, n: int = 4) -> Any:
        """Draw the first images, each above its map.

        Parameters
        ----------
        n : int

        Returns
        -------
        matplotlib.figure.Figure
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError("plot() needs the package matplotlib: pip install matplotlib") from error
        if self.values.ndim != 3:
            raise ValueError('plot() shows maps of one target an image; explain another target than "all".')
        signed = self.method in METHODS and METHODS[self.method].signed
        n = min(n, len(self))
        if n < 1:
            raise ValueError("There is no image to plot.")
        figure, axes = plt.subplots(2, n, figsize=(2 * n, 4.2), squeeze=False, layout="constrained")
        for column, image, values in zip(axes.T, self.data, self.values, strict=False):
            colour = image.shape[0] in (3, 4)
            span = np.ptp(image) or 1.0
            column[0].imshow(((image - image.min()) / span).transpose(1, 2, 0) if colour else image[0], cmap="gray")
            top = np.abs(values).max() or 1.0
            column[1].imshow(values, cmap="RdBu_r" if signed else "magma", vmin=-top if signed else 0, vmax=top)
        for axis in axes.ravel():
            axis.set_xticks([])
            axis.set_yticks([])
        axes[0, 0].set_ylabel("image")
        axes[1, 0].set_ylabel(self.method)
        return figure
