"""XAI-TRIS: images of two tetrominoes on noise; the pixels that decide the class are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from scipy.ndimage import gaussian_filter
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

SCENARIOS = ("linear", "multiplicative", "translations_rotations", "xor")
BACKGROUNDS = ("white", "correlated")

SHAPES = np.array([[[1, 0], [1, 1], [1, 0]], [[1, 0], [1, 0], [1, 1]]], dtype=float)
"""T and L, in cells of an 8 × 8 grid."""

PLACES = ((1, 1), (4, 5))
"""Top-left cells of T and L in scenarios where their place is fixed."""

STRENGTHS = {
    ("linear", "white"): 0.18,
    ("linear", "correlated"): 0.0125,
    ("multiplicative", "white"): 0.7,
    ("multiplicative", "correlated"): 0.1,
    ("translations_rotations", "white"): 0.65,
    ("translations_rotations", "correlated"): 0.2,
    ("xor", "white"): 0.35,
    ("xor", "correlated"): 0.15,
}
"""Share of the signal in the image, by scenario and background, as published."""

NOISE, SMOOTHING = 0.5, 3.0
"""Standard deviation of the background, which scaling it to norm 1 cancels; and of its Gaussian filter, in cells."""


@dataclass(frozen=True, eq=False)
class XaiTris:
    """Images, their labels, and the pixels that decide the label.

    Attributes
    ----------
    X : ndarray of shape (n, 1, size, size), float32
        At most 1 in absolute value.
    y : ndarray of int, shape (n,)
    masks : ndarray of bool, shape (n, size, size)
        The truth as published: the pixels of both shapes where their place is fixed, otherwise those of the image.
    own_masks : ndarray of bool, shape (n, size, size)
        Pixels of the shapes in each image.
    """

    X: np.ndarray
    y: np.ndarray
    masks: np.ndarray
    own_masks: np.ndarray

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: np.ndarray | slice) -> XaiTris:
        """Some of the images."""
        return XaiTris(self.X[rows], self.y[rows], self.masks[rows], self.own_masks[rows])

    def split(self, random_state: int | RandomState | None = None) -> tuple[XaiTris, XaiTris, XaiTris]:
        """Training, validation and test images: 80, 10 and 10%, stratified."""
        rng = check_random_state(random_state)
        train, rest = train_test_split(np.arange(len(self)), test_size=0.2, stratify=self.y, random_state=rng)
        valid, test = train_test_split(rest, test_size=0.5, stratify=self.y[rest], random_state=rng)
        return self[train], self[valid], self[test]


def make_xai_tris(
    scenario: str = "linear",
    background: str = "white",
    *,
    n_samples: int = 10_000,
    size: int = 8,
    alpha: float | None = None,
    smoothing: float | None = None,
    offset: tuple[int, int] = (0, 0),
    copies: int = 1,
    random_state: int | RandomState | None = None,
) -> XaiTris:
    """Make images of tetrominoes on noise.

    Parameters
    ----------
    scenario : {"linear", "multiplicative", "translations_rotations", "xor"}
        "linear": T at one place is class 0, L at another class 1, added to the noise. "multiplicative": they dampen it.
        "translations_rotations": T or L anywhere, in any of four rotations. "xor": both, with equal signs for class 0
        and opposite ones for class 1.
    background : {"white", "correlated"}
        Gaussian noise, or smoothed Gaussian noise.
    n_samples : int
        At least 10.
    size : int
        Pixels of a side, a multiple of 8; shapes and smoothing grow with it.
    alpha : float, optional
        Share of the signal, in (0, 1); by default as published.
    smoothing : float, optional
        Standard deviation of the background's Gaussian filter, in cells of the 8 × 8 grid; 0 for "white" and 3 for
        "correlated" by default.
    offset : (int, int)
        Rows and columns, in cells, by which shapes at a fixed place are moved, to test under a shift.
    copies : int
        How often each shape is in an image; all but the first are at random places.
    random_state : int, RandomState or None

    Returns
    -------
    XaiTris

    References
    ----------
    Clark, B., Wilming, R., Haufe, S.: XAI-TRIS: non-linear image benchmarks to quantify false positive post-hoc
    attribution of feature importance. Machine Learning, 2024. Written from its description.

    Examples
    --------
    >>> from agop_tabular.datasets import make_xai_tris
    >>> images = make_xai_tris("linear", n_samples=100, random_state=0)
    >>> images.X.shape, int(images.masks[0].sum()), int(images.own_masks[0].sum())
    ((100, 1, 8, 8), 8, 4)
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario={scenario!r} is not one of {', '.join(map(repr, SCENARIOS))}.")
    if background not in BACKGROUNDS:
        raise ValueError(f'background={background!r} is not "white" or "correlated".')
    if size < 8 or size % 8:
        raise ValueError(f"size={size} is not a multiple of 8.")
    if n_samples < 10 or copies < 1:
        raise ValueError(f"n_samples={n_samples} must be at least 10, copies={copies} at least 1.")
    strength = STRENGTHS[scenario, background] if alpha is None else alpha
    if not 0 < strength < 1:
        raise ValueError(f"alpha={alpha} is not between 0 and 1.")
    blur = (SMOOTHING if background == "correlated" else 0.0) if smoothing is None else smoothing
    rng, cell = check_random_state(random_state), size // 8
    y = rng.permutation(np.arange(n_samples) % 2)
    signal: np.ndarray = np.zeros((n_samples, 8, 8))
    for i in range(n_samples):
        for shape, sign in _shapes(scenario, y[i], rng):
            _draw_shape(signal[i], shape, sign, scenario == "translations_rotations", offset, copies, rng)
    own = np.kron(signal != 0, np.ones((cell, cell), dtype=bool))
    signal = np.kron(signal, np.ones((cell, cell)))
    noise: np.ndarray = rng.normal(0.0, NOISE, signal.shape)
    if blur > 0:
        noise = gaussian_filter(noise, sigma=(0.0, blur * cell, blur * cell))
    images = _blended(signal, noise / np.linalg.norm(noise), strength, scenario == "multiplicative")
    X = (images / np.abs(images).max()).astype(np.float32)[:, None]
    fixed = scenario != "translations_rotations" and copies == 1
    masks = np.broadcast_to(own.any(axis=0), own.shape).copy() if fixed else own
    return XaiTris(X, y.astype(np.int64), masks, own)


def _blended(signal: np.ndarray, noise: np.ndarray, strength: float, dampens: bool) -> np.ndarray:
    """Add signal and noise (n, size, size), the noise of norm 1; or let the signal dampen the noise."""
    if dampens:
        signal = 1 - strength * signal
        return np.asarray(signal / np.linalg.norm(signal) * noise)
    return np.asarray(strength * signal / np.linalg.norm(signal) + (1 - strength) * noise)


def _shapes(scenario: str, label: int, rng: RandomState) -> list[tuple[int, float]]:
    """Draw the shapes of an image, 0 for T and 1 for L, with their signs."""
    if scenario != "xor":
        return [(int(label), 1.0)]
    first = rng.choice([-1.0, 1.0])
    return [(0, first), (1, first if label == 0 else -first)]


def _draw_shape(
    grid: np.ndarray, shape: int, sign: float, anywhere: bool, offset: tuple[int, int], copies: int, rng: RandomState
) -> None:
    """Draw a shape into the cells (8, 8): at its fixed place, moved by the offset, or anywhere."""
    for copy in range(copies):
        cells = SHAPES[shape]
        if anywhere:
            cells = np.rot90(cells, rng.randint(4))
        if anywhere or copy > 0:
            row, column = rng.randint(9 - cells.shape[0]), rng.randint(9 - cells.shape[1])
        else:
            row, column = PLACES[shape][0] + offset[0], PLACES[shape][1] + offset[1]
        if not (0 <= row <= 8 - cells.shape[0] and 0 <= column <= 8 - cells.shape[1]):
            raise ValueError(f"offset={offset} moves a shape out of the image.")
        part = grid[row : row + cells.shape[0], column : column + cells.shape[1]]
        part[cells > 0] = sign
