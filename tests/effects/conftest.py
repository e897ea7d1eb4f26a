"""Sums and effects of scores that are known: on independent columns, and with effects of three on dependent ones."""

from functools import partial

import pytest
import torch
from support import three_way
from support.known_effects import BLOCK, add_shuffled, table

from agop_tabular.core.gradients import class_gradients
from agop_tabular.core.states import scores_in_states
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.background import Background
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.shuffling import shuffled
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import Effects
from agop_tabular.effects.triples import find_triples


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


@pytest.fixture(scope="session")
def three_way_tables():
    """Effects, look-up and triples of three-way scores against dependent rows, and these rows."""
    background = three_way.table(300, 0)
    axes = find_axes(background)
    sums = EffectSums(axes, 3)
    generator = torch.Generator().manual_seed(0)
    for x, oversampled in shuffled(background, axes, three_way.COLUMNS, 20_000, 5000, generator):
        sums.update(partial(scores_in_states, three_way.scores), x, class_gradients(three_way.scores, x), oversampled)
    effects = Effects.from_sums(sums)
    effects = Background.of(effects, background).centred(effects)
    look_up = LookUp(effects)
    rows = next(iter(shuffled(background, axes, three_way.COLUMNS, 20_000, 20_000, generator)))[0]
    known = torch.stack([look_up.attributions(rows, c).double().sum(dim=1) for c in range(3)], dim=1)
    left = three_way.scores(rows).double() - known
    triples = find_triples(
        axes, three_way.COLUMNS[[int(a.coordinates[0]) for a in axes]], range(len(axes)), [(rows, left)]
    )
    return effects, look_up, triples.against(background), background


def game(look_up, triples, x):
    """What the tables make of the scores at rows, (b, C), but for a constant."""
    of_pairs = torch.stack([look_up.attributions(x, c).double().sum(dim=1) for c in range(3)], dim=1)
    return of_pairs if triples is None else of_pairs + torch.stack([triples.effects(x, c).sum(1) for c in range(3)], 1)
