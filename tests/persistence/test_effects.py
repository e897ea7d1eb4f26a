"""Sums of effects and values of columns, as tensors and back."""

import json

import numpy as np
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer

from agop_tabular import AGOPExplainer
from agop_tabular.effects.tables import Effects
from agop_tabular.persistence.effects import (
    columns_from_file,
    columns_to_file,
    effects_from_tensors,
    effects_to_tensors,
    halves_from_tensors,
    halves_to_tensors,
    remainder_to_tensors,
)


def circle(X):
    return np.hstack([np.sin(X / 20), np.cos(X / 20)])


@pytest.fixture
def statistics(frame, labels):
    table = frame[["age", "city", "member"]]
    encode = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression(max_iter=500)).fit(table, labels)
    return AGOPExplainer(model).fit(table).statistics_


@pytest.mark.parametrize("encode", [SplineTransformer(), FunctionTransformer(circle)])
def test_curves(frame, labels, encode):
    table = frame[["age"]]
    model = make_pipeline(make_column_transformer((encode, ["age"])), LogisticRegression()).fit(table, labels)
    effects = AGOPExplainer(model).fit(table).statistics_.effects
    (axis,), tensors = effects.axes, effects_to_tensors(effects)
    (again,) = effects_from_tensors(tensors).axes
    assert torch.equal(axis.curve, again.curve)
    assert torch.equal(axis.direction, again.direction)
    del tensors["effect_axis_has_curve"]
    assert effects_from_tensors(tensors).axes[0].curve is None, "up to format 8"


def test_effects(statistics):
    tensors = effects_to_tensors(statistics.effects)
    again = effects_from_tensors(tensors)
    assert all(torch.equal(tensor, effects_to_tensors(again)[name]) for name, tensor in tensors.items())
    found, expected = Effects.from_sums(again), Effects.from_sums(statistics.effects)
    torch.testing.assert_close(found.pair_variances, expected.pair_variances, rtol=0, atol=0)
    assert effects_from_tensors({}) is None, "a method without effects"


def test_halves(statistics):
    tensors = halves_to_tensors(statistics.halves)
    again = halves_from_tensors(tensors, statistics.effects)
    axes = torch.zeros(len(statistics.effects.axes), dtype=torch.long)
    assert all(torch.equal(tensor, halves_to_tensors(again)[name]) for name, tensor in tensors.items())
    assert torch.equal(again.importances(axes, 1), statistics.halves.importances(axes, 1))
    assert halves_from_tensors({}, statistics.effects) is None, "up to format 6"
    assert halves_to_tensors(None) == {}


def test_pseudo_rows_of_earlier_files(statistics):
    tensors = effects_to_tensors(statistics.effects)
    assert effects_from_tensors(tensors).pseudo_rows == statistics.effects.pseudo_rows
    del tensors["effect_pseudo_rows"]
    assert effects_from_tensors(tensors).pseudo_rows == 5


def test_columns(statistics):
    values, tensors = columns_to_file(statistics.columns)
    again = columns_from_file(json.loads(json.dumps(values)), tensors)
    assert [column.is_numeric for column in again] == [True, False, False]  # booleans have two values
    for found, expected in zip(again, statistics.columns, strict=True):
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found.share, expected.share)
        assert torch.equal(found.coordinates, expected.coordinates)


class Product(torch.nn.Module):
    def forward(self, x):
        s = x[:, 0] * x[:, 1] * x[:, 2] + x[:, 3]
        return torch.stack((s, -s, s.square()), dim=1)


def test_a_file_holds_tensors_as_they_lie_in_memory():
    """A sum over a tensor that lies otherwise differs in its last bit, and so would what a loaded explainer says."""
    X = np.random.default_rng(0).normal(size=(300, 4)).astype("f")
    net = Product()
    net.classes_ = [0, 1, 2]
    with pytest.warns(UserWarning, match="of the scores' variance"):  # most of a product of three columns
        statistics = AGOPExplainer(net).fit(X).statistics_
    assert statistics.remainder.triples is not None
    tensors = effects_to_tensors(statistics.effects) | remainder_to_tensors(statistics.remainder)
    assert [name for name, tensor in tensors.items() if not tensor.is_contiguous()] == []
