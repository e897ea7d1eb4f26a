"""What is handed over in place of rows and images, and what comes back."""

import numpy as np
import pytest

from agop_tabular.evaluation import attribution_shift, average_drop, coherency, prediction_gap, removal_curve, road
from agop_tabular.evaluation.changed_inputs import dtype_with, in_kind_of, scores_of


def test_bytes_stay_bytes_and_floats_keep_their_dtype():
    changed = np.array([-3.0, 0.4, 0.6, 300.0])
    found = in_kind_of(np.zeros(1, dtype=np.uint8), changed)
    assert found.dtype == np.uint8
    assert found.tolist() == [0, 0, 1, 255]
    assert in_kind_of(np.zeros(1, dtype=np.float32), changed).dtype == np.float32
    assert in_kind_of(np.zeros(1, dtype=np.int64), changed).tolist() == changed.tolist()


@pytest.mark.parametrize(
    ("X", "values", "expected"),
    [("float32", 0.5, "float32"), ("int64", 0.5, "float64"), ("int64", 1, "int64"), ("bool", 0.5, "float64")],
)
def test_whole_numbers_hold_fractions_where_they_have_to(X, values, expected):
    assert dtype_with(np.zeros(2, dtype=X), values) == expected


@pytest.mark.parametrize("returned", [np.zeros((3, 1)), np.zeros((3, 2)), 0.0, np.zeros(2)])
def test_one_score_of_each(returned):
    X = np.zeros((3, 2))
    for call in (
        lambda: scores_of(lambda rows: returned, X),
        lambda: removal_curve(lambda rows: returned, X, X, X),
        lambda: prediction_gap(lambda rows: returned, X, X, 1),
        lambda: road(lambda images: returned, np.zeros((3, 1, 4, 4)), np.zeros((3, 4, 4))),
    ):
        with pytest.raises(ValueError, match="it must return one of each, \\(3,\\)"):
            call()


def test_fractions_are_put_among_whole_numbers():
    """Metrics of whole numbers are those of the same numbers as floats: nothing is cut off."""
    rng = np.random.RandomState(0)
    X, a, fill = rng.randint(1, 9, (20, 3)), rng.rand(20, 3), np.array([0.5, 1.7, 2.9])

    def mean(rows):
        return rows @ [1.0, 2.0, 3.0]

    for call in (
        lambda rows: removal_curve(mean, rows, a, fill),
        lambda rows: average_drop(mean, rows, a, fill),
        lambda rows: prediction_gap(mean, rows, a, 2, random_state=0),
        lambda rows: attribution_shift(lambda r: r * r[:, :1], rows, [0], fill),
    ):
        np.testing.assert_allclose(call(X), call(X.astype(float)))


def test_an_explainer_that_divides_bytes_is_given_bytes():
    """Images of bytes have the measures of the same images between 0 and 1, but for rounding."""
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, (5, 1, 6, 6), dtype=np.uint8)

    def divided(x):
        return x / 255 if x.dtype == np.uint8 else x

    def explain(x):
        return np.tanh(3 * divided(x)[:, 0])

    def predict(x):
        return np.tanh(divided(x).mean(axis=(1, 2, 3)))

    maps, shares = explain(images), images / 255
    np.testing.assert_allclose(coherency(explain, images, maps), coherency(explain, shares, maps), atol=0.01)
    found, expected = (road(predict, x, maps, noise=0) for x in (images, shares))
    np.testing.assert_allclose(found, expected, atol=0.01)
