"""An explanation of one image in two sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular.results.cells import percent_text, probability_text

HALF = 0.5
"""Share of a map that is said to lie on how few pixels."""


def map_text(
    subject: str,
    a: np.ndarray,
    *,
    signed: bool,
    prediction: Any = None,
    target: Any = None,
    probability: float | None = None,
    regions: list[tuple[str, float, float]] | None = None,
) -> str:
    """Say what is predicted of an image, and where the map of it lies.

    Parameters
    ----------
    subject : str
        What the image is called.
    a : ndarray of shape (height, width)
        The map.
    signed : bool
    prediction, target : str or None
        Names of the predicted and of the explained class.
    probability : float, optional
        Of the explained class.
    regions : list of (name, share of the map, share of the pixels), optional
    """
    if prediction is None:
        first = f"The map of {subject} is the same for every class." if target is None else f"{target} is explained."
    elif target is None or prediction == target:
        first = f"The network predicts {prediction} for {subject}"
        first += "." if probability is None else f", with probability {probability_text(probability)}."
    else:
        first = f"The network predicts {prediction} for {subject}; {target} is explained"
        first += "." if probability is None else f", which has probability {probability_text(probability)}."
    mass = np.abs(a)
    if not mass.any():
        return f"{first} Its map is zero everywhere: no pixel makes a difference."
    order = np.argsort(-mass, axis=None, kind="stable")
    cumulated = np.cumsum(mass.ravel()[order])
    k = int(np.searchsorted(cumulated, HALF * cumulated[-1])) + 1
    top = np.nonzero(mass >= mass.ravel()[order[k - 1]])  # with all that are as large, so that ties have a middle
    place = _place([float(np.average(axis, weights=mass[top])) for axis in top], a.shape)
    pixels = (
        f"{k:,} of its {a.size:,} pixels ({percent_text(k / a.size)})" if k > 1 else f"one of its {a.size:,} pixels"
    )
    second = f"Half of the map lies on {pixels}, around the {place}"
    if signed:
        second += f"; {percent_text(float(a.clip(min=0).sum() / mass.sum()))} of it raises the score"
    for name, share, of_pixels in regions or []:
        second += f"; {name}, with {percent_text(of_pixels)} of the pixels, has {percent_text(share)} of it"
    return f"{first} {second}."


def _place(centre: list[float], shape: tuple[int, ...]) -> str:
    """A place in thirds of an image, such as "top left"."""
    down, right = (min(2, int(3 * (at + 0.5) / n)) for at, n in zip(centre, shape, strict=True))
    words = [("top", "", "bottom")[down], ("left", "", "right")[right]]
    return " ".join(word for word in words if word) or "middle"
