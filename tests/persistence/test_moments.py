"""Moments of every kind, as tensors and back."""

import pytest
import torch

from agop_tabular.core.moments import DenseMoment, DiagonalMoment, FactoredMoment
from agop_tabular.core.sketch import SketchedMoment
from agop_tabular.persistence.moments import infer_kind, moment_from_tensors, moment_to_tensors


def moments():
    """One of each kind, of 40 rows of 6 coordinates."""
    g = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    found = {"dense": DenseMoment(6), "diagonal": DiagonalMoment(6), "sketched": SketchedMoment(6, size=4)}
    for moment in found.values():
        moment.update([g])
    found["factored"] = FactoredMoment(6, weight=weight)
    found["factored"].update([g[:, :3]])
    return found


@pytest.mark.parametrize("kind", ["dense", "diagonal", "sketched", "factored"])
def test_round_trip(kind):
    moment = moments()[kind]
    tensors = moment_to_tensors(moment)
    again = moment_from_tensors(kind, 6, moment.n, tensors)
    assert type(again) is type(moment)
    assert moment.kind == kind == infer_kind(tensors)
    assert again.n == moment.n == 40
    torch.testing.assert_close(again.diagonal(), moment.diagonal(), rtol=0, atol=0)
    assert all(torch.equal(tensor, moment_to_tensors(again)[name]) for name, tensor in tensors.items())
