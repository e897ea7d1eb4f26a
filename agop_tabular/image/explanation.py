"""ImageExplanation: maps of images, and what is needed to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agop_tabular.attribution.methods import METHODS


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
