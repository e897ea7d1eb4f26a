"""Lines of states against the effects that they stand for."""

import pytest
import torch
from support.known_effects import table

from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.state_tables import StateTables


@pytest.mark.parametrize("interacting", [True, False])
def test_values_are_main_and_pair_effects(effects, interacting):
    (i,) = [n for n, axis in enumerate(effects.axes) if axis.states is not None]
    x, c = table(200, seed=1), 2
    x[0, 4:] = 0.0  # a row without any level
    scratch = Scratch(torch.device("cpu"), torch.float64)
    interacts = torch.full((len(effects.axes),), interacting)
    tables = StateTables(effects, [i], interacts, "cpu", torch.float64)
    reading = tables.read(x, c, scratch)
    main, u, signs = effects.main(i, x)[c], effects.factors_at(i, x)[c] * interacting, effects.signs[c]
    torch.testing.assert_close(reading.own[0], main - 0.5 * u.square() @ signs)
    torch.testing.assert_close(reading.factor_sum, u.T)
    total = torch.randn(u.shape[1], 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = tables.with_pairs(c, reading, total, scratch)
    torch.testing.assert_close(found[0], reading.own[0] + (u * total.T).sum(dim=1))
