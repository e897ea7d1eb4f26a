"""What the effects in a file have to be."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.effects.numeric_axes import MOST_GROUPS
from agop_tabular.persistence.effect_specs import check_effects, effect_specs
from agop_tabular.persistence.effects import effects_to_tensors, remainder_to_tensors
from agop_tabular.persistence.specs import check_shapes, shapes_of


class Product(nn.Module):
    """An effect of three, and a number that counts."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return (torch.tanh(4 * x[:, :3]).prod(dim=1) + x[:, 3] + 0 * self.unused)[:, None]


@pytest.fixture(scope="module")
def statistics():
    X = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
    X[:, 3] = np.arange(400) % 3
    return AGOPExplainer(Product()).fit(X).statistics_


@pytest.fixture
def tensors(statistics):
    found = effects_to_tensors(statistics.effects) | remainder_to_tensors(statistics.remainder)
    return {"score_total": statistics.score_total} | {name: tensor.clone() for name, tensor in found.items()}


COLUMN_OF = np.arange(4)


def check(tensors):
    specs = effect_specs(4, 4, 400, shapes_of(tensors))
    check_shapes(specs, shapes_of(tensors), {"C": 1, "d": 4, "p": 4})
    for name, spec in specs.items():
        spec.check_values(name, tensors[name])
    check_effects(tensors, COLUMN_OF)


def test_what_a_fit_makes(tensors):
    assert "remainder_triple_0" in tensors
    check(tensors)


def swapped(t):
    t[[0, 1]] = t[[1, 0]]


def moved(t):
    t[1] += 1
    t[2] -= 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("effect_axis_nodes", swapped),
        ("effect_axis_nodes", lambda t: t.mul_(1e-60)),
        ("effect_axis_edges", swapped),
        ("effect_axis_edges", lambda t: t.add_(1)),
        ("effect_axis_groups", lambda t: t.zero_()),
        ("effect_axis_groups", lambda t: t.fill_(1)),
        ("effect_axis_groups", lambda t: t.copy_(t.flip(0))),
        ("effect_axis_share", lambda t: t.mul_(0.9)),
        ("effect_axis_share", lambda t: t.zero_()),
        ("effect_counts", lambda t: t.zero_()),
        ("effect_axis_coordinates", lambda t: t.zero_()),
        ("effect_axis_has_states", lambda t: t.logical_not_()),
        ("effect_axis_nodes_lengths", moved),
        ("effect_axis_edges_lengths", moved),
        ("effect_meeting", lambda t: t.zero_()),
        ("remainder_shares", lambda t: t.fill_(1)),
        ("remainder_triple_members", lambda t: t.fill_(0)),
        ("remainder_triple_members", lambda t: t.fill_(3)),
        ("remainder_triple_columns", lambda t: t.fill_(0)),
    ],
)
def test_what_does_not_belong_together(tensors, name, change):
    change(tensors[name])
    with pytest.raises(ValueError, match="^its "):
        check(tensors)


def test_coordinates_of_columns(tensors):
    for column_of in (np.full(4, -1), np.zeros(4, dtype=int)):
        with pytest.raises(ValueError, match="^its "):
            check_effects(tensors, column_of)


def test_many_groups_of_a_numeric_axis():
    """All subsets of knots are tried, so that a file of one long axis would take for ever."""
    n = 2 * MOST_GROUPS
    nodes = torch.arange(n).double()
    bins = {"groups": torch.arange(n), "share": torch.full((n,), 1 / n, dtype=torch.float64), "nodes": nodes}
    one = {"coordinates": torch.zeros(1).long(), "direction": torch.ones(1).double(), "edges": nodes[1:] - 0.5}
    found = {f"effect_axis_{name}": tensor for name, tensor in (bins | one).items()}
    found |= {f"{name}_lengths": torch.tensor([len(tensor)]) for name, tensor in found.items()}
    found |= {"effect_axis_has_states": torch.zeros(1).bool(), "effect_axis_gaps": torch.zeros(1).bool()}
    found |= {"effect_axis_states": torch.zeros(0).double(), "effect_counts": torch.ones(n).double()}
    with pytest.raises(ValueError, match="too many groups"):
        check_effects(found | {"effect_meeting": torch.ones(1).bool()}, np.zeros(1, dtype=int))


def squares(X):
    return np.hstack([X, X**2])


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("effect_axis_curves", lambda t: t[:-1], "missing points of curves"),
        ("effect_axis_curves", torch.zeros_like, "stand still"),
        ("effect_axis_has_curve", torch.zeros_like, "several coordinates"),
        ("effect_axis_has_states", torch.ones_like, "numeric, too"),
        ("effect_axis_direction_lengths", lambda t: t - 1, "do not add up"),
    ],
)
def test_curves(name, change, message):
    X = np.random.default_rng(0).normal(size=(400, 1))
    model = make_pipeline(FunctionTransformer(squares), LinearRegression()).fit(X, X[:, 0])
    statistics = AGOPExplainer(model).fit(X).statistics_
    tensors = effects_to_tensors(statistics.effects)
    check_effects(tensors, np.zeros(2, dtype=int))
    tensors[name] = change(tensors[name])
    with pytest.raises(ValueError, match=message):
        check_effects(tensors, np.zeros(2, dtype=int))
