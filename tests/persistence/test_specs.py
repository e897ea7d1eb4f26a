"""Tensors against what is declared of them."""

import pytest
import torch

from agop_tabular.persistence.specs import Spec, check_shapes, demand, flags, real, shapes_of, whole


def check(specs, tensors, sizes=None):
    check_shapes(specs, shapes_of(tensors), {} if sizes is None else sizes)
    for name, spec in specs.items():
        spec.check_values(name, tensors[name])


SPECS = {"a": real("n", "m"), "b": whole("m", low=0, high=3), "c": flags("n"), "d": real(2, low=0, free=True)}


def tensors():
    return {
        "a": torch.zeros(3, 2).double(),
        "b": torch.tensor([0, 3]),
        "c": torch.zeros(3).bool(),
        "d": torch.tensor([float("nan"), -1]).double(),
    }


def test_what_is_as_declared():
    sizes = {"n": 3}
    check(SPECS, tensors(), sizes)
    assert sizes == {"n": 3, "m": 2}


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("a", torch.zeros(3, 2), "a is of dtype F32, not F64"),
        ("a", torch.zeros(3, 2, dtype=torch.complex64), "a is of dtype torch.complex64"),
        ("a", torch.zeros(3).double(), "a has 1 dimensions, not 2"),
        ("a", torch.zeros(3, 4).double(), "b has shape"),
        ("a", torch.full((3, 2), float("nan")).double(), "a has nan"),
        ("a", torch.full((3, 2), float("inf")).double(), "a has inf"),
        ("a", torch.full((3, 2), -1e300, dtype=torch.float64), "a has -1e[+]300"),
        ("b", torch.tensor([-1, 0]), "b has -1, which is not from 0 to 3"),
        ("b", torch.tensor([0, 4]), "b has 4"),
        ("c", torch.zeros(4).bool(), "c has shape"),
        ("d", torch.zeros(3).double(), "d has shape"),
    ],
)
def test_what_is_not(name, tensor, message):
    with pytest.raises(ValueError, match=message):
        check(SPECS, tensors() | {name: tensor})


def test_names():
    with pytest.raises(ValueError, match="'more' is unknown"):
        check(SPECS, tensors() | {"more": torch.zeros(1)})
    with pytest.raises(ValueError, match="d is missing"):
        check(SPECS, {name: tensor for name, tensor in tensors().items() if name != "d"})


def test_empty_tensors_of_earlier_formats():
    check({"a": whole("n")}, {"a": torch.zeros(0)})
    with pytest.raises(ValueError, match="dtype F32"):
        check({"a": whole("n")}, {"a": torch.zeros(1)})


def test_demand():
    demand(torch.tensor([True]), "parts are wrong")
    with pytest.raises(ValueError, match="^its parts are wrong$"):
        demand(torch.tensor(False), "parts are wrong")
    assert Spec(("F64",), ()).free is False
