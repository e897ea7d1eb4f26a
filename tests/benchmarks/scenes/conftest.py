"""A tiny network trained on the scenes that come along, and where the study saves what it finds of it."""

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.scenes.cell import add_network
from benchmarks.scenes.training import Settings
from benchmarks.shared.cells import Cells

DATA = Path(__file__).with_name("data")
SEED = 0

WIDTH = 8
"""Of the network. With 4, torch 2.13 crashes in training on processors without AVX-512 (channels last)."""


@pytest.fixture(scope="session")
def cells(tmp_path_factory):
    """Cells with the network of the task "material"."""
    training = asdict(Settings(epochs=4, width=WIDTH, batch=16))
    settings = {"folder": str(DATA), "training": training, "size": 32, "least_accuracy": 0.0}
    made = Cells(tmp_path_factory.mktemp("scenes"), settings | {"images": 6, "background": 20, "steps": 3})
    add_network(made, "material", SEED)
    return made
