"""XAI-TRIS: shapes, places, signs and strengths as described."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from agop_tabular.datasets import make_xai_tris
from agop_tabular.datasets.xai_tris import BACKGROUNDS, SCENARIOS

T = np.zeros((8, 8), dtype=bool)
T[[1, 2, 3, 2], [1, 1, 1, 2]] = True
L = np.zeros((8, 8), dtype=bool)
L[[4, 5, 6, 6], [5, 5, 5, 6]] = True


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_shapes_and_masks(scenario, background):
    data = make_xai_tris(scenario, background, n_samples=60, random_state=0)
    assert data.X.shape == (60, 1, 8, 8)
    assert data.X.dtype == np.float32
    assert np.abs(data.X).max() == pytest.approx(1)
    assert np.bincount(data.y).tolist() == [30, 30]
    n_pixels = {"linear": (8, 4), "multiplicative": (8, 4), "translations_rotations": (4, 4), "xor": (8, 8)}[scenario]
    assert set(data.masks.sum(axis=(1, 2))) == {n_pixels[0]}
    assert set(data.own_masks.sum(axis=(1, 2))) == {n_pixels[1]}


@pytest.mark.parametrize("scenario", ["linear", "multiplicative"])
def test_fixed_places(scenario):
    data = make_xai_tris(scenario, n_samples=40, random_state=0)
    assert_array_equal(data.masks[0], T | L)
    for own, label in zip(data.own_masks, data.y, strict=True):
        assert_array_equal(own, L if label else T)


def test_linear_adds_a_constant_of_the_stated_share():
    """α of the signal's norm, 1 - α of the noise's, each over the whole set."""
    data = make_xai_tris("linear", n_samples=4000, random_state=0)
    X, shape = data.X[:, 0].astype(float), np.where(data.y[:, None, None] == 1, L, T)
    signal = X[shape].mean()
    noise = X - signal * shape
    share = np.linalg.norm(signal * shape) / (np.linalg.norm(signal * shape) + np.linalg.norm(noise))
    assert share == pytest.approx(0.18, abs=0.01)


def test_multiplicative_dampens():
    data = make_xai_tris("multiplicative", n_samples=4000, random_state=0)
    shape = np.where(data.y[:, None, None] == 1, L, T)
    assert data.X[:, 0][shape].std() / data.X[:, 0][~shape].std() == pytest.approx(0.3, rel=0.05)


def test_xor_signs():
    data = make_xai_tris("xor", n_samples=400, alpha=0.95, random_state=0)
    X = data.X[:, 0]
    same = np.sign(X[:, T].mean(axis=1)) == np.sign(X[:, L].mean(axis=1))
    assert_array_equal(same, data.y == 0)


def test_translations_and_rotations_reach_everywhere():
    data = make_xai_tris("translations_rotations", n_samples=3000, random_state=0)
    assert data.own_masks.any(axis=0).all()
    assert len({m.tobytes() for m in data.own_masks[data.y == 0]}) == 2 * 2 * 6 * 7, "four rotations, 42 places each"


def test_larger_images_are_the_same_shapes():
    small, large = (make_xai_tris(n_samples=20, size=size, random_state=0) for size in (8, 64))
    assert large.X.shape == (20, 1, 64, 64)
    assert_array_equal(np.kron(small.masks[0], np.ones((8, 8), dtype=bool)), large.masks[0])


def test_correlated_background_is_smooth():
    white, smooth = (make_xai_tris("xor", b, n_samples=500, random_state=0).X[:, 0] for b in BACKGROUNDS)
    assert abs(np.corrcoef(white[:, 0, 3], white[:, 0, 4])[0, 1]) < 0.15
    assert np.corrcoef(smooth[:, 0, 3], smooth[:, 0, 4])[0, 1] > 0.9


def test_shifts():
    moved = make_xai_tris(n_samples=20, offset=(1, 0), random_state=0)
    assert_array_equal(moved.masks[0], np.roll(T | L, 1, axis=0))
    more = make_xai_tris(n_samples=200, copies=3, random_state=0)
    assert_array_equal(more.masks, more.own_masks)
    assert more.own_masks.sum(axis=(1, 2)).mean() > 8
    with pytest.raises(ValueError, match="out of the image"):
        make_xai_tris(n_samples=20, offset=(5, 0))


def test_split_and_seeds():
    data = make_xai_tris(n_samples=100, random_state=3)
    assert [len(part) for part in data.split(0)] == [80, 10, 10]
    assert all(part.y.mean() == 0.5 for part in data.split(0))
    assert_array_equal(data.X, make_xai_tris(n_samples=100, random_state=3).X)
    assert not np.array_equal(data.X, make_xai_tris(n_samples=100, random_state=4).X)


def test_a_linear_model_learns_linear_and_not_xor():
    for scenario, low, high in (("linear", 0.85, 0.95), ("xor", 0.4, 0.6)):
        train, _, test = make_xai_tris(scenario, random_state=0).split(0)
        model = LogisticRegression(max_iter=500).fit(train.X.reshape(len(train), -1), train.y)
        assert low < model.score(test.X.reshape(len(test), -1), test.y) < high
        informative = test.masks.any(axis=0).ravel()
        found = np.isin(np.argsort(np.abs(model.coef_[0]))[-informative.sum() :], np.flatnonzero(informative)).mean()
        assert (found == 1) == (scenario == "linear"), "only then are its largest weights those of the tetrominoes"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "linaer"}, "is not one of 'linear'"),
        ({"background": "grey"}, 'is not "white" or "correlated"'),
        ({"size": 12}, "not a multiple of 8"),
        ({"n_samples": 3}, "at least 10"),
        ({"copies": 0}, "at least 1"),
        ({"alpha": 1.5}, "not between 0 and 1"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_xai_tris(**arguments)
