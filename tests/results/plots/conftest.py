"""Figures are closed after each test; pictures can be saved and read."""

import matplotlib as mpl
import pytest

mpl.use("Agg")


@pytest.fixture(autouse=True)
def figures():
    """Close what a test has drawn."""
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


@pytest.fixture
def saved(tmp_path):
    """Save the figure of some axes, as a reader would see it, without a warning."""

    def save(axes):
        figure = axes.figure
        figure.savefig(tmp_path / "picture.png", dpi=60)
        return figure

    return save
