"""What both kinds of tables have in common: readings of all axes add up to the pair effects."""

import torch
from support.known_effects import table

from agop_tabular.effects.axis_tables import AxisTables, Reading
from agop_tabular.effects.numeric_tables import NumericTables
from agop_tabular.effects.scratch import Scratch
from agop_tabular.effects.state_tables import StateTables


class Constant(AxisTables):
    """The smallest tables: one axis of value 1."""

    def __init__(self):
        self.axes, self.n_numbers = [0], 1
        self.value, self.index = torch.ones(3), torch.zeros(2, dtype=torch.int32)

    def read(self, x, c, scratch):
        return Reading(self.value[:1].expand(1, len(x)), torch.zeros(0, len(x)), x)

    def with_pairs(self, c, reading, factor_sum, scratch):
        return reading.own


def test_memory_is_that_of_the_tensors():
    assert Constant().n_bytes == 3 * 4 + 2 * 4


def test_both_kinds_read_the_same_factors(effects):
    x, c = table(50, seed=1), 2
    scratch, every = Scratch(torch.device("cpu"), torch.float64), torch.ones(len(effects.axes), dtype=torch.bool)
    for kind, wanted in ((NumericTables, False), (StateTables, True)):
        axes = [i for i, axis in enumerate(effects.axes) if (axis.states is not None) == wanted]
        reading = kind(effects, axes, every, "cpu", torch.float64).read(x, c, scratch)
        expected = sum(effects.factors_at(i, x)[c] for i in axes)
        torch.testing.assert_close(reading.factor_sum, expected.T)
