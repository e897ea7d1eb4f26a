"""Figures are closed after each test; pictures can be saved as a reader would see them."""

import pytest


@pytest.fixture(autouse=True)
def figures():
    """matplotlib.pyplot without a screen and without figures, at the start and at the end."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    plt.close("all")
    yield plt
    plt.close("all")


@pytest.fixture
def saved(tmp_path):
    """Save the figure of some axes, without a warning, and return it."""

    def save(axes):
        figure = axes.figure
        figure.savefig(tmp_path / "picture.png", dpi=60)
        return figure

    return save
