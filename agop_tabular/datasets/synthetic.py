"""Synthetic classification tasks whose true scores and Shapley values are known.

The features are independent standard normal. The label is the class whose true score plus Gumbel noise is largest, so
that the scores, divided by the noise's temperature, are the logits of the label's distribution. Coefficients and
functions are drawn at random for each seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.random import RandomState
from sklearn.utils import check_random_state

from agop_tabular.datasets import functions as fn
from agop_tabular.datasets.truth import Term, Truth

Seed = int | RandomState | None
Task = tuple[np.ndarray, np.ndarray, Truth]

_NONLINEAR: tuple[Callable[[], fn.Function], ...] = (
    partial(fn.sine, 2.0),
    fn.square,
    fn.exponential,
    fn.tangent,
    fn.absolute,
    fn.cube,
)
_STANDARD_DEVIATION = {"x²": np.sqrt(2.0), "x³": np.sqrt(15.0), "exp(1x)": np.sqrt(math.e * (math.e - 1))}
"""Standard deviations above 1 of these functions under a standard normal variable, by which they are divided."""


def sample(
    truth: Truth, n_samples: int, *, noise: float = 1.0, random_state: Seed = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows and labels of a task.

    Parameters
    ----------
    truth : Truth
    n_samples : int
    noise : float
        Temperature of the Gumbel noise; 0 for none.
    random_state : int, RandomState or None

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
    y : ndarray of int64, shape (n_samples,)
    """
    rng = check_random_state(random_state)
    X = rng.standard_normal((n_samples, truth.n_features))
    scores = truth.scores(X) + noise * rng.gumbel(size=(n_samples, truth.n_classes))
    return X, scores.argmax(axis=1).astype(np.int64)


def make_linear(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    n_informative: int = 5,
    noise: float = 1.0,
    random_state: Seed = None,
) -> Task:
    """Task in which every class has a random linear function of the informative features as its score.

    Parameters
    ----------
    n_samples, n_features, n_classes, n_informative : int
    noise : float
        Temperature of the Gumbel noise on the scores; 0 for none.
    random_state : int, RandomState or None

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
    y : ndarray of int64, shape (n_samples,)
        Class of the largest noisy score.
    truth : Truth
        True scores and their exact Shapley values.

    Examples
    --------
    >>> from agop_tabular.datasets import make_linear
    >>> X, y, truth = make_linear(n_samples=200, random_state=0)
    >>> truth.attributions(X, target=y).shape
    (200, 20)
    """
    rng = check_random_state(random_state)
    features = _draw(rng, n_features, n_informative)
    terms = [Term(((j, fn.identity()),), 2 * rng.standard_normal(n_classes)) for j in features]
    return _task(terms, n_samples, n_features, n_classes, noise, rng)


def make_sparse_nonlinear(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    n_informative: int = 5,
    noise: float = 1.0,
    random_state: Seed = None,
) -> Task:
    """Task of random nonlinear functions, one of each informative feature, with random weights for each class.

    The functions are sine, square, exponential, hyperbolic tangent, absolute value and cube, each scaled to unit
    variance where its own is large.

    Parameters
    ----------
    n_samples, n_features, n_classes, n_informative, noise, random_state : as of :func:`make_linear`

    Returns
    -------
    X, y, truth : as of :func:`make_linear`
    """
    rng = check_random_state(random_state)
    terms = []
    for j in _draw(rng, n_features, n_informative):
        function = _NONLINEAR[rng.randint(len(_NONLINEAR))]()
        weights = 2 * rng.standard_normal(n_classes) / _STANDARD_DEVIATION.get(function.name, 1.0)
        terms.append(Term(((j, function),), weights))
    return _task(terms, n_samples, n_features, n_classes, noise, rng)


def make_interaction(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    n_informative: int | None = None,
    noise: float = 1.0,
    random_state: Seed = None,
) -> Task:
    """Task in which the score of every class is a product of two features of its own, ``s_c = w_c · x_a · x_b``.

    Parameters
    ----------
    n_samples, n_features, n_classes, noise, random_state : as of :func:`make_linear`
    n_informative : int or None
        Must be 2 · n_classes, as which None is read; the pairs are drawn at random.

    Returns
    -------
    X, y, truth : as of :func:`make_linear`
    """
    if n_informative not in (None, 2 * n_classes):
        raise ValueError(
            f"n_informative={n_informative}: every class has a pair of its own, so give {2 * n_classes} or None."
        )
    rng = check_random_state(random_state)
    pairs = _draw(rng, n_features, 2 * n_classes).reshape(n_classes, 2)
    strengths = rng.uniform(1.5, 2.5, n_classes) * rng.choice([-1.0, 1.0], n_classes)
    terms = [
        Term(((a, fn.identity()), (b, fn.identity())), strengths[c] * np.eye(n_classes)[c])
        for c, (a, b) in enumerate(pairs.tolist())
    ]
    return _task(terms, n_samples, n_features, n_classes, noise, rng)


def make_switched(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    n_informative: int = 7,
    noise: float = 1.0,
    random_state: Seed = None,
) -> Task:
    """Task in which the sign of one feature decides which half of the other features matters, linearly.

    Parameters
    ----------
    n_samples, n_features, n_classes, noise, random_state : as of :func:`make_linear`
    n_informative : int
        The switch and the two halves, at least 3.

    Returns
    -------
    X, y, truth : as of :func:`make_linear`
    """
    if n_informative < 3:
        raise ValueError(f"n_informative={n_informative}: a switch needs at least two features to switch between.")
    rng = check_random_state(random_state)
    switch, *rest = _draw(rng, n_features, n_informative).tolist()
    terms = [
        Term(
            ((switch, fn.above() if i % 2 else fn.not_above()), (j, fn.identity())), 2 * rng.standard_normal(n_classes)
        )
        for i, j in enumerate(rest)
    ]
    return _task(terms, n_samples, n_features, n_classes, noise, rng)


def make_syn(kind: int, n_samples: int = 1000, n_features: int = 11, random_state: Seed = None) -> Task:
    """Task Syn1 to Syn6 of L2X (Chen and others, 2018) and INVASE (Yoon and others, 2019), with two classes.

    With features counted from 1, the log-odds of class 1 are: Syn1 ``x1·x2``; Syn2 ``x3² + x4² + x5² + x6² - 4``; Syn3
    ``-100 sin(2·x7) + 2|x8| + x9 + exp(-x10) - 2.4``. Syn4, Syn5 and Syn6 combine two of these, the first where
    x11 <= 0, the second elsewhere: Syn1 and Syn2, Syn1 and Syn3, Syn2 and Syn3.

    Parameters
    ----------
    kind : int
        From 1 to 6.
    n_samples : int
    n_features : int
        At least 11; further features are noise.
    random_state : int, RandomState or None

    Returns
    -------
    X, y, truth : as of :func:`make_linear`
    """
    if kind not in range(1, 7):
        raise ValueError(f"kind={kind!r} is not a number from 1 to 6.")
    if n_features < 11:
        raise ValueError(f"n_features={n_features}: Syn1 to Syn6 need at least 11.")
    parts: dict[int, list[tuple[float, tuple[tuple[int, fn.Function], ...]]]] = {
        1: [(1.0, ((0, fn.identity()), (1, fn.identity())))],
        2: [(1.0, ((j, fn.square()),)) for j in (2, 3, 4, 5)] + [(-4.0, ())],
        3: [
            (-100.0, ((6, fn.sine(2.0)),)),
            (2.0, ((7, fn.absolute()),)),
            (1.0, ((8, fn.identity()),)),
            (1.0, ((9, fn.exponential(-1.0)),)),
            (-2.4, ()),
        ],
    }
    positive = np.array([0.0, 1.0])  # the log-odds are the score of class 1; class 0 has score 0
    if kind <= 3:
        terms = [Term(factors, weight * positive) for weight, factors in parts[kind]]
    else:
        first, second = {4: (1, 2), 5: (1, 3), 6: (2, 3)}[kind]
        terms = [
            Term((*factors, (10, switch)), weight * positive)
            for branch, switch in ((first, fn.not_above()), (second, fn.above()))
            for weight, factors in parts[branch]
        ]
    return _task(terms, n_samples, n_features, 2, 1.0, check_random_state(random_state))


def make_all_informative(
    n_samples: int = 1000,
    n_features: int = 20,
    n_classes: int = 3,
    noise: float = 1.0,
    random_state: Seed = None,
) -> Task:
    """Task in which every feature matters, through a random nonlinear function: no feature is noise.

    Parameters
    ----------
    n_samples, n_features, n_classes, noise, random_state : as of :func:`make_linear`

    Returns
    -------
    X, y, truth : as of :func:`make_linear`
    """
    return make_sparse_nonlinear(n_samples, n_features, n_classes, n_features, noise, random_state)


def _draw(rng: RandomState, n_features: int, n_informative: int) -> np.ndarray:
    if not 1 <= n_informative <= n_features:
        raise ValueError(f"n_informative={n_informative} is not between 1 and n_features={n_features}.")
    return rng.permutation(n_features)[:n_informative]


def _task(terms: list[Term], n_samples: int, n_features: int, n_classes: int, noise: float, rng: RandomState) -> Task:
    truth = Truth.of(terms, n_features, n_classes)
    return *sample(truth, n_samples, noise=noise, random_state=rng), truth
