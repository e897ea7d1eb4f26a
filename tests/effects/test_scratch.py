"""Buffers that share memory from call to call."""

import torch

from agop_tabular.effects.scratch import Scratch


def test_a_name_keeps_its_memory_until_more_is_needed():
    scratch = Scratch(torch.device("cpu"), torch.float64)
    first = scratch.buffer("a", 3, 4)
    assert first.shape == (3, 4)
    assert first.dtype == torch.float64
    assert first.is_contiguous()
    smaller = scratch.buffer("a", 2, 2)
    assert smaller.data_ptr() == first.data_ptr()
    larger = scratch.buffer("a", 5, 5)
    assert larger.shape == (5, 5)
    assert larger.data_ptr() != first.data_ptr()


def test_names_do_not_share_memory():
    scratch = Scratch(torch.device("cpu"), torch.float32)
    a, b = scratch.buffer("a", 4).fill_(1), scratch.buffer("b", 4, dtype=torch.int32).fill_(2)
    assert b.dtype == torch.int32
    assert (a == 1).all()


def test_nothing_takes_no_memory():
    assert Scratch(torch.device("cpu"), torch.float32).buffer("a", 0, 3).shape == (0, 3)
