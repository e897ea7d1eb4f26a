"""matplotlib without a screen."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

__all__ = ["plt", "save"]


def save(figure: Figure, path: Path, dpi: int = 150) -> None:
    figure.savefig(path, dpi=dpi)
    plt.close(figure)
