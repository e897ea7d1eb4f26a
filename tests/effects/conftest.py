"""Sums and effects of the known scores."""

import pytest
from support.known_effects import BLOCK, add_shuffled, table

from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import Effects


@pytest.fixture(scope="session")
def rows():
    return table()


@pytest.fixture(scope="session")
def sums(rows):
    sums = EffectSums(find_axes(rows, [BLOCK]), 4)
    add_shuffled(sums, rows, 40_000)
    return sums


@pytest.fixture(scope="session")
def effects(sums):
    return Effects.from_sums(sums)
