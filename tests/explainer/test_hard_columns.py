"""Columns and networks of which gradients do not show everything: the default against brute force."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler
from support.functions import Function, brute_force, relative_error

from agop_tabular import AGOPExplainer


def normal(n=1500, d=4, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


def with_values(share, values):
    """A first column in which a share of the rows has one of these values."""
    rng, X = np.random.default_rng(1), normal()
    X[:, 0] = np.where(rng.random(len(X)) < share, rng.choice(values, len(X)), X[:, 0]).astype(np.float32)
    return X


def half_zeros():
    rng, X = np.random.default_rng(2), normal()
    X[:, 0] = np.where(rng.random(len(X)) < 0.5, 0, rng.uniform(1, 10, len(X)))
    return X


def wide_and_narrow():
    """A fifth of the rows a million times as spread as the others."""
    rng, X = np.random.default_rng(3), normal()
    X[:, 0] = np.where(rng.random(len(X)) < 0.2, rng.uniform(0, 100, len(X)), 1e-4 * X[:, 0])
    return X


def missing(x):
    return torch.where(x[:, 0].abs() > 6, 1.5 + 0 * x[:, 0], x[:, 0]) + x[:, 1] * x[:, 2]


CASES = {
    "a code in 26% of the rows": (missing, with_values(0.26, [-20.0]), 0.08),
    "a code in 35% of the rows": (missing, with_values(0.35, [-20.0]), 0.08),
    "codes in 60% of the rows": (missing, with_values(0.6, [-20.0, 30.0]), 0.1),
    "a value that half of the rows share": (
        lambda x: torch.log(x[:, 0] + 1e-6) / 8 * (1 + 0.5 * x[:, 1]) + x[:, 2],
        half_zeros(),
        0.12,
    ),
    "a step beside a slope": (lambda x: x[:, 0] + 3 * (x[:, 1] > 0) + 0.3 * x[:, 1], normal(), 0.1),
    "a step that another column scales": (
        lambda x: x[:, 0] + 3 * (x[:, 1] > 0) * (1 + 0.5 * x[:, 2]) + 0.3 * x[:, 1],
        normal(),
        0.15,
    ),
    "a column of two scales": (lambda x: 3 * torch.sin(x[:, 0] / 20) + x[:, 1], wide_and_narrow(), 0.08),
    "heavy tails": (
        lambda x: 3 * torch.tanh(x[:, 0] / 100) + x[:, 0].clamp(-1, 1) + x[:, 2],
        np.c_[np.random.default_rng(4).standard_cauchy(1500), normal()[:, 1:]].astype(np.float32),
        0.08,
    ),
    "a detached branch": (lambda x: x[:, 0].detach() ** 2 + x[:, 0] + x[:, 1], normal(), 0.08),
    "a detached factor": (lambda x: x[:, 0].detach() * x[:, 1] + x[:, 0] + x[:, 2], normal(), 0.08),
    "a reversed gradient": (lambda x: 2 * x[:, 0].detach() - x[:, 0] + x[:, 1] * x[:, 2], normal(), 0.08),
    "a gradient that is scaled": (lambda x: 3 * x[:, 0] - 2.5 * (x[:, 0] - x[:, 0].detach()) + x[:, 1], normal(), 0.05),
    "dependent columns that meet in a pair": (
        lambda x: x[:, 0] * x[:, 1] + x[:, 2],
        normal() @ np.linalg.cholesky([[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]).T.astype("f"),
        0.1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_attributions_are_near_to_brute_force(name):
    f, X, most = CASES[name]
    explainer = AGOPExplainer(Function(f)).fit(X)
    rows = X[::75]
    assert relative_error(explainer.explain(rows), brute_force(f, rows, X)) < most


def test_what_bins_are_too_coarse_for_is_said():
    def waves(x):
        return torch.sin(25 * x[:, 0]) + 0.2 * x[:, 1]

    with (
        pytest.warns(UserWarning, match="leave .* of the scores' variance"),
        pytest.warns(UserWarning, match=r"'x0' \(\d+\.\d%\) in a way that effects do not follow"),
    ):
        AGOPExplainer(Function(waves)).fit(normal())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AGOPExplainer(Function(lambda x: torch.sin(3 * x[:, 0]) + 0.2 * x[:, 1])).fit(normal())


def test_numbers_of_few_values_go_on_beyond_them():
    """Years 2015 to 2024 at fit, others afterwards; of a linear model the true values are known."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(2015, 2025, 800), rng.integers(0, 5, 800), rng.normal(size=(800, 2))].astype(float)
    model = make_pipeline(StandardScaler(), LinearRegression())
    model.fit(X, X @ [0.3, 0.2, 1, -0.5] + rng.normal(size=800))
    rows = np.array([[2030, 7, 0.5, 1.0], [2017.5, 2, 0.5, 1], [1900, -3, 0, 0]])
    explanation = AGOPExplainer(model).fit(X)(rows)
    true = (rows - X.mean(axis=0)) / X.std(axis=0) * model[-1].coef_
    np.testing.assert_allclose(explanation.values, true, atol=1e-4 * np.abs(true).max())
    assert (explanation.support > 0.999).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coordinates_of_tiny_spread_do_not_depend_on_the_batch(dtype):
    """Splines of a skewed column are zero for most rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    X[:, 0] = rng.lognormal(0, 2, 1000)
    X = X.astype(dtype)
    model = make_pipeline(SplineTransformer(n_knots=8), StandardScaler(), LinearRegression()).fit(X, X[:, 1])
    explainer = AGOPExplainer(model).fit(X)
    whole = explainer.explain(X)
    alone = np.concatenate([explainer.explain(x) for x in np.array_split(X, 170)])
    np.testing.assert_allclose(alone, whole, atol=1e-5 * np.abs(whole).max())
    np.testing.assert_allclose(explainer.explain(X[::-1])[::-1], whole, atol=1e-5 * np.abs(whole).max())
