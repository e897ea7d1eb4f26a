"""Stretches of values without rows."""

import torch

from agop_tabular.effects.gaps import gaps_of, wide_stretches

VALUES = torch.cat((torch.full((30,), -999.0), torch.linspace(-1, 1, 200))).double()


def test_a_code_for_missing_values_leaves_a_gap():
    assert wide_stretches(VALUES[None])[0].nonzero().flatten().tolist() == [29]
    values, counts = torch.unique(VALUES, return_counts=True)
    assert gaps_of(values, counts).tolist() == [-500.0]


def test_a_single_outlier_makes_none():
    values = torch.cat((VALUES[29:30], torch.linspace(-1, 1, 2000).double()))
    assert not wide_stretches(values[None]).any()
